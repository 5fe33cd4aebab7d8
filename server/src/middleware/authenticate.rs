//! Turns the request's token, or its absence, into an identity; a bad token ends here.
//!
//! So do a key that bypasses row-level security where a browser has it, for then
//! everybody has it, and a request that names another's organisation.

use std::time::Instant;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::ORIGIN;
use http::{HeaderMap, HeaderName};

use super::Next;
use super::RequestId;
use crate::app::App;
use crate::auth::error::Refusal;
use crate::auth::{Identity, claims, organisation};
use crate::client_address::ClientAddress;
use crate::error::ApiError;
use crate::proxy::{NOBODY, Passing};
use crate::rest::JwtTime;

const APIKEY: HeaderName = HeaderName::from_static("apikey");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// How Supabase's secret keys that are no tokens begin.
const SECRET_KEY: &str = "sb_secret_";

/// The role that no browser may have, known even where there is no database to ask.
const SERVICE_ROLE: &str = "service_role";

/// What the decision rests on, apart from the request, whose body cannot be shared while something is awaited.
struct Asked {
    token: Option<String>,
    /// Of a browser, which must not have every key: in a header, and in the query of what is passed on.
    apikeys: Vec<String>,
    /// Who asks for what is passed on may be nobody: the upstream knows what nobody may do.
    nobody: Option<&'static str>,
    is_browser: bool,
    organisations: Vec<String>,
    address: ClientAddress,
}

pub(super) async fn layer(app: App, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let asked = Asked::of(&app, &request);
    match asked.identity(&app).await {
        Ok(identity) => {
            let is_ours = request.extensions().get::<Passing>().is_none();
            request.extensions_mut().insert(identity);
            if is_ours {
                request.extensions_mut().insert(JwtTime(started.elapsed()));
            }
            next.run(request).await
        }
        Err(refusal) => {
            report(&app, &request, &refusal);
            ApiError::from(refusal).into_response()
        }
    }
}

impl Asked {
    fn of(app: &App, request: &Request) -> Self {
        let headers = request.headers();
        let passing = request.extensions().get::<Passing>();
        let is_browser = is_browser(headers);
        let apikey = headers.get(APIKEY).and_then(|value| value.to_str().ok());
        let in_query = passing.map(Passing::keys_in_query).unwrap_or_default();
        let apikeys = apikey.into_iter().chain(in_query.iter().map(String::as_str));
        Self {
            token: claims::bearer(headers).map(std::borrow::Cow::into_owned),
            apikeys: apikeys.filter(|_| is_browser).map(str::to_owned).collect(),
            nobody: passing.map(|_| NOBODY),
            is_browser,
            address: request
                .extensions()
                .get::<ClientAddress>()
                .copied()
                .unwrap_or_default(),
            organisations: organisation::named(&app.config.auth.organisation, headers, request.uri()),
        }
    }

    async fn identity(self, app: &App) -> Result<Identity, Refusal> {
        let identity = self.identify(app).await?;
        if self.is_browser && !app.rest.config().jwt.bypassrls_from_browser {
            Box::pin(self.keeps_out_of_browsers(app, &identity)).await?;
        }
        if !app.config.auth.organisation.is_on() {
            return Ok(identity);
        }
        Box::pin(self.placed(app, identity)).await
    }

    async fn identify(&self, app: &App) -> Result<Identity, Refusal> {
        let token = self.token.as_deref();
        if let Some(token) = token
            && let Some(wait) = app.limits.barred(self.address)
            && !app.tokens.knows(token)
        {
            let wait_s = wait.as_millis_ceil().div_ceil(1000).max(1);
            return Err(Refusal::TooManyFailed { wait_s });
        }
        let identity = app.tokens.identify(app, token, self.nobody).await;
        if identity.as_ref().is_err_and(Refusal::is_guess) {
            app.limits.note_failed_token(self.address).await;
        }
        identity
    }

    async fn keeps_out_of_browsers(&self, app: &App, identity: &Identity) -> Result<(), Refusal> {
        let bypasses = |role: &str| role == SERVICE_ROLE || app.rest.bypasses_rls(role);
        let refused = |role: &str| Err(Refusal::BypassFromBrowser(role.into()));
        if identity.authenticated && bypasses(&identity.role) {
            return refused(&identity.role);
        }
        for key in &self.apikeys {
            if key.starts_with(SECRET_KEY) {
                return refused(SERVICE_ROLE);
            }
            if self.token.as_ref() == Some(key) {
                continue;
            }
            // A key that is no token of ours opens nothing here.
            match app.tokens.identify(app, Some(key), self.nobody).await {
                Ok(owner) if owner.authenticated && bypasses(&owner.role) => return refused(&owner.role),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// The identity, with the organisation that the request is for.
    async fn placed(self, app: &App, mut identity: Identity) -> Result<Identity, Refusal> {
        let config = &app.config.auth.organisation;
        if config.exempt_roles.iter().any(|role| **role == *identity.role) {
            identity.organisation = self.organisations.first().map(|first| first.as_str().into());
            return Ok(identity);
        }
        let own = app.tokens.memberships.own(app, config, &identity).await?;
        identity.organisation = organisation::decide(&own, &self.organisations)
            .map_err(|organisation::Foreign| Refusal::ForeignOrganisation)?;
        Ok(identity)
    }
}

/// Pages cannot leave these headers out, and programs have no reason to send them.
fn is_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.contains_key(SEC_FETCH_SITE)
}

fn report(app: &App, request: &Request, refusal: &Refusal) {
    app.metrics.auth_failure(refusal.reason());
    if let Some((what, details)) = refusal.security() {
        let id = request
            .extensions()
            .get::<RequestId>()
            .map(|id| id.as_str().to_owned());
        app.events.security(what, id, details);
    }
}
