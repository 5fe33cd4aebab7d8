//! Looking through the audit.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::super::body::askable;
use crate::app::App;
use crate::audit::Filter;
use crate::error::ApiError;

const USUAL: u32 = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    from: Option<String>,
    to: Option<String>,
    subject: Option<String>,
    route: Option<String>,
    target: Option<String>,
    status: Option<u16>,
    outcome: Option<String>,
    request_id: Option<String>,
    /// `next` of the page before, as it was given.
    before: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn search(
    State(app): State<App>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let Ok(Query(wanted)) = wanted else {
        let names = "from, to, subject, route, target, status, outcome, request_id, before and limit";
        return Err(refused(format!("{names} are what can be asked for")));
    };
    let audit = app.audit.as_ref().ok_or_else(ApiError::not_found)?;
    let page = audit.search(&filter(wanted)?).await.map_err(away)?;
    Ok(Json(json!({
        "records": page.records.into_iter().map(|found| found.record).collect::<Vec<_>>(),
        "next": page.next.and_then(|(at, id)| Some(format!("{}~{id}", at.format(&Rfc3339).ok()?))),
    })))
}

fn filter(wanted: Wanted) -> Result<Filter, ApiError> {
    Ok(Filter {
        from: wanted.from.as_deref().map(instant).transpose()?,
        to: wanted.to.as_deref().map(instant).transpose()?,
        subject: askable(wanted.subject)?,
        route: askable(wanted.route)?,
        target: askable(wanted.target)?,
        status: wanted.status,
        outcome: askable(wanted.outcome)?,
        request_id: askable(wanted.request_id)?,
        before: wanted.before.as_deref().map(place).transpose()?,
        limit: wanted.limit.unwrap_or(USUAL),
    })
}

fn instant(text: &str) -> Result<OffsetDateTime, ApiError> {
    // A plus in an address is a space, unless it was encoded.
    OffsetDateTime::parse(&text.replace(' ', "+"), &Rfc3339)
        .map_err(|_| refused(format!("{text:?} is no instant such as 2026-01-31T12:00:00Z")))
}

fn place(text: &str) -> Result<(OffsetDateTime, Uuid), ApiError> {
    let parts = text.split_once('~');
    let place = parts.and_then(|(at, id)| Some((instant(at).ok()?, id.parse().ok()?)));
    place.ok_or_else(|| refused(format!("before={text:?} is not what a page gave as next")))
}

fn refused(message: String) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "SEAWALL_BAD_REQUEST", message)
}

fn away(error: sqlx::Error) -> ApiError {
    let message = "the audit cannot be read now";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "SEAWALL_STORE_DOWN", message)
        .retry_after(1)
        .caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_byte_is_the_callers_fault_and_not_the_stores() {
        let wanted = |outcome: &str| Wanted {
            from: None,
            to: None,
            subject: None,
            route: None,
            target: None,
            status: None,
            outcome: Some(outcome.to_owned()),
            request_id: None,
            before: None,
            limit: None,
        };
        assert!(filter(wanted("refused")).is_ok());
        let refused = filter(wanted("re\0used")).err().unwrap();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_page_begins_where_the_last_one_said() {
        let id = Uuid::nil();
        let at = instant("2026-01-31T12:00:00Z").unwrap();
        assert_eq!(place(&format!("2026-01-31T12:00:00Z~{id}")).unwrap(), (at, id));
        assert!(place("2026-01-31T12:00:00Z").is_err() && place("~").is_err());
        assert_eq!(instant("2026-01-31T13:00:00 01:00").unwrap(), at);
        assert!(instant("yesterday").is_err());
    }
}
