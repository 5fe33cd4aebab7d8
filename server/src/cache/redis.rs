//! The second layer: answers in Redis, which all instances share. It can always be done without.
//!
//! The same counts of invalidations as in memory stand in one hash beside the answers, and are taken, compared and
//! raised inside Redis, so an answer that raced an invalidation is neither kept nor given, whichever instance asked
//! for it and whichever invalidated. The hash has an *epoch*, a random word: when Redis loses the hash, everything
//! kept under the old word is worth nothing.
//!
//! Of a write to a watched table every instance tells Redis, since each may be the only one left that can. What the
//! transaction has ended is known there for a while, and ended once ([`super::once`]).
//!
//! What cannot be told to Redis is owed: until the debt is paid by a new epoch, this instance does not use what
//! Redis holds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use redis::Script;
use seawall_policy::cache::invalidate::Target;

use super::entry::Entry;
use super::invalidate::Ending;
use super::key::Key;
use super::once::Transaction;
use crate::redis::{Redis, RedisDown};

/// The slot of everything, which stands for what an earlier version kept: it does not know of rows, so that whatever
/// rows are written end its answers. Everything is ended here by a new epoch, so that ours can do without it.
const OF_EARLIER_VERSIONS: u16 = 0;
/// A Lua call takes many arguments, but not any number.
const MOST_MARKS: usize = 1_000;
/// How long it is known what a transaction has ended: longer than any instance takes to hear of it.
const KNOWN: Duration = Duration::from_secs(10);
/// The place of the marks among the script's keys: of what no known transaction ends.
const BY_NOBODY: usize = 1;

