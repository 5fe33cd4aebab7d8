//! What a connection does with what it reads, without the connection: for tests and for the fuzz target.

use bytes::{BufMut as _, BytesMut};

use super::incoming::{Begun, Head, Incoming};
use super::{Landing, WireError};

/// A connection's reading side.
pub(crate) struct Reader {
    pub(crate) incoming: Incoming,
    pub(crate) landing: Landing,
    stop: Option<usize>,
    apart: Option<(Head, BytesMut)>,
    /// Pieces of large columns, as they were given out.
    pub(crate) pieces: usize,
}

impl Reader {
    /// `stop`: the size above which a row of the second statement is taken apart.
    pub(crate) fn new(steps: usize, stop: Option<usize>) -> Self {
        Self {
            incoming: Incoming::new(),
            landing: Landing::expecting(steps),
            stop,
            apart: None,
            pieces: 0,
        }
    }

    /// Reads some bytes; true when nothing more is expected.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> Result<bool, WireError> {
        loop {
            let announced = match &self.apart {
                Some((head, _)) => head.left(),
                None => self.incoming.missing(),
            };
            let room = self.incoming.room(announced);
            let fits = bytes.len().min(room.capacity() - room.len());
            let (now, later) = bytes.split_at(fits);
            room.put_slice(now);
            bytes = later;
            if self.understand()? {
                return Ok(true);
            }
            if bytes.is_empty() {
                return Ok(false);
            }
        }
    }

    fn understand(&mut self) -> Result<bool, WireError> {
        loop {
            if let Some((mut head, mut column)) = self.apart.take() {
                while let Some(piece) = self.incoming.piece(&mut head) {
                    column.put_slice(&piece);
                    self.pieces += 1;
                }
                if head.left() > 0 {
                    self.apart = Some((head, column));
                    return Ok(false);
                }
                self.landing.take_apart(head, column.freeze());
            }
            if let Some(most) = self.stop.filter(|_| self.landing.is_at(1)) {
                match self.incoming.begin(most)? {
                    Begun::Unclear => return Ok(false),
                    Begun::Ordinary => {}
                    Begun::Large(head) => {
                        self.apart = Some((head, BytesMut::new()));
                        continue;
                    }
                }
            }
            match self.incoming.message()? {
                None => return Ok(false),
                Some(message) => {
                    if self.landing.take(message)? {
                        return Ok(true);
                    }
                }
            }
        }
    }
}
