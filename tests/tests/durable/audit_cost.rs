//! What recording costs a request: the same server with and without, by turns, in one run.
//!
//! The promise is less than a millisecond. Machines that run tests are busy and builds for tests are slow, so what is
//! asserted is only that it is no more than that by far; the figures are printed.

use std::time::{Duration, Instant};

use seawall_e2e::{Caller, OWNER, TestApp};

use crate::audit::Folder;

const ROUNDS: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recording_adds_little_to_a_request() {
    let folder = Folder::new();
    let with = TestApp::builder()
        .with_store()
        .set("SEAWALL_AUDIT_DIR", folder.path())
        .start()
        .await;
    let without = TestApp::builder()
        .with_store()
        .set("SEAWALL_AUDIT", "false")
        .start()
        .await;
    let (recorded, unrecorded) = (with.as_user(OWNER), without.as_user(OWNER));
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS + 20 {
        let (one, other) = (took(&recorded).await, took(&unrecorded).await);
        // The first ones prepare statements and open connections.
        if round >= 20 {
            on.push(one);
            off.push(other);
        }
    }
    let (on, off) = (median(on), median(off));
    let added = on.saturating_sub(off);
    eprintln!("audit on {on:?}, off {off:?} (medians of {ROUNDS}): {added:?} added");
    assert!(added < Duration::from_millis(10), "{added:?}");
}

async fn took(caller: &Caller<'_>) -> Duration {
    let started = Instant::now();
    caller.get("/rest/v1/rooms?select=id").send().await.expect(200);
    started.elapsed()
}

fn median(mut spans: Vec<Duration>) -> Duration {
    spans.sort();
    spans.get(spans.len() / 2).copied().unwrap_or_default()
}
