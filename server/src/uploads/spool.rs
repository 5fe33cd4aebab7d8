//! Where uploads wait to be judged: files without a name, in a folder with a quota.
//!
//! A file is unlinked as soon as it is open, so a crash leaves nothing behind. Reading is
//! by position: several may read one file at once.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt as _;

use super::refusal::Refusal;

/// As much as is read or written at once.
pub(super) const CHUNK: usize = 64 << 10;

/// The folder and what is in it.
#[derive(Clone)]
pub(super) struct Spool {
    folder: PathBuf,
    limit: u64,
    used: Arc<AtomicU64>,
}

/// A file of the spool, of which so much has been written.
#[derive(Clone)]
pub(super) struct Spooled {
    file: Arc<File>,
    room: Arc<Room>,
    len: u64,
}

/// Bytes of the quota; given back when dropped.
struct Room {
    used: Arc<AtomicU64>,
    bytes: AtomicU64,
}

impl Spool {
    pub(super) fn new(folder: &Path, limit: u64) -> Self {
        Self {
            folder: folder.to_owned(),
            limit,
            used: Arc::default(),
        }
    }

    /// Bytes that wait.
    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// An empty file. Blocks.
    pub(super) fn file(&self) -> Result<Spooled, Refusal> {
        let path = self
            .folder
            .join(format!("seawall-upload-{}", uuid::Uuid::new_v4()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| trouble(&error))?;
        std::fs::remove_file(&path).map_err(|error| trouble(&error))?;
        let room = Room {
            used: Arc::clone(&self.used),
            bytes: AtomicU64::new(0),
        };
        Ok(Spooled {
            file: Arc::new(file),
            room: Arc::new(room),
            len: 0,
        })
    }

    /// Writes at the end of what there is. Blocks.
    pub(super) fn append(&self, to: &mut Spooled, bytes: &[u8]) -> Result<(), Refusal> {
        self.grow(to, bytes.len() as u64)?;
        write_at(&to.file, bytes, to.len).map_err(|error| trouble(&error))?;
        to.len += bytes.len() as u64;
        Ok(())
    }

    /// Takes a body, but not more than `limit` bytes of it, and not slower than a piece in `patience`.
    pub(super) async fn take(
        &self,
        body: Body,
        to: Spooled,
        limit: u64,
        patience: Duration,
    ) -> Result<Spooled, Refusal> {
        let mut stream = body.into_data_stream();
        let mut to = to;
        let begun = to.len;
        let mut waiting = Vec::with_capacity(CHUNK);
        loop {
            let piece = match tokio::time::timeout(patience, stream.next()).await {
                Ok(Some(Ok(piece))) => piece,
                Ok(Some(Err(_))) => return Err(Refusal::Malformed("it broke off")),
                Ok(None) => break,
                Err(_) => return Err(Refusal::Malformed("it stalled")),
            };
            let so_far = to.len - begun + (waiting.len() + piece.len()) as u64;
            if so_far > limit {
                return Err(Refusal::TooLarge(limit));
            }
            waiting.extend_from_slice(&piece);
            if waiting.len() >= CHUNK {
                (to, waiting) = self.write(to, waiting).await?;
            }
        }
        self.write(to, waiting).await.map(|(to, _)| to)
    }

    async fn write(&self, mut to: Spooled, mut bytes: Vec<u8>) -> Result<(Spooled, Vec<u8>), Refusal> {
        if bytes.is_empty() {
            return Ok((to, bytes));
        }
        let spool = self.clone();
        tokio::task::spawn_blocking(move || {
            spool.append(&mut to, &bytes)?;
            bytes.clear();
            Ok((to, bytes))
        })
        .await
        .map_err(|error| Refusal::Spool(error.to_string()))?
    }

    /// Claims room for what is about to be written.
    fn grow(&self, file: &Spooled, by: u64) -> Result<(), Refusal> {
        let wanted = (file.len + by).saturating_sub(file.room.bytes.load(Ordering::Relaxed));
        if wanted == 0 {
            return Ok(());
        }
        let before = self.used.fetch_add(wanted, Ordering::Relaxed);
        file.room.bytes.fetch_add(wanted, Ordering::Relaxed);
        if before + wanted > self.limit {
            Err(Refusal::SpoolFull)
        } else {
            Ok(())
        }
    }
}

impl Spooled {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Forgets what was written behind a position.
    pub(super) fn cut(&mut self, len: u64) {
        self.len = self.len.min(len);
    }

    /// A part of it.
    pub(super) fn slice(&self, start: u64, end: u64) -> Slice {
        let end = end.min(self.len);
        Slice {
            file: self.clone(),
            start: start.min(end),
            end,
            at: start.min(end),
        }
    }

