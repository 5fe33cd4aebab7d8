//! Any interleaving of crashes, lost answers, refusals and replays, against a server that keeps what reached it.

use proptest::prelude::*;
use seawall_policy::class::{Answer, Outcome, Service, classify};
use seawall_policy::outbox::{
    Desk, Ending, Form, Next, Order, Outbox, OutboxConfig, Reason, Rows, Sent, State, Verdict, Write,
};
use seawall_policy::retry::Repeat;
use seawall_policy::rng::SplitMix64;
use seawall_policy::time::{Span, UnixTime};

const LANES: [&str; 2] = ["rooms", "messages"];

/// What happens to a page while it replays one write.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// It dies before it has stored that it is sending.
    DiesDeciding,
    /// It dies before it sends.
    DiesBeforeSending,
    /// It dies, and the write arrives all the same.
    DiesWaiting,
    /// It dies with the answer in its hand.
    DiesAnswered,
    /// The request is lost on its way.
    LosesRequest,
    /// The answer is lost on its way.
    LosesAnswer,
    /// The server has no time and says so.
    IsPutOff,
    /// The database rolls the write back.
    RollsBack,
    /// The server refuses it for good.
    Refuses,
    /// The token has expired.
    Expires,
    /// Nothing is in the way.
    Succeeds,
}

#[derive(Clone, Debug)]
enum Step {
    Make { lane: usize, rows: Rows, repeat: Repeat },
    Replay(Turn),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let turn = prop_oneof![
        1 => Just(Turn::DiesDeciding),
        1 => Just(Turn::DiesBeforeSending),
        1 => Just(Turn::DiesWaiting),
        1 => Just(Turn::DiesAnswered),
        1 => Just(Turn::LosesRequest),
        1 => Just(Turn::LosesAnswer),
        1 => Just(Turn::IsPutOff),
        1 => Just(Turn::RollsBack),
        1 => Just(Turn::Refuses),
        1 => Just(Turn::Expires),
        3 => Just(Turn::Succeeds),
    ];
    let rows = prop_oneof![
        1 => Just(Rows::Any),
        1 => Just(Rows::New),
        3 => (0..3_u8).prop_map(|row| Rows::Named(vec![row.to_string()])),
    ];
    let repeat = prop_oneof![Just(Repeat::Safe), Just(Repeat::IfNotDone)];
    let make = (0..2_usize, rows, repeat).prop_map(|(lane, rows, repeat)| Step::Make { lane, rows, repeat });
    prop::collection::vec(prop_oneof![make, turn.prop_map(Step::Replay)], 1..60)
}

/// The server's memory and the disk, which outlive every page.
struct World {
    config: OutboxConfig,
    disk: Vec<Write>,
    made: Vec<Write>,
    /// Every arrival whose work was done, in order.
    done: Vec<(u64, Form)>,
    now: UnixTime,
    pages: u64,
    rng: SplitMix64,
}

impl World {
    fn new(order: Order) -> Self {
        let config = OutboxConfig {
            order,
            tries: 1_000,
            ..OutboxConfig::default()
        };
        Self {
            config,
            disk: Vec::new(),
            made: Vec::new(),
            done: Vec::new(),
            now: UnixTime::from_secs(1_700_000_000),
            pages: 0,
            rng: SplitMix64::new(7),
        }
    }

    fn make(&mut self, lane: usize, rows: Rows, repeat: Repeat) {
        let write = Write {
            id: self.made.len() as u64 + 1,
            lane: LANES[lane].to_owned(),
            rows,
            who: String::new(),
            repeat,
            form: Form::AsMade,
            state: State::Queued,
            tries: 0,
            waits: 0,
            not_before: UnixTime::default(),
        };
        self.made.push(write.clone());
        self.disk.push(write);
    }

    /// A page that starts now, does one thing, and is gone. False when there is nothing to do any more.
    fn replay(&mut self, turn: Turn) -> bool {
        self.pages += 1;
        let me = format!("page {}", self.pages);
        let desk = Desk {
            me: &me,
            alone: true,
            sessions: &[String::new()],
        };
        let mut outbox = Outbox::new(self.config, self.disk.clone());
        outbox.recover(&desk, self.now);
        self.disk = outbox.writes().to_vec();
        match outbox.next(&desk, self.now) {
            Next::Send { id, form } => self.send(&mut outbox, &me, id, form, turn),
            Next::Wait { until } => {
                assert!(until > self.now, "a wait has an end that is yet to come");
                self.now = until;
            }
            Next::Session | Next::Idle => return false,
        }
        true
    }

