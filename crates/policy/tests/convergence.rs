//! Bounds that adapt, against a server that bears only so much: they find it, stay near it, and do not collapse.
//!
//! The server is simulated: so many workers, a bounded queue before them, and a refusal at once when that is full.

#![expect(clippy::indexing_slicing, reason = "a test may stop where it stands")]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use seawall_policy::breaker::Share;
use seawall_policy::limit::inflight::Place;
use seawall_policy::limit::{Inflight, InflightConfig, Quota, Signal, SlidingWindow, Turn};
use seawall_policy::queue::Priority;
use seawall_policy::time::{MonoTime, Span};

const SERVICE: Span = Span::from_millis(40);
const CAP: InflightConfig = InflightConfig {
    min: 2,
    max: 64,
    max_queue: 0,
};

struct Server {
    workers: usize,
    busy: usize,
    queue: VecDeque<(seawall_policy::limit::inflight::Slot, MonoTime)>,
    longest_queue: usize,
}

struct Report {
    served: usize,
    refused: usize,
    caps: Vec<u32>,
}

/// A client with more to send than any server bears, for a minute; the server's workers change as the test says.
fn run(longest_queue: usize, workers: impl Fn(u64) -> usize) -> Report {
    let mut inflight = Inflight::new(CAP);
    let mut server = Server {
        workers: workers(0),
        busy: 0,
        queue: VecDeque::new(),
        longest_queue,
    };
    let mut agenda = BinaryHeap::new();
    let mut slots = Vec::new();
    let mut report = Report {
        served: 0,
        refused: 0,
        caps: Vec::new(),
    };
    for millis in 0..60_000_u64 {
        let now = MonoTime::from_millis(millis);
        server.workers = workers(millis / 1_000);
        while let Some(Reverse((at, index, served))) = agenda.peek().copied() {
            if at > now {
                break;
            }
            agenda.pop();
            let (slot, sent_at): (_, MonoTime) = slots[index];
            let signal = if served {
                server.busy -= 1;
                report.served += 1;
                Signal::Served(now.since(sent_at))
            } else {
                report.refused += 1;
                Signal::Stress
            };
            inflight.feel(signal, sent_at, now);
            inflight.leave(slot);
        }
        while let Place::Taken(slot) = inflight.ask(Priority::Normal, now) {
            let idle = server.workers.saturating_sub(server.busy);
            if server.queue.len() >= server.longest_queue.saturating_add(idle) {
                slots.push((slot, now));
                agenda.push(Reverse((now + Span::from_millis(5), slots.len() - 1, false)));
            } else {
                server.queue.push_back((slot, now));
            }
        }
        while server.busy < server.workers {
            let Some(next) = server.queue.pop_front() else {
                break;
            };
            server.busy += 1;
            slots.push(next);
            agenda.push(Reverse((now + SERVICE, slots.len() - 1, true)));
        }
        if millis % 1_000 == 999 {
            report.caps.push(inflight.cap());
        }
    }
    report
}

fn capacity(workers: usize, seconds: usize) -> usize {
    workers * seconds * 1_000 / 40
}

#[test]
fn a_server_that_refuses_beyond_its_capacity_is_used_well_and_not_stormed() {
    let report = run(8, |_| 8);
    assert!(
        report.served * 100 >= capacity(8, 60) * 80,
        "{} {:?}",
        report.served,
        report.caps
    );
    assert!(
        report.refused * 10 <= report.served,
        "{} of {}",
        report.refused,
        report.served
    );
    assert!(
        report.caps.iter().all(|cap| (8..=24).contains(cap)),
        "{:?}",
        report.caps
    );
}

#[test]
fn a_server_with_an_endless_queue_is_found_out_by_its_latency() {
    let report = run(usize::MAX, |_| 4);
    assert!(
        report.served * 100 >= capacity(4, 60) * 80,
        "{} {:?}",
        report.served,
        report.caps
    );
}

#[test]
fn a_server_that_loses_and_regains_capacity_is_followed_down_and_up() {
    let report = run(4, |second| if (20..40).contains(&second) { 2 } else { 20 });
    let offered = capacity(20, 40) + capacity(2, 20);
    assert!(
        report.served * 100 >= offered * 80,
        "{} of {offered} {:?}",
        report.served,
        report.caps
    );
    assert!(report.caps[38] <= 10, "{:?}", report.caps);
    assert!(report.caps[59] >= 20, "{:?}", report.caps);
}

#[test]
fn a_limit_above_what_the_server_allows_comes_down_to_it_and_goes_up_again() {
    const SECOND: u64 = 1_000;
    let quota = Quota::try_new(100, Span::from_millis(10 * SECOND)).unwrap();
    let mut window = SlidingWindow::new(quota).adapting(Share::from_ppm(250_000));
    let mut server: VecDeque<MonoTime> = VecDeque::new();
    let (mut served, mut refused, mut limits) = (0, 0, Vec::new());
    for millis in 0..600 * SECOND {
        let now = MonoTime::from_millis(millis);
        let allowed = if millis < 300 * SECOND { 60 } else { 100 };
        while server.front().is_some_and(|at| now.since(*at) >= quota.window()) {
            server.pop_front();
        }
        if millis % 20 == 0 && matches!(window.take(now), Turn::Now { .. }) {
            let passes = server.len() < allowed;
            let signal = if passes {
                Signal::Served(SERVICE)
            } else {
                Signal::Stress
            };
            window.feel(signal, now, now);
            if passes {
                server.push_back(now);
                served += 1;
            } else {
                refused += 1;
            }
        }
        limits.push(window.limit());
    }
    let offered = 30 * 60 + 30 * 100;
    assert!(served * 100 >= offered * 80, "{served} of {offered}");
    assert!(refused * 10 <= served, "{refused} of {served}");
    assert!(limits.iter().all(|limit| *limit >= 25));
    assert_eq!(window.limit(), 100);
}
