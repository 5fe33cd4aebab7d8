//! Paths that lead out of the service they begin in.

use crate::front::Front;
use crate::stand_in::StandIn;

#[tokio::test]
async fn no_spelling_of_dots_reaches_another_service() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    for path in [
        "/rest/v1/../../auth/v1/admin/users",
        "/rest/v1/%2e%2e/%2e%2e/auth/v1/admin",
        "/functions/v1/a/..%2f..%2fadmin",
        "/storage/v1/object/list/..%5c..%5cadmin",
        "/storage/v1/object/list/%252e%252e/a",
    ] {
        assert_eq!(
            front.get(path).send().await.expect(400).code(),
            "SEAWALL_BAD_PATH",
            "{path}"
        );
    }
    assert!(upstream.seen().is_empty());
}
