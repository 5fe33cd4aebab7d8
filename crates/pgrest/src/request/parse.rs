//! The parts put together.

use http::{HeaderMap, HeaderName, Method, header};

use super::{
    Action, ApiRequest, Handling, HttpContext, MediaType, Preferences, RequestConfig, RowRange, media_type,
    payload,
    query::{self, Arguments},
    range,
};
use crate::error::RequestError;

const ACCEPT_PROFILE: HeaderName = HeaderName::from_static("accept-profile");
const CONTENT_PROFILE: HeaderName = HeaderName::from_static("content-profile");

/// A request as it came over the wire.
#[derive(Debug, Clone, Copy)]
pub struct RawRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path after the mount point, undecoded.
    pub path: &'a str,
    /// The query string, undecoded; empty if there is none.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

impl ApiRequest {
    /// Understands a request.
    ///
    /// # Errors
    ///
    /// Anything malformed, in the order PostgREST notices it: path, schema, method, query string, range,
    /// body, preferences.
    pub fn parse(config: &RequestConfig, raw: RawRequest<'_>) -> Result<Self, RequestError> {
        let method = raw.method.as_str();
        let segments = segments(raw.path)?;
        let (schema, schema_negotiated) = schema(config, raw.method, raw.headers)?;
        let action = Action::read(config, method, &segments)?;
        let parsed = query::parse(raw.query, arguments(&action))?;
        let range = top_level_range(raw.method, parsed.root_range, raw.headers)?;
        let content_type = content_type(raw.headers);
        let columns = parsed.query.columns.as_ref();
        let payload = payload::read(&action, &content_type, columns, raw.body)?;
        let preferences = Preferences::from_headers(raw.headers, config.tx_override);
        refuse_invalid(&action, &preferences)?;
        Ok(Self {
            columns: payload::provided(payload.as_ref(), columns),
            action,
            schema,
            schema_negotiated,
            query: parsed.query,
            range,
            payload,
            preferences,
            accept: accept(raw.headers),
            content_type,
            context: HttpContext::read(method, raw.path, raw.headers),
        })
    }
}

/// The path's segments, decoded. A slash at the end adds none.
fn segments(path: &str) -> Result<Vec<String>, RequestError> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(Vec::new());
    }
    path.split('/')
        .map(|segment| {
            let decoded = percent_encoding::percent_decode_str(segment).decode_utf8();
            decoded.map(std::borrow::Cow::into_owned)
        })
        .collect::<Result<_, _>>()
        .map_err(|_| RequestError::InvalidPath)
}

/// Reads choose their schema by `Accept-Profile`, writes by `Content-Profile`.
fn schema(
    config: &RequestConfig,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(String, bool), RequestError> {
    let name = match *method {
        Method::POST | Method::PATCH | Method::PUT | Method::DELETE => CONTENT_PROFILE,
        _ => ACCEPT_PROFILE,
    };
    let Some(profile) = headers.get(name) else {
        let default = config.schemas.first().map_or("public", String::as_str);
        return Ok((default.to_owned(), config.schemas.len() > 1));
    };
    let profile = String::from_utf8_lossy(profile.as_bytes());
    if config.schemas.iter().any(|schema| *schema == profile) {
        return Ok((profile.into_owned(), true));
    }
    Err(RequestError::UnacceptableSchema {
        schema: profile.into_owned(),
        exposed: config.schemas.clone(),
    })
}

fn arguments(action: &Action) -> Arguments {
    match action.takes_arguments() {
        true => Arguments::Taken,
        false => Arguments::Refused,
    }
}

/// The `Range` header counts for GET alone, as RFC 9110 has it.
fn top_level_range(method: &Method, asked: RowRange, headers: &HeaderMap) -> Result<RowRange, RequestError> {
    let header = match headers.get(header::RANGE).map(|value| value.to_str()) {
        Some(Ok(value)) if *method == Method::GET => range::from_header(value)?,
        Some(Ok(_) | Err(_)) | None => RowRange::ALL,
    };
    let range = range::top_level(asked, header)?;
    if *method == Method::PUT && !range.is_all() {
        return Err(RequestError::PutRange);
    }
    Ok(range)
}

fn content_type(headers: &HeaderMap) -> MediaType {
    match headers.get(header::CONTENT_TYPE) {
        Some(value) => MediaType::parse(&String::from_utf8_lossy(value.as_bytes())),
        None => MediaType::Json,
    }
}

fn accept(headers: &HeaderMap) -> Vec<MediaType> {
    let lines: Vec<_> = headers
        .get_all(header::ACCEPT)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    match lines.as_slice() {
        [] => vec![MediaType::Any],
        lines => media_type::accepted(&lines.join(",")),
    }
}

/// Strict handling refuses unknown preferences, where rows are at stake.
fn refuse_invalid(action: &Action, preferences: &Preferences) -> Result<(), RequestError> {
    match action {
        Action::Read { .. } | Action::Mutate { .. } | Action::Call { .. }
            if preferences.handling == Some(Handling::Strict) && !preferences.invalid.is_empty() =>
        {
            Err(RequestError::InvalidPreferences {
                preferences: preferences.invalid.clone(),
            })
        }
        Action::Read { .. }
        | Action::Mutate { .. }
        | Action::Call { .. }
        | Action::Inspect { .. }
        | Action::Info(_) => Ok(()),
    }
}
