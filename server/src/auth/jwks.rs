//! A key set that lives elsewhere: in a file, or at an address of the auth service.
//!
//! One task reads it, so there is one reading at a time whoever asks. A reading that
//! fails, or brings nothing usable, leaves the keys as they are: a broken auth service
//! must not make every token worthless, and a stale set is an alarm instead.

mod schedule;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use aws_lc_rs::digest::{SHA256, digest};
use http::{HeaderMap, header};
use seawall_policy::time::{MonoTime, Span};
use tokio::io::AsyncReadExt as _;
use tokio::sync::{Notify, watch};

use self::schedule::{Ask, Schedule};
use super::jwt::Unverified;
use super::keys::{Secrets, TokenKeys};
use super::outgoing::Outgoing;
use crate::app::App;
use crate::config::{JwksConfig, JwksPlace};
use crate::events::Event;

const MOST_BYTES: usize = 256 << 10;
const PATIENCE: Duration = Duration::from_secs(5);

/// However short-lived the answer claims to be, it is used for this long.
const LEAST_LIFETIME: Span = Span::from_secs(10);

/// The set and the task's side of it.
pub(crate) struct Jwks {
    config: JwksConfig,
    http: Outgoing,
    current: ArcSwapOption<Current>,
    schedule: Mutex<Schedule>,
    wake: Notify,
    readings: watch::Sender<u64>,
}

/// The keys in use.
pub(crate) struct Current {
    pub(crate) keys: TokenKeys,
    /// Changes with the keys: what was verified under others is verified again.
    pub(crate) version: u64,
}

impl Jwks {
    pub(crate) fn new(config: &JwksConfig) -> Self {
        Self {
            config: config.clone(),
            http: Outgoing::new(),
            current: ArcSwapOption::empty(),
            schedule: Mutex::new(Schedule::new(span(config.stale_after))),
            wake: Notify::new(),
            readings: watch::channel(0).0,
        }
    }

    /// The keys there are, if the set could ever be read.
    pub(crate) fn current(&self) -> Option<Arc<Current>> {
        self.current.load_full()
    }

    /// Whether the set could hold a key for a token at all: at an address, no symmetric ones.
    pub(crate) fn may_verify(&self, token: &Unverified<'_>) -> bool {
        self.secrets() == Secrets::Allowed || !token.is_symmetric()
    }

    /// A token names a key that is not in the set: has it read, unless it was just read, and waits for that.
    pub(crate) async fn ask(&self, now: MonoTime) {
        let mut readings = self.readings.subscribe();
        let ask = self.with(|schedule| schedule.ask(now));
        match ask {
            Ask::Refuse => return,
            Ask::Read => self.wake.notify_one(),
            Ask::Wait => {}
        }
        let _too_slow = tokio::time::timeout(PATIENCE, readings.changed()).await;
    }

    /// Reads one time and takes over what it brings.
    async fn read(&self, app: &App) {
        let outcome = self.fetch().await;
        let now = app.clock.mono();
        let word = match outcome {
            Ok((bytes, lifetime)) => match self.take(&bytes) {
                Ok(word) => {
                    self.with(|schedule| schedule.succeeded(now, lifetime));
                    word
                }
                Err(problem) => {
                    tracing::warn!(problem, "the key set cannot be used; the keys stay as they are");
                    self.with(|schedule| schedule.failed(now));
                    "unusable"
                }
            },
            Err(problem) => {
                tracing::warn!(problem, "the key set cannot be read; the keys stay as they are");
                self.with(|schedule| schedule.failed(now));
                "unreachable"
            }
        };
        app.metrics.jwks_reading(word);
        self.readings.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn take(&self, bytes: &[u8]) -> Result<&'static str, &'static str> {
        let digest = digest(&SHA256, bytes);
        let version = u64::from_le_bytes(digest.as_ref().first_chunk().copied().unwrap_or_default());
        if self
            .current
            .load()
            .as_ref()
            .is_some_and(|current| current.version == version)
        {
            return Ok("unchanged");
        }
        let keys = TokenKeys::parse_set(bytes, self.secrets())?;
        tracing::info!(keys = ?keys, "took over a key set");
        self.current.store(Some(Arc::new(Current { keys, version })));
        Ok("changed")
    }

    fn secrets(&self) -> Secrets {
        match self.config.place {
            JwksPlace::File(_) => Secrets::Allowed,
            JwksPlace::Address(_) => Secrets::LeftOut,
        }
    }

    async fn fetch(&self) -> Result<(Vec<u8>, Span), String> {
        let usual = span(self.config.refresh);
        match &self.config.place {
            JwksPlace::File(path) => {
                let file = tokio::fs::File::open(path)
                    .await
                    .map_err(|error| error.to_string())?;
                let mut bytes = Vec::new();
                let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
                let read = file.take(most + 1).read_to_end(&mut bytes).await;
                read.map_err(|error| error.to_string())?;
                if bytes.len() > MOST_BYTES {
                    return Err("is too large".to_owned());
                }
                Ok((bytes, usual))
            }
            JwksPlace::Address(address) => {
                let answer = self
                    .http
                    .get(address, HeaderMap::new(), MOST_BYTES, PATIENCE)
                    .await;
                let answer = answer.map_err(|error| error.to_string())?;
                if !answer.status.is_success() {
                    return Err(format!("was answered {}", answer.status.as_u16()));
                }
                let lifetime =
                    max_age(&answer.headers).map_or(usual, |age| age.min(usual).max(LEAST_LIFETIME));
                Ok((answer.body.into(), lifetime))
            }
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Schedule) -> T) -> T {
        work(&mut self.schedule.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads the key set as long as the server runs.
pub(crate) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    let Some(jwks) = app.tokens.jwks() else { return };
    let mut was_stale = false;
    loop {
        jwks.read(&app).await;
        let now = app.clock.mono();
        let (is_stale, next) = jwks.with(|schedule| (schedule.is_stale(now), schedule.next()));
        if is_stale != was_stale {
            app.metrics.jwks_stale(is_stale);
            app.events.emit(if is_stale {
                Event::Degraded {
                    part: "jwks",
                    reason: "the key set cannot be read".to_owned(),
                }
            } else {
                Event::Recovered { part: "jwks" }
            });
            was_stale = is_stale;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_nanos(next.since(now).as_nanos())) => {}
            () = jwks.wake.notified() => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

fn span(duration: Duration) -> Span {
    Span::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// How long the answer may be used, by its own word.
fn max_age(headers: &HeaderMap) -> Option<Span> {
    let directives = headers.get(header::CACHE_CONTROL)?.to_str().ok()?;
    let mut directives = directives.split(',').map(str::trim);
    directives.find_map(|directive| {
        if directive.eq_ignore_ascii_case("no-store") || directive.eq_ignore_ascii_case("no-cache") {
            return Some(Span::ZERO);
        }
        let (name, value) = directive.split_once('=')?;
        let seconds = value.trim_matches('"').parse().ok()?;
        name.eq_ignore_ascii_case("max-age")
            .then(|| Span::from_secs(seconds))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_answer_says_how_long_it_may_be_used() {
        let age = |text| {
            let headers = HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static(text))]);
            max_age(&headers)
        };
        assert_eq!(age("public, max-age=600"), Some(Span::from_secs(600)));
        assert_eq!(age("no-store"), Some(Span::ZERO));
        assert_eq!(age("s-maxage=9"), None);
        assert_eq!(age("max-age=many"), None);
    }
}
