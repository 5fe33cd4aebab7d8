//! A form with files in it, read where it was spooled and written anew for the upstream.
//!
//! Two parsers can read one form differently, and what the upstream then takes for the
//! file was never judged. So it gets a form of our making: the parts that were understood,
//! with plain headers and a boundary of our own.

use std::io::{self, Read};

use super::refusal::Refusal;
use super::rules::Claims;
use super::spool::{CHUNK, Slice};

const MOST_PARTS: usize = 100;
const MOST_HEAD: usize = 8 << 10;
/// A part without a file's name is a field, and small.
const MOST_FIELD: u64 = 64 << 10;

/// A part of a form.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) claims: Claims,
    pub(super) is_file: bool,
    pub(super) content: Slice,
}

/// The boundary of a form's media type.
pub(super) fn boundary(media: &str) -> Option<String> {
    let mut parameters = media.split(';');
    let kind = parameters.next()?.trim();
    if !kind.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("boundary")
            .then(|| value.trim().trim_matches('"').to_owned())
    });
    // Nothing is split by an empty boundary, so nothing is understood.
    Some(boundary.unwrap_or_default())
}

/// The parts of a form. Blocks.
pub(super) fn parts(form: &Slice, boundary: &str) -> Result<Vec<Part>, Refusal> {
    let usable =
        (1..=70).contains(&boundary.len()) && boundary.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !usable {
        return Err(malformed("its boundary"));
    }
    let marks =
        marks(form, format!("--{boundary}").as_bytes()).map_err(|_| malformed("it could not be read"))?;
    let mut parts = Vec::new();
    for pair in marks.windows(2) {
        let [this, next] = pair else { continue };
        if this.is_last {
            return Err(malformed("it goes on behind its end"));
        }
        if parts.len() >= MOST_PARTS {
            return Err(malformed("too many parts"));
        }
        parts.push(part(form, this.after, next.at)?);
    }
    match marks.last() {
        Some(last) if last.is_last && !parts.is_empty() => Ok(parts),
        Some(_) | None => Err(malformed("it does not end")),
    }
}

/// Where a boundary's line begins (its line break included) and ends.
struct Mark {
    at: u64,
    after: u64,
    is_last: bool,
}

fn marks(form: &Slice, mark: &[u8]) -> io::Result<Vec<Mark>> {
    let mut found = Vec::new();
    let mut reader = form.again();
    let mut window: Vec<u8> = Vec::with_capacity(2 * CHUNK);
    let mut offset = 0_u64;
    let mut piece = vec![0; CHUNK];
    // A mark, the line break before it and the four bytes behind it.
    let overlap = mark.len() + 8;
    loop {
        let count = reader.read(&mut piece)?;
        window.extend_from_slice(piece.get(..count).unwrap_or_default());
        let ended = count == 0;
        let certain = if ended {
            window.len()
        } else {
            window.len().saturating_sub(overlap)
        };
        let mut at = 0;
        while at < certain {
            let Some(next) = window
                .get(at..)
                .and_then(|rest| find(rest, mark))
                .map(|next| at + next)
            else {
                break;
            };
            if next >= certain {
                break;
            }
            if let Some(mark) = line(&window, next, mark.len(), offset) {
                found.push(mark);
            }
            if found.len() > MOST_PARTS + 2 {
                return Ok(found);
            }
            at = next + mark.len();
        }
        if ended {
            return Ok(found);
        }
        // Two bytes more stay, for the line break before a mark.
        let drop = certain.saturating_sub(2).min(window.len());
        window.drain(..drop);
        offset += drop as u64;
    }
}

/// A mark is one at the beginning of a line, with nothing behind it but its own dashes.
fn line(window: &[u8], at: usize, len: usize, offset: u64) -> Option<Mark> {
    let first = offset == 0 && at == 0;
    if !first && window.get(at.checked_sub(2)?..at) != Some(b"\r\n") {
        return None;
    }
    let begins = offset + at as u64 - if first { 0 } else { 2 };
    let after = offset + (at + len) as u64;
    let behind = window.get(at + len..).unwrap_or_default();
    if behind.starts_with(b"--") {
        return Some(Mark {
            at: begins,
            after: after + 2,
            is_last: true,
        });
    }
    behind.starts_with(b"\r\n").then_some(Mark {
        at: begins,
        after: after + 2,
        is_last: false,
    })
}