const LOOK: &str = "
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  epoch = ARGV[1]
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'count', 0)
end
local count = redis.call('HGET', KEYS[1], 'count')
local kept = redis.call('HMGET', KEYS[2], 'epoch', 'since', 'slots', 'answer')
if kept[1] ~= epoch then return {epoch, count} end
local slots = {}
for slot in string.gmatch(kept[3], '%d+') do slots[#slots + 1] = slot end
local since = tonumber(kept[2])
for _, mark in ipairs(redis.call('HMGET', KEYS[1], unpack(slots))) do
  if mark and tonumber(mark) > since then
    redis.call('DEL', KEYS[2])
    return {epoch, count}
  end
end
return {epoch, count, kept[4]}";

const KEEP: &str = "
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
local slots = {}
for slot in string.gmatch(ARGV[3], '%d+') do slots[#slots + 1] = slot end
local since = tonumber(ARGV[2])
for _, mark in ipairs(redis.call('HMGET', KEYS[1], unpack(slots))) do
  if mark and tonumber(mark) > since then return 0 end
end
redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'since', ARGV[2], 'slots', ARGV[3], 'answer', ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1";

/// The keys are the marks and, for each transaction that is known, what it has ended; the arguments how long that is
/// kept, and then pairs: by which of the keys, which slot.
const MARK: &str = "
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local count = false
for at = 2, #ARGV, 2 do
  local by, slot = tonumber(ARGV[at]), ARGV[at + 1]
  if by == 1 or redis.call('SADD', KEYS[by], slot) == 1 then
    count = count or redis.call('HINCRBY', KEYS[1], 'count', 1)
    redis.call('HSET', KEYS[1], slot, count)
  end
end
for by = 2, #KEYS do redis.call('PEXPIRE', KEYS[by], ARGV[1]) end
return count or 0";

/// Where Redis stood when an answer was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Since {
    epoch: String,
    count: u64,
}

/// Answers in Redis.
pub(crate) struct Shared {
    redis: Redis,
    marks: String,
    ended: String,
    prefix: String,
    look: Script,
    keep: Script,
    mark: Script,
    debt: AtomicU64,
    paid: AtomicU64,
}

impl Shared {
    /// `cluster` is what instances on one database have in common.
    pub(crate) fn new(redis: Redis, cluster: &Key) -> Self {
        let name: String = cluster.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        // One hash tag, so that a script's keys are on one node of a cluster.
        Self {
            redis,
            marks: format!("seawall:{{cache:{name}}}:marks"),
            ended: format!("seawall:{{cache:{name}}}:ended:"),
            prefix: format!("seawall:{{cache:{name}}}:answer:"),
            look: Script::new(LOOK),
            keep: Script::new(KEEP),
            mark: Script::new(MARK),
            debt: AtomicU64::new(0),
            paid: AtomicU64::new(0),
        }
    }

    /// What is kept, and where Redis stands; to be called before the database is asked.
    pub(crate) async fn find(&self, key: &Key) -> Result<(Since, Option<Entry>), RedisDown> {
        self.pay().await?;
        let mut invocation = self.look.key(&self.marks);
        let invocation = invocation.key(self.name(key)).arg(fresh_epoch());
        let answer: (String, u64, Option<Bytes>) = match self.redis.script(invocation).await? {
            Looked::Nothing(epoch, count) => (epoch, count, None),
            Looked::Answer(epoch, count, bytes) => (epoch, count, Some(bytes)),
        };
        let (epoch, count, bytes) = answer;
        Ok((Since { epoch, count }, bytes.as_ref().and_then(Entry::decode)))
    }

    /// Keeps an answer, unless something that concerns it was invalidated since.
    pub(crate) async fn keep(&self, key: &Key, since: &Since, entry: &Entry) -> Result<bool, RedisDown> {
        let ttl_ms = entry.lifetimes.kept.as_millis_ceil().max(1);
        let Some(bytes) = entry.encode() else {
            return Ok(false);
        };
        let slots = entry
            .slots
            .iter()
            .filter(|slot| **slot != OF_EARLIER_VERSIONS)
            .map(u16::to_string)
            .collect::<Vec<_>>()
            .join(",");
        let mut invocation = self.keep.key(&self.marks);
        let invocation = invocation
            .key(self.name(key))
            .arg(&since.epoch)
            .arg(since.count)
            .arg(slots)
            .arg(ttl_ms)
            .arg(bytes);
        self.redis.script::<i64>(invocation).await.map(|kept| kept == 1)
    }

    /// Invalidates for all instances what transactions have not ended yet, whoever told Redis. What it cannot be told
    /// now is owed to it.
    pub(crate) async fn invalidate(
        &self,
        written: &[(Option<&Transaction>, &[Ending])],
    ) -> Result<(), RedisDown> {
        let targets = || written.iter().flat_map(|(_, targets)| *targets);
        let vague =
            targets().any(|target| matches!(target, Ending::All(Target::Pattern(_) | Target::Everything)));
        let marks: usize = written.iter().map(|(_, targets)| slots(targets).count()).sum();
        if vague || marks > MOST_MARKS {
            // Redis does not search: a pattern ends everything there.
            self.owe();
            return self.pay().await;
        }
        if let Err(down) = self.pay().await {
            self.owe();
            return Err(down);
        }
        let mut invocation = self.mark.key(&self.marks);
        invocation.arg(u64::try_from(KNOWN.as_millis()).unwrap_or(u64::MAX));
        let mut keys = BY_NOBODY;
        for (transaction, targets) in written {
            let by = transaction.map_or(BY_NOBODY, |transaction| {
                invocation.key(format!("{}{}", self.ended, transaction.name()));
                keys += 1;
                keys
            });
            for slot in slots(targets) {
                invocation.arg(by).arg(slot);
            }
        }
        let told = self.redis.script::<u64>(&invocation).await;
        if told.is_err() {
            self.owe();
        }
        told.map(|_| ())
    }

    /// Everything in Redis may be out of date: a new epoch comes before anything else.
    pub(crate) fn owe(&self) {
        self.debt.fetch_add(1, Ordering::SeqCst);
    }

    /// Drops one answer.
    pub(crate) async fn forget(&self, key: &Key) -> Result<(), RedisDown> {
        let mut command = redis::cmd("DEL");
        command.arg(self.name(key));
        self.redis.query::<i64>(&command).await.map(|_| ())
    }

    /// Lets one instance, and no other, refresh an answer for a while.
    pub(crate) async fn claim(&self, key: &Key, span: Duration) -> bool {
        let mut command = redis::cmd("SET");
        let ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1);
        command
            .arg(format!("{}:refresh", self.name(key)))
            .arg(1)
            .arg("NX")
            .arg("PX")
            .arg(ms);
        // Without Redis everybody refreshes for themselves.
        match self.redis.query::<Option<String>>(&command).await {
            Ok(claimed) => claimed.is_some(),
            Err(RedisDown) => true,
        }
    }

    /// Whether this instance uses what Redis holds.
    pub(crate) fn is_trusted(&self) -> bool {
        self.paid.load(Ordering::SeqCst) >= self.debt.load(Ordering::SeqCst)
    }

    async fn pay(&self) -> Result<(), RedisDown> {
        let debt = self.debt.load(Ordering::SeqCst);
        if self.paid.load(Ordering::SeqCst) >= debt {
            return Ok(());
        }
        let epoch = [("epoch", fresh_epoch()), ("count", "0".to_owned())];
        let mut pipeline = redis::pipe();
        pipeline.atomic().del(&self.marks).ignore();
        pipeline.hset_multiple(&self.marks, &epoch).ignore();
        self.redis.pipeline::<()>(&pipeline).await?;
        // Whoever owes more meanwhile pays again.
        self.paid.fetch_max(debt, Ordering::SeqCst);
        Ok(())
    }

    fn name(&self, key: &Key) -> String {
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}{hex}", self.prefix)
    }
}

/// What is marked in Redis.
fn slots(targets: &[Ending]) -> impl Iterator<Item = u16> {
    let of_earlier = targets.iter().any(|target| matches!(target, Ending::Rows(_)));
    let of_earlier = of_earlier.then_some(OF_EARLIER_VERSIONS);
    targets.iter().flat_map(Ending::slots).chain(of_earlier)
}

/// What the script gives: with or without an answer.
enum Looked {
    Nothing(String, u64),
    Answer(String, u64, Bytes),
}

impl redis::FromRedisValue for Looked {
    fn from_redis_value(value: redis::Value) -> Result<Self, redis::ParsingError> {
        let parts: Vec<redis::Value> = redis::FromRedisValue::from_redis_value(value)?;
        let mut parts = parts.into_iter();
        let mut next = || parts.next().unwrap_or(redis::Value::Nil);
        let epoch = String::from_redis_value(next())?;
        let count = u64::from_redis_value(next())?;
        Ok(match Option::<Vec<u8>>::from_redis_value(next())? {
            Some(bytes) => Self::Answer(epoch, count, bytes.into()),
            None => Self::Nothing(epoch, count),
        })
    }
}

fn fresh_epoch() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
