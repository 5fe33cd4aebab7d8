//! What clients that are as slow as they dare take from the others.
//!
//! Three kinds hold connections for as little as they can send: request heads that never end,
//! bodies that trickle, and readers that do not read what they asked for. Beside them a few
//! good clients ask as fast as they are answered. They are measured in turns of a few seconds,
//! with the slow ones and without, the order turned about each time, so that what a busy machine
//! does cancels; of the pairs of turns the median counts. Requests a second wobble with the
//! machine, the server's processor time for each wobbles less, and least of all the time that it spends
//! on the slow ones when nobody else is there.

mod attackers;
mod good;

use std::time::Duration;

use seawall_e2e::{Database, ServerProcess};
use serde_json::{Value, json};

use crate::Outcome;
use attackers::Attackers;

pub(crate) const NAME: &str = "slow clients";

/// Before each turn, until all connections are there or gone.
const SETTLE: Duration = Duration::from_secs(3);
const TURN: Duration = Duration::from_secs(3);
/// For processor time without good clients.
const ALONE: Duration = Duration::from_secs(10);

/// At most so much of what others would get, in percent.
const TARGET: f64 = 1.0;

/// What good clients had of one turn.
#[derive(Debug, Clone, Copy)]
struct Turn {
    per_second: f64,
    /// The server's processor time for each request.
    cost_us: f64,
}

/// What was lost to them.
pub(crate) struct Toll {
    slow: usize,
    still_open: usize,
    /// Without and with them.
    pairs: Vec<(Turn, Turn)>,
    /// Requests that were not answered 200.
    failed: usize,
    /// Processor time a second: for good clients, for nobody, for slow ones alone.
    busy_ms: f64,
    idle_ms: f64,
    slow_ms: f64,
}

/// Asks, with and without.
pub(crate) async fn measure(database: &Database, rounds: u64) -> Outcome<Toll> {
    println!(
        "\nslow clients: {} heads, {} bodies, {} readers; {rounds} rounds",
        attackers::HEADS,
        attackers::BODIES,
        attackers::READERS
    );
    database.run(attackers::PAGES).await;
    let settings = [
        ("SEAWALL_MAX_CONNECTIONS_PER_ADDRESS", "5000"),
        ("SEAWALL_RATE_LIMITS", "false"),
    ];
    let server = ServerProcess::start(database, &settings).await;
    let mut toll = Toll {
        slow: attackers::HEADS + attackers::BODIES + attackers::READERS,
        still_open: usize::MAX,
        pairs: Vec::new(),
        failed: 0,
        busy_ms: 0.0,
        idle_ms: 0.0,
        slow_ms: 0.0,
    };
    let _warm = good::turn(server.address(), TURN).await;
    for round in 0..rounds {
        let with_first = round % 2 == 1;
        let first = toll.turn(&server, with_first).await?;
        let second = toll.turn(&server, !with_first).await?;
        toll.pairs.push(if with_first {
            (second, first)
        } else {
            (first, second)
        });
    }
    toll.idle_ms = spent_alone(&server).await?;
    let slow = Attackers::start(server.address());
    tokio::time::sleep(SETTLE * 2).await;
    toll.slow_ms = spent_alone(&server).await?;
    drop(slow);
    server.kill();
    toll.tell();
    Ok(toll)
}

async fn spent_alone(server: &ServerProcess) -> Outcome<f64> {
    let before = server.processor_time().ok_or("no processor time is told here")?;
    tokio::time::sleep(ALONE).await;
    let after = server.processor_time().ok_or("no processor time is told here")?;
    Ok(after.saturating_sub(before).as_secs_f64() * 1e3 / ALONE.as_secs_f64())
}

impl Toll {
    async fn turn(&mut self, server: &ServerProcess, with: bool) -> Outcome<Turn> {
        let slow = with.then(|| Attackers::start(server.address()));
        tokio::time::sleep(SETTLE).await;
        let before = server.processor_time().ok_or("no processor time is told here")?;
        let good = good::turn(server.address(), TURN).await;
        let spent = server
            .processor_time()
            .ok_or("no processor time is told here")?
            .saturating_sub(before);
        self.failed += good.failed;
        match slow {
            Some(slow) => self.still_open = self.still_open.min(slow.open()),
            None => self.busy_ms = self.busy_ms.max(spent.as_secs_f64() * 1e3 / TURN.as_secs_f64()),
        }
        let requests = (good.per_second * TURN.as_secs_f64()).max(1.0);
        Ok(Turn {
            per_second: good.per_second,
            cost_us: spent.as_secs_f64() * 1e6 / requests,
        })
    }