fn part(form: &Slice, from: u64, to: u64) -> Result<Part, Refusal> {
    let whole = form.part(from, to);
    let head = whole
        .head(MOST_HEAD)
        .map_err(|_| malformed("it could not be read"))?;
    let (end, skip) = if head.starts_with(b"\r\n") {
        (0, 2)
    } else {
        (
            find(&head, b"\r\n\r\n").ok_or_else(|| malformed("a part without a head"))?,
            4,
        )
    };
    let text = head.get(..end).unwrap_or_default();
    let text = std::str::from_utf8(text).map_err(|_| malformed("a part's head"))?;
    let header = |wanted: &str| {
        text.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim()
                .eq_ignore_ascii_case(wanted)
                .then(|| value.trim().to_owned())
        })
    };
    if header("content-transfer-encoding")
        .is_some_and(|encoding| !["7bit", "8bit", "binary"].contains(&encoding.as_str()))
    {
        return Err(malformed("a part in an encoding of its own"));
    }
    let disposition = header("content-disposition").ok_or_else(|| malformed("a part without a name"))?;
    let name = parameter(&disposition, "name").ok_or_else(|| malformed("a part without a name"))?;
    let file_name = parameter(&disposition, "filename").or_else(|| parameter(&disposition, "filename*"));
    let media = header("content-type");
    let content = whole.part((end + skip) as u64, whole.len());
    // supabase-js gives the file no name at all.
    let is_file = file_name.is_some() || media.is_some() || name.is_empty();
    if !is_file && content.len() > MOST_FIELD {
        return Err(malformed("a field as large as a file"));
    }
    let claims = Claims {
        media,
        name: file_name,
    };
    Ok(Part {
        name,
        claims,
        is_file,
        content,
    })
}

/// A parameter of a `Content-Disposition`, as browsers write it.
fn parameter(disposition: &str, wanted: &str) -> Option<String> {
    let mut rest = disposition.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after
                .split_once(';')
                .map_or((after, ""), |(value, next)| (value.trim(), next)),
        };
        if name
            .trim()
            .trim_start_matches(';')
            .trim()
            .eq_ignore_ascii_case(wanted)
        {
            return Some(value.to_owned());
        }
        rest = next;
    }
}

/// A piece of a form that is written.
pub(super) enum Piece {
    Text(String),
    Content(Slice),
}

/// The same parts as a new form; the media type, its length and its pieces in order.
pub(super) fn written(parts: Vec<Part>) -> (String, u64, Vec<Piece>) {
    let boundary = format!("seawall-{}", uuid::Uuid::new_v4().simple());
    let mut pieces = Vec::new();
    for part in parts {
        let mut head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
            plain(&part.name)
        );
        if part.is_file {
            let name = part.claims.name.as_deref().unwrap_or("blob");
            head.push_str(&format!("; filename=\"{}\"", plain(name)));
        }
        if let Some(media) = &part.claims.media {
            head.push_str(&format!("\r\nContent-Type: {}", plain(media)));
        }
        head.push_str("\r\n\r\n");
        pieces.push(Piece::Text(head));
        pieces.push(Piece::Content(part.content));
        pieces.push(Piece::Text("\r\n".to_owned()));
    }
    pieces.push(Piece::Text(format!("--{boundary}--\r\n")));
    let len = pieces.iter().map(Piece::len).sum();
    (format!("multipart/form-data; boundary={boundary}"), len, pieces)
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Content(content) => content.len(),
        }
    }
}

/// Without what would end a quoted text or a line.
fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if letter.is_control() || letter == '"' || letter == '\\' {
                '_'
            } else {
                letter
            }
        })
        .collect()
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    let first = *word.first()?;
    let mut from = 0;
    loop {
        let rest = bytes.get(from..)?;
        let at = from + rest.iter().position(|byte| *byte == first)?;
        if bytes.get(at..at + word.len()) == Some(word) {
            return Some(at);
        }
        from = at + 1;
    }
}

