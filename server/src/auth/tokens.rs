//! From a token to an identity: remembered, verified by keys, asked about, and held against what was revoked.
//!
//! The order is the argument. A revocation counts whatever else says that a token is
//! good, so it is looked at last and every time. What cannot be decided because somebody
//! cannot be asked is refused as such: nothing here ever lets a token pass for want of an answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use seawall_pgrest::error::AuthError;
use seawall_policy::time::{MonoTime, Span};
use tokio::sync::watch;

use super::asking::Asking;
use super::claims::{self, Identity};
use super::digest::Digest;
use super::error::Refusal;
use super::jwks::Jwks;
use super::jwt::{self, Unverified};
use super::kept::Kept;
use super::organisation::memberships::Memberships;
use super::remote::{Remote, Verdict};
use super::revocation::{Revocation, Revocations};
use super::sign_out::{self, SignOut};
use super::token_cache::TokenCache;
use super::users::Users;
use super::verified::{Age, Ground, Named, Verified};
use crate::app::App;
use crate::breakers::Dependency;
use crate::bus::Message;
use crate::config::{AuthConfig, JwtConfig};

/// What a token is verified by.
#[derive(Clone, Copy)]
struct Terms<'config> {
    jwt: &'config JwtConfig,
    anon: Option<&'config str>,
    /// Whether a role stands in for an anonymous one that is not configured.
    is_nobody_known: bool,
}

/// Counts what may end an identity that was verified before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct News {
    revoked: u64,
    /// Counts the times that another's word may have been missed.
    pub(crate) missed: u64,
}

/// What an administrator takes back.
pub(crate) enum Ended {
    /// One token.
    Token(String),
    /// All tokens of a session, by its id.
    Session(String),
    /// All tokens that a user has by now, by the user's id.
    User(String),
}

/// What one server knows about tokens.
pub(crate) struct Tokens {
    ttl: Span,
    cache: TokenCache,
    jwks: Option<Jwks>,
    remote: Option<Remote>,
    /// The auth service's users; none where they cannot be asked about.
    pub(crate) users: Option<Users>,
    asking: Asking,
    revocations: Revocations,
    revocation_lifetime_s: u64,
    /// How long after its token has expired a queued write may still begin.
    late_s: u64,
    pub(super) kept: Kept,
    pub(crate) memberships: Memberships,
    /// When messages of other instances may last have been missed.
    missed: Mutex<Option<MonoTime>>,
    /// Whether the revocations that were kept elsewhere are known here.
    ready: AtomicBool,
    news: watch::Sender<News>,
}

impl Tokens {
    pub(crate) fn new(config: &AuthConfig, keeps: bool, late: std::time::Duration) -> Self {
        let late_s = if keeps { late.as_secs() } else { 0 };
        Self {
            ttl: span(config.token_ttl),
            cache: TokenCache::new(config.cached_tokens),
            jwks: config.jwks.as_ref().map(Jwks::new),
            remote: config.remote.as_ref().map(Remote::new),
            users: config.users.as_ref().map(Users::new),
            asking: Asking::default(),
            revocations: Revocations::new(config.most_revocations),
            revocation_lifetime_s: config.revocation_lifetime.as_secs().saturating_add(late_s),
            late_s,
            kept: Kept::new(config.most_revocations),
            memberships: Memberships::new(&config.organisation),
            missed: Mutex::default(),
            ready: AtomicBool::new(!keeps),
            news: watch::Sender::new(News::default()),
        }
    }

    pub(super) fn jwks(&self) -> Option<&Jwks> {
        self.jwks.as_ref()
    }

    /// Who asks, by the token of the request or its absence; `nobody` is the role of those who say nothing of
    /// themselves, where none is configured.
    ///
    /// # Errors
    /// With the reason why nobody can be believed to ask.
    pub(crate) async fn identify(
        &self,
        app: &App,
        token: Option<&str>,
        nobody: Option<&str>,
    ) -> Result<Identity, Refusal> {
        let config = app.rest.config();
        let configured = config.rest.anon_role.as_deref();
        let terms = Terms {
            jwt: &config.jwt,
            anon: configured.or(nobody),
            is_nobody_known: configured.is_none() && nobody.is_some(),
        };
        let is_key = |token: &&str| self.remote.as_ref().is_some_and(|remote| remote.is_key(token));
        let Some(token) = token.filter(|token| !is_key(token)) else {
            return Ok(jwt::anonymous(terms.jwt, terms.anon)?);
        };
        if !self.is_ready() {
            return Err(Refusal::Unavailable {
                what: "what was revoked is not known yet",
                wait_s: 1,
            });
        }
        let verified = self.verified(app, terms, token).await?;
        if self.revocations.refuse(&verified.named()) {
            return Err(Refusal::Revoked);
        }
        Ok(verified.identity.clone())
    }

