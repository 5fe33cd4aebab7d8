//! What reads PostgreSQL's messages, taken out of the server, which would take long to build with a fuzzer's flags.

#![expect(dead_code, reason = "the server uses more of it")]

#[path = "../../src/wire/error.rs"]
mod error;
#[path = "../../src/wire/flight.rs"]
mod flight;
#[path = "../../src/wire/incoming.rs"]
mod incoming;
#[path = "../../src/wire/reader.rs"]
mod reader;
#[path = "../../src/wire/row.rs"]
mod row;

use error::{Refusal, WireError};
use flight::Landing;
use incoming::Head;
use reader::Reader;
use row::Row;

/// More than a reader may hold for each byte that came, and beside that.
const MOST_FOR_A_BYTE: usize = 2;
const MOST_BESIDE: usize = 128 << 10;

/// Reads a conversation in pieces of a size; gives the columns of the second statement's rows, where it was whole.
pub fn read(bytes: &[u8], piece: usize, stop: Option<usize>) -> Option<Vec<Vec<Option<Vec<u8>>>>> {
    let mut reader = Reader::new(2, stop);
    let mut came = 0;
    for piece in bytes.chunks(piece.max(1)) {
        came += piece.len();
        if reader.feed(piece).ok()? {
            return Some(rows(&reader.landing));
        }
        let announced = reader.incoming.missing();
        let held = reader.incoming.room(announced).capacity();
        assert!(
            held <= MOST_FOR_A_BYTE * came + MOST_BESIDE,
            "{held} bytes for {came}"
        );
    }
    None
}

fn rows(landing: &Landing) -> Vec<Vec<Option<Vec<u8>>>> {
    let columns = |row: &Row| {
        (0..row.len())
            .map(|at| row.bytes(at).map(|bytes| bytes.to_vec()))
            .collect()
    };
    landing.done.get(1).into_iter().flatten().map(columns).collect()
}
