//! No answer crosses users over schemas that nobody thought of: each is made at random.
//!
//! Two to five tables refer to each other in random ways, are seen by random policies (everybody, the owner, a claim,
//! members of a team, whoever sees the row above), are watched or not, and hold random rows, whose texts are unique. On
//! two instances with a Redis random people, one of them without a token, ask random questions with embeds along the
//! keys, while writes change texts, owners, teams, memberships and keys, through the servers and behind them. The
//! writes come one by one, and after each the database itself is asked what every person may see:
//!
//! - an answer, however it raced, shows a person nothing that this person could see at no time;
//! - afterwards every answer becomes what the database gives past the cache;
//! - whoever wrote finds this to be so at once, on the instance that wrote.
//!
//! `SEAWALL_CACHE_SCHEMAS` and `SEAWALL_SEED` make it longer and repeat it.

mod ask;
mod make;
mod people;
mod write;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use seawall_e2e::{TestApp, TestRedis};
use tokio::sync::Mutex;

use super::dice::{Dice, number};
use super::{keeping, word};
use ask::{Question, texts};
use make::Schema;
use people::PEOPLE;
use write::Write;

/// What each person could see at some time.
type Seen = Vec<HashSet<String>>;

/// One schema on two instances.
struct Case<'apps> {
    apps: [&'apps TestApp; 2],
    schema: Schema,
    /// Asked by everybody, so that one's answers lie ready for another.
    questions: Vec<Question>,
    seen: Mutex<Seen>,
    serial: std::sync::atomic::AtomicUsize,
}

impl Case<'_> {
    fn app(&self, dice: &mut Dice) -> &TestApp {
        let [one, two] = self.apps;
        if dice.roll(2) == 0 { one } else { two }
    }

    fn question(&self, dice: &mut Dice) -> Question {
        let asked = self.questions.get(dice.roll(self.questions.len()));
        let who = dice.roll(PEOPLE.len());
        asked.map_or_else(
            || Question::random(&self.schema, dice),
            |question| question.by(who),
        )
    }

    /// Carries a write out, alone, and looks what may be seen afterwards.
    async fn write(&self, app: &TestApp, dice: &mut Dice) {
        let mut seen = self.seen.lock().await;
        let serial = self.serial.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        Write::random(&self.schema, dice, serial).send(app).await;
        self.look(app, &mut seen).await;
    }

    async fn look(&self, app: &TestApp, seen: &mut Seen) {
        for (person, seen) in PEOPLE.iter().zip(seen) {
            let sql = person.sees(&self.schema);
            seen.extend(texts(&app.database().value(&sql).await));
        }
    }

    /// Reads and writes at once. Gives who was shown what, and how often by the cache.
    async fn actor(&self, mut dice: Dice) -> (Vec<(Question, HashSet<String>)>, usize) {
        let (mut shown, mut kept) = (Vec::new(), 0);
        for _ in 0..12 {
            if dice.roll(5) == 0 {
                self.write(self.app(&mut dice), &mut dice).await;
                continue;
            }
            let question = self.question(&mut dice);
            let answer = question.send(self.app(&mut dice), false).await;
            kept += usize::from(word(&answer) == "HIT");
            shown.push((question, texts(&String::from_utf8_lossy(&answer.body))));
        }
        (shown, kept)
    }

    /// Whether the answer of now is what the database gives past the cache, and whether it was kept.
    async fn agrees(&self, app: &TestApp, question: &Question) -> Result<bool, String> {
        let given = question.send(app, false).await;
        let fresh = question.send(app, true).await;
        let says = |answer: &seawall_e2e::Answer| {
            let range = answer.header("content-range").to_owned();
            (
                answer.status,
                range,
                String::from_utf8_lossy(&answer.body).into_owned(),
            )
        };
        let (given_says, fresh_says) = (says(&given), says(&fresh));
        if given_says == fresh_says {
            return Ok(word(&given) == "HIT");
        }
        Err(format!(
            "{question:?}: {} gave {given_says:?} instead of {fresh_says:?}",
            word(&given)
        ))
    }

    async fn comes_to_agree(&self, app: &TestApp, question: &Question) -> usize {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            match self.agrees(app, question).await {
                Ok(kept) => return usize::from(kept),
                Err(difference) => assert!(Instant::now() < until, "still {difference}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Nobody else writes meanwhile.
    async fn examine(&self, dice: &mut Dice) -> usize {
        let mut kept = 0;
        for _ in 0..2 {
            let questions: Vec<Question> = (0..10).map(|_| self.question(dice)).collect();
            for question in &questions {
                for app in self.apps {
                    self.comes_to_agree(app, question).await;
                    kept += self.comes_to_agree(app, question).await;
                }
            }
            let writer = self.app(dice);
            let mut seen = self.seen.lock().await;
            let serial = self.serial.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            let write = Write::random(&self.schema, dice, serial).through_a_server();
            write.send(writer).await;
            for question in &questions {
                let outcome = self.agrees(writer, question).await;
                assert!(outcome.is_ok(), "at once after {write:?}: {outcome:?}");
            }
            self.look(writer, &mut seen).await;
            for question in &questions {
                for app in self.apps {
                    self.comes_to_agree(app, question).await;
                }
            }
        }
        kept
    }
}

async fn knows(app: &TestApp, table: &str) {
    let until = Instant::now() + Duration::from_secs(60);
    let path = format!("/rest/v1/{table}?limit=0");
    while app.anonymous().get(&path).send().await.status == 404 {
        assert!(Instant::now() < until, "{table} is still not known");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_crosses_users_whatever_the_schema() {
    let seed = number("SEAWALL_SEED", 0x5ea_3a11);
    let redis = TestRedis::start().await;
    let one = keeping().redis(&redis).with_store().start().await;
    let two = keeping().redis(&redis).with_store().beside(&one).start().await;
    let mut kept = 0;
    for number in 0..number("SEAWALL_CACHE_SCHEMAS", 3) {
        // Of its own, so that one schema can be repeated without those before.
        let seed = seed.wrapping_add(number);
        println!("SEAWALL_SEED={seed}");
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let schema = Schema::random(&format!("s{number}"), &mut dice);
        println!("{}", schema.sql());
        one.database().run(&schema.sql()).await;
        for app in [&one, &two] {
            knows(app, &schema.last()).await;
        }
        let case = Case {
            apps: [&one, &two],
            questions: (0..4).map(|_| Question::random(&schema, &mut dice)).collect(),
            seen: Mutex::new(PEOPLE.iter().map(|_| HashSet::new()).collect()),
            serial: std::sync::atomic::AtomicUsize::new(0),
            schema,
        };
        case.look(&one, &mut *case.seen.lock().await).await;
        let actor = |place: u64| case.actor(Dice(seed ^ (place << 32)));
        let (first, second, third, fourth) = tokio::join!(actor(1), actor(2), actor(3), actor(4));
        let seen = case.seen.lock().await.clone();
        for (shown, hits) in [first, second, third, fourth] {
            kept += hits;
            for (question, texts) in shown {
                let of_others: Vec<_> = texts.difference(&seen[question.who]).collect();
                assert!(of_others.is_empty(), "{question:?} was shown {of_others:?}");
            }
        }
        kept += case.examine(&mut dice).await;
        one.database().run(&case.schema.gone()).await;
    }
    assert!(kept > 0, "nothing was ever kept");
}
