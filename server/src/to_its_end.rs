//! Work that goes on though whoever asked for it leaves: half of it would be worse than none or all.

use crate::error::ApiError;

/// Begins, and waits for as long as somebody waits for the answer.
///
/// # Errors
/// When the work panicked.
pub(crate) fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = Result<T, ApiError>> {
    let work = tokio::spawn(work);
    async { work.await.map_err(ApiError::internal) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn who_leaves_ends_nothing() {
        let (tell, told) = oneshot::channel();
        let waiting = to_its_end(async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            tell.send(7).unwrap();
        });
        drop(waiting);
        assert_eq!(told.await, Ok(7));
    }

    #[tokio::test]
    async fn who_stays_is_answered() {
        assert_eq!(to_its_end(async { 7 }).await.ok(), Some(7));
    }
}
