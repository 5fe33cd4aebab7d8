//! What reads the socket, fed with whatever might come: never a panic, never more memory than bytes that came.

use bytes::{BufMut as _, Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;

use super::reader::Reader;
use super::{Row, WireError};

type Columns = Vec<Option<Vec<u8>>>;

fn message(out: &mut Vec<u8>, tag: u8, body: &[u8]) {
    out.push(tag);
    out.put_u32(u32::try_from(body.len() + 4).unwrap_or(u32::MAX));
    out.extend_from_slice(body);
}

fn row(out: &mut Vec<u8>, columns: &Columns) {
    let mut body = Vec::new();
    body.put_u16(u16::try_from(columns.len()).unwrap_or(u16::MAX));
    for column in columns {
        match column {
            None => body.put_i32(-1),
            Some(bytes) => {
                body.put_i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
                body.extend_from_slice(bytes);
            }
        }
    }
    message(out, b'D', &body);
}

/// Two statements' answers, the second with rows.
fn conversation(rows: &[Columns]) -> Vec<u8> {
    let mut out = Vec::new();
    message(&mut out, b'1', b"");
    message(&mut out, b'2', b"");
    message(&mut out, b'C', b"BEGIN\0");
    message(&mut out, b'2', b"");
    rows.iter().for_each(|columns| row(&mut out, columns));
    message(&mut out, b'N', b"SNOTICE\0C00000\0Mby the way\0\0");
    message(&mut out, b'C', b"SELECT\0");
    message(&mut out, b'Z', b"I");
    out
}

fn any_columns() -> impl Strategy<Value = Columns> {
    let column = prop_oneof![
        1 => Just(None),
        4 => vec(any::<u8>(), 0..40).prop_map(Some),
        1 => (any::<u8>(), 0..200_000_usize).prop_map(|(byte, length)| Some(vec![byte; length])),
    ];
    vec(column, 0..8)
}

fn read_in_pieces(bytes: &[u8], cuts: &[usize], stop: Option<usize>) -> Result<Option<Reader>, WireError> {
    let mut reader = Reader::new(2, stop);
    let mut rest = bytes;
    let mut cuts = cuts.iter().cycle();
    while !rest.is_empty() {
        let cut = cuts.next().map_or(rest.len(), |cut| (*cut).clamp(1, rest.len()));
        let (now, later) = rest.split_at(cut);
        rest = later;
        if reader.feed(now)? {
            return Ok(Some(reader));
        }
    }
    Ok(None)
}

fn columns_of(row: &Row) -> Columns {
    let bytes = |column| row.bytes(column).as_deref().map(<[u8]>::to_vec);
    (0..row.len()).map(bytes).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn however_it_is_cut_and_taken_apart_a_row_is_the_same(
        rows in vec(any_columns(), 0..3),
        cuts in vec(1..70_000_usize, 1..20),
        stop in proptest::option::of(1..150_000_usize),
    ) {
        let reader = read_in_pieces(&conversation(&rows), &cuts, stop).unwrap().unwrap();
        prop_assert!(reader.landing.idle && reader.landing.refusal.is_none());
        let read: Vec<Columns> = reader.landing.done[1].iter().map(columns_of).collect();
        prop_assert_eq!(read, rows);
    }

    #[test]
    fn anything_at_all_is_read_or_refused(
        bytes in vec(any::<u8>(), 0..2_000),
        cuts in vec(1..300_usize, 1..5),
        stop in proptest::option::of(1..100_usize),
    ) {
        let _refused = read_in_pieces(&bytes, &cuts, stop);
    }

    #[test]
    fn a_conversation_with_wrong_bytes_is_read_or_refused(
        rows in vec(vec(proptest::option::of(vec(any::<u8>(), 0..40)), 0..8), 0..3),
        wrong in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
        stop in proptest::option::of(1..60_usize),
    ) {
        let mut bytes = conversation(&rows);
        for (place, byte) in &wrong {
            let place = place.index(bytes.len());
            bytes[place] = *byte;
        }
        let _refused = read_in_pieces(&bytes, &[7, 64, 1], stop);
        bytes.truncate(end.index(bytes.len()));
        let _refused = read_in_pieces(&bytes, &[1000], stop);
    }

    #[test]
    fn an_announced_length_takes_no_memory(
        tag in any::<u8>(),
        length in any::<u32>(),
        body in vec(any::<u8>(), 0..5_000),
        stop in proptest::option::of(1..100_usize),
    ) {
        let mut reader = Reader::new(2, stop);
        let came = [&[tag][..], &length.to_be_bytes(), &body].concat();
        if reader.feed(&came).is_ok() {
            let announced = reader.incoming.missing();
            let room = reader.incoming.room(announced);
            let held = room.capacity();
            prop_assert!(held <= 2 * came.len() + (128 << 10), "{} bytes for {}", held, came.len());
        }
    }
}

#[test]
fn only_what_is_large_is_taken_apart_and_in_pieces() {
    let large = vec![Some(b"7".to_vec()), None, Some(vec![b'x'; 300_000])];
    let small = vec![Some(b"7".to_vec()), None, Some(vec![b'x'; 300])];
    for (columns, is_apart) in [(large, true), (small, false)] {
        let bytes = conversation(&[columns]);
        let reader = read_in_pieces(&bytes, &[64 << 10], Some(1000)).unwrap().unwrap();
        assert_eq!(
            reader.pieces > 3,
            is_apart,
            "{} pieces of {} bytes",
            reader.pieces,
            bytes.len()
        );
    }
}

#[test]
fn a_row_whose_lengths_do_not_add_up_is_no_row() {
    let mut body = vec![0, 1];
    body.put_i32(9_000);
    body.extend_from_slice(&[b'x'; 8_000]);
    let mut bytes = Vec::new();
    message(&mut bytes, b'2', b"");
    message(&mut bytes, b'C', b"BEGIN\0");
    message(&mut bytes, b'D', &body);
    assert!(Reader::new(2, Some(100)).feed(&bytes).is_err());
    assert!(Reader::new(2, None).feed(&bytes).is_err());
}

#[test]
fn a_message_larger_than_any_can_be_is_refused_at_once() {
    for (tag, length) in [
        (b'D', u32::MAX >> 1),
        (b'S', 2 << 20),
        (b'Z', u32::MAX),
        (b'C', 3),
    ] {
        let mut bytes = BytesMut::new();
        bytes.put_u8(tag);
        bytes.put_u32(length);
        let fed = Reader::new(1, Some(100)).feed(&Bytes::from(bytes));
        assert!(fed.is_err(), "{} of {length} bytes", char::from(tag));
    }
}
