//! What an archive unpacks to, found out by unpacking it: sizes that archives state are their authors' word.
//!
//! Every byte of every entry is unpacked and counted, nested archives included, and thrown
//! away; what is over a bound ends it at once. Overlapping entries are thereby counted as
//! often as they would be written. An archive that cannot be looked into is refused.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use super::content::{self, Family};
use super::refusal::Refusal;
use super::spool::{CHUNK, Slice, Spool};
use crate::config::UploadConfig;

/// A small archive may grow to this, whatever the ratio.
const ALWAYS: u64 = 1 << 20;
const CENTRAL: &[u8] = b"PK\x01\x02";

/// What may still be unpacked.
struct Budget {
    bytes: u64,
    entries: u64,
}

/// Unpacks archives into nothing.
pub(super) struct Weighing<'config> {
    pub(super) spool: &'config Spool,
    pub(super) config: &'config UploadConfig,
}

impl Weighing<'_> {
    /// Refuses an archive that is a bomb, or that hides what it is.
    pub(super) fn weigh(&self, content: &Slice, family: Family) -> Result<(), Refusal> {
        let by_ratio = content
            .len()
            .saturating_mul(self.config.archive_ratio)
            .max(ALWAYS);
        let mut budget = Budget {
            bytes: by_ratio.min(self.config.archive_bytes),
            entries: self.config.archive_entries,
        };
        self.open(content, family, 1, &mut budget)
    }

    fn open(&self, content: &Slice, family: Family, depth: u32, budget: &mut Budget) -> Result<(), Refusal> {
        if depth > self.config.archive_depth {
            return Err(Refusal::Bomb("archives inside archives"));
        }
        match family {
            Family::Zip => self.zip(content, depth, budget),
            Family::Gzip => self.unpacked(MultiGzDecoder::new(content.again()), depth, budget),
            Family::Image
            | Family::Svg
            | Family::Media
            | Family::Pdf
            | Family::Sealed
            | Family::Program
            | Family::Text
            | Family::Other
            | Family::Unknown => Ok(()),
        }
    }

    fn zip(&self, content: &Slice, depth: u32, budget: &mut Budget) -> Result<(), Refusal> {
        // The directory is read into memory whole: its length is bounded before it is.
        if entries(content, budget.entries)? > budget.entries {
            return Err(Refusal::Bomb("too many entries"));
        }
        let mut archive = ZipArchive::new(content.again()).map_err(|_| Refusal::Archive("it is damaged"))?;
        for index in 0..archive.len() {
            budget.entries = budget
                .entries
                .checked_sub(1)
                .ok_or(Refusal::Bomb("too many entries"))?;
            let entry = archive.by_index(index).map_err(|error| unopened(&error))?;
            if entry.enclosed_name().is_none() {
                return Err(Refusal::Archive("a name in it leads out of it"));
            }
            if !entry.is_dir() {
                self.unpacked(entry, depth, budget)?;
            }
        }
        Ok(())
    }

    /// One unpacked file: counted, and opened if it is an archive itself.
    fn unpacked(&self, mut from: impl Read, depth: u32, budget: &mut Budget) -> Result<(), Refusal> {
        let mut head = Vec::new();
        from.by_ref()
            .take(content::HEAD as u64)
            .read_to_end(&mut head)
            .map_err(damaged)?;
        spend(budget, head.len())?;
        let family = content::of(&head).family;
        let nested = matches!(family, Family::Zip | Family::Gzip);
        if nested && depth >= self.config.archive_depth {
            return Err(Refusal::Bomb("archives inside archives"));
        }
        let mut kept = if nested { Some(self.spool.file()?) } else { None };
        let mut piece = head;
        loop {
            if let Some(kept) = &mut kept {
                self.spool.append(kept, &piece)?;
            }
            piece.resize(CHUNK, 0);
            let count = from.read(&mut piece).map_err(damaged)?;
            piece.truncate(count);
            if count == 0 {
                break;
            }
            spend(budget, count)?;
        }
        match kept {
            Some(kept) => self.open(&kept.whole(), family, depth + 1, budget),
            None => Ok(()),
        }
    }
}

fn spend(budget: &mut Budget, bytes: usize) -> Result<(), Refusal> {
    budget.bytes = budget
        .bytes
        .checked_sub(bytes as u64)
        .ok_or(Refusal::Bomb("too many bytes"))?;
    Ok(())
}

