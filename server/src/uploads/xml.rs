//! XML that is data: a document that a browser would show as a page runs what is in it.
//!
//! Served as XML, elements of XHTML and SVG are what they are in a page, scripts included, wherever in the document
//! they stand; a style sheet can make them of anything. An image is looked into ([`super::svg`]); data has no need of
//! either, so it is enough to look for what brings them in: their namespaces, in any spelling, declarations that could
//! hide one, and style sheets. That needs no more memory than a window, however large the document is.

use std::io::Read;

use super::refusal::Refusal;
use super::spool::CHUNK;

const RUNNING: [(&[u8], &str); 5] = [
    (b"://www.w3.org/1999/xhtml", "a page inside the document"),
    (b"://www.w3.org/2000/svg", "an image inside the document"),
    (b"<?xml-stylesheet", "a style sheet"),
    (b"<!ENTITY", "a document type with entities"),
    (b"<!ATTLIST", "a document type with attributes"),
];
const NAMESPACE: &[u8] = b"xmlns";
/// A namespace's name is no longer than this, with all that is around it.
const AHEAD: usize = 512;

/// Refuses a document that a browser could run something of.
pub(super) fn is_data(mut content: impl Read) -> Result<(), Refusal> {
    let mut window = Vec::with_capacity(CHUNK + AHEAD);
    let mut piece = vec![0; CHUNK];
    loop {
        let count = content.read(&mut piece).map_err(|_| unreadable())?;
        window.extend_from_slice(piece.get(..count).unwrap_or_default());
        let certain = if count == 0 {
            window.len()
        } else {
            window.len().saturating_sub(AHEAD)
        };
        for at in memchr::memchr3_iter(b':', b'<', b'x', window.get(..certain).unwrap_or_default()) {
            check(window.get(at..).unwrap_or_default())?;
        }
        if count == 0 {
            return Ok(());
        }
        window.drain(..certain);
    }
}

fn check(here: &[u8]) -> Result<(), Refusal> {
    let found = RUNNING.iter().find(|(word, _)| here.starts_with(word));
    if let Some((_, what)) = found {
        return Err(Refusal::Script(what));
    }
    match here.strip_prefix(NAMESPACE) {
        Some(after) if !is_plain(after.get(..AHEAD).unwrap_or(after)) => {
            Err(Refusal::Script("a namespace that is spelt so as to hide"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether a namespace is named in letters: `:x="name"`, without references. What is no declaration is plain too.
fn is_plain(after: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b":-_.".contains(byte) || !byte.is_ascii();
    let mut rest = after.iter().skip_while(|byte| is_name(byte));
    let Some(sign) = rest.find(|byte| !byte.is_ascii_whitespace()) else {
        return after.len() < AHEAD;
    };
    if *sign != b'=' {
        return true;
    }
    let quote = rest.find(|byte| !byte.is_ascii_whitespace());
    match quote {
        Some(quote @ (b'"' | b'\'')) => {
            let end = rest.find(|byte| *byte == quote || **byte == b'&');
            end == Some(quote)
        }
        Some(_) | None => false,
    }
}

fn unreadable() -> Refusal {
    Refusal::Spool("an upload could not be read again".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(text: &str) -> bool {
        is_data(text.as_bytes()).is_err()
    }

    #[test]
    fn data_passes() {
        for text in [
            "<?xml version=\"1.0\"?><note><script>words</script></note>",
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"><link href='x'/></feed>",
            "<r xmlns:xsi = 'http://www.w3.org/2001/XMLSchema-instance' xsi:nil=\"true\">a &amp; b</r>",
            "<!DOCTYPE rss PUBLIC \"-//x\" \"x.dtd\"><rss>about xmlns and svg</rss>",
            "<a b=\"xmlns\"/>",
            "",
        ] {
            assert!(!is_refused(text), "{text}");
        }
    }

    #[test]
    fn no_page_or_image_passes_as_data_wherever_it_stands() {
        for text in [
            "<x xmlns=\"http://www.w3.org/1999/xhtml\"><script>alert(1)</script></x>",
            "<a><s:script xmlns:s='http://www.w3.org/2000/svg'/></a>",
            "<x xmlns=\"&#104;ttp://www.w3.org/1999/xht&#109;l\"/>",
            "<x xmlns\n=\n'http://www.w3.org/1999/&x;'/>",
            "<?xml-stylesheet type=\"text/xsl\" href=\"x\"?><a/>",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>",
            "<!DOCTYPE a [<!ATTLIST a xmlns CDATA #FIXED 'x'>]><a/>",
        ] {
            assert!(is_refused(text), "{text}");
            for before in [CHUNK - 20, CHUNK - AHEAD, 3 * CHUNK] {
                let padded = format!("<!--{}-->{text}", "-".repeat(before));
                assert!(is_refused(&padded), "{text} behind {before}");
            }
        }
        let far = format!("<x xmlns{}=\"&#104;\"/>", " ".repeat(2 * AHEAD));
        assert!(is_refused(&far));
    }
}
