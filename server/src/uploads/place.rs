//! Which requests are uploads, and where each goes.
//!
//! On storage everything that brings a body is an upload unless it is one of the few
//! operations whose body is JSON, so an address that is not known is judged and not waved
//! through. Addresses are compared decoded, as the upstream compares them.

use http::Method;

use crate::config::UploadConfig;
use crate::proxy::Upstream;

/// Where an upload goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The bucket, or the configured path: what media types are allowed for.
    pub(super) bucket: String,
    /// The last part of the object's name, where the address has one.
    pub(super) name: Option<String>,
    pub(super) manner: Manner,
}

/// How the bytes come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// All in one request, plain or in a form.
    Whole,
    /// In parts, by the TUS protocol.
    Resumable,
    /// In parts that cannot be put together here.
    Opaque,
}

impl Place {
    /// The place a request uploads to, if it is an upload.
    pub(crate) fn of(upstream: Upstream, method: &Method, path: &str, config: &UploadConfig) -> Option<Self> {
        if upstream != Upstream::Storage && config.paths.is_empty() {
            return None;
        }
        let path = decoded(path);
        if upstream == Upstream::Storage {
            return of_storage(method, &path);
        }
        let configured = config.paths.iter().find(|prefix| is_below(&path, prefix))?;
        brings(method).then(|| Self {
            bucket: configured.clone(),
            name: None,
            manner: Manner::Whole,
        })
    }
}

fn of_storage(method: &Method, path: &str) -> Option<Place> {
    let mut parts = path.split('/').filter(|part| !part.is_empty()).skip(2);
    let parts: Vec<&str> = parts.by_ref().collect();
    let place = |bucket: &str, manner| Place {
        bucket: bucket.to_owned(),
        name: parts.last().map(|name| (*name).to_owned()),
        manner,
    };
    if parts.first() == Some(&"upload") && parts.get(1) == Some(&"resumable") {
        return Some(Place {
            name: None,
            ..place("", Manner::Resumable)
        });
    }
    if !brings(method) {
        return None;
    }
    match *parts.as_slice() {
        ["object", "upload", "sign", bucket, ..] if method == Method::PUT => {
            Some(place(bucket, Manner::Whole))
        }
        ["object", ref operation @ ..] if is_operation(operation) && method == Method::POST => None,
        ["object", bucket, _, ..] => Some(place(bucket, Manner::Whole)),
        ["bucket", ..] | ["iceberg", ..] | ["vector", ..] => None,
        ["s3", ..] => Some(place("", Manner::Opaque)),
        _ => Some(place("", Manner::Whole)),
    }
}

/// Whether what follows `/object/` is something that is asked and no object that is brought. Only in these shapes:
/// buckets may have such names too, and many a bucket is called `public`.
fn is_operation(parts: &[&str]) -> bool {
    matches!(
        parts,
        ["move" | "copy"] | ["list" | "list-v2", _] | ["sign", _, ..] | ["upload", "sign", _, _, ..]
    )
}

