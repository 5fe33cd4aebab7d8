//! kill -9 at any moment: no accepted job is lost, none is done twice.
//!
//! `npm test` kills a few times; `SEAWALL_CRASHES=1000` makes it as many. `SEAWALL_SEED` repeats a run's moments.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use seawall_e2e::{Database, HARBOUR, OWNER, ServerProcess};
use seawall_server::migrate::migrate;
use serde_json::json;
use tokio::sync::Mutex;

use crate::chance::{next, number};

const KILLS: u64 = 15;
const WRITERS: usize = 8;

/// Makes each transaction long enough to be hit.
const SLOW: &str = "create function dawdle() returns trigger language plpgsql as $$
      begin perform pg_sleep(random() * 0.02); return new; end $$;
    create trigger dawdles before insert on messages for each row execute function dawdle()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_the_server_loses_no_job_and_does_none_twice() {
    let kills = number("SEAWALL_CRASHES", KILLS);
    let seed = number("SEAWALL_SEED", u64::from(std::process::id()));
    eprintln!("{kills} kills, SEAWALL_SEED={seed}");
    let database = Database::create().await;
    let owner_url = database.owner_url();
    migrate(&owner_url.as_str().into()).await.unwrap();
    database.run(SLOW).await;
    let settings = [
        ("SEAWALL_STORE_DATABASE_URL", owner_url.as_str()),
        ("SEAWALL_QUEUE_LEASE", "500"),
        ("SEAWALL_QUEUE_BACKOFF", "20"),
        ("SEAWALL_QUEUE_DEPTH", "1000000"),
    ];
    // Two, as behind a load balancer: while one is dead the other may take over what it left.
    let servers = Arc::new([
        ServerProcess::start(&database, &settings).await,
        ServerProcess::start(&database, &settings).await,
    ]);
    let load = Load::start(&servers);
    let mut rng = seed;
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(20 + next(&mut rng) % 600)).await;
        let [one, other] = &*servers;
        let victim = if next(&mut rng).is_multiple_of(2) {
            one
        } else {
            other
        };
        victim.kill();
        victim.start_again().await;
    }
    let accepted = load.stop().await;
    let done = settle(&database).await;
    eprintln!(
        "{} jobs accepted, {done} done, {} stalled",
        accepted.len(),
        stalls(&database).await
    );
    assert!(accepted.len() as u64 > kills, "too few jobs for {kills} kills");
    judge(&database, &accepted).await;
}

/// Callers that know what they were promised.
struct Load {
    stopped: Arc<AtomicBool>,
    accepted: Arc<Mutex<Vec<String>>>,
    writers: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn start(servers: &Arc<[ServerProcess; 2]>) -> Self {
        let (stopped, accepted) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let numbers = Arc::new(AtomicU64::new(0));
        let writers = (0..WRITERS).map(|writer| {
            let (servers, stopped) = (Arc::clone(servers), Arc::clone(&stopped));
            let (accepted, numbers) = (Arc::clone(&accepted), Arc::clone(&numbers));
            tokio::spawn(async move {
                while !stopped.load(Ordering::Relaxed) {
                    let body = format!("job {}", numbers.fetch_add(1, Ordering::Relaxed));
                    let [one, other] = &*servers;
                    let server = if writer % 2 == 0 { one } else { other };
                    let sent = server
                        .as_user(OWNER, Method::POST, "/rest/v1/messages")
                        .json(&json!({"room_id": HARBOUR, "body": body}))
                        .prefer("respond-async")
                        .try_send()
                        .await;
                    match sent {
                        Some(answer) if answer.status == 202 => accepted.lock().await.push(body),
                        Some(_) | None => {}
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
        });
        Self {
            writers: writers.collect(),
            stopped,
            accepted,
        }
    }

    async fn stop(self) -> Vec<String> {
        self.stopped.store(true, Ordering::Relaxed);
        for writer in self.writers {
            assert!(writer.await.is_ok(), "a writer panicked");
        }
        self.accepted.lock().await.clone()
    }
}

/// Waits until nothing waits or runs any more.
async fn settle(database: &Database) -> String {
    let until = Instant::now() + Duration::from_secs(600);
    let live = "select count(*) from seawall.jobs where state in ('queued', 'running')";
    while database.value(live).await != "0" {
        assert!(Instant::now() < until, "jobs are left over");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    database
        .value("select count(*) from seawall.jobs where state = 'completed'")
        .await
}

async fn stalls(database: &Database) -> String {
    database
        .value("select coalesce(sum(stalls), 0) from seawall.jobs")
        .await
}

async fn judge(database: &Database, accepted: &[String]) {
    let unfinished =
        "select string_agg(distinct state || ' ' || coalesce(result_code, ''), ', ') from seawall.jobs
        where state <> 'completed'";
    assert_eq!(database.value(unfinished).await, "", "a job did not complete");
    let list = json!(accepted).to_string();
    let lost = format!(
        "select string_agg(body, ', ') from jsonb_array_elements_text('{list}'::jsonb) as promised (body)
         where not exists (select from messages where messages.body = promised.body)"
    );
    assert_eq!(database.value(&lost).await, "", "accepted and lost");
    let twice = "select string_agg(body, ', ') from (
        select body from messages where body like 'job %' group by body having count(*) > 1) as repeated";
    assert_eq!(database.value(twice).await, "", "done twice");
    let unasked = "select count(*) from messages where body like 'job %'
        and not exists (select from seawall.jobs where convert_from(jobs.body, 'UTF8')::jsonb ->> 'body' = messages.body)";
    assert_eq!(database.value(unasked).await, "0", "done without a job");
}
