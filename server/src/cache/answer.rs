//! From what the handler answers to what is kept, and from what is kept to what a caller gets.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::header::{self, AGE, CACHE_CONTROL, ETAG};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use seawall_policy::cache::freshness::Directives;
use seawall_policy::cache::invalidate::{Target, slots_of};
use seawall_policy::time::UnixTime;

use super::Key;
use super::asked::Read;
use super::entry::{Entry, lasting};
use super::invalidate::ANY_WRITE;
use super::rows::{RowsRead, any_row};
use super::touched::Touched;
use crate::rest::{names_tag, tag_of};

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");
const PRIVATE: HeaderValue = HeaderValue::from_static("private");
const MOST_TAGS: usize = 32;

/// How a read was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// From the cache, fresh.
    Hit,
    /// From the cache, though it may have changed.
    Stale,
    /// By the database, and kept where it may be.
    Miss,
    /// By the database, past the cache.
    Bypass,
}

impl Word {
    /// As the answer's header says it.
    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Hit => "HIT",
            Self::Stale => "STALE",
            Self::Miss => "MISS",
            Self::Bypass => "BYPASS",
        })
    }

    /// As metrics say it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }

    /// Says on an answer how it was made.
    pub(crate) fn write(self, response: &mut Response) {
        response.headers_mut().insert(X_CACHE, self.header());
    }
}

/// What an answer's own header asks of whoever keeps it.
pub(crate) fn directives(headers: &HeaderMap) -> Directives {
    let texts = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok());
    Directives::parse(&texts.collect::<Vec<_>>().join(","))
}

/// An answer to be kept, and under which key. `whole` has its headers.
pub(crate) fn entry(
    read: &Read,
    touched: &Touched,
    whole: &Response,
    body: &Bytes,
    stored: UnixTime,
) -> (Key, Entry) {
    let directives = directives(whole.headers());
    let tags = tags(whole.headers());
    let is_private_by_word = whole
        .headers()
        .get(CACHE_CONTROL)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|text| {
            text.split(',')
                .any(|part| part.trim().eq_ignore_ascii_case("private"))
        });
    let public = read.public.filter(|_| touched.public && !is_private_by_word);
    let mut headers = lasting(whole.headers());
    if public.is_none() && !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, PRIVATE);
    }
    if !headers.contains_key(ETAG)
        && !read.is_head
        && let Some(tag) = tag_of(&headers, body)
    {
        headers.insert(ETAG, tag);
    }
    let user = if public.is_some() {
        ""
    } else {
        read.subject.as_str()
    };
    let tags = tags
        .into_iter()
        .chain(touched.reads_anything.then(|| ANY_WRITE.to_owned()));
    let tags: Vec<String> = tags.collect();
    let entry = Entry {
        status: whole.status(),
        headers,
        body: body.clone(),
        stored,
        lifetimes: read.lifetimes.within(&directives),
        slots: slots(read, user, touched, &tags),
        address: read.address.clone(),
    };
    (public.unwrap_or(read.private), entry)
}

/// What ends an answer.
fn slots(read: &Read, user: &str, touched: &Touched, tags: &[String]) -> Vec<u16> {
    let mut slots = slots_of(&read.address, user, &[], tags);
    slots.extend(slots_of_tables(&touched.read));
    slots.extend(touched.rows_read.iter().flat_map(RowsRead::slots));
    slots.sort_unstable();
    slots.dedup();
    slots
}

/// What ends an answer that depends on all rows of tables: the tables themselves, and any of their rows.
pub(super) fn slots_of_tables(tables: &[String]) -> Vec<u16> {
    let any = tables.iter().map(|table| Target::Tag(any_row(table)).slot());
    let whole = tables.iter().map(|table| Target::Table(table.clone()).slot());
    any.chain(whole).collect()
}

/// Whether an answer may be kept by what it says itself.
pub(crate) fn may_be_kept(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::SET_COOKIE) && !headers.contains_key(header::WWW_AUTHENTICATE)
}

/// A kept answer as a caller gets it: 304 where the caller has it already.
pub(crate) fn respond(entry: &Entry, read: &Read, word: Word, now: UnixTime) -> Response {
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = entry.headers.clone();
    let known = entry
        .headers
        .get(ETAG)
        .is_some_and(|tag| read.known.iter().any(|list| names_tag(list, tag)));
    if known && !read.is_head {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    } else {
        *response.status_mut() = entry.status;
        *response.body_mut() = if read.is_head {
            // A HEAD was never told its body, so its length is unknown and not zero.
            Body::from_stream(stream::empty::<Result<Bytes, Infallible>>())
        } else {
            Body::from(entry.body.clone())
        };
    }
    let age_s = now.since(entry.stored).as_millis() / 1_000;
    match word {
        Word::Hit | Word::Stale => {
            response.headers_mut().insert(AGE, HeaderValue::from(age_s));
        }
        Word::Miss | Word::Bypass => {}
    }
    word.write(&mut response);
    response
}

fn tags(headers: &HeaderMap) -> Vec<String> {
    let texts = headers
        .get_all(CACHE_TAG)
        .iter()
        .filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| text.split(','))
        .map(|tag| tag.trim().to_owned())
        .filter(|tag| !tag.is_empty())
        .take(MOST_TAGS)
        .collect()
}
