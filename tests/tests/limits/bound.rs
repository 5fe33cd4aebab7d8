//! Three instances, one key, 100 a second with a burst of 20: within the exact bound, above and below, whatever
//! happens to Redis or to a clock.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use seawall_e2e::{OWNER, ServerProcess};

use crate::cluster::{Cluster, only_reads};
use crate::load::{Account, Load};

const BURST: u32 = 20;
const PER_SECOND: u32 = 100;
/// A machine that is busy with other tests may keep Redis waiting for a while.
const PATIENT: &[(&str, &str)] = &[("SEAWALL_REDIS_TIMEOUT", "1000")];
const BRISK: &[(&str, &str)] = &[("SEAWALL_REDIS_TIMEOUT", "200")];

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

async fn start(more: [&[(&str, &str)]; 3]) -> (Cluster, Load) {
    let cluster = Cluster::start(&only_reads(BURST, BURST * 1000 / PER_SECOND), more).await;
    let addresses: Vec<SocketAddr> = cluster.servers.iter().map(ServerProcess::address).collect();
    let load = Load::start(&addresses, 2, &OWNER.token_for(86_400), Duration::from_millis(8));
    (cluster, load)
}

#[track_caller]
fn holds_above(account: &Account, what: &str) {
    account.tell(what, BURST, PER_SECOND);
    let most = account.most(BURST, PER_SECOND);
    assert!(
        account.passed() as f64 <= most,
        "{} of {most:.1}",
        account.passed()
    );
}

#[track_caller]
fn holds_above_and_below(account: &Account, what: &str) {
    holds_above(account, what);
    let (passed, ideal) = (
        account.passed() as f64,
        f64::from(account.ideal(BURST, PER_SECOND)),
    );
    assert!(passed >= ideal * 0.93, "{passed} of {ideal}");
}

#[tokio::test]
async fn three_instances_hold_one_bound_together() {
    let (_cluster, load) = start([PATIENT; 3]).await;
    tokio::time::sleep(seconds(5.0)).await;
    let account = load.stop().await.unwrap();
    holds_above_and_below(&account, "Redis up");
    assert!(!account.is_degraded_in(Duration::ZERO, Duration::MAX));
}

#[tokio::test]
async fn a_flushed_script_is_loaded_again_and_nothing_is_lost() {
    let (cluster, load) = start([PATIENT; 3]).await;
    for _ in 0..5 {
        tokio::time::sleep(seconds(0.8)).await;
        cluster.redis.command("SCRIPT FLUSH").await;
    }
    tokio::time::sleep(seconds(1.0)).await;
    let account = load.stop().await.unwrap();
    holds_above_and_below(&account, "SCRIPT FLUSH");
    assert!(!account.is_degraded_in(Duration::ZERO, Duration::MAX));
}

#[tokio::test]
async fn data_that_was_flushed_gives_nobody_a_second_burst() {
    let (cluster, load) = start([PATIENT; 3]).await;
    for _ in 0..5 {
        tokio::time::sleep(seconds(0.8)).await;
        cluster.redis.command("FLUSHALL").await;
    }
    tokio::time::sleep(seconds(1.0)).await;
    holds_above_and_below(&load.stop().await.unwrap(), "FLUSHALL");
}

#[tokio::test]
async fn a_paused_redis_lets_nothing_over_the_bound_and_starves_nobody() {
    let (cluster, load) = start([BRISK; 3]).await;
    tokio::time::sleep(seconds(1.5)).await;
    cluster.redis.command("CLIENT PAUSE 3000 ALL").await;
    tokio::time::sleep(seconds(6.5)).await;
    let account = load.stop().await.unwrap();
    holds_above(&account, "CLIENT PAUSE");
    assert!(account.is_degraded_in(seconds(2.5), seconds(4.0)));
    assert_shares(&account, 2.7, 4.2);
    assert_shares(&account, 6.5, 8.0);
}

#[tokio::test]
async fn a_killed_redis_and_its_empty_return_let_nothing_over_the_bound_and_starve_nobody() {
    let (cluster, load) = start([BRISK; 3]).await;
    tokio::time::sleep(seconds(1.5)).await;
    cluster.redis.kill();
    tokio::time::sleep(seconds(3.0)).await;
    cluster.redis.start_again().await;
    // Long enough for the connection to be tried again after the longest pause but one.
    tokio::time::sleep(seconds(17.5)).await;
    let account = load.stop().await.unwrap();
    holds_above(&account, "kill -9 and return");
    assert!(account.is_degraded_in(seconds(2.5), seconds(4.0)));
    assert_shares(&account, 2.7, 4.4);
    assert_shares(&account, 19.0, 21.5);
    assert!(
        account.is_shared_in(seconds(20.0), Duration::MAX),
        "Redis is back and not used"
    );
}

/// Six tenths of the rate at least between two moments when nothing changes; a busy machine asks less.
#[track_caller]
fn assert_shares(account: &Account, from: f64, to: f64) {
    let passed = account.passed_in(seconds(from), seconds(to));
    let due = f64::from(PER_SECOND) * (to - from);
    println!("    {passed} of {due:.0} from {from} s to {to} s");
    assert!(
        passed as f64 >= due * 0.6,
        "{passed} of {due:.0} from {from} s to {to} s"
    );
}

#[tokio::test]
async fn one_clock_that_is_stepped_forth_and_back_changes_nothing() {
    let library = faketime().expect("libfaketime is not there: `npm run setup` installs it");
    let offset = std::env::temp_dir().join(format!("seawall-clock-{}", std::process::id()));
    let file = offset.to_string_lossy().into_owned();
    let step = |by: &str| std::fs::write(&offset, by).unwrap();
    step("+0");
    let library = library.to_string_lossy().into_owned();
    let stepped = [
        ("SEAWALL_REDIS_TIMEOUT", "1000"),
        ("LD_PRELOAD", &library),
        ("FAKETIME_TIMESTAMP_FILE", &file),
        ("FAKETIME_NO_CACHE", "1"),
        // What a machine's clock service steps is the time of day.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let stepped: Vec<(&str, &str)> = stepped.iter().map(|(name, value)| (*name, *value)).collect();
    let (_cluster, load) = start([PATIENT, &stepped, PATIENT]).await;
    for by in ["+1h", "-1h", "+300", "+0"] {
        tokio::time::sleep(seconds(1.0)).await;
        step(by);
    }
    tokio::time::sleep(seconds(1.0)).await;
    let account = load.stop().await.unwrap();
    std::fs::remove_file(&offset).unwrap();
    holds_above_and_below(&account, "clock stepped");
}

fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    libraries.find(|library| library.exists())
}
