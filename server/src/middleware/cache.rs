//! Gives kept answers, keeps new ones, and throws away what writes make untrue.
//!
//! A read is answered from memory, from Redis, or by whatever stands behind this layer, one filler a key at a time.
//! What is stale is given at once and fetched anew behind the reader's back; when there is no answer (an open
//! circuit, a timeout, a database that is gone), the last known one is given instead. A write is answered when what
//! it changed has been thrown away; one that is dropped midway counts as carried out.

mod fetch;
mod write;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use seawall_policy::cache::freshness::Age;
use seawall_policy::cache::lookup::{Mode, Plan, Situation, plan, rescues};
use seawall_policy::class::Category;

use super::Next;
use crate::app::App;
use crate::auth::Identity;
use crate::cache::answer::respond;
use crate::cache::asked::{Asked, Read, Seen};
use crate::cache::{Before, Cache, Found, Landing, Turn, Word, landed};
use crate::error::ApiError;
use crate::proxy::Passing;
use crate::to_its_end::to_its_end;
use fetch::{Fetched, fetch};

/// How long a read waits for a database in trouble when a last known answer is at hand.
const PATIENCE: Duration = Duration::from_millis(400);
/// How often a reader waits for another's fetch before it fetches for itself.
const WAITS: usize = 3;
pub(super) async fn layer(app: App, request: Request, next: Next) -> Response {
    let Some(cache) = &app.cache else {
        return next.run(request).await;
    };
    let passing = request.extensions().get::<Passing>();
    let seen = Seen {
        method: request.method(),
        uri: request.uri(),
        headers: request.headers(),
        // Who brings a key that only the upstream can judge is not known here.
        identity: request
            .extensions()
            .get::<Identity>()
            .filter(|_| passing.is_none_or(|passing| !passing.is_opaque())),
        passed_on: passing.is_some(),
        catalogue: app.rest.fingerprint().unwrap_or_default(),
    };
    match cache.sort(&seen) {
        Asked::Bystander => next.run(request).await,
        Asked::Write => Box::pin(write::write(&app, request, next)).await,
        Asked::Bypass => {
            let mut response = next.run(request).await;
            say(cache, &mut response, Word::Bypass);
            response
        }
        Asked::Read(read) => {
            let exchange = Exchange {
                app: app.clone(),
                read: Arc::new(*read),
                request,
                next,
            };
            exchange.answer(cache).await
        }
    }
}

/// A read on its way.
struct Exchange {
    app: App,
    read: Arc<Read>,
    request: Request,
    next: Next,
}

impl Exchange {
    /// What takes long is set apart, so that a hit does not carry along the room that it takes.
    async fn answer(self, cache: &Cache) -> Response {
        let now = self.app.clock.unix();
        let mut before = cache.before();
        let mut found = self.acceptable(cache.find(&self.read, now));
        if found.as_ref().is_none_or(|found| found.age != Age::Fresh) && self.read.mode != Mode::Reload {
            let shared = Box::pin(cache.find_shared(&self.read, &mut before, now)).await;
            found = better(found, self.acceptable(shared));
        } else if self.read.mode == Mode::Reload {
            // Only to learn where the counts in Redis stand.
            let _not_wanted = Box::pin(cache.find_shared(&self.read, &mut before, now)).await;
        }
        let situation = Situation {
            mode: self.read.mode,
            online: true,
            troubled: cache.is_troubled(),
        };
        let age = found.as_ref().map_or(Age::Gone, |found| found.age);
        match (plan(age, &situation), found) {
            (Plan::ServeFresh, Some(found)) => self.serve(cache, &found, Word::Hit),
            (Plan::ServeStale, Some(found)) => self.serve(cache, &found, Word::Stale),
            (Plan::ServeStaleAndRevalidate, Some(found)) => {
                let response = self.serve(cache, &found, Word::Stale);
                self.refresh(cache, before);
                response
            }
            (Plan::FetchBriefly, Some(found)) => {
                Box::pin(self.fetch_within(cache, before, found, PATIENCE)).await
            }
            (Plan::Fetch, Some(found)) => {
                // The rest of the time is for giving what is at hand.
                let limit = self.app.config.server.request_timeout.mul_f64(0.8);
                Box::pin(self.fetch_within(cache, before, found, limit)).await
            }
            (Plan::Refuse, _) => refuse(),
            (_, None) => Box::pin(self.fetch_alone(cache, before)).await,
        }
    }

