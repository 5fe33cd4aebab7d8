//! The count that all instances share, in Redis: one atomic script call a decision, or none.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::Script;
use seawall_policy::limit::Gcra;
use seawall_policy::time::{MonoTime, Span};

use super::contact::{Alone, Contact, FORGET, Introduction, LEASE};
use super::key::LimitKey;
use super::scope::{Check, Standing};
use crate::clock::Clock;
use crate::redis::{Redis, RedisDown};

/// The braces keep all keys on one node of a cluster, which one script can then see.
const PREFIX: &str = "{seawall:limits}";
const MARK: &str = "{seawall:limits}:mark";
const MEMBERS: &str = "{seawall:limits}:members";

/// Often enough to miss one and keep the lease.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(150);

/// What Redis decided.
pub(super) struct Shared {
    redis: Redis,
    script: Script,
    clock: Clock,
    id: String,
    timeout: Span,
    contact: Mutex<Contact>,
}

/// A decision of all instances.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) admitted: bool,
    pub(super) standings: Vec<Standing>,
    /// Whether it ends a time of counting alone.
    pub(super) returned: bool,
}

/// What the script answers.
enum Reply {
    Late,
    Decided {
        redis_us: u64,
        epoch: String,
        members: u32,
        present: u32,
        admitted: bool,
        debts: Vec<Span>,
    },
}

impl Shared {
    pub(super) fn new(redis: Redis, clock: Clock, timeout: Duration) -> Self {
        Self {
            redis,
            script: Script::new(include_str!("cluster.lua")),
            clock,
            id: uuid::Uuid::new_v4().to_string(),
            timeout: Span::from_nanos(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX)),
            contact: Mutex::default(),
        }
    }

    /// Charges every scope or none.
    pub(super) async fn decide(&self, checks: &[Check]) -> Result<Decided, RedisDown> {
        // A second time only where Redis' clock has jumped.
        for _ in 0..2 {
            let sent = self.clock.mono();
            let introduction = self.contact().introduction(sent, self.timeout);
            match self.ask(checks, &introduction).await? {
                Reply::Late => self.contact().lost_track(self.clock.mono()),
                Reply::Decided {
                    redis_us,
                    epoch,
                    members,
                    present,
                    admitted,
                    debts,
                } => {
                    let heard = self.clock.mono();
                    let returned = self.contact().answered((sent, heard), redis_us, &epoch, members);
                    let standings = checks
                        .iter()
                        .zip(debts)
                        .map(|(check, debt)| standing(check, debt, (present, members), admitted))
                        .collect();
                    return Ok(Decided {
                        admitted,
                        standings,
                        returned,
                    });
                }
            }
        }
        Err(RedisDown)
    }

    /// How to count without Redis.
    pub(super) fn alone(&self, known: u32) -> Alone {
        self.contact().unanswered(self.clock.mono(), known)
    }

    pub(super) fn is_apart(&self) -> bool {
        self.contact().is_apart()
    }

    /// The instances there are, as Redis knows them.
    pub(super) fn members(&self) -> u32 {
        self.contact().members()
    }

    /// Gives a key its whole burst, everywhere.
    pub(super) async fn forget(&self, key: LimitKey) -> Result<(), RedisDown> {
        self.redis
            .query(redis::cmd("DEL").arg(format!("{PREFIX}:{key}")))
            .await
    }

    /// Tells the others that this instance's share is theirs from now on.
    pub(super) async fn take_leave(&self) -> Result<(), RedisDown> {
        self.redis
            .query(redis::cmd("ZREM").arg(MEMBERS).arg(&self.id))
            .await
    }

    async fn ask(&self, checks: &[Check], introduction: &Introduction) -> Result<Reply, RedisDown> {
        let mut call = self.script.prepare_invoke();
        call.key(MARK).key(MEMBERS);
        call.arg(&self.id)
            .arg(&introduction.epoch)
            .arg(u8::from(introduction.is_apart))
            .arg(introduction.latest_us)
            .arg(micros(LEASE))
            .arg(micros(FORGET))
            .arg(introduction.members);
        for check in checks {
            call.key(format!("{PREFIX}:{}", check.key));
            let (interval, capacity) = in_micros(check.gcra);
            call.arg(interval).arg(capacity);
        }
        let reply: Vec<redis::Value> = self.redis.script(&call).await?;
        Reply::read(reply).ok_or(RedisDown)
    }

    fn contact(&self) -> MutexGuard<'_, Contact> {
        self.contact.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reply {
    fn read(values: Vec<redis::Value>) -> Option<Self> {
        let mut values = values.into_iter();
        let word: String = redis::from_redis_value(values.next()?).ok()?;
        let redis_us: u64 = redis::from_redis_value(values.next()?).ok()?;
        if word == "late" {
            return Some(Self::Late);
        }
        let epoch: String = redis::from_redis_value(values.next()?).ok()?;
        let numbers: Vec<u64> = values
            .map(|value| redis::from_redis_value(value).ok())
            .collect::<Option<_>>()?;
        let (&[members, present, admitted], debts) = numbers.split_first_chunk::<3>()?;
        Some(Self::Decided {
            redis_us,
            epoch,
            members: u32::try_from(members).unwrap_or(u32::MAX),
            present: u32::try_from(present).unwrap_or(u32::MAX),
            admitted: admitted == 1,
            debts: debts
                .iter()
                .map(|us| Span::from_nanos(us.saturating_mul(1_000)))
                .collect(),
        })
    }
}

/// The script's arithmetic once more, for the headers: `debt` is what was used before the decision.
fn standing(check: &Check, debt: Span, (present, members): (u32, u32), admitted: bool) -> Standing {
    let check = Check {
        gcra: check.gcra.share(present, members),
        ..*check
    };
    let (before, now) = (MonoTime::ZERO + debt, MonoTime::ZERO);
    if admitted {
        Standing::charged(&check, before + check.gcra.interval(), now)
    } else {
        Standing::uncharged(&check, before, now)
    }
}

/// Rounded so that the bound is never exceeded by rounding.
fn in_micros(gcra: Gcra) -> (u64, u64) {
    let interval = micros(gcra.interval()).max(1);
    // A whole number of intervals stays one.
    let calls = gcra.capacity().as_nanos() / gcra.interval().as_nanos().max(1);
    let spare = gcra.capacity().as_nanos() % gcra.interval().as_nanos().max(1);
    (interval, (interval * calls + spare / 1_000).max(interval))
}

fn micros(span: Span) -> u64 {
    span.as_nanos().div_ceil(1_000)
}
