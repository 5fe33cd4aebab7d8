//! Large answers are passed on as they come from the database, and are what they would have been as a whole.

mod leaving;
mod memory;
mod reading;
mod same;

use std::time::{Duration, Instant};

use seawall_e2e::{Database, TestApp, TestAppBuilder};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Rows of a mebibyte each, as many as are asked for.
const LARGE: &str = "create view large as
      select i, repeat(md5(i::text), 32768) as filling from generate_series(1, 400) i;
    grant select on large to authenticated;
    notify pgrst;";

/// A server whose large answers begin at a few kilobytes.
fn app() -> TestAppBuilder {
    TestApp::builder()
        .prepared_with(LARGE)
        .set("SEAWALL_DB_STREAM_ABOVE", "65536")
}

/// Waits until the database answers so.
async fn wait_for(database: &Database, question: &str, answer: &str) {
    let started = Instant::now();
    while database.value(question).await != answer {
        assert!(started.elapsed() < PATIENCE, "{question} is still not {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A metric's value; nothing where it is not there.
async fn metric(app: &TestApp, name: &str) -> Option<f64> {
    let metrics = app.anonymous().get("/metrics").send().await.expect(200);
    let text = String::from_utf8_lossy(&metrics.body).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok()
}

/// Waits until a metric has that value.
async fn wait_for_metric(app: &TestApp, name: &str, value: f64) {
    let started = Instant::now();
    loop {
        let now = metric(app, name).await;
        if now == Some(value) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{name} is {now:?} and not {value}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
