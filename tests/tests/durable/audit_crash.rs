//! kill -9 at any moment: every request that was answered is recorded, once.
//!
//! `npm test` kills a few times; `SEAWALL_CRASHES=1000` makes it as many. `SEAWALL_SEED` repeats a run's moments.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use seawall_e2e::{Database, OWNER, ServerProcess};
use seawall_server::migrate::migrate;
use serde_json::json;
use tokio::sync::Mutex;

use crate::audit::Folder;
use crate::chance::{next, number};

const KILLS: u64 = 10;
const READERS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_the_server_has_recorded_what_it_answered() {
    let kills = number("SEAWALL_CRASHES", KILLS);
    let seed = number("SEAWALL_SEED", u64::from(std::process::id()));
    eprintln!("{kills} kills, SEAWALL_SEED={seed}");
    let (database, folder) = (Database::create().await, Folder::new());
    let owner_url = database.owner_url();
    migrate(&owner_url.as_str().into()).await.unwrap();
    let settings = [
        ("SEAWALL_STORE_DATABASE_URL", owner_url.as_str()),
        ("SEAWALL_AUDIT_DIR", folder.path()),
    ];
    let server = Arc::new(ServerProcess::start(&database, &settings).await);
    let (stopped, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let numbers = Arc::new(AtomicU64::new(0));
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (server, stopped) = (Arc::clone(&server), Arc::clone(&stopped));
            let (answered, numbers) = (Arc::clone(&answered), Arc::clone(&numbers));
            tokio::spawn(async move {
                while !stopped.load(Ordering::Relaxed) {
                    let id = format!("crash-{}", numbers.fetch_add(1, Ordering::Relaxed));
                    let read = server
                        .as_user(OWNER, Method::GET, "/rest/v1/rooms?select=id")
                        .header("x-request-id", &id);
                    if read.try_send().await.is_some() {
                        answered.lock().await.push(id);
                    }
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            })
        })
        .collect();
    let mut rng = seed;
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(20 + next(&mut rng) % 600)).await;
        server.kill();
        server.start_again().await;
    }
    stopped.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.is_ok(), "a reader panicked");
    }
    let answered = answered.lock().await.clone();
    assert!(
        answered.len() as u64 > 10 * kills,
        "too few requests for {kills} kills"
    );
    judge(&database, &answered).await;
}

async fn judge(database: &Database, answered: &[String]) {
    let list = json!(answered).to_string();
    let missing = format!(
        "select count(*) from jsonb_array_elements_text('{list}'::jsonb) as answered (id)
         where not exists (select from seawall.audit where request_id = answered.id)"
    );
    let until = Instant::now() + Duration::from_secs(120);
    while database.value(&missing).await != "0" {
        assert!(
            Instant::now() < until,
            "{} of {} answered requests have no record",
            database.value(&missing).await,
            answered.len()
        );
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let twice = "select count(*) from (select 1 from seawall.audit group by request_id having count(*) > 1) as repeated";
    assert_eq!(database.value(twice).await, "0", "recorded twice");
    eprintln!("{} requests answered, each recorded once", answered.len());
}
