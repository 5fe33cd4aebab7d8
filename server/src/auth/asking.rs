//! Questions to the auth service that are under way: however many wait for one, it is asked once.
//!
//! A question is forgotten when nobody waits for it any more, whether it was answered or all who waited have left:
//! tokens are strangers' words, so what is remembered of them must end with their requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use super::digest::Digest;
use super::remote::Verdict;

type Answer = Arc<OnceCell<Verdict>>;

/// What is being asked, by the token's digest.
#[derive(Default)]
pub(super) struct Asking(Mutex<HashMap<Digest, Answer>>);

impl Asking {
    /// Asks, or waits for whoever is asking the same.
    pub(super) async fn once(&self, of: Digest, ask: impl Future<Output = Verdict>) -> Verdict {
        let answer = Arc::clone(self.lock().entry(of).or_default());
        let waiting = Waiting {
            asking: self,
            of,
            answer,
        };
        *waiting.answer.get_or_init(|| ask).await
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits for an answer.
struct Waiting<'asking> {
    asking: &'asking Asking,
    of: Digest,
    answer: Answer,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut asking = self.asking.lock();
        let is_ours = asking
            .get(&self.of)
            .is_some_and(|known| Arc::ptr_eq(known, &self.answer));
        // Ours and the map's: nobody else waits.
        let is_last = Arc::strong_count(&self.answer) <= 2;
        if is_ours && (is_last || self.answer.initialized()) {
            asking.remove(&self.of);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_forgotten() {
        let asking = Asking::default();
        for number in 0..100 {
            let token = Digest::of_token(&number.to_string());
            let left = asking.once(token, pending()).now_or_never();
            assert_eq!(left, None);
        }
        assert_eq!(asking.lock().len(), 0);
    }

    #[tokio::test]
    async fn who_waits_is_answered_though_the_one_who_asked_has_left() {
        let asking = Asking::default();
        let token = Digest::of_token("a");
        let mut first = Box::pin(asking.once(token, pending()));
        assert_eq!(first.as_mut().now_or_never(), None);
        let mut second = Box::pin(asking.once(token, async { Verdict::Genuine }));
        assert_eq!(second.as_mut().now_or_never(), None);
        drop(first);
        assert_eq!(asking.lock().len(), 1);
        assert_eq!(second.await, Verdict::Genuine);
        assert_eq!(asking.lock().len(), 0);
    }
}
