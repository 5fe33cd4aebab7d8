use std::collections::VecDeque;

use proptest::prelude::*;
use seawall_policy::limit::gcra::Pass;
use seawall_policy::limit::{Gcra, Patience, Quota, SlidingWindow, Ticket, Turn, UsageSnapshot};
use seawall_policy::queue::Priority;
use seawall_policy::time::{MonoTime, Span, UnixTime};

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

type Waiter = (Ticket, MonoTime, MonoTime, Priority);

/// Wakes everybody at the instant it was told, the earliest first, until then.
fn run_until(
    window: &mut SlidingWindow,
    waiting: &mut Vec<Waiter>,
    served: &mut Vec<(MonoTime, Priority)>,
    sent: &mut Vec<MonoTime>,
    until: MonoTime,
) {
    loop {
        let due = (0..waiting.len())
            .filter(|index| waiting[*index].1 <= until)
            .min_by_key(|index| waiting[*index].1);
        let Some(index) = due else { return };
        let (ticket, at, joined, priority) = waiting.remove(index);
        match window.redeem(ticket, at) {
            Turn::Now { .. } => {
                sent.push(at);
                served.push((joined, priority));
            }
            Turn::At(ticket, later) => {
                assert!(later > at);
                waiting.push((ticket, later, joined, priority));
            }
            Turn::Refused { .. } => (),
        }
    }
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
        let patience = Patience { max_wait: Span::from_nanos(5_000), max_queue: 6, priority: Priority::Normal };
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
        let patience = Patience { max_wait: Span::MAX, max_queue: 100, priority: Priority::Normal };
        let turns: Vec<Turn> = (0..callers).map(|_| window.reserve(MonoTime::from_nanos(7), patience)).collect();
        for turn in turns {
            if let Turn::At(ticket, at) = turn {
                let served = matches!(window.redeem(ticket, at), Turn::Now { .. });
                prop_assert!(served);
            }
        }
    }

    #[test]
    fn a_stored_window_frees_no_call_early_and_none_much_too_late(limit in 1..8_u32, instants in instants()) {
        // Stored texts count in milliseconds.
        let millis = |at: MonoTime| MonoTime::from_millis(at.as_nanos());
        let quota = Quota::try_new(limit, Span::from_millis(1_000)).unwrap();
        let (mut window, mut last) = (SlidingWindow::new(quota), MonoTime::ZERO);
        for now in instants.into_iter().map(millis) {
            let _ = window.take(now);
            last = now;
        }
        let unix = UnixTime::from_secs(1_700_000_000);
        let mut reloaded = SlidingWindow::new(quota);
        if let Some(usage) = window.usage(last, unix) {
            prop_assert_eq!(UsageSnapshot::from_numbers(&usage.numbers()), Ok(usage.clone()));
            reloaded.remember(&usage, Span::MAX, MonoTime::ZERO, unix).unwrap();
        }
        let slice = Span::from_millis(1_000 / 60 + 1);
        for step in 0..1_100 {
            let after = Span::from_millis(step);
            let (there, here) = (window.remaining(last + after), reloaded.remaining(MonoTime::ZERO + after));
            prop_assert!(here <= there);
            prop_assert!(window.remaining((last + after).minus(slice).max(last)) <= reloaded.remaining(MonoTime::ZERO + after) || here == there);
        }
    }

    #[test]
    fn who_waits_in_a_window_is_overtaken_only_by_the_more_urgent_and_only_for_a_while(
        calls in prop::collection::vec((0..1_500_u64, 0..4_u8), 1..40),
    ) {
        let quota = Quota::try_new(1, Span::from_millis(700)).unwrap();
        let mut window = SlidingWindow::new(quota);
        let (mut now, mut waiting, mut served) = (MonoTime::from_millis(1), Vec::new(), Vec::new());
        let mut sent = Vec::new();
        for (step, code) in calls {
            let next = now + Span::from_millis(step);
            run_until(&mut window, &mut waiting, &mut served, &mut sent, next);
            now = next;
            let priority = Priority::from_code(code);
            let patience = Patience { max_wait: Span::MAX, max_queue: 1_000, priority };
            match window.reserve(now, patience) {
                Turn::Now { .. } => sent.push(now),
                Turn::At(ticket, at) => waiting.push((ticket, at, now, priority)),
                Turn::Refused { .. } => prop_assert!(false, "everybody is patient"),
            }
        }
        run_until(&mut window, &mut waiting, &mut served, &mut sent, MonoTime::FAR);
        prop_assert!(waiting.is_empty());
        for (index, (joined, priority)) in served.iter().enumerate() {
            for (earlier, urgency) in &served[..index] {
                prop_assert!(urgency.place(*earlier) <= priority.place(*joined) || earlier <= joined);
                prop_assert!(earlier.since(*joined) <= priority.handicap().minus(urgency.handicap()));
            }
        }
        sent.sort_unstable();
        prop_assert!(sent.windows(2).all(|pair| pair[1].since(pair[0]) >= quota.window()));
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
