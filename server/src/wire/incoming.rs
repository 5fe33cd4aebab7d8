//! What was read off the socket and is not understood yet.
//!
//! A length is a claim: room is made for bytes that come, not for bytes that are announced, and what announces
//! more than a message can have is refused. A row that is larger than it should be in memory is taken apart
//! before it is whole: its columns but the last, and then the last in pieces.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use postgres_protocol::message::backend::{
    DATA_ROW_TAG, ERROR_RESPONSE_TAG, Header, Message, NOTICE_RESPONSE_TAG,
};

use super::{Row, WireError};

const FIRST_BUFFER: usize = 8 << 10;
/// A buffer that an unusual answer has made larger than this is not kept.
const LARGEST_KEPT: usize = 256 << 10;
/// How much is read at once of what is large.
const PIECE: usize = 64 << 10;
/// PostgreSQL makes no value larger than this, nor a row; a function may raise an error of that size.
const MOST_ROW: usize = 1 << 30;
const MOST_OTHER: usize = 1 << 20;
/// The columns before the last are few and small, or the row is read as a whole.
const MOST_HEAD: usize = 64 << 10;
const HEADER: usize = 5;

/// Bytes in the order they came.
pub(super) struct Incoming {
    buffer: BytesMut,
}

/// A row of which only the last column is still to come.
#[derive(Debug)]
pub(crate) struct Head {
    /// The row, its last column empty.
    pub(super) row: Row,
    left: usize,
}

/// What a row larger than it should be looks like so far.
#[derive(Debug)]
pub(super) enum Begun {
    /// Too little is there to tell.
    Unclear,
    /// It is small, or no row, or must be read as a whole.
    Ordinary,
    Large(Head),
}

impl Head {
    /// The row so far, its last column empty.
    pub(crate) fn row(&self) -> &Row {
        &self.row
    }

    /// Bytes of the last column that are still to come.
    pub(crate) fn left(&self) -> usize {
        self.left
    }
}

impl Incoming {
    pub(super) fn new() -> Self {
        Self {
            buffer: BytesMut::with_capacity(FIRST_BUFFER),
        }
    }

    /// Where more is to be read into; `announced` is how much is still to come, as far as that is known.
    pub(super) fn room(&mut self, announced: usize) -> &mut BytesMut {
        let there = self.buffer.len();
        if self.buffer.capacity() - there < announced.clamp(1, FIRST_BUFFER) {
            // As much again as there is, so that moving it costs little, however much is announced.
            let more = announced.clamp(FIRST_BUFFER, there.max(PIECE));
            self.buffer.reserve(more);
        }
        &mut self.buffer
    }

    /// How much of the next message is still to come, as far as it says.
    pub(super) fn missing(&self) -> usize {
        let whole = self.header().ok().flatten().map_or(HEADER, |(_, whole)| whole);
        whole.saturating_sub(self.buffer.len())
    }

    /// The next message, if it is there as a whole.
    pub(super) fn message(&mut self) -> Result<Option<Message>, WireError> {
        let Some((tag, whole)) = self.header()? else {
            return Ok(None);
        };
        let most = match tag {
            DATA_ROW_TAG | ERROR_RESPONSE_TAG | NOTICE_RESPONSE_TAG => MOST_ROW,
            _ => MOST_OTHER,
        };
        if whole > most {
            return Err(WireError::Protocol("a message larger than any can be"));
        }
        if self.buffer.len() < whole {
            return Ok(None);
        }
        Ok(Message::parse(&mut self.buffer)?)
    }

    fn header(&self) -> Result<Option<(u8, usize)>, WireError> {
        let Some(header) = Header::parse(&self.buffer)? else {
            return Ok(None);
        };
        let whole = usize::try_from(header.len())
            .ok()
            .and_then(|length| length.checked_add(1));
        let whole = whole.ok_or(WireError::Protocol("a message without a length"))?;
        Ok(Some((header.tag(), whole)))
    }

    /// Takes all but the last column of the next row, if it has more bytes than that.
    pub(super) fn begin(&mut self, most: usize) -> Result<Begun, WireError> {
        let Some((tag, whole)) = self.header()? else {
            return Ok(Begun::Unclear);
        };
        if tag != DATA_ROW_TAG || whole <= most || whole > MOST_ROW {
            return Ok(Begun::Ordinary);
        }
        let mut columns = Vec::new();
        let mut rest = Cursor::after_header(&self.buffer);
        let Some(count) = rest.count() else {
            return Ok(Begun::Unclear);
        };
        for place in 1..=count {
            let Some(length) = rest.length() else {
                return Ok(Begun::Unclear);
            };
            if place == count {
                return Ok(self.split(rest.at, columns, length, whole));
            }
            match length {
                None => columns.push(None),
                Some(length) if rest.at + length > MOST_HEAD => return Ok(Begun::Ordinary),
                Some(length) => match rest.skip(length) {
                    Some(range) => columns.push(Some(range)),
                    None => return Ok(Begun::Unclear),
                },
            }
        }
        Ok(Begun::Ordinary)
    }

    /// The last column must be what is left of the message.
    fn split(
        &mut self,
        at: usize,
        columns: Vec<Option<Range<usize>>>,
        length: Option<usize>,
        whole: usize,
    ) -> Begun {
        match length {
            Some(left) if left > 0 && at + left == whole => Begun::Large(Head {
                row: Row::before_last(self.buffer.split_to(at).freeze(), columns),
                left,
            }),
            Some(_) | None => Begun::Ordinary,
        }
    }

    /// What is there of the last column; nothing where more must be read first.
    pub(super) fn piece(&mut self, head: &mut Head) -> Option<Bytes> {
        let length = self.buffer.len().min(head.left);
        if length == 0 {
            return None;
        }
        head.left -= length;
        Some(self.buffer.split_to(length).freeze())
    }

    /// Whether nothing is there.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Gives back room that was made for something unusual.
    pub(super) fn shrink(&mut self) {
        if self.buffer.capacity() > LARGEST_KEPT && self.is_empty() {
            *self = Self::new();
        }
    }
}

/// What of a row's beginning has been read.
struct Cursor<'buffer> {
    bytes: &'buffer [u8],
    at: usize,
}

impl<'buffer> Cursor<'buffer> {
    fn after_header(bytes: &'buffer [u8]) -> Self {
        Self { bytes, at: HEADER }
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(*taken)
    }

    /// How many columns there are.
    fn count(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    /// A column's length; none for NULL, and for what is no length.
    fn length(&mut self) -> Option<Option<usize>> {
        let length = i32::from_be_bytes(self.take()?);
        Some(usize::try_from(length).ok())
    }

    fn skip(&mut self, length: usize) -> Option<Range<usize>> {
        let range = self.at..self.at.checked_add(length)?;
        if range.end > self.bytes.len() {
            return None;
        }
        self.at = range.end;
        Some(range)
    }
}
