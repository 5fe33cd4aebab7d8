//! Where records wait: files of one instance, appended to before the answer leaves.
//!
//! What has been handed to the system survives the process, whatever kills it; that
//! is what *acknowledged* means. Segments that the database has not taken at the first
//! try are flushed to the disk as well, so that they survive the machine.
//!
//! Each instance has a folder of its own and holds the lock in it while it lives.
//! A folder whose lock is free belonged to an instance that is dead: whoever finds it
//! sends what is left there. A line that is not whole was never acknowledged.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

const LOCK: &str = "lock";
const ENDING: &str = "log";

/// Lets the sizes of files be known to the writer and to whoever sends them away.
pub(super) type Held = Arc<AtomicU64>;

/// The files of this instance.
pub(super) struct Journal {
    folder: PathBuf,
    _lock: File,
    current: Option<File>,
    number: u64,
    bytes: u64,
    held: Held,
    limit: u64,
}

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Full {
    #[error("the records that wait have reached their limit")]
    Limit,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Journal {
    /// A folder of our own below the given one, readable by nobody else.
    pub(super) fn open(parent: &Path, held: Held, limit: u64) -> io::Result<Self> {
        private(parent)?;
        let (folder, lock) = claim(parent).or_else(|_| claim(parent))?;
        Ok(Self {
            folder,
            _lock: lock,
            current: None,
            number: 0,
            bytes: 0,
            held,
            limit,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends whole lines, all of them or none.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<(), Full> {
        let more = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        if self.held.load(Ordering::Relaxed).saturating_add(more) > self.limit {
            return Err(Full::Limit);
        }
        let mut file = match self.current.take() {
            Some(file) => file,
            None => self.next_segment()?,
        };
        match file.write_all(lines) {
            Ok(()) => {
                self.bytes += more;
                self.held.fetch_add(more, Ordering::Relaxed);
                self.current = Some(file);
                Ok(())
            }
            Err(error) => {
                // Half a line may be there; what follows must not be glued to it.
                let _shorter = file.set_len(self.bytes);
                Err(error.into())
            }
        }
    }

    /// Closes the segment that is written to, so that it can be sent; says the number of the last one.
    pub(super) fn close_segment(&mut self) -> u64 {
        self.current = None;
        self.number
    }

    fn next_segment(&mut self) -> io::Result<File> {
        self.number += 1;
        self.bytes = 0;
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(self.folder.join(format!("{:012}.{ENDING}", self.number)))
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Where segments are left the folder is not empty and stays, for others to find.
        if segments(&self.folder).is_ok_and(|left| left.is_empty()) {
            remove(&self.folder);
        }
    }
}

/// The segments of a folder, the oldest first.
pub(super) fn segments(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Folders of instances that are dead, each with its lock, which is ours from now on.
pub(super) fn orphans(parent: &Path, own: &Path) -> Vec<(PathBuf, File)> {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let folders = entries.flatten().map(|entry| entry.path());
    folders
        .filter(|folder| folder != own && folder.is_dir())
        .filter_map(|folder| {
            let lock = File::open(folder.join(LOCK)).ok()?;
            match lock.try_lock() {
                Ok(()) => Some((folder, lock)),
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => None,
            }
        })
        .collect()
}

/// Removes a folder that has nothing left to send.
pub(super) fn remove(folder: &Path) {
    let _gone = std::fs::remove_file(folder.join(LOCK));
    let _gone = std::fs::remove_dir(folder);
}

/// The whole lines of a segment.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = text
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    text.get(..whole)
        .unwrap_or_default()
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
}

/// A new folder with its lock. Somebody who looks for orphans may be faster by a hair; then another one will do.
fn claim(parent: &Path) -> io::Result<(PathBuf, File)> {
    let folder = parent.join(Uuid::new_v4().to_string());
    private(&folder)?;
    let lock = File::create(folder.join(LOCK))?;
    lock.try_lock().map_err(io::Error::from)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if std::fs::metadata(parent)?.uid() != lock.metadata()?.uid() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the audit's folder is somebody else's",
            ));
        }
    }
    Ok((folder, lock))
}

/// Makes a folder that only we may enter, or makes sure that a present one is no link.
fn private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let is_folder = std::fs::symlink_metadata(folder)?.is_dir();
    if is_folder {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::NotADirectory,
            "the audit's folder is a link or a file",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent() -> PathBuf {
        std::env::temp_dir().join(format!("seawall-journal-{}", Uuid::new_v4()))
    }

    fn open(parent: &Path, limit: u64) -> Journal {
        Journal::open(parent, Held::default(), limit).unwrap()
    }

    #[test]
    fn what_was_appended_is_in_the_file_though_the_process_says_no_more() {
        let parent = parent();
        let mut journal = open(&parent, 1_000);
        journal.append(b"one\n").unwrap();
        journal.append(b"two\nthree\n").unwrap();
        let found = segments(journal.folder()).unwrap();
        let text = std::fs::read(&found[0]).unwrap();
        assert_eq!(
            lines(&text).collect::<Vec<_>>(),
            [b"one".as_slice(), b"two", b"three"]
        );
        std::fs::remove_dir_all(&parent).unwrap();
    }

    #[test]
    fn half_a_line_is_no_record() {
        assert_eq!(lines(b"one\ntw").collect::<Vec<_>>(), [b"one".as_slice()]);
        assert_eq!(lines(b"half").count(), 0);
        assert_eq!(lines(b"").count(), 0);
    }

    #[test]
    fn over_the_limit_nothing_is_written_until_something_is_sent() {
        let parent = parent();
        let mut journal = open(&parent, 8);
        journal.append(b"1234567\n").unwrap();
        assert!(matches!(journal.append(b"8\n"), Err(Full::Limit)));
        journal.held.fetch_sub(8, Ordering::Relaxed);
        journal.append(b"8\n").unwrap();
        std::fs::remove_dir_all(&parent).unwrap();
    }

    #[test]
    fn the_living_are_no_orphans_and_the_dead_are() {
        let parent = parent();
        let (mut one, two) = (open(&parent, 99), open(&parent, 99));
        assert!(orphans(&parent, one.folder()).is_empty());
        one.append(b"left\n").unwrap();
        let (left, own) = (one.folder().to_owned(), two.folder().to_owned());
        drop(one);
        let found: Vec<PathBuf> = orphans(&parent, &own)
            .into_iter()
            .map(|(folder, _)| folder)
            .collect();
        assert_eq!(found, [left]);
        drop(two);
        assert!(!own.exists(), "an empty folder is removed");
        std::fs::remove_dir_all(&parent).unwrap();
    }

    #[test]
    fn a_closed_segment_is_followed_by_another() {
        let parent = parent();
        let mut journal = open(&parent, 99);
        assert_eq!(journal.close_segment(), 0);
        journal.append(b"a\n").unwrap();
        assert_eq!(journal.close_segment(), 1);
        journal.append(b"b\n").unwrap();
        assert_eq!(segments(journal.folder()).unwrap().len(), 2);
        std::fs::remove_dir_all(&parent).unwrap();
    }
}
