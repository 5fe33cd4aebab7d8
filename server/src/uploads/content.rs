//! What a file is, by its first bytes. Names and headers say what somebody calls it.

/// How much of a file is looked at.
pub(super) const HEAD: usize = 8 << 10;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) media: &'static str,
    pub(super) family: Family,
}

/// What must be looked at further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Pixels.
    Image,
    /// An image that is a document.
    Svg,
    /// Sound or moving pictures.
    Media,
    Pdf,
    /// ZIP and what is built of it.
    Zip,
    Gzip,
    /// Archives that are not looked into.
    Sealed,
    /// What machines or browsers run.
    Program,
    /// Plain text of any kind.
    Text,
    /// Known, and harmless as far as is known.
    Other,
    /// Nobody knows.
    Unknown,
}

const fn kind(media: &'static str, family: Family) -> Kind {
    Kind { media, family }
}

/// Names what begins with these bytes.
pub(super) fn of(head: &[u8]) -> Kind {
    if let Some(markup) = markup(head) {
        return markup;
    }
    if let Some(found) = infer::get(head) {
        return binary(head, found.mime_type(), found.matcher_type());
    }
    if is_text(head) {
        kind("text/plain", Family::Text)
    } else {
        kind("application/octet-stream", Family::Unknown)
    }
}

fn binary(head: &[u8], media: &'static str, matcher: infer::MatcherType) -> Kind {
    use infer::MatcherType as M;
    let family = match media {
        "application/pdf" => Family::Pdf,
        "application/gzip" => Family::Gzip,
        "text/x-shellscript" | "application/java-archive" => Family::Program,
        _ if head.starts_with(b"PK") => Family::Zip,
        _ => match matcher {
            M::Image => Family::Image,
            M::Audio | M::Video => Family::Media,
            M::App => Family::Program,
            M::Archive => Family::Sealed,
            M::Text => Family::Text,
            M::Book | M::Doc | M::Font | M::Custom => Family::Other,
        },
    };
    kind(media, family)
}

/// HTML, SVG and scripts, which begin with words.
fn markup(head: &[u8]) -> Option<Kind> {
    let lower = String::from_utf8_lossy(head).to_lowercase();
    let text = lower.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with("#!") || text.starts_with("<?php") {
        return Some(kind("text/x-script", Family::Program));
    }
    if !text.starts_with('<') {
        return None;
    }
    let root = after_prolog(text);
    let begins = |words: &[&str]| words.iter().any(|word| root.starts_with(word));
    if begins(&["<svg", "<!doctype svg"]) || (text.starts_with("<?xml") && root.contains(":svg")) {
        return Some(kind("image/svg+xml", Family::Svg));
    }
    let html = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<iframe",
        "<img",
        "<a ",
        "<a\n",
        "<div",
        "<table",
        "<style",
        "<title",
        "<meta",
        "<form",
        "<object",
        "<embed",
        "<link",
        "<base",
        "<p>",
        "<h1",
        "<b>",
        "<br",
        "<font",
        "<video",
        "<audio",
        "<math",
        "<template",
    ];
    if begins(&html) {
        return Some(kind("text/html", Family::Program));
    }
    text.starts_with("<?xml")
        .then_some(kind("application/xml", Family::Text))
}

/// Behind declaration, comments and processing instructions.
fn after_prolog(text: &str) -> &str {
    let mut rest = text;
    loop {
        let skipped = if rest.starts_with("<?") {
            rest.split_once("?>")
        } else if rest.starts_with("<!--") {
            rest.split_once("-->")
        } else {
            None
        };
        match skipped {
            Some((_, after)) => rest = after.trim_start(),
            None => return rest,
        }
    }
}

fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        // Cut in the middle of a letter.
        Err(error) => error.error_len().is_none() && head.len() >= HEAD,
    };
    valid
        && !head
            .iter()
            .any(|byte| *byte < 0x20 && !matches!(*byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_known_by_its_bytes() {
        let cases: &[(&[u8], &str, Family)] = &[
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png", Family::Image),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg", Family::Image),
            (b"%PDF-1.7\n", "application/pdf", Family::Pdf),
            (b"PK\x03\x04\x14\0\0\0", "application/zip", Family::Zip),
            (b"\x1f\x8b\x08\0", "application/gzip", Family::Gzip),
            (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "application/x-executable", Family::Program),
            (b"\xef\xbb\xbf <!-- x --> <!DOCTYPE html><p>", "text/html", Family::Program),
            (b" <svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", Family::Svg),
            (b"<?xml version='1.0'?><!-- --><svg/>", "image/svg+xml", Family::Svg),
            (b"<?xml version='1.0'?><s:svg xmlns:s='http://www.w3.org/2000/svg'/>", "image/svg+xml", Family::Svg),
            (b"<?xml version='1.0'?><note/>", "application/xml", Family::Text),
            (b"#!/bin/sh\n", "text/x-script", Family::Program),
            (b"name,age\n\xc3\xa9,3\n", "text/plain", Family::Text),
            (b"\0\x01\x02\x03", "application/octet-stream", Family::Unknown),
            (b"", "text/plain", Family::Text),
        ];
        for (head, media, family) in cases {
            assert_eq!(
                of(head),
                kind(media, *family),
                "{}",
                String::from_utf8_lossy(head)
            );
        }
    }
}