    /// Whether a token was verified before, whatever became of it since.
    pub(crate) fn knows(&self, token: &str) -> bool {
        self.cache.find(&Digest::of_token(token)).is_some()
    }

    async fn verified(&self, app: &App, terms: Terms<'_>, token: &str) -> Result<Arc<Verified>, Refusal> {
        let digest = Digest::of_token(token);
        let ground = self.ground(terms);
        let now = app.clock.mono();
        let known = self.cache.find(&digest);
        let age = known.as_ref().map_or(Age::Over, |known| {
            known.age(ground, now, app.clock.unix_seconds(), self.ttl, self.missed())
        });
        if let Some(known) = &known
            && age == Age::Fresh
        {
            self.may_be_believed(app, known)?;
            app.metrics.token_cache("hit");
            return Ok(Arc::clone(known));
        }
        // Apart, so that a known token does not carry along the room that asking about an unknown one takes.
        match (Box::pin(self.verify(app, terms, token, digest)).await, known) {
            (Err(Refusal::Unavailable { .. }), Some(known))
                if age == Age::Outlived && self.has_grace(app, &known) =>
            {
                app.metrics.token_cache("outlived");
                Ok(known)
            }
            (Ok(verified), _) => {
                app.metrics.token_cache("miss");
                let verified = Arc::new(verified);
                self.cache.remember(Arc::clone(&verified), token.len());
                Ok(verified)
            }
            (Err(refusal @ Refusal::Unavailable { .. }), _) => Err(refusal),
            (Err(refusal), _) => {
                // A refusal is newer than what was remembered, and must not be outlived by it.
                self.cache.forget(&digest);
                Err(refusal)
            }
        }
    }

    /// While the auth service is known to be down, what it once said counts only where that is configured.
    fn may_be_believed(&self, app: &App, known: &Verified) -> Result<(), Refusal> {
        let Some(remote) = &self.remote else { return Ok(()) };
        if known.identity.subject().is_some()
            && remote.grace().is_none()
            && app.breakers.of(Dependency::Auth).is_open()
        {
            return Err(Refusal::down(1));
        }
        Ok(())
    }

    fn has_grace(&self, app: &App, known: &Verified) -> bool {
        let grace = self.remote.as_ref().and_then(Remote::grace);
        grace.is_some_and(|grace| app.clock.mono().since(known.at) < self.ttl + span(grace))
    }

    async fn verify(
        &self,
        app: &App,
        terms: Terms<'_>,
        token: &str,
        digest: Digest,
    ) -> Result<Verified, Refusal> {
        let asked_at = app.clock.mono();
        if terms.jwt.keys.is_none() && self.jwks.is_none() && self.remote.is_none() {
            return Err(AuthError::NoSecret.into());
        }
        let unverified = Unverified::parse(token)?;
        let is_signed = self.is_signed(app, terms.jwt, &unverified).await?;
        // The keys may have changed while somebody was asked; then this is verified again at its next use.
        let ground = self.ground(terms);
        let claims = unverified.claims()?;
        claims::validate(&claims, terms.jwt, app.clock.unix_seconds())?;
        let identity = Identity::of(claims, &terms.jwt.role_claim, terms.anon, true)?;
        if let Some(remote) = &self.remote {
            match (identity.subject(), is_signed) {
                // A key of the project names nobody: there is no session that could have ended.
                (None, true) => {}
                (None, false) => return Err(Refusal::NotAccepted),
                (Some(subject), _) => {
                    let ask = remote.ask(app, token, Some(subject));
                    match self.asking.once(digest, ask).await {
                        Verdict::Genuine => {}
                        Verdict::Refused => return Err(Refusal::NotAccepted),
                        Verdict::Down(wait_s) => return Err(Refusal::down(wait_s)),
                    }
                }
            }
        }
        Ok(Verified::new(identity, digest, ground, asked_at))
    }

    /// Whether one of our keys verifies it. Without any keys nobody can say, and the auth service must.
    async fn is_signed(
        &self,
        app: &App,
        config: &JwtConfig,
        token: &Unverified<'_>,
    ) -> Result<bool, Refusal> {
        if config.keys.as_ref().is_some_and(|keys| token.is_signed_by(keys)) {
            return Ok(true);
        }
        let Some(jwks) = &self.jwks else {
            return if config.keys.is_none() {
                Ok(false)
            } else {
                Err(jwt::no_key().into())
            };
        };
        let mut current = jwks.current();
        if current
            .as_ref()
            .is_none_or(|current| token.names_unknown_key(&current.keys))
            && jwks.may_verify(token)
        {
            jwks.ask(app.clock.mono()).await;
            current = jwks.current();
        }
        match current {
            Some(current) if token.is_signed_by(&current.keys) => Ok(true),
            Some(_) => Err(jwt::no_key().into()),
            None => Err(Refusal::Unavailable {
                what: "the keys that verify tokens could not be read",
                wait_s: 1,
            }),
        }
    }

