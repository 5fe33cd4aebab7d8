//! Two files in one: an image that is also an archive, a document or a page.
//!
//! ZIP is read from its end, so one can be hung on any file; a PDF may begin anywhere in the
//! first kilobyte; a browser that is persuaded to guess reads markup wherever it stands.
//! Bytes behind an image's end alone are no fault: telephones keep films and depths there.

use std::io::{self, Read};

use super::content::Family;
use super::refusal::Refusal;
use super::spool::{CHUNK, Slice};

const END_OF_ZIP: &[u8] = b"PK\x05\x06";
const END_LEN: usize = 22;
/// The end of a ZIP with the longest comment.
const ZIP_TAIL: u64 = 22 + 65_535;
const PDF_HEAD: usize = 1024;

const MARKUP: [&[u8]; 5] = [b"<script", b"<?php", b"<html", b"<!doctype html", b"<iframe"];
const LONGEST: usize = 16;

/// Refuses what is something else as well.
pub(super) fn is_one_thing(content: &Slice, family: Family) -> Result<(), Refusal> {
    let broken = |_| Refusal::Spool("an upload could not be read again".to_owned());
    let (is_zip, is_pdf) = (family == Family::Zip, family == Family::Pdf);
    if !is_zip && ends_as_zip(content).map_err(broken)? {
        return Err(Refusal::Polyglot("an archive at its end"));
    }
    if !is_pdf && family != Family::Text && contains(&content.head(PDF_HEAD).map_err(broken)?, b"%PDF-") {
        return Err(Refusal::Polyglot("a PDF at its beginning"));
    }
    match family {
        Family::Image if has_markup(content).map_err(broken)? => {
            Err(Refusal::Polyglot("a page or script inside it"))
        }
        Family::Image if has_document(content).map_err(broken)? => Err(Refusal::Polyglot("a PDF inside it")),
        Family::Image
        | Family::Svg
        | Family::Media
        | Family::Pdf
        | Family::Zip
        | Family::Gzip
        | Family::Sealed
        | Family::Program
        | Family::Text
        | Family::Other
        | Family::Unknown => Ok(()),
    }
}

/// Whether an archive's directory ends where the file ends.
fn ends_as_zip(content: &Slice) -> io::Result<bool> {
    let (_, tail) = content.tail(ZIP_TAIL)?;
    let ends = tail
        .windows(END_OF_ZIP.len())
        .enumerate()
        .filter(|(_, window)| *window == END_OF_ZIP);
    for (at, _) in ends {
        let record = tail.get(at..at + END_LEN).unwrap_or_default();
        if let [.., low, high] = record {
            let comment = usize::from(u16::from_le_bytes([*low, *high]));
            // A little more than its comment is forgiven by readers, so it is not here.
            if tail.len() - at >= END_LEN && tail.len() - at - END_LEN >= comment {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// A whole head and end of a PDF; four letters alone would come by chance.
fn has_document(content: &Slice) -> io::Result<bool> {
    let mut begun = false;
    let mut ended = false;
    scan(content, |bytes| {
        begun |= contains(bytes, b"%PDF-1.") || contains(bytes, b"%PDF-2.");
        ended |= begun && contains(bytes, b"%%EOF");
        ended
    })
}

fn has_markup(content: &Slice) -> io::Result<bool> {
    scan(content, |bytes| {
        bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'<')
            .any(|(at, _)| {
                let from = bytes.get(at..).unwrap_or_default();
                MARKUP.iter().any(|word| {
                    from.get(..word.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(word))
                })
            })
    })
}

/// Shows all bytes, each with what is around it, until something is found.
fn scan(content: &Slice, mut found: impl FnMut(&[u8]) -> bool) -> io::Result<bool> {
    let mut content = content.again();
    let mut window = Vec::with_capacity(CHUNK + LONGEST);
    let mut piece = vec![0; CHUNK];
    loop {
        let count = content.read(&mut piece)?;
        if count == 0 {
            return Ok(false);
        }
        window.extend_from_slice(piece.get(..count).unwrap_or_default());
        if found(&window) {
            return Ok(true);
        }
        let kept = window.len().saturating_sub(LONGEST);
        window.drain(..kept);
    }
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::super::spool::Spool;
    use super::*;

    fn judged(bytes: &[u8], family: Family) -> Result<(), Refusal> {
        let spool = Spool::new(&std::env::temp_dir(), 1 << 24);
        let mut file = spool.file().unwrap();
        spool.append(&mut file, bytes).unwrap();
        is_one_thing(&file.whole(), family)
    }

    fn empty_zip() -> Vec<u8> {
        [END_OF_ZIP, &[0; 18]].concat()
    }

    #[test]
    fn an_archive_hung_on_an_image_is_found() {
        let image = [&b"\x89PNG\r\n\x1a\n"[..], &[7; 100_000]].concat();
        assert_eq!(judged(&image, Family::Image), Ok(()));
        let both = [image.as_slice(), &empty_zip()].concat();
        assert_eq!(
            judged(&both, Family::Image),
            Err(Refusal::Polyglot("an archive at its end"))
        );
        assert_eq!(judged(&empty_zip(), Family::Zip), Ok(()));
        let padded = [both.as_slice(), b"a few more bytes"].concat();
        assert!(judged(&padded, Family::Image).is_err());
    }

    #[test]
    fn markup_is_found_wherever_a_piece_is_cut() {
        for before in [0, CHUNK - 3, CHUNK, 3 * CHUNK - 7] {
            let bytes = [&vec![b'x'; before][..], b"<ScRiPt>alert(1)</script>"].concat();
            assert!(judged(&bytes, Family::Image).is_err(), "{before}");
        }
        assert_eq!(
            judged(b"x<x:xmpmeta xmlns:x='adobe:ns:meta/'>", Family::Image),
            Ok(())
        );
    }

    #[test]
    fn a_document_in_an_image_is_found() {
        assert!(judged(b"GIF89a %PDF-1.4", Family::Image).is_err());
        let far = [
            &vec![b'x'; 200_000][..],
            b"%PDF-1.7\n",
            &vec![b'y'; 100_000],
            b"%%EOF",
        ]
        .concat();
        assert!(judged(&far, Family::Image).is_err());
        assert_eq!(judged(b"%PDF-1.7\n%%EOF", Family::Pdf), Ok(()));
    }
}