    /// Of the turns' ratios the median, and between which ratios it lies with 95 %.
    fn median(&self, ratio: impl Fn(&(Turn, Turn)) -> f64) -> [f64; 3] {
        let mut ratios: Vec<f64> = self.pairs.iter().map(ratio).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let (middle, off) = (ratios.len() / 2, ratios.len().isqrt());
        let at = |place: usize| {
            ratios
                .get(place.min(ratios.len().saturating_sub(1)))
                .copied()
                .unwrap_or(1.0)
        };
        [at(middle), at(middle.saturating_sub(off)), at(middle + off)]
    }

    /// How many more requests a second there are without the slow ones, in percent.
    fn lost(&self) -> [f64; 3] {
        let ratios = self.median(|(without, with)| without.per_second / with.per_second.max(1.0));
        ratios.map(|ratio| (ratio - 1.0) * 100.0)
    }

    /// How much more processor time a request costs with them, in percent.
    fn dearer(&self) -> [f64; 3] {
        let ratios = self.median(|(without, with)| with.cost_us / without.cost_us.max(1.0));
        ratios.map(|ratio| (ratio - 1.0) * 100.0)
    }

    /// What the slow ones cost, of what the server spends when it is busy with others, in percent.
    fn share(&self) -> f64 {
        (self.slow_ms - self.idle_ms).max(0.0) * 100.0 / self.busy_ms.max(1.0)
    }

    fn tell(&self) {
        let [fast, faster] = self.middle(|turn| turn.per_second);
        let [cheap, dear] = self.middle(|turn| turn.cost_us);
        let within = |[median, from, to]: [f64; 3]| format!("{median:+.2} ({from:+.2} to {to:+.2})");
        let lines = [
            ("good clients' requests a second, without", format!("{fast:.0}")),
            ("the same beside slow clients", format!("{faster:.0}")),
            ("lost, % (median of pairs, 95 % of it)", within(self.lost())),
            (
                "server's processor time a request, without, µs",
                format!("{cheap:.1}"),
            ),
            ("the same beside slow clients", format!("{dear:.1}")),
            ("dearer, % (median of pairs, 95 % of it)", within(self.dearer())),
            ("good requests that failed", self.failed.to_string()),
            (
                "slow clients connected after a turn, at least",
                self.still_open.to_string(),
            ),
            (
                "server's processor time busy with good ones, ms/s",
                format!("{:.1}", self.busy_ms),
            ),
            ("idle, ms/s", format!("{:.2}", self.idle_ms)),
            ("with slow ones alone, ms/s", format!("{:.2}", self.slow_ms)),
            (
                "slow ones' share of a busy server's time, %",
                format!("{:.2}", self.share()),
            ),
        ];
        for (what, figure) in lines {
            println!("{what:<52}{figure:>28}");
        }
    }

    /// The median turn without them and with them.
    fn middle(&self, of: impl Fn(&Turn) -> f64) -> [f64; 2] {
        let median = |mut all: Vec<f64>| {
            all.sort_unstable_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or(0.0)
        };
        let without = self.pairs.iter().map(|(without, _)| of(without)).collect();
        [without, self.pairs.iter().map(|(_, with)| of(with)).collect()].map(median)
    }

    /// What was missed, one sentence each.
    pub(crate) fn missed(&self) -> Vec<String> {
        let ([_, lost, _], [_, dearer, _]) = (self.lost(), self.dearer());
        let targets = [
            // Missed where they cannot be true: a busy machine hides smaller differences.
            (
                lost < TARGET,
                "good clients lose less than 1 % of their requests a second",
            ),
            (dearer < TARGET, "good requests become dearer by less than 1 %"),
            (
                self.share() < TARGET,
                "slow ones cost less than 1 % of the server's time",
            ),
            (self.failed == 0, "no good request fails"),
            (
                self.still_open * 10 >= self.slow * 9,
                "the slow ones are connected",
            ),
        ];
        let missed = targets.into_iter().filter(|(holds, _)| !holds);
        missed.map(|(_, target)| format!("{NAME}: {target}")).collect()
    }

    pub(crate) fn as_json(&self) -> Value {
        let [without, with] = self.middle(|turn| turn.per_second);
        let [cheap, dear] = self.middle(|turn| turn.cost_us);
        json!({
            "slow": self.slow, "rounds": self.pairs.len(), "failed": self.failed, "connected": self.still_open,
            "per_second_without": without, "per_second_with": with, "lost_percent": self.lost(),
            "cost_us_without": cheap, "cost_us_with": dear, "dearer_percent": self.dearer(),
            "busy_ms_per_s": self.busy_ms, "idle_ms_per_s": self.idle_ms, "slow_alone_ms_per_s": self.slow_ms,
            "share_of_processor_percent": self.share(),
        })
    }
}
