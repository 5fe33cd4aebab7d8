//! Several tabs, one limit: whatever messages are late or lost, and whoever dies.
//!
//! The keeper lends by messages that take any time, or never come. Every tab has a clock of its own. What all tabs
//! send is written down by one clock that none of them sees.

use proptest::prelude::*;
use seawall_policy::limit::lease::{SETTLING, validity};
use seawall_policy::limit::{Quota, SlidingWindow, Turn};
use seawall_policy::time::{MonoTime, Span};

const WINDOW: Span = Span::from_millis(10_000);

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A tab wants to send.
    Send(usize),
    /// A tab asks the keeper; the question and the answer take so long, or one is lost.
    Ask {
        tab: usize,
        there: u64,
        back: u64,
        lost: bool,
    },
    Sleep(u64),
}

fn steps(tabs: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..tabs).prop_map(Step::Send),
        3 => (0..tabs, 0..3_000_u64, 0..3_000_u64, prop::bool::weighted(0.2))
            .prop_map(|(tab, there, back, lost)| Step::Ask { tab, there, back, lost }),
        2 => (1..900_u64).prop_map(Step::Sleep),
    ];
    prop::collection::vec(step, 1..400)
}

struct Tab {
    window: SlidingWindow,
    /// How far its clock is ahead of the one that nobody sees.
    offset: Span,
}

impl Tab {
    fn clock(&self, now: MonoTime) -> MonoTime {
        now + self.offset
    }
}

/// A message under way.
enum Message {
    Asked {
        tab: usize,
        want: u32,
        asked_at: MonoTime,
        back: u64,
        lost: bool,
    },
    Lent {
        tab: usize,
        count: u32,
        retry: Span,
        asked_at: MonoTime,
    },
}

struct Origin {
    quota: Quota,
    tabs: Vec<Tab>,
    messages: Vec<(MonoTime, Message)>,
    sent: Vec<MonoTime>,
}

impl Origin {
    fn new(quota: Quota, tabs: usize, keeper_known: bool) -> Self {
        let tabs = (0..tabs).map(|index| {
            let mut window = SlidingWindow::new(quota);
            if index > 0 {
                window.borrow(keeper_known);
            }
            Tab {
                window,
                offset: Span::from_millis(index as u64 * 77_777),
            }
        });
        Self {
            quota,
            tabs: tabs.collect(),
            messages: Vec::new(),
            sent: Vec::new(),
        }
    }

    fn send(&mut self, tab: usize, now: MonoTime) {
        let tab = &mut self.tabs[tab];
        let clock = tab.clock(now);
        if matches!(tab.window.take(clock), Turn::Now { .. }) {
            self.sent.push(now);
        }
    }

    fn deliver_until(&mut self, until: MonoTime) {
        loop {
            let next = (0..self.messages.len())
                .filter(|index| self.messages[*index].0 <= until)
                .min_by_key(|index| self.messages[*index].0);
            let Some(index) = next else { return };
            let (now, message) = self.messages.swap_remove(index);
            match message {
                Message::Asked {
                    tab,
                    want,
                    asked_at,
                    back,
                    lost,
                } => {
                    let keeper = &mut self.tabs[0];
                    let clock = keeper.clock(now);
                    let count = keeper.window.lend(want, clock);
                    let retry = keeper.window.lends_in(clock);
                    if !lost {
                        let reply = Message::Lent {
                            tab,
                            count,
                            retry,
                            asked_at,
                        };
                        self.messages.push((now + Span::from_millis(back), reply));
                    }
                }
                Message::Lent {
                    tab,
                    count,
                    retry,
                    asked_at,
                } => {
                    let quota = self.quota;
                    let tab = &mut self.tabs[tab];
                    let clock = tab.clock(now);
                    tab.window.lent(count, asked_at, validity(quota), retry, clock);
                }
            }
        }
    }

