use std::collections::VecDeque;

use proptest::prelude::*;
use seawall_policy::limit::gcra::Pass;
use seawall_policy::limit::{Gcra, Patience, Quota, SlidingWindow, Ticket, Turn};
use seawall_policy::time::{MonoTime, Span};

const WINDOW: Span = Span::from_nanos(1_000);

fn quota(limit: u32) -> Quota {
    Quota::try_new(limit, WINDOW).unwrap()
}

/// Instants that only go forward, most of them close together.
fn instants() -> impl Strategy<Value = Vec<MonoTime>> {
    prop::collection::vec(0..400_u64, 1..200).prop_map(|steps| {
        let mut now = 0;
        steps
            .into_iter()
            .map(|step| {
                now += step * u64::from(step % 3 != 0);
                MonoTime::from_nanos(now)
            })
            .collect()
    })
}

/// What a caller of a limiter may do.
#[derive(Clone, Copy, Debug)]
enum Step {
    Take,
    Wait,
    Redeem,
    Leave,
    Sleep(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Take),
        Just(Step::Wait),
        Just(Step::Redeem),
        Just(Step::Leave),
        (1..900_u64).prop_map(Step::Sleep),
    ];
    prop::collection::vec(step, 1..200)
}

fn most_in_any_window(sent: &[MonoTime]) -> usize {
    let within = |start: &MonoTime| {
        sent.iter()
            .filter(|at| *at >= start && at.since(*start) < WINDOW)
            .count()
    };
    sent.iter().map(within).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn no_window_holds_more_than_the_limit(limit in 1..8_u32, instants in instants()) {
        let mut window = SlidingWindow::new(quota(limit));
        let sent: Vec<MonoTime> =
            instants.into_iter().filter(|now| matches!(window.take(*now), Turn::Now { .. })).collect();
        prop_assert!(most_in_any_window(&sent) <= limit as usize);
    }

    #[test]
    fn no_window_holds_more_than_the_limit_with_a_queue_and_late_sleepers(limit in 1..5_u32, steps in steps()) {
        let mut window = SlidingWindow::new(quota(limit));
        let patience = Patience { max_wait: Span::from_nanos(5_000), max_queue: 6 };
        let (mut now, mut sent, mut waiting) = (MonoTime::ZERO, Vec::new(), VecDeque::<(Ticket, MonoTime)>::new());
        for step in steps {
            let turn = match step {
                Step::Take => Some(window.take(now)),
                Step::Wait => Some(window.reserve(now, patience)),
                Step::Redeem => match waiting.pop_front() {
                    // A driver wakes at the told instant or later, never earlier.
                    Some((ticket, at)) => { now = now.max(at); Some(window.redeem(ticket, now)) }
                    None => None,
                },
                Step::Leave => { if let Some((ticket, _)) = waiting.pop_front() { window.cancel(ticket); } None }
                Step::Sleep(span) => { now = now + Span::from_nanos(span); None }
            };
            match turn {
                Some(Turn::Now { .. }) => sent.push(now),
                Some(Turn::At(ticket, at)) => { prop_assert!(at > now); waiting.push_back((ticket, at)); }
                Some(Turn::Refused { retry_at, .. }) => prop_assert!(retry_at > now),
                None => (),
            }
        }
        prop_assert!(most_in_any_window(&sent) <= limit as usize, "{sent:?}");
        prop_assert!(window.waiting() <= 6);
    }

    #[test]
    fn a_window_tells_the_exact_wait(limit in 1..8_u32, instants in instants()) {
        let mut window = SlidingWindow::new(quota(limit));
        for now in instants {
            if let Turn::Refused { retry_at, .. } = window.take(now) {
                let early = retry_at.minus(Span::from_nanos(1));
                let refused = matches!(window.clone().take(early), Turn::Refused { retry_at: again, .. } if again == retry_at);
                prop_assert!(refused);
                let admitted = matches!(window.clone().take(retry_at), Turn::Now { .. });
                prop_assert!(admitted);
            }
        }
    }

    #[test]
    fn those_who_wait_get_their_turn_when_they_were_told(limit in 1..5_u32, callers in 1..20_usize) {
        let mut window = SlidingWindow::new(quota(limit));
        let patience = Patience { max_wait: Span::MAX, max_queue: 100 };
        let turns: Vec<Turn> = (0..callers).map(|_| window.reserve(MonoTime::from_nanos(7), patience)).collect();
        for turn in turns {
            if let Turn::At(ticket, at) = turn {
                let served = matches!(window.redeem(ticket, at), Turn::Now { .. });
                prop_assert!(served);
            }
        }
    }

    #[test]
    fn a_stored_window_forgets_nothing_and_invents_nothing(limit in 1..8_u32, instants in instants()) {
        let mut window = SlidingWindow::new(quota(limit));
        let mut last = MonoTime::ZERO;
        for now in instants {
            let _ = window.take(now);
            last = now;
        }
        let ages: Vec<Span> = window.ages(last).collect();
        let reloaded = SlidingWindow::with_ages(quota(limit), &ages, MonoTime::ZERO);
        prop_assert_eq!(reloaded.remaining(MonoTime::ZERO), window.remaining(last));
        let again: Vec<Span> = reloaded.ages(MonoTime::ZERO).collect();
        prop_assert_eq!(again, ages);
    }

    #[test]
    fn gcra_keeps_burst_plus_rate_times_time(limit in 1..50_u32, burst in 1..20_u32, instants in instants()) {
        let gcra = Gcra::new(quota(limit)).with_burst(burst).unwrap();
        let mut arrival = MonoTime::ZERO;
        let mut sent: Vec<MonoTime> = Vec::new();
        for now in instants {
            if matches!(gcra.check(&mut arrival, now, 1), Pass::Admitted { .. }) {
                sent.push(now);
            }
        }
        for (index, start) in sent.iter().enumerate() {
            for (offset, end) in sent[index..].iter().enumerate() {
                let elapsed = u128::from(end.since(*start).as_nanos());
                // admitted ≤ burst + elapsed · limit / window, in whole numbers.
                let admitted = offset as u128 + 1;
                prop_assert!(admitted * 1_000 <= u128::from(burst) * 1_000 + elapsed * u128::from(limit));
            }
        }
    }

    #[test]
    fn gcra_tells_the_exact_wait(limit in 1..50_u32, burst in 1..20_u32, cost in 1..20_u32, instants in instants()) {
        let gcra = Gcra::new(quota(limit)).with_burst(burst).unwrap();
        let mut arrival = MonoTime::ZERO;
        for now in instants {
            if let Pass::Refused { retry_at } = gcra.check(&mut arrival, now, cost) {
                if retry_at == MonoTime::FAR {
                    prop_assert!(cost > burst);
                    continue;
                }
                let early = retry_at.minus(Span::from_nanos(1));
                prop_assert_eq!(gcra.check(&mut arrival.clone(), early, cost), Pass::Refused { retry_at });
                let admitted = matches!(gcra.check(&mut arrival.clone(), retry_at, cost), Pass::Admitted { .. });
                prop_assert!(admitted);
            }
        }
    }
}
