//! The response cache: what is kept, whose it is, when it ends, and what it is good for when the database is gone.

mod crossing;
mod dice;
mod echo;
mod endings;
mod instances;
mod keeping;
mod outage;
mod racing;
mod rights;
mod rows;
mod schemas;

use std::time::{Duration, Instant};

use seawall_e2e::{Answer, Caller, TestApp, TestAppBuilder, User};
use serde_json::json;

pub(crate) const ROOMS: &str = "/rest/v1/rooms?select=name&order=name";
pub(crate) const MESSAGES: &str = "/rest/v1/messages?select=body&order=created_at";

/// A server that keeps everything it may.
pub(crate) fn keeping() -> TestAppBuilder {
    // A busy machine takes its time to connect, which is not what is tested.
    TestApp::builder()
        .set("SEAWALL_CACHE", "true")
        .set("SEAWALL_DB_CONNECT_TIMEOUT", "20000")
}

/// A person with the same token whenever it is made: another `exp` is another caller to the cache.
pub(crate) fn caller(app: &TestApp, user: User) -> Caller<'_> {
    app.with_claims(&json!({"sub": user.id, "role": "authenticated"}))
}

/// What the answer says of itself.
pub(crate) fn word(answer: &Answer) -> &str {
    answer.header("x-cache")
}

/// Reads until the answer comes from the cache, which says that it is warm and that its listeners are settled.
pub(crate) async fn warm(caller: &Caller<'_>, path: &str) -> Answer {
    let until = Instant::now() + Duration::from_secs(40);
    loop {
        let answer = caller.get(path).send().await.expect(200);
        if word(&answer) == "HIT" {
            return answer;
        }
        assert!(Instant::now() < until, "{path} is still {}", word(&answer));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Reads until the answer satisfies, and says how long that took.
pub(crate) async fn until(caller: &Caller<'_>, path: &str, is_so: impl Fn(&Answer) -> bool) -> Duration {
    let started = Instant::now();
    while !is_so(&caller.get(path).send().await) {
        assert!(
            started.elapsed() < Duration::from_secs(40),
            "{path} has not changed"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    started.elapsed()
}