fn malformed(what: &'static str) -> Refusal {
    Refusal::Malformed(what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::spool::Spool;
    use super::*;

    /// Name, name of the file, content.
    type Plain = (String, Option<String>, Vec<u8>);

    fn parsed(form: &[u8], boundary: &str) -> Result<Vec<Plain>, Refusal> {
        let spool = Spool::new(&std::env::temp_dir(), 1 << 26);
        let mut file = spool.file().unwrap();
        spool.append(&mut file, form).unwrap();
        let parts = parts(&file.whole(), boundary)?;
        let read = |part: &Part| {
            let mut bytes = Vec::new();
            part.content.again().read_to_end(&mut bytes).unwrap();
            (part.name.clone(), part.claims.name.clone(), bytes)
        };
        Ok(parts.iter().map(read).collect())
    }

    fn form(content: &[u8]) -> Vec<u8> {
        let head = b"--B\r\nContent-Disposition: form-data; name=\"cacheControl\"\r\n\r\n3600\r\n\
            --B\r\nContent-Disposition: form-data; name=\"\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n";
        [&head[..], content, b"\r\n--B--\r\n"].concat()
    }

    #[test]
    fn what_supabase_js_sends_is_understood() {
        let parts = parsed(&form(b"bytes\r\n--C"), "B").unwrap();
        assert_eq!(parts[0], ("cacheControl".to_owned(), None, b"3600".to_vec()));
        assert_eq!(
            parts[1],
            (String::new(), Some("a.png".to_owned()), b"bytes\r\n--C".to_vec())
        );
    }

    #[test]
    fn media_types_name_their_boundary() {
        assert_eq!(
            boundary("multipart/form-data; boundary=\"a b\"").as_deref(),
            Some("a b")
        );
        assert_eq!(
            boundary("Multipart/Form-Data;charset=x; Boundary=abc").as_deref(),
            Some("abc")
        );
        assert_eq!(boundary("multipart/form-data").as_deref(), Some(""));
        assert_eq!(boundary("image/png"), None);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let whole = form(b"x");
        assert!(parsed(&whole, "").is_err() && parsed(&whole, "C").is_err());
        assert!(parsed(&whole[..whole.len() - 6], "B").is_err());
        let after = [
            &whole[..],
            b"--B\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nhidden\r\n--B--",
        ]
        .concat();
        assert!(parsed(&after, "B").is_err());
        assert!(parsed(b"--B\r\nContent-Type: image/png\r\n\r\nx\r\n--B--", "B").is_err());
        let encoded = b"--B\r\nContent-Disposition: form-data; name=\"f\"\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--B--";
        assert!(parsed(encoded, "B").is_err());
    }

    #[test]
    fn a_new_form_has_the_parts_and_nothing_else() {
        let spool = Spool::new(&std::env::temp_dir(), 1 << 26);
        let mut file = spool.file().unwrap();
        spool.append(&mut file, &form(b"content")).unwrap();
        let (media, len, pieces) = written(parts(&file.whole(), "B").unwrap());
        let mut bytes = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => bytes.extend_from_slice(text.as_bytes()),
                Piece::Content(content) => drop(content.again().read_to_end(&mut bytes).unwrap()),
            }
        }
        assert_eq!(bytes.len() as u64, len);
        let again = parsed(&bytes, &boundary(&media).unwrap()).unwrap();
        assert_eq!(
            again[1],
            (String::new(), Some("a.png".to_owned()), b"content".to_vec())
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_content_comes_out_as_it_went_in(
            noise in proptest::collection::vec(prop_oneof![Just(b"\r\n".to_vec()), Just(b"--".to_vec()), Just(b"--A".to_vec()), proptest::collection::vec(any::<u8>(), 0..400)], 0..20),
            long in 0_usize..150_000,
        ) {
            let mut content = vec![b'-'; long];
            content.extend(noise.concat());
            prop_assume!(find(&content, b"\r\n--B").is_none() && !content.starts_with(b"--B"));
            let parts = parsed(&form(&content), "B").unwrap();
            prop_assert_eq!(&parts[1].2, &content);
        }
    }
}
