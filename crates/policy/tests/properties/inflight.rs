//! The cap on those under way, and its line, against any sequence of what may happen.

use proptest::prelude::*;
use seawall_policy::limit::inflight::{Place, Slot};
use seawall_policy::limit::{Inflight, InflightConfig, Signal};
use seawall_policy::queue::Priority;
use seawall_policy::time::{MonoTime, Span};

#[derive(Clone, Copy, Debug)]
enum Step {
    Ask(u8),
    /// One under way ends like this: 0 well, 1 under stress, 2 without a word.
    End(usize, u8),
    Leave(usize),
    Sleep(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..4_u8).prop_map(Step::Ask),
        3 => (any::<usize>(), 0..3_u8).prop_map(|(which, how)| Step::End(which, how)),
        1 => any::<usize>().prop_map(Step::Leave),
        1 => (1..3_000_u64).prop_map(Step::Sleep),
    ];
    prop::collection::vec(step, 1..300)
}

struct Waiter {
    slot: Slot,
    joined: MonoTime,
    priority: Priority,
    /// Those called since it joined that had joined after it.
    overtaken_by: Vec<(MonoTime, Priority)>,
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn permits_never_exceed_the_cap_and_nobody_starves(min in 1..4_u32, max in 1..12_u32, steps in steps()) {
        let mut inflight = Inflight::new(InflightConfig { min, max, max_queue: 20 });
        let (mut now, mut under_way, mut line) = (MonoTime::from_millis(1), Vec::<(Slot, MonoTime)>::new(), Vec::<Waiter>::new());
        for step in steps {
            match step {
                Step::Ask(code) => {
                    let priority = Priority::from_code(code);
                    match inflight.ask(priority, now) {
                        Place::Taken(slot) => {
                            prop_assert!(line.is_empty(), "a newcomer went before those who wait");
                            under_way.push((slot, now));
                        }
                        Place::InLine(slot) => line.push(Waiter { slot, joined: now, priority, overtaken_by: Vec::new() }),
                        Place::Full => prop_assert_eq!(line.len(), 20),
                    }
                }
                Step::End(which, how) if !under_way.is_empty() => {
                    let (slot, sent_at) = under_way.swap_remove(which % under_way.len());
                    let signal = match how {
                        0 => Signal::Served(now.since(sent_at)),
                        1 => Signal::Stress,
                        _ => Signal::Nothing,
                    };
                    inflight.feel(signal, sent_at, now);
                    inflight.leave(slot);
                    inflight.leave(slot);
                }
                Step::Leave(which) if !line.is_empty() => {
                    let waiter = line.swap_remove(which % line.len());
                    inflight.leave(waiter.slot);
                }
                Step::End(..) | Step::Leave(_) => (),
                Step::Sleep(millis) => now = now + Span::from_millis(millis),
            }
            while let Some(called) = inflight.poll_ready(now) {
                let index = line.iter().position(|waiter| waiter.slot == called).unwrap();
                let Waiter { slot, joined, priority, overtaken_by } = line.remove(index);
                for (theirs, urgency) in overtaken_by {
                    // The bound: only those who joined within the difference of the handicaps.
                    prop_assert!(theirs.since(joined) <= priority.handicap().minus(urgency.handicap()));
                }
                for waiter in line.iter_mut().filter(|waiter| waiter.joined < joined) {
                    waiter.overtaken_by.push((joined, priority));
                }
                prop_assert!(inflight.holds(slot));
                under_way.push((slot, now));
            }
            // After a cut there may be more than the cap allows, but none is added.
            prop_assert!(inflight.under_way() <= max);
            prop_assert_eq!(inflight.under_way() as usize, under_way.len());
            prop_assert!((min.min(max)..=max).contains(&inflight.cap()));
            prop_assert!(line.is_empty() || inflight.under_way() >= inflight.cap());
            prop_assert_eq!(inflight.waiting(), line.len());
        }
    }
}
