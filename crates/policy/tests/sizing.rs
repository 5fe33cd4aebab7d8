//! The arithmetic of `docs/deployment.md`, simulated: what limits cost a cluster ten thousand times as large.
//!
//! Instances hold a key's quota together. Asking the shared store at every decision is exact and costs a message
//! each; taking leases of several calls in advance costs a fraction of the messages, stays below the same bound
//! (a lease is paid for before it is used) and loses at most what is leased and not used.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop where it stands"
)]

use seawall_policy::limit::Quota;
use seawall_policy::limit::gcra::{Gcra, Pass};
use seawall_policy::rng::{Rng, SplitMix64};
use seawall_policy::time::{MonoTime, Span};

/// Requests a second for one key, over a hundred instances.
struct Load {
    offered: u64,
    limit: u32,
    lease: u32,
    /// How long an instance believes a refusal at least.
    pause: Span,
}

struct Outcome {
    admitted: u64,
    /// Decisions that asked the shared store.
    asked: u64,
    requests: u64,
}

const INSTANCES: usize = 100;
const SECONDS: u64 = 20;
/// A lease not used after this is given up.
const VALID: Span = Span::from_secs(1);

fn simulate(load: &Load) -> Outcome {
    let quota = Quota::try_new(load.limit, Span::from_secs(1)).unwrap();
    let gcra = Gcra::new(quota);
    let mut arrival = MonoTime::ZERO;
    let mut leases = vec![(0_u32, MonoTime::ZERO); INSTANCES];
    // While the store says no, an instance believes it until then.
    let mut closed_until = vec![MonoTime::ZERO; INSTANCES];
    let mut rng = SplitMix64::new(7);
    let mut outcome = Outcome {
        admitted: 0,
        asked: 0,
        requests: load.offered * SECONDS,
    };
    for request in 0..outcome.requests {
        let now = MonoTime::from_nanos(request * 1_000_000_000 / load.offered);
        let instance = usize::try_from(rng.next_u64() % INSTANCES as u64).unwrap();
        let (left, until) = leases[instance];
        if left > 0 && now < until {
            leases[instance].0 -= 1;
            outcome.admitted += 1;
            continue;
        }
        if now < closed_until[instance] {
            continue;
        }
        outcome.asked += 1;
        match gcra.check(&mut arrival, now, load.lease) {
            Pass::Admitted { .. } => {
                leases[instance] = (load.lease - 1, now + VALID);
                outcome.admitted += 1;
            }
            Pass::Refused { retry_at } => closed_until[instance] = retry_at.max(now + load.pause),
        }
    }
    outcome
}

fn bound(load: &Load) -> u64 {
    u64::from(load.limit) * (SECONDS + 1)
}

#[test]
fn whatever_is_leased_the_bound_is_never_passed() {
    for lease in [1, 5, 50] {
        for offered in [100, 2_000, 20_000] {
            let load = Load {
                offered,
                limit: 1_000,
                lease,
                pause: Span::ZERO,
            };
            let outcome = simulate(&load);
            assert!(
                outcome.admitted <= bound(&load),
                "lease {lease}, {offered}/s: {}",
                outcome.admitted
            );
        }
    }
}

#[test]
fn leases_ask_the_store_a_fraction_and_starve_nobody() {
    let exact = simulate(&Load {
        offered: 20_000,
        limit: 10_000,
        lease: 1,
        pause: Span::ZERO,
    });
    let leased = simulate(&Load {
        offered: 20_000,
        limit: 10_000,
        lease: 20,
        pause: Span::from_millis(50),
    });
    assert!(
        leased.asked * 10 < exact.asked,
        "{} of {}",
        leased.asked,
        exact.asked
    );
    let due = 10_000 * SECONDS;
    assert!(leased.admitted * 100 >= due * 95, "{} of {due}", leased.admitted);
    assert!(exact.admitted * 100 >= due * 99, "{} of {due}", exact.admitted);
}

#[test]
fn a_remembered_refusal_spares_the_store_most_of_a_flood() {
    let outcome = simulate(&Load {
        offered: 50_000,
        limit: 100,
        lease: 1,
        pause: Span::ZERO,
    });
    assert!(
        outcome.asked * 4 < outcome.requests,
        "{} of {}",
        outcome.asked,
        outcome.requests
    );
}

/// Keys carry a hash tag, so each key's whole state is on one shard and keys spread over all.
#[test]
fn keys_spread_over_shards_within_a_tenth() {
    const SHARDS: usize = 64;
    let mut counts = vec![0_u32; SHARDS];
    let mut rng = SplitMix64::new(11);
    for _ in 0..1_000_000 {
        // Keys are hashes under a secret: uniform, whatever callers are called.
        counts[usize::try_from(rng.next_u64() % SHARDS as u64).unwrap()] += 1;
    }
    let mean = 1_000_000 / 64;
    assert!(
        counts.iter().all(|count| count.abs_diff(mean) * 10 < mean),
        "{counts:?}"
    );
}