/// How many directory entries there are at most, or one more than are allowed.
fn entries(content: &Slice, most: u64) -> Result<u64, Refusal> {
    let mut content = content.again();
    let mut count = 0;
    let mut window: Vec<u8> = Vec::with_capacity(CHUNK + CENTRAL.len());
    let mut piece = vec![0; CHUNK];
    loop {
        let read = content.read(&mut piece).map_err(damaged)?;
        if read == 0 || count > most {
            return Ok(count);
        }
        window.extend_from_slice(piece.get(..read).unwrap_or_default());
        count += window
            .windows(CENTRAL.len())
            .filter(|bytes| *bytes == CENTRAL)
            .count() as u64;
        let kept = window.len().saturating_sub(CENTRAL.len() - 1);
        window.drain(..kept);
    }
}

fn unopened(error: &zip::result::ZipError) -> Refusal {
    use zip::result::ZipError;
    match error {
        ZipError::UnsupportedArchive(_) | ZipError::InvalidPassword => {
            Refusal::Archive("an entry is encrypted, or packed in a way that is not known here")
        }
        ZipError::Io(_) | ZipError::InvalidArchive(_) | ZipError::FileNotFound | _ => {
            Refusal::Archive("it is damaged")
        }
    }
}

fn damaged(_: io::Error) -> Refusal {
    Refusal::Archive("it is damaged")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::config::{Config, Source};

    fn weigh(bytes: &[u8], settings: &[(&str, &str)]) -> Result<(), Refusal> {
        let pairs = [("DATABASE_URL", "postgres://u@127.0.0.1/x")];
        let config = Config::load(Source::from_pairs(pairs.iter().chain(settings).copied()))
            .unwrap()
            .uploads;
        let spool = Spool::new(&std::env::temp_dir(), 1 << 30);
        let mut file = spool.file().unwrap();
        spool.append(&mut file, bytes).unwrap();
        let weighing = Weighing {
            spool: &spool,
            config: &config,
        };
        weighing.weigh(&file.whole(), content::of(bytes).family)
    }

    fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn an_honest_archive_passes() {
        assert_eq!(
            weigh(&zipped(&[("a.txt", b"hello"), ("b/c.txt", &[b'x'; 10_000])]), &[]),
            Ok(())
        );
        assert_eq!(weigh(&gzipped(b"hello"), &[]), Ok(()));
        assert_eq!(
            weigh(&zipped(&[("inner.zip", &zipped(&[("a", b"x")]))]), &[]),
            Ok(())
        );
    }

    #[test]
    fn a_bomb_is_found_by_its_bytes() {
        let zeros = vec![0; 8 << 20];
        let bomb = Err(Refusal::Bomb("too many bytes"));
        assert_eq!(weigh(&zipped(&[("a", &zeros)]), &[]), bomb);
        assert_eq!(weigh(&gzipped(&zeros), &[]), bomb);
        let nested = zipped(&[("a.zip", &zipped(&[("a", &zeros)])), ("b.gz", &gzipped(&zeros))]);
        assert_eq!(weigh(&nested, &[]), bomb);
        let roomy = ("SEAWALL_UPLOAD_ARCHIVE_RATIO", "100000");
        assert_eq!(weigh(&zipped(&[("a", &zeros)]), &[roomy]), Ok(()));
        assert_eq!(
            weigh(
                &zipped(&[("a", &zeros)]),
                &[roomy, ("SEAWALL_UPLOAD_ARCHIVE_BYTES", "1048576")]
            ),
            bomb
        );
    }

    #[test]
    fn a_bomb_is_found_by_its_entries_and_its_depth() {
        let many: Vec<(String, &[u8])> = (0..50).map(|index| (format!("{index}"), &b""[..])).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        let few = ("SEAWALL_UPLOAD_ARCHIVE_ENTRIES", "49");
        assert_eq!(
            weigh(&zipped(&many), &[few]),
            Err(Refusal::Bomb("too many entries"))
        );
        assert_eq!(weigh(&zipped(&many), &[]), Ok(()));
        let deep = zipped(&[("a", &gzipped(&zipped(&[("a", b"x")])))]);
        assert_eq!(weigh(&deep, &[]), Err(Refusal::Bomb("archives inside archives")));
    }

    #[test]
    fn names_that_lead_out_and_damage_are_refused() {
        assert!(matches!(
            weigh(&zipped(&[("../../etc/passwd", b"x")]), &[]),
            Err(Refusal::Archive(_))
        ));
        let mut cut = zipped(&[("a.txt", &[b'x'; 1000])]);
        cut.truncate(cut.len() - 30);
        assert!(matches!(weigh(&cut, &[]), Err(Refusal::Archive(_))));
    }
}
