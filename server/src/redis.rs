//! Redis, where there is one: asked briefly or not at all.
//!
//! Everything kept in Redis can be done without, so no request waits for it longer
//! than the configured timeout, and while its circuit is open none waits at all. The
//! connection is one, multiplexed, and comes back by itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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
    breakers: Arc<Breakers>,
    silence: Arc<Silence>,
}

impl Redis {
    /// Prepares the connection where Redis is configured; opens nothing.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub(crate) fn new(config: &ClusterConfig, breakers: Arc<Breakers>) -> Result<Option<Self>, StartError> {
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
            silence: Arc::default(),
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
        let sent = Instant::now();
        let outcome = match tokio::time::timeout(self.timeout, work).await {
            Ok(Ok(value)) => {
                ticket.settle(&Outcome::SUCCESS);
                return Ok(value);
            }
            Ok(Err(error)) => {
                // The category names the fault; the message could hold a key or a value.
                tracing::debug!(category = error.category(), "Redis refused");
                judge(&error)
            }
            Err(_) => Outcome::TIMEOUT,
        };
        // Dropped unsettled a ticket says nothing.
        if outcome != Outcome::TIMEOUT || self.silence.is_news(sent, Instant::now()) {
            ticket.settle(&outcome);
        }
        Err(RedisDown)
    }
}

/// Until when silence was counted against Redis.
///
/// A pause as long as one timeout lets everything fail that is under way. That is one piece of news and not
/// as many as there were calls, or a hiccup under load would open the circuit, and limits would hold everybody back.
#[derive(Default)]
struct Silence(Mutex<Option<Instant>>);

impl Silence {
    /// Whether a call that was given up now was sent when the silence before was over.
    fn is_news(&self, sent: Instant, now: Instant) -> bool {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.is_some_and(|counted| sent < counted) {
            return false;
        }
        *counted = Some(now);
        true
    }
}

/// A wrong command says nothing about Redis' health; being away, loading or timed out does.
fn judge(error: &RedisError) -> Outcome {
    if error.is_timeout() {
        return Outcome::TIMEOUT;
    }
    let is_unwell = error.is_io_error()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_up_in_one_silence_counts_once() {
        let (silence, start) = (Silence::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert!(silence.is_news(at(0), at(50)));
        assert!(!silence.is_news(at(10), at(60)) && !silence.is_news(at(49), at(99)));
        assert!(silence.is_news(at(51), at(101)), "it goes on");
        assert!(!silence.is_news(at(60), at(110)));
        assert!(silence.is_news(at(900), at(950)), "another one");
    }
}