    fn send(&mut self, outbox: &mut Outbox, me: &str, id: u64, form: Form, turn: Turn) {
        if matches!(turn, Turn::DiesDeciding) {
            return;
        }
        self.disk = outbox.writes().to_vec();
        self.now = self.now.plus(Span::from_millis(10));
        let answer = |status, code| {
            classify(&Answer::Response {
                service: Service::Rest,
                status,
                code,
                retry_after: None,
            })
        };
        let (is_done, outcome) = match turn {
            Turn::DiesDeciding | Turn::DiesBeforeSending => (false, None),
            Turn::DiesWaiting | Turn::DiesAnswered => (true, None),
            Turn::LosesRequest => (false, Some(Outcome::NETWORK)),
            Turn::LosesAnswer => (true, Some(Outcome::NETWORK)),
            Turn::IsPutOff => (false, Some(answer(429, None))),
            Turn::RollsBack => (false, Some(answer(500, Some("40001")))),
            Turn::Refuses => (false, Some(answer(403, Some("42501")))),
            Turn::Expires => (false, Some(answer(401, Some("PGRST303")))),
            Turn::Succeeds => (true, Some(Outcome::SUCCESS)),
        };
        if is_done {
            self.done.push((id, form));
        }
        let Some(outcome) = outcome else { return };
        let ending = Ending::Sent {
            outcome: &outcome,
            code: None,
        };
        let verdict = outbox
            .answered(
                &Sent {
                    id,
                    by: me,
                    standing: None,
                },
                &ending,
                self.now,
                &mut self.rng,
            )
            .unwrap();
        assert_eq!(matches!(verdict, Verdict::Done), outcome.is_success());
        self.disk = outbox.writes().to_vec();
    }

    fn made(&self, id: u64) -> &Write {
        self.made.iter().find(|write| write.id == id).unwrap()
    }

    fn reason(&self, id: u64) -> Option<Reason> {
        self.disk
            .iter()
            .find(|write| write.id == id)
            .and_then(|write| match write.state {
                State::SetAside(reason) => Some(reason),
                State::Queued | State::Sending { .. } => None,
            })
    }
}

fn live(order: Order, steps: Vec<Step>) -> World {
    let mut world = World::new(order);
    for step in steps {
        match step {
            Step::Make { lane, rows, repeat } => world.make(lane, rows, repeat),
            Step::Replay(turn) => {
                world.replay(turn);
            }
        }
    }
    let mut left = 10_000;
    while world.replay(Turn::Succeeds) {
        left -= 1;
        assert!(left > 0, "a replay in good weather comes to an end");
    }
    world
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn nothing_is_lost_and_nothing_is_done_twice(steps in steps()) {
        let world = live(Order::Table, steps);
        for write in &world.made {
            let arrivals = world.done.iter().filter(|(id, _)| *id == write.id).count();
            let is_kept = world.disk.iter().any(|kept| kept.id == write.id);
            prop_assert!(arrivals > 0 || is_kept, "write {} is lost", write.id);
            if write.repeat == Repeat::IfNotDone {
                prop_assert!(arrivals <= 1, "write {} was done {arrivals} times", write.id);
            }
            // What is left is what was refused, what nobody can know, or what waits for such a one on its row.
            if is_kept && world.reason(write.id).is_none() {
                prop_assert!(world.disk.iter().any(|other| other.id < write.id
                    && other.lane == write.lane
                    && world.reason(other.id).is_some()
                    && other.rows.surely_meets(&write.rows)));
            }
        }
    }

    #[test]
    fn what_arrives_again_arrives_in_the_form_that_does_nothing(steps in steps()) {
        let world = live(Order::Table, steps);
        for (place, (id, form)) in world.done.iter().enumerate() {
            let again = world.done[..place].iter().any(|(earlier, _)| earlier == id);
            prop_assert!(!again || *form == Form::Again);
        }
    }

    #[test]
    fn no_write_arrives_after_a_later_one_of_its_lane(steps in steps()) {
        let world = live(Order::Table, steps);
        for lane in LANES {
            let arrived: Vec<u64> = world.done.iter().map(|(id, _)| *id).filter(|id| world.made(*id).lane == lane).collect();
            prop_assert!(arrived.is_sorted(), "{lane}: {arrived:?}");
        }
    }

    #[test]
    fn with_order_by_row_no_write_arrives_after_a_later_one_that_may_meet_it(steps in steps()) {
        let world = live(Order::Row, steps);
        for (place, (late, _)) in world.done.iter().enumerate() {
            for (early, _) in &world.done[..place] {
                let (early, late) = (world.made(*early), world.made(*late));
                prop_assert!(early.lane != late.lane || early.id <= late.id || !early.rows.may_meet(&late.rows));
            }
        }
    }
}
