//! Whether the caller already has the answer.
//!
//! The tag is made from the answer itself, so it is right whatever changed in the database, and a reader that
//! comes back with it is spared the body. The statement is run all the same: row-level security decides anew for
//! every request, and a tag of somebody else's rows matches only if one may see exactly the same.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use seawall_pgrest::response::Reply;

/// Half of a SHA-256 is enough to tell one address's answers apart.
const TAG_BYTES: usize = 16;

/// Tags the answer to a read, and replaces it by 304 where the caller named that tag.
pub(super) fn revalidate(method: &Method, request: &HeaderMap, reply: &mut Reply) {
    let is_rows = matches!(reply.status, StatusCode::OK | StatusCode::PARTIAL_CONTENT);
    if method != Method::GET || !is_rows || reply.headers.contains_key(ETAG) {
        return;
    }
    let Some(tag) = tag(&reply.headers, &reply.body) else {
        return;
    };
    let known = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .any(|value| names(value, &tag));
    reply.headers.insert(ETAG, tag);
    if known {
        reply.status = StatusCode::NOT_MODIFIED;
        reply.body = Bytes::new();
        for header in [CONTENT_TYPE, CONTENT_LENGTH] {
            reply.headers.remove(header);
        }
    }
}

/// Weak, since a proxy may compress the body. What the body means (its type and range) is part of it.
pub(crate) fn tag(headers: &HeaderMap, body: &[u8]) -> Option<HeaderValue> {
    let mut digest = digest::Context::new(&digest::SHA256);
    for header in [CONTENT_TYPE, CONTENT_RANGE] {
        let value = headers.get(header).map_or(&b""[..], HeaderValue::as_bytes);
        digest.update(value);
        digest.update(b"\n");
    }
    digest.update(body);
    let digest = digest.finish();
    let short = URL_SAFE_NO_PAD.encode(digest.as_ref().get(..TAG_BYTES)?);
    HeaderValue::try_from(format!("W/\"{short}\"")).ok()
}

/// Whether a list of tags has this one, by weak comparison; `*` stands for any.
pub(crate) fn names(list: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(list), Ok(tag)) = (list.to_str(), tag.to_str()) else {
        return false;
    };
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    list.split(',')
        .any(|one| one.trim() == "*" || opaque(one) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &'static str) -> Reply {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Reply {
            status: StatusCode::OK,
            headers,
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn asked(tag: &HeaderValue) -> HeaderMap {
        HeaderMap::from_iter([(IF_NONE_MATCH, tag.clone())])
    }

    fn tagged(body: &'static str) -> HeaderValue {
        let mut reply = reply(body);
        revalidate(&Method::GET, &HeaderMap::new(), &mut reply);
        reply.headers.remove(ETAG).unwrap()
    }

    #[test]
    fn the_same_answer_is_not_sent_twice() {
        let mut again = reply("[1]");
        revalidate(&Method::GET, &asked(&tagged("[1]")), &mut again);
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
        assert!(again.body.is_empty() && again.headers.contains_key(ETAG));
    }

    #[test]
    fn another_answer_is() {
        let mut other = reply("[2]");
        revalidate(&Method::GET, &asked(&tagged("[1]")), &mut other);
        assert_eq!((other.status, &other.body[..]), (StatusCode::OK, &b"[2]"[..]));
    }

    #[test]
    fn the_type_and_the_range_are_part_of_the_tag() {
        let mut ranged = reply("[1]");
        ranged
            .headers
            .insert(CONTENT_RANGE, HeaderValue::from_static("0-0/5"));
        revalidate(&Method::GET, &asked(&tagged("[1]")), &mut ranged);
        assert_eq!(ranged.status, StatusCode::OK);
    }

    #[test]
    fn lists_strong_tags_and_stars_are_understood() {
        let tag = HeaderValue::from_static("W/\"a\"");
        for (list, expected) in [
            ("\"a\"", true),
            ("W/\"b\", W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
        ] {
            assert_eq!(names(&HeaderValue::from_static(list), &tag), expected, "{list}");
        }
    }

    #[test]
    fn writes_and_failures_are_not_tagged() {
        let mut created = reply("[1]");
        created.status = StatusCode::CREATED;
        revalidate(&Method::GET, &HeaderMap::new(), &mut created);
        assert!(!created.headers.contains_key(ETAG));
        let mut posted = reply("[1]");
        revalidate(&Method::POST, &HeaderMap::new(), &mut posted);
        assert!(!posted.headers.contains_key(ETAG));
    }
}
