//! However large an answer is, the server's memory does not grow with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use seawall_e2e::{Database, OWNER, ServerProcess};

use super::LARGE;
use super::reading::{Fallible, Reading, Whole};

const MIB: u64 = 1 << 20;

async fn read(server: &ServerProcess, mebibytes: u32) -> Fallible<(Reading, Whole)> {
    let path = format!("/rest/v1/large?i=lte.{mebibytes}&order=i");
    let mut reading = Reading::begin(server.address(), OWNER, &path).await?;
    assert_eq!(reading.status, 200);
    let whole = reading.whole().await?;
    Ok((reading, whole))
}

/// The most memory a process has while it is watched.
fn watch(server: &Arc<ServerProcess>) -> (Arc<AtomicU64>, Arc<AtomicBool>) {
    let (most, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let (server, seen, end) = (Arc::clone(server), Arc::clone(&most), Arc::clone(&over));
    tokio::spawn(async move {
        while !end.load(Ordering::Relaxed) {
            seen.fetch_max(server.memory().unwrap_or_default(), Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    (most, over)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_mebibytes_are_passed_on_in_flat_memory_and_byte_for_byte() {
    let database = Database::create().await;
    database.run(LARGE).await;
    let server = Arc::new(ServerProcess::start(&database, &[]).await);
    read(&server, 8).await.unwrap();
    let before = server.memory().unwrap();
    let (most, over) = watch(&server);
    let (streamed, whole) = read(&server, 210).await.unwrap();
    over.store(true, Ordering::Relaxed);
    let grown = most.load(Ordering::Relaxed).saturating_sub(before);
    println!(
        "an answer of {:.1} MiB: {:.1} MiB before, {:.1} MiB more at most",
        whole.bytes as f64 / MIB as f64,
        before as f64 / MIB as f64,
        grown as f64 / MIB as f64
    );
    assert!(
        whole.bytes > 210 * MIB && Some(whole.bytes) == streamed.announced(),
        "{whole:?}"
    );
    assert!(!streamed.headers.contains_key("etag"));
    assert!(grown < 64 * MIB, "{grown}");

    let keeps_it_whole = ServerProcess::start(&database, &[("SEAWALL_DB_STREAM_ABOVE", "0")]).await;
    let (answer, same) = read(&keeps_it_whole, 210).await.unwrap();
    assert!(answer.headers.contains_key("etag"));
    assert_eq!(same, whole);
}