    fn most_in_any_window(&self) -> usize {
        let within = |start: &MonoTime| {
            self.sent
                .iter()
                .filter(|at| *at >= start && at.since(*start) < WINDOW)
                .count()
        };
        self.sent.iter().map(within).max().unwrap_or(0)
    }
}

fn run(quota: Quota, tabs: usize, steps: Vec<Step>) -> Origin {
    let mut origin = Origin::new(quota, tabs, true);
    let mut now = MonoTime::from_millis(100_000);
    for step in steps {
        origin.deliver_until(now);
        match step {
            Step::Send(tab) => origin.send(tab % tabs, now),
            Step::Ask {
                tab,
                there,
                back,
                lost,
            } if tab % tabs > 0 => {
                let tab = tab % tabs;
                let asked_at = origin.tabs[tab].clock(now);
                let question = Message::Asked {
                    tab,
                    want: quota.limit() / 3 + 1,
                    asked_at,
                    back,
                    lost,
                };
                origin.messages.push((now + Span::from_millis(there), question));
            }
            Step::Ask { .. } => (),
            Step::Sleep(millis) => now = now + Span::from_millis(millis),
        }
    }
    origin
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn ten_tabs_hold_one_limit_whatever_is_late_or_lost(limit in 1..30_u32, steps in steps(10)) {
        let quota = Quota::try_new(limit, WINDOW).unwrap();
        let origin = run(quota, 10, steps);
        prop_assert!(origin.most_in_any_window() <= limit as usize);
    }

    #[test]
    fn ten_tabs_that_open_at_once_hold_one_limit(limit in 10..200_u32, sends in prop::collection::vec(0..10_usize, 1..400)) {
        let quota = Quota::try_new(limit, WINDOW).unwrap();
        let mut origin = Origin::new(quota, 10, false);
        origin.tabs[0].window.borrow(false);
        let now = MonoTime::from_millis(100_000);
        let mut sent_before = [0_u32; 10];
        for tab in &sends {
            let before = origin.sent.len();
            origin.send(*tab, now);
            sent_before[*tab] += u32::from(origin.sent.len() > before);
        }
        // The first becomes the keeper, and sends all it can before it hears what the others owe.
        origin.tabs[0].window.keep(now + SETTLING, now);
        for _ in 0..limit {
            origin.send(0, now);
        }
        let settled = now + SETTLING;
        for (tab, before) in sent_before.iter().enumerate().skip(1) {
            origin.tabs[tab].window.hear();
            let owed = origin.tabs[tab].window.owes();
            prop_assert_eq!(owed, *before);
            origin.tabs[0].window.owe(owed, settled.minus(Span::from_millis(1)));
        }
        for _ in 0..limit {
            origin.send(0, settled);
        }
        for tab in 1..10 {
            origin.send(tab, settled);
        }
        prop_assert!(origin.most_in_any_window() <= limit as usize);
    }
}

/// Messages of two milliseconds, ten tabs that want all there is: nearly all of it is used.
#[test]
fn what_is_lent_is_used() {
    let quota = Quota::try_new(100, Span::from_secs(60)).unwrap();
    let mut origin = Origin::new(quota, 10, true);
    let mut now = MonoTime::from_millis(100_000);
    let end = now + Span::from_secs(600);
    while now < end {
        origin.deliver_until(now);
        for tab in 0..10 {
            origin.send(tab, now);
            if tab > 0 && origin.tabs[tab].window.wanted(origin.tabs[tab].clock(now)).max(1) > 0 {
                let asked_at = origin.tabs[tab].clock(now);
                let question = Message::Asked {
                    tab,
                    want: 1,
                    asked_at,
                    back: 1,
                    lost: false,
                };
                origin.messages.push((now + Span::from_millis(1), question));
            }
        }
        now = now + Span::from_millis(250);
    }
    let ideal = 1_000;
    assert!(
        origin.sent.len() * 100 >= ideal * 90,
        "{} of {ideal}",
        origin.sent.len()
    );
}