    /// Not older than the caller accepts.
    fn acceptable(&self, found: Option<Found>) -> Option<Found> {
        let now = self.app.clock.unix();
        found.filter(|found| {
            self.read
                .max_age
                .is_none_or(|most| self.read.mode == Mode::Reload || now.since(found.entry.stored) <= most)
        })
    }

    fn serve(&self, cache: &Cache, found: &Found, word: Word) -> Response {
        cache.count(word);
        respond(&found.entry, &self.read, word, self.app.clock.unix())
    }

    /// Nothing is at hand.
    async fn fetch_alone(self, cache: &Cache, before: Before) -> Response {
        let (app, read) = (self.app.clone(), Arc::clone(&self.read));
        let fetched = self.fetch_once(cache, before).await;
        fetched.finish(cache, &read, None, &app)
    }

    /// Fetches, or waits for whoever is fetching the same.
    async fn fetch_once(self, cache: &Cache, mut before: Before) -> Fetched {
        let waits = if self.read.mode == Mode::Reload { 0 } else { WAITS };
        for _ in 0..waits {
            match cache.flights.turn(*self.read.flight()) {
                Turn::Fetch(flight) => {
                    let fetched = fetch(&self.app, &self.read, self.request, self.next, before).await;
                    flight.land(fetched.landing);
                    return fetched;
                }
                Turn::Wait(flight) => match landed(flight).await {
                    Landing::Kept | Landing::Lost | Landing::Flying => {
                        before = cache.before();
                        let now = self.app.clock.unix();
                        let found = cache
                            .find(&self.read, now)
                            .filter(|found| found.age == Age::Fresh);
                        if let Some(found) = found {
                            return Fetched {
                                response: respond(&found.entry, &self.read, Word::Hit, now),
                                landing: Landing::Kept,
                                failure: None,
                                word: Word::Hit,
                            };
                        }
                    }
                    Landing::Unkept => break,
                },
            }
        }
        fetch(&self.app, &self.read, self.request, self.next, before).await
    }

    /// Something is at hand for want of an answer in time.
    async fn fetch_within(self, cache: &Cache, before: Before, found: Found, limit: Duration) -> Response {
        let (app, read) = (self.app.clone(), Arc::clone(&self.read));
        let fetching = to_its_end(async move {
            let app = self.app.clone();
            match &app.cache {
                Some(cache) => self.fetch_once(cache, before).await,
                None => fetch(&self.app, &self.read, self.request, self.next, before).await,
            }
        });
        match tokio::time::timeout(limit, fetching).await {
            Ok(Ok(fetched)) => fetched.finish(cache, &read, Some(&found), &app),
            Ok(Err(error)) => error.into_response(),
            Err(_) if rescues(found.age, read.mode, Category::Timeout) => {
                cache.set_troubled(true);
                cache.count(Word::Stale);
                respond(&found.entry, &read, Word::Stale, app.clock.unix())
            }
            Err(_) => ApiError::new(
                StatusCode::GATEWAY_TIMEOUT,
                "SEAWALL_TIMEOUT",
                "the request took too long",
            )
            .into_response(),
        }
    }

    /// Fetches behind the reader's back: one for each key here, and one instance for all.
    fn refresh(self, cache: &Cache, before: Before) {
        let Turn::Fetch(flight) = cache.flights.turn(*self.read.flight()) else {
            return;
        };
        let Ok(permit) = Arc::clone(&cache.refreshes).try_acquire_owned() else {
            return;
        };
        let limit = self.app.config.server.request_timeout;
        tokio::spawn(async move {
            let Some(cache) = &self.app.cache else { return };
            if !cache.claim(&self.read.private).await {
                return;
            }
            let work = fetch(&self.app, &self.read, self.request, self.next, before);
            if let Ok(fetched) = tokio::time::timeout(limit, work).await {
                flight.land(fetched.landing);
            } else {
                cache.set_troubled(true);
            }
            drop(permit);
        });
    }
}

/// The younger of two, as far as there are two.
fn better(one: Option<Found>, other: Option<Found>) -> Option<Found> {
    match (one, other) {
        (Some(one), Some(other)) if one.age <= other.age => Some(one),
        (one, None) => one,
        (_, other) => other,
    }
}

fn say(cache: &Cache, response: &mut Response, word: Word) {
    cache.count(word);
    word.write(response);
}

fn refuse() -> Response {
    let message = "nothing is kept for this request, and only-if-cached asks for nothing else";
    ApiError::new(StatusCode::GATEWAY_TIMEOUT, "SEAWALL_NOT_CACHED", message).into_response()
}