    /// All of it.
    pub(super) fn whole(&self) -> Slice {
        self.slice(0, self.len)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.used
            .fetch_sub(self.bytes.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// A part of a spooled file, to be read from its beginning as often as is wanted.
#[derive(Clone)]
pub(super) struct Slice {
    file: Spooled,
    start: u64,
    end: u64,
    at: u64,
}

impl Slice {
    pub(super) fn len(&self) -> u64 {
        self.end - self.start
    }

    /// The same from its beginning.
    pub(super) fn again(&self) -> Self {
        Self {
            at: self.start,
            ..self.clone()
        }
    }

    /// A part of the part.
    pub(super) fn part(&self, start: u64, end: u64) -> Self {
        self.file
            .slice(self.start + start, (self.start + end).min(self.end))
    }

    /// The first bytes, at most so many. Blocks.
    pub(super) fn head(&self, most: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.again().take(most as u64).read_to_end(&mut head)?;
        Ok(head)
    }

    /// The last bytes, at most so many, and where they begin. Blocks.
    pub(super) fn tail(&self, most: u64) -> io::Result<(u64, Vec<u8>)> {
        let from = self.len().saturating_sub(most);
        let mut tail = Vec::new();
        self.part(from, self.len()).read_to_end(&mut tail)?;
        Ok((from, tail))
    }

    /// The bytes as a stream, a piece at a time.
    pub(super) fn stream(self) -> impl futures_util::Stream<Item = io::Result<Bytes>> + Send {
        futures_util::stream::try_unfold(self.again(), |mut slice| async move {
            let read = tokio::task::spawn_blocking(move || {
                let mut piece = vec![0; CHUNK];
                let count = slice.read(&mut piece)?;
                piece.truncate(count);
                Ok::<_, io::Error>((piece, slice))
            });
            let (piece, slice) = read.await.map_err(io::Error::other)??;
            Ok((!piece.is_empty()).then(|| (Bytes::from(piece), slice)))
        })
    }
}

impl Read for Slice {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let Some(buffer) = buffer.get_mut(..most).filter(|buffer| !buffer.is_empty()) else {
            return Ok(0);
        };
        let count = read_at(&self.file.file, buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Slice {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => self.start.checked_add(position),
            SeekFrom::End(offset) => self.end.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        let position = position
            .filter(|position| *position >= self.start)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the beginning"))?;
        self.at = position;
        Ok(position - self.start)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        bytes = bytes.get(count..).unwrap_or_default();
        at += count as u64;
    }
    Ok(())
}

fn trouble(error: &io::Error) -> Refusal {
    let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
    if full.contains(&error.kind()) {
        return Refusal::SpoolFull;
    }
    Refusal::Spool(format!("the spool of uploads: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(limit: u64) -> Spool {
        Spool::new(&std::env::temp_dir(), limit)
    }

    #[tokio::test]
    async fn a_body_is_kept_and_its_room_given_back() {
        let spool = spool(1 << 20);
        let text = "x".repeat(200_000);
        let kept = spool
            .take(
                Body::from(text.clone()),
                spool.file().unwrap(),
                1 << 20,
                Duration::from_secs(1),
            )
            .await
            .unwrap();
        assert_eq!((kept.len(), spool.used()), (200_000, 200_000));
        let mut read = String::new();
        kept.whole().read_to_string(&mut read).unwrap();
        assert!(read == text);
        drop(kept);
        assert_eq!(spool.used(), 0);
    }

    #[tokio::test]
    async fn neither_limit_nor_quota_is_passed() {
        let spool = spool(100_000);
        let take = |bytes: usize, limit| {
            let spool = spool.clone();
            async move {
                let file = spool.file().unwrap();
                spool
                    .take(Body::from(vec![0; bytes]), file, limit, Duration::from_secs(1))
                    .await
                    .err()
            }
        };
        assert_eq!(take(100, 99).await, Some(Refusal::TooLarge(99)));
        assert_eq!(take(100_001, 1 << 20).await, Some(Refusal::SpoolFull));
        assert_eq!(spool.used(), 0);
        assert_eq!(take(100_000, 1 << 20).await, None);
    }

    #[test]
    fn a_part_is_read_as_if_it_were_all() {
        let spool = spool(1 << 20);
        let mut file = spool.file().unwrap();
        spool.append(&mut file, b"0123456789").unwrap();
        let mut part = file.slice(2, 7);
        assert_eq!(part.seek(SeekFrom::End(-2)).unwrap(), 3);
        let mut rest = String::new();
        part.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "56");
        assert_eq!(part.head(3).unwrap(), b"234");
        assert_eq!(part.tail(2).unwrap(), (3, b"56".to_vec()));
        assert!(part.seek(SeekFrom::Current(-100)).is_err());
    }
}
