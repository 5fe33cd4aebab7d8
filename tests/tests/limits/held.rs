//! Requests over a limit are held back, all of them, on one instance and on several, under concurrency.

use std::collections::BTreeMap;

use seawall_e2e::{GUEST, OWNER, ServerProcess, TestApp};
use serde_json::json;

use crate::cluster::{Cluster, only_reads};

const LIMIT: usize = 40;
const ASKED: usize = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_instance_holds_back_every_request_over_the_limit() {
    let app = TestApp::builder()
        .limits(&json!({"limits": {"floor": 1, "reads": {"limit": LIMIT, "window": 3_600_000}}}))
        .start()
        .await;
    let sent: Vec<_> = (0..ASKED)
        .map(|_| tokio::spawn(app.as_user(OWNER).get("/rest/v1/rooms?select=id").send()))
        .collect();
    let mut held = 0;
    for answer in sent {
        held += usize::from(answer.await.unwrap().status == 429);
    }
    println!("one instance: {held} of {} held back", ASKED - LIMIT);
    assert_eq!(held, ASKED - LIMIT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_instances_hold_back_every_request_over_the_limit() {
    let patient: &[(&str, &str)] = &[("SEAWALL_REDIS_TIMEOUT", "5000")];
    let cluster = Cluster::start(&only_reads(LIMIT as u32, 3_600_000), [patient; 3]).await;
    let ask = |server: &ServerProcess, user| {
        tokio::spawn(
            server
                .as_user(user, http::Method::GET, "/rest/v1/rooms?select=id")
                .send(),
        )
    };
    let mut sent = Vec::new();
    for place in 0..ASKED {
        let server = &cluster.servers[place % 3];
        sent.push(("owner", ask(server, OWNER)));
        if place % 5 == 0 {
            // Somebody who stays within it is not held back by the others' haste.
            sent.push(("guest", ask(server, GUEST)));
        }
    }
    let mut held = BTreeMap::new();
    for (who, answer) in sent {
        *held.entry(who).or_insert(0) += usize::from(answer.await.unwrap().status == 429);
    }
    println!(
        "three instances: {held:?} held back of {} too many",
        ASKED - LIMIT
    );
    assert_eq!(held["owner"], ASKED - LIMIT);
    assert_eq!(held["guest"], 0);
}
