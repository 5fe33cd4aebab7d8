//! Whether what a file is goes together with what it is called, and with where it goes.

use super::content::{Family, Kind};
use super::refusal::Refusal;

/// What somebody calls a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Claims {
    /// The media type of its header.
    pub(super) media: Option<String>,
    /// Its name.
    pub(super) name: Option<String>,
}

/// What supabase-js and browsers say where they do not know.
const SAYS_NOTHING: [&str; 4] = [
    "",
    "application/octet-stream",
    "binary/octet-stream",
    "text/plain",
];

const BY_EXTENSION: &[(&str, &str)] = &[
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("bmp", "image/bmp"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("ico", "image/vnd.microsoft.icon"),
    ("avif", "image/avif"),
    ("heic", "image/heif"),
    ("heif", "image/heif"),
    ("svg", "image/svg+xml"),
    ("pdf", "application/pdf"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
    ("tgz", "application/gzip"),
    ("docx", "application/zip"),
    ("xlsx", "application/zip"),
    ("pptx", "application/zip"),
    ("odt", "application/zip"),
    ("ods", "application/zip"),
    ("epub", "application/zip"),
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("mov", "video/mp4"),
    ("webm", "video/webm"),
    ("mkv", "video/webm"),
    ("avi", "video/x-msvideo"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("wav", "audio/x-wav"),
    ("ogg", "audio/ogg"),
    ("flac", "audio/x-flac"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("md", "text/markdown"),
    ("json", "application/json"),
    ("xml", "application/xml"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("js", "text/javascript"),
    ("mjs", "text/javascript"),
];

/// Refuses what is not what it is called.
pub(super) fn is_what_it_is_called(kind: Kind, claims: &Claims) -> Result<(), Refusal> {
    let by_name = claims.name.as_deref().and_then(by_extension);
    let by_header = claims.media.as_deref().map(essence);
    for claimed in by_header.as_deref().into_iter().chain(by_name) {
        if !SAYS_NOTHING.contains(&claimed) && !fits(kind, claimed) {
            return Err(Refusal::Mismatch {
                claimed: claimed.to_owned(),
                found: kind.media.to_owned(),
            });
        }
    }
    // A name that promises text is held to it, though the header says nothing with the same word.
    match by_name {
        Some("text/plain") if kind.family != Family::Text => Err(Refusal::Mismatch {
            claimed: "text/plain".to_owned(),
            found: kind.media.to_owned(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Refuses what a place does not take.
pub(super) fn is_taken(kind: Kind, claims: &Claims, allowed: Option<&[String]>) -> Result<(), Refusal> {
    let media = refined(kind, claims);
    let by_name = allowed.is_some_and(|allowed| allowed.contains(&media));
    let by_pattern = allowed.is_none_or(|allowed| allowed.iter().any(|pattern| matches(pattern, &media)));
    let harmless = !is_run(kind, &media) && kind.family != Family::Sealed;
    if by_name || (by_pattern && harmless) {
        Ok(())
    } else {
        Err(Refusal::Type(media))
    }
}

/// Whether it will be served as XML, which browsers show as a page.
pub(super) fn is_xml(kind: Kind, claims: &Claims) -> bool {
    is_called_xml(&refined(kind, claims))
}

fn is_called_xml(media: &str) -> bool {
    media.ends_with("/xml") || media.ends_with("+xml")
}

/// Text is called by its header's name, for its bytes do not tell JSON from CSV; all else by its content's.
fn refined(kind: Kind, claims: &Claims) -> String {
    let claimed = claims.media.as_deref().map(essence);
    let by_name = claims.name.as_deref().and_then(by_extension).map(str::to_owned);
    match kind.family {
        Family::Text => claimed
            .filter(|claimed| !SAYS_NOTHING.contains(&claimed.as_str()))
            .or(by_name)
            .unwrap_or_else(|| kind.media.to_owned()),
        Family::Zip | Family::Unknown => claimed
            .filter(|claimed| !SAYS_NOTHING.contains(&claimed.as_str()))
            .unwrap_or_else(|| kind.media.to_owned()),
        Family::Image
        | Family::Svg
        | Family::Media
        | Family::Pdf
        | Family::Gzip
        | Family::Sealed
        | Family::Program
        | Family::Other => kind.media.to_owned(),
    }
}

/// Scripts and pages are text until a browser is told otherwise.
fn is_run(kind: Kind, media: &str) -> bool {
    kind.family == Family::Program
        || [
            "html",
            "javascript",
            "ecmascript",
            "x-sh",
            "x-php",
            "x-msdownload",
            "hta",
        ]
        .iter()
        .any(|word| media.contains(word))
}

fn fits(kind: Kind, claimed: &str) -> bool {
    let top = |media: &str| media.split('/').next().unwrap_or_default().to_owned();
    match kind.family {
        Family::Text => is_textual(claimed),
        Family::Zip => is_built_of_zip(claimed) || claimed == kind.media,
        Family::Gzip => [
            "application/gzip",
            "application/x-gzip",
            "application/x-tar",
            "application/x-compressed-tar",
        ]
        .contains(&claimed),
        // Containers hold either.
        Family::Media => ["audio", "video"].contains(&top(claimed).as_str()) || claimed == "application/ogg",
        Family::Image => {
            canonical(claimed) == canonical(kind.media) || is_heif(claimed) && is_heif(kind.media)
        }
        Family::Unknown => {
            !["image", "audio", "video", "font"].contains(&top(claimed).as_str())
                && claimed != "application/pdf"
                && !is_built_of_zip(claimed)
                // In UTF-16 XML is no text to us, and a page to a browser.
                && !is_called_xml(claimed)
        }
        Family::Svg | Family::Pdf | Family::Sealed | Family::Program | Family::Other => {
            canonical(claimed) == canonical(kind.media)
                || (kind.family == Family::Other && claimed.starts_with("application/"))
        }
    }
}

fn canonical(media: &str) -> &str {
    match media {
        "image/jpg" | "image/pjpeg" => "image/jpeg",
        "image/x-icon" => "image/vnd.microsoft.icon",
        "image/x-ms-bmp" => "image/bmp",
        other => other,
    }
}

fn is_heif(media: &str) -> bool {
    ["image/heif", "image/heic", "image/avif"].contains(&media)
}

fn is_textual(claimed: &str) -> bool {
    claimed.starts_with("text/")
        || [
            "json",
            "xml",
            "yaml",
            "javascript",
            "sql",
            "csv",
            "x-ndjson",
            "toml",
        ]
        .iter()
        .any(|word| claimed.contains(word))
            && claimed.starts_with("application/")
}

fn is_built_of_zip(claimed: &str) -> bool {
    let words = ["zip", "openxmlformats", "opendocument", "vnd.ms-", "msword"];
    claimed.starts_with("application/")
        && words.iter().any(|word| claimed.contains(word))
        && !claimed.contains("gzip")
}

fn by_extension(name: &str) -> Option<&'static str> {
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    BY_EXTENSION
        .iter()
        .find(|(known, _)| *known == extension)
        .map(|(_, media)| *media)
}

/// A media type without its parameters.
fn essence(media: &str) -> String {
    media
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

fn matches(pattern: &str, media: &str) -> bool {
    match pattern.strip_suffix("/*") {
        Some("*") => true,
        Some(top) => media.split('/').next() == Some(top),
        None => pattern == media,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(media: &str, name: &str) -> Claims {
        Claims {
            media: (!media.is_empty()).then(|| media.to_owned()),
            name: (!name.is_empty()).then(|| name.to_owned()),
        }
    }

    const PNG: Kind = Kind {
        media: "image/png",
        family: Family::Image,
    };
    const TEXT: Kind = Kind {
        media: "text/plain",
        family: Family::Text,
    };
    const HTML: Kind = Kind {
        media: "text/html",
        family: Family::Program,
    };
    const ZIP: Kind = Kind {
        media: "application/zip",
        family: Family::Zip,
    };
    const UNKNOWN: Kind = Kind {
        media: "application/octet-stream",
        family: Family::Unknown,
    };

    #[test]
    fn a_file_is_what_it_is_called() {
        let ok = |kind, media, name| is_what_it_is_called(kind, &claims(media, name)).is_ok();
        assert!(
            ok(PNG, "image/png", "a.png") && ok(PNG, "", "") && ok(PNG, "text/plain;charset=UTF-8", "a.PNG")
        );
        assert!(!ok(PNG, "image/jpeg", "") && !ok(PNG, "", "a.jpg") && !ok(PNG, "", "a.txt"));
        assert!(
            !ok(TEXT, "image/png", "") && !ok(HTML, "image/png", "a.png") && !ok(UNKNOWN, "image/png", "")
        );
        assert!(ok(TEXT, "application/json", "a.json") && ok(TEXT, "text/csv", "a.csv"));
        assert!(ok(
            ZIP,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "a.docx"
        ));
        assert!(!ok(ZIP, "application/pdf", "a.pdf") && !ok(ZIP, "", "a.png"));
        assert!(ok(UNKNOWN, "application/x-own", "a.own"));
        assert!(!ok(UNKNOWN, "application/xml", "") && !ok(UNKNOWN, "", "a.xml"));
    }

    #[test]
    fn a_bucket_takes_what_it_says() {
        let images = ["image/*".to_owned()];
        let all = ["*/*".to_owned()];
        let page = ["text/html".to_owned()];
        let ok =
            |kind, media, allowed: Option<&[String]>| is_taken(kind, &claims(media, ""), allowed).is_ok();
        assert!(ok(PNG, "", Some(&images)) && !ok(TEXT, "", Some(&images)) && !ok(PNG, "", Some(&page)));
        assert!(ok(PNG, "", None) && ok(UNKNOWN, "", None) && ok(TEXT, "text/csv", Some(&all)));
    }

    #[test]
    fn what_runs_is_taken_only_by_name() {
        let all = ["*/*".to_owned()];
        let page = ["text/html".to_owned()];
        let ok =
            |kind, media, allowed: Option<&[String]>| is_taken(kind, &claims(media, ""), allowed).is_ok();
        assert!(!ok(HTML, "", None) && !ok(HTML, "text/html", Some(&all)) && ok(HTML, "", Some(&page)));
        assert!(!ok(TEXT, "text/html", None) && !ok(TEXT, "application/javascript", Some(&all)));
    }
}
