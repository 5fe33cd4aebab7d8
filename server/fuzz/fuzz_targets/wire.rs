//! Whatever a database (or who stands in its place) says is read or refused, and in pieces as it is whole.

#![no_main]

use libfuzzer_sys::fuzz_target;
use seawall_server_fuzz::read;

fuzz_target!(|input: (u16, u8, &[u8])| {
    let (piece, stop, bytes) = input;
    let whole = read(bytes, usize::MAX, None);
    let stop = usize::from(stop);
    for apart in [
        read(bytes, usize::from(piece), None),
        read(bytes, usize::from(piece), Some(stop)),
    ] {
        assert_eq!(apart, whole);
    }
});