fn brings(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

/// Empty segments count for nothing, as they do to most who serve a path.
fn is_below(path: &str, prefix: &str) -> bool {
    let segments = |path| str::split(path, '/').filter(|segment| !segment.is_empty());
    let mut below = segments(path);
    segments(prefix).all(|wanted| below.next() == Some(wanted))
}

/// A path with its escapes undone, a slash's excepted: that one is part of a name.
fn decoded(path: &str) -> String {
    let mut plain = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let escape = (byte == b'%').then(|| bytes.as_slice_of_two()).flatten();
        match escape {
            Some(b'/') | None => plain.push(byte),
            Some(other) => {
                plain.push(other);
                bytes.nth(1);
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

trait Escape {
    fn as_slice_of_two(&self) -> Option<u8>;
}

impl Escape for std::str::Bytes<'_> {
    fn as_slice_of_two(&self) -> Option<u8> {
        let mut ahead = self.clone();
        let digits = [ahead.next()?, ahead.next()?];
        let digits = std::str::from_utf8(&digits).ok()?.to_owned();
        u8::from_str_radix(&digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Source};

    fn place(method: &Method, path: &str) -> Option<(String, Manner)> {
        Place::of(Upstream::Storage, method, path, &config()).map(|place| (place.bucket, place.manner))
    }

    fn config() -> UploadConfig {
        let source = Source::from_pairs([
            ("DATABASE_URL", "postgres://u@127.0.0.1/x"),
            ("SEAWALL_UPLOAD_PATHS", "/functions/v1/import"),
        ]);
        Config::load(source).unwrap().uploads
    }

    #[test]
    fn objects_are_uploads_and_operations_are_not() {
        let whole = |bucket: &str| Some((bucket.to_owned(), Manner::Whole));
        assert_eq!(
            place(&Method::POST, "/storage/v1/object/avatars/a/b.png"),
            whole("avatars")
        );
        assert_eq!(
            place(&Method::PUT, "/storage/v1/object/avatars/b.png"),
            whole("avatars")
        );
        assert_eq!(
            place(&Method::PUT, "/storage/v1/object/upload/sign/avatars/b.png"),
            whole("avatars")
        );
        assert_eq!(
            place(&Method::POST, "/storage/v1/object/upload/sign/avatars/b.png"),
            None
        );
        assert_eq!(place(&Method::POST, "/storage/v1/object/list/avatars"), None);
        assert_eq!(place(&Method::POST, "/storage/v1/bucket"), None);
        assert_eq!(place(&Method::GET, "/storage/v1/object/avatars/b.png"), None);
        assert_eq!(place(&Method::DELETE, "/storage/v1/object/avatars"), None);
    }

    #[test]
    fn a_bucket_may_be_called_as_an_operation_is() {
        let whole = |bucket: &str| Some((bucket.to_owned(), Manner::Whole));
        for bucket in [
            "public",
            "authenticated",
            "info",
            "search",
            "list",
            "copy",
            "upload",
        ] {
            let path = format!("/storage/v1/object/{bucket}/a/b.png");
            assert_eq!(place(&Method::POST, &path), whole(bucket), "{path}");
        }
        for path in [
            "/storage/v1/object/upload/sign",
            "/storage/v1/object/upload/sign/a",
        ] {
            assert_eq!(place(&Method::POST, path), whole("upload"), "{path}");
        }
        for operation in [
            "move",
            "copy",
            "list/avatars",
            "list-v2/avatars",
            "sign/avatars",
            "sign/avatars/b.png",
        ] {
            let path = format!("/storage/v1/object/{operation}");
            assert_eq!(place(&Method::POST, &path), None, "{path}");
        }
    }

    #[test]
    fn no_spelling_of_an_address_is_waved_through() {
        let whole = |bucket: &str| Some((bucket.to_owned(), Manner::Whole));
        assert_eq!(
            place(&Method::POST, "/storage/v1/%6Fbject/av%61tars/b.png"),
            whole("avatars")
        );
        assert_eq!(
            place(&Method::POST, "/storage/v1//object//avatars/b.png"),
            whole("avatars")
        );
        assert_eq!(
            place(&Method::PUT, "/storage/v1/object/list/b.png"),
            whole("list")
        );
        assert_eq!(place(&Method::POST, "/storage/v1/whatever/is/new"), whole(""));
    }

    #[test]
    fn parts_are_told_from_wholes() {
        let manner = |method: Method, path| place(&method, path).map(|(_, manner)| manner);
        assert_eq!(
            manner(Method::POST, "/storage/v1/upload/resumable"),
            Some(Manner::Resumable)
        );
        assert_eq!(
            manner(Method::HEAD, "/storage/v1/upload/resumable/x"),
            Some(Manner::Resumable)
        );
        assert_eq!(
            manner(Method::PUT, "/storage/v1/s3/avatars/x"),
            Some(Manner::Opaque)
        );
        assert_eq!(manner(Method::GET, "/storage/v1/s3/avatars/x"), None);
    }

    #[test]
    fn a_configured_path_is_its_own_bucket() {
        let of =
            |path| Place::of(Upstream::Functions, &Method::POST, path, &config()).map(|place| place.bucket);
        assert_eq!(
            of("/functions/v1/import/csv").as_deref(),
            Some("/functions/v1/import")
        );
        for spelt in [
            "/functions/v1//import/csv",
            "//functions/v1/imp%6Frt",
            "/functions/v1/import/",
        ] {
            assert_eq!(of(spelt).as_deref(), Some("/functions/v1/import"), "{spelt}");
        }
        assert_eq!(of("/functions/v1/imports"), None);
        assert_eq!(of("/functions/v1"), None);
    }
}
