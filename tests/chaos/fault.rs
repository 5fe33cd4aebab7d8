//! What is done to whom.

use std::time::Duration;

use seawall_e2e::{FaultProxy, TestRedis};

use crate::Outcome;
use crate::cluster::{Postgres, signal};

/// Everything that can be hurt.
pub(crate) struct Victims {
    pub(crate) postgres: Postgres,
    pub(crate) redis: TestRedis,
    pub(crate) to_postgres: FaultProxy,
    pub(crate) to_redis: Option<FaultProxy>,
}

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    PostgresStopped,
    PostgresPaused,
    PostgresRestarted,
    PostgresSlow,
    PostgresCut,
    PostgresSilent,
    RedisKilled,
    RedisPaused,
    RedisSlow,
    RedisCut,
}

/// All of them, the quiet one first.
pub(crate) const FAULTS: [Fault; 11] = [
    Fault::Nothing,
    Fault::PostgresStopped,
    Fault::PostgresPaused,
    Fault::PostgresRestarted,
    Fault::PostgresSlow,
    Fault::PostgresCut,
    Fault::PostgresSilent,
    Fault::RedisKilled,
    Fault::RedisPaused,
    Fault::RedisSlow,
    Fault::RedisCut,
];

const SLOW: Duration = Duration::from_millis(100);

impl Fault {
    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::PostgresStopped => "postgres stopped",
            Self::PostgresPaused => "postgres paused",
            Self::PostgresRestarted => "postgres restarted",
            Self::PostgresSlow => "postgres slow",
            Self::PostgresCut => "postgres cut",
            Self::PostgresSilent => "postgres silent",
            Self::RedisKilled => "redis killed",
            Self::RedisPaused => "redis paused",
            Self::RedisSlow => "redis slow",
            Self::RedisCut => "redis cut",
        }
    }

    /// Whether the database cannot be asked while it lasts: the server should say so.
    pub(crate) fn is_outage(self) -> bool {
        matches!(
            self,
            Self::PostgresStopped | Self::PostgresPaused | Self::PostgresSilent
        )
    }

    /// Whether callers should notice nothing at all.
    pub(crate) fn is_of_redis(self) -> bool {
        matches!(
            self,
            Self::RedisKilled | Self::RedisPaused | Self::RedisSlow | Self::RedisCut
        )
    }

    pub(crate) async fn begin(self, victims: &mut Victims) -> Outcome<()> {
        match self {
            Self::Nothing => Ok(()),
            Self::PostgresStopped => victims.postgres.stop().await,
            Self::PostgresPaused => victims.postgres.pause(),
            Self::PostgresRestarted => {
                victims.postgres.stop().await?;
                victims.postgres.start().await
            }
            Self::PostgresSlow => {
                victims.to_postgres.delay(SLOW);
                Ok(())
            }
            Self::PostgresCut => {
                victims.to_postgres.cut();
                Ok(())
            }
            Self::PostgresSilent => {
                victims.to_postgres.stall();
                Ok(())
            }
            Self::RedisKilled => {
                victims.redis.kill();
                Ok(())
            }
            Self::RedisPaused => signal("STOP", &victims.redis.pid().into_iter().collect::<Vec<_>>()),
            Self::RedisSlow => {
                with(&victims.to_redis, |proxy| proxy.delay(SLOW));
                Ok(())
            }
            Self::RedisCut => {
                with(&victims.to_redis, FaultProxy::cut);
                Ok(())
            }
        }
    }

    pub(crate) async fn end(self, victims: &mut Victims) -> Outcome<()> {
        match self {
            Self::Nothing | Self::PostgresRestarted | Self::PostgresCut | Self::RedisCut => Ok(()),
            Self::PostgresStopped => victims.postgres.start().await,
            Self::PostgresPaused => victims.postgres.resume(),
            Self::PostgresSlow | Self::PostgresSilent => {
                victims.to_postgres.pass();
                Ok(())
            }
            Self::RedisKilled => {
                victims.redis.start_again().await;
                Ok(())
            }
            Self::RedisPaused => signal("CONT", &victims.redis.pid().into_iter().collect::<Vec<_>>()),
            Self::RedisSlow => {
                with(&victims.to_redis, FaultProxy::pass);
                Ok(())
            }
        }
    }
}

fn with(proxy: &Option<FaultProxy>, work: impl FnOnce(&FaultProxy)) {
    if let Some(proxy) = proxy {
        work(proxy);
    }
}