    fn ground(&self, terms: Terms<'_>) -> Ground {
        let current = self.jwks.as_ref().and_then(Jwks::current);
        Ground {
            config: terms.jwt.version,
            is_nobody_known: terms.is_nobody_known,
            keys: current.map_or(0, |current| current.version),
        }
    }

    /// Refuses a token, a session or a user's tokens from now on, on every instance.
    ///
    /// It holds here and is on its way to the others when this returns; where there is a
    /// place to keep it, it is kept there too, or will be as soon as that answers.
    pub(crate) async fn revoke(&self, app: &App, revocation: Revocation) {
        self.learn(app, &revocation);
        app.metrics.revoked();
        app.bus.publish(
            Message::TokenRevoked(revocation.clone()),
            app.clock.unix().as_millis(),
        );
        self.kept.keep(app, revocation).await;
    }

    /// A session has ended: none of its tokens is believed any more.
    pub(crate) async fn session_ended(&self, app: &App, session: &str) {
        let until_s = app
            .clock
            .unix_seconds()
            .saturating_add(self.revocation_lifetime_s);
        self.revoke(app, Revocation::of(Digest::of_session(session), until_s))
            .await;
    }

    /// An administrator ends what is named; whoever signs in again afterwards is believed again. Says whether it was
    /// something that can be ended.
    pub(crate) async fn end(&self, app: &App, ended: Ended) -> bool {
        let now_s = app.clock.unix_seconds();
        let until_s = now_s.saturating_add(self.revocation_lifetime_s);
        let revocation = match ended {
            Ended::Token(token) => {
                let Ok(claims) = Unverified::parse(&token).and_then(|token| token.claims()) else {
                    return false;
                };
                Revocation::of(
                    Digest::of_token(&token),
                    sign_out::token_until_s(&claims, self.late_s),
                )
            }
            Ended::Session(id) => Revocation::of(Digest::of_session(&id), until_s),
            Ended::User(id) => Revocation {
                issued_by_s: Some(now_s),
                ..Revocation::of(Digest::of_user(&id), until_s)
            },
        };
        self.revoke(app, revocation).await;
        true
    }

    /// How many revocations hold.
    pub(crate) fn revoked(&self) -> usize {
        self.revocations.len()
    }

    /// Those that hold longest.
    pub(crate) fn revocations(&self, most: usize) -> Vec<Revocation> {
        self.revocations.longest(most)
    }

    /// The auth service has confirmed that the bearer of this token signed out. Never to be called before that: what
    /// the token says of its session and its user is taken from it as it stands.
    pub(crate) async fn signed_out(&self, app: &App, token: &str, scope: SignOut) {
        let Ok(claims) = Unverified::parse(token).and_then(|token| token.claims()) else {
            return;
        };
        let now_s = app.clock.unix_seconds();
        for revocation in scope.revocations(token, &claims, now_s, (self.revocation_lifetime_s, self.late_s))
        {
            self.revoke(app, revocation).await;
        }
    }

    /// A revocation of this or another instance.
    pub(super) fn learn(&self, app: &App, revocation: &Revocation) {
        let was_full = self.revocations.add(revocation, app.clock.unix_seconds());
        if was_full {
            tracing::error!("more revocations than revocations-max: the one that ends first was dropped");
        }
        app.metrics.revocations(self.revocations.len());
        self.cache.forget_where(|known| {
            known.token == revocation.of
                || known.session == Some(revocation.of)
                || known.user == Some(revocation.of)
        });
        self.news
            .send_modify(|news| news.revoked = news.revoked.wrapping_add(1));
    }

    /// Whether what was verified once has been revoked since, as far as is known here.
    pub(crate) fn is_revoked(&self, named: &Named) -> bool {
        self.revocations.refuse(named)
    }

    /// Tells when [`Tokens::is_revoked`] may have changed its mind. Whoever waits for it looks after subscribing.
    pub(crate) fn news(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    /// Whether a token may be ended by somebody who does not tell us, and has to be asked.
    pub(crate) fn asks(&self) -> bool {
        self.remote.is_some()
    }

    /// Whether tokens can be decided about.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// What was revoked elsewhere is known here.
    pub(super) fn is_ready_now(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// Messages may have been missed: what rests on another's word is asked for again, if that can be done.
    pub(super) fn may_have_missed(&self, now: MonoTime) {
        *self.missed.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        self.memberships.forget_all();
        self.news
            .send_modify(|news| news.missed = news.missed.wrapping_add(1));
    }

    fn missed(&self) -> Option<MonoTime> {
        *self.missed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn span(duration: std::time::Duration) -> Span {
    Span::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
