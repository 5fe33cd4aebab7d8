//! Redis, where there is one: asked briefly or not at all.
//!
//! Everything kept in Redis can be done without, so no request waits for it longer
//! than the configured timeout, and while its circuit is open none waits at all. The
//! connection is one, multiplexed, and comes back by itself.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Cmd, FromRedisValue, Pipeline, RedisError, ScriptInvocation};
use seawall_policy::class::Outcome;
use secrecy::ExposeSecret as _;

use crate::breakers::{Breakers, Dependency};
use crate::config::ClusterConfig;
use crate::serve::StartError;

const LONGEST_PAUSE: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(2);

/// Redis cannot be asked now; whoever asked does without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Redis cannot be reached")]
pub(crate) struct RedisDown;

/// The connection of one server.
#[derive(Clone)]
pub(crate) struct Redis {
    client: redis::Client,
    manager: ConnectionManager,
    timeout: Duration,
    breakers: std::sync::Arc<Breakers>,
}

impl Redis {
    /// Prepares the connection where Redis is configured; opens nothing.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub(crate) fn new(
        config: &ClusterConfig,
        breakers: std::sync::Arc<Breakers>,
    ) -> Result<Option<Self>, StartError> {
        let Some(url) = &config.redis_url else {
            return Ok(None);
        };
        let refused = |error: RedisError| StartError::Redis(error.category().to_owned());
        let client = redis::Client::open(url.expose_secret()).map_err(refused)?;
        let settings = ConnectionManagerConfig::new()
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(LONGEST_PAUSE)
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(config.redis_timeout));
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), settings).map_err(refused)?;
        Ok(Some(Self {
            client,
            manager,
            timeout: config.redis_timeout,
            breakers,
        }))
    }

    /// Sends one command.
    ///
    /// # Errors
    /// When Redis is down, slow, or does not understand.
    pub(crate) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisDown> {
        let mut connection = self.manager.clone();
        self.bounded(async move { command.query_async(&mut connection).await })
            .await
    }

    /// Sends several commands in one flush.
    ///
    /// # Errors
    /// When Redis is down, slow, or does not understand.
    pub(crate) async fn pipeline<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, RedisDown> {
        let mut connection = self.manager.clone();
        self.bounded(async move { commands.query_async(&mut connection).await })
            .await
    }

    /// Runs a script by its hash, loading it first where Redis has forgotten it.
    ///
    /// # Errors
    /// When Redis is down, slow, or the script fails.
    pub(crate) async fn script<T: FromRedisValue>(
        &self,
        invocation: &ScriptInvocation<'_>,
    ) -> Result<T, RedisDown> {
        let mut connection = self.manager.clone();
        self.bounded(async move { invocation.invoke_async(&mut connection).await })
            .await
    }

    /// A connection of its own, for listening.
    pub(crate) fn client(&self) -> &redis::Client {
        &self.client
    }

    async fn bounded<T>(&self, work: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisDown> {
        let Ok(ticket) = self.breakers.of(Dependency::Redis).admit() else {
            return Err(RedisDown);
        };
        match tokio::time::timeout(self.timeout, work).await {
            Ok(Ok(value)) => {
                ticket.settle(&Outcome::SUCCESS);
                Ok(value)
            }
            Ok(Err(error)) => {
                ticket.settle(&judge(&error));
                // The category names the fault; the message could hold a key or a value.
                tracing::debug!(category = error.category(), "Redis refused");
                Err(RedisDown)
            }
            Err(_) => {
                ticket.settle(&Outcome::TIMEOUT);
                Err(RedisDown)
            }
        }
    }
}

/// A wrong command says nothing about Redis' health; being away, loading or timed out does.
fn judge(error: &RedisError) -> Outcome {
    let is_unwell = error.is_io_error()
        || error.is_timeout()
        || error.is_connection_refusal()
        || error.is_connection_dropped()
        || error.is_cluster_error()
        || matches!(
            error.code(),
            Some("LOADING" | "MASTERDOWN" | "TRYAGAIN" | "READONLY" | "OOM")
        );
    if is_unwell {
        Outcome::NETWORK
    } else {
        Outcome::SUCCESS
    }
}
