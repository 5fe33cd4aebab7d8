//! The names under which a module imports its glue.
//!
//! wasm-bindgen ends each in a hash of sixteen digits, which no compression makes smaller and which stands in the
//! module and in the glue. A count of as many digits says as much, and leaves the module's structure as it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::failure::{Outcome, with_file};

const DIGITS: usize = 16;
const PREFIX: &[u8] = b"__wbg_";

/// Puts a count in the place of every hash, in both files.
pub(super) fn shorten(module: &Path, glue: &Path) -> Outcome {
    let mut counts = BTreeMap::new();
    for file in [glue, module] {
        let mut bytes = fs::read(file).map_err(with_file("read", file))?;
        recount(&mut bytes, &mut counts);
        fs::write(file, bytes).map_err(with_file("write", file))?;
    }
    Ok(())
}

fn recount(bytes: &mut [u8], counts: &mut BTreeMap<Vec<u8>, usize>) {
    let mut from = 0;
    while let Some(name) = bytes.get_mut(from..) {
        let Some(start) = name.windows(PREFIX.len()).position(|window| window == PREFIX) else {
            return;
        };
        from += start + PREFIX.len();
        let Some(rest) = bytes.get_mut(from..) else { return };
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let length = rest.iter().take_while(|byte| is_word(byte)).count();
        if let Some(hash) = rest.get_mut(..length).and_then(hash_in) {
            let next = counts.len();
            let count = *counts.entry(hash.to_vec()).or_insert(next);
            hash.copy_from_slice(format!("{count:0DIGITS$}").as_bytes());
        }
    }
}

/// The hash at a name's end.
fn hash_in(name: &mut [u8]) -> Option<&mut [u8]> {
    let start = name.len().checked_sub(DIGITS)?;
    let is_apart = name.get(start.checked_sub(1)?) == Some(&b'_');
    let hash = name.get_mut(start..)?;
    let is_hash = hash.iter().all(u8::is_ascii_hexdigit);
    (is_apart && is_hash).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_one_count_in_all_files() {
        let mut counts = BTreeMap::new();
        let mut glue =
            b"__wbg_get_0123456789abcdef: a, __wbg_set_fedcba9876543210: b, __wbg_free: c".to_vec();
        let mut module = b"\x1a__wbg_set_fedcba9876543210\x00".to_vec();
        recount(&mut glue, &mut counts);
        recount(&mut module, &mut counts);
        let expected = "__wbg_get_0000000000000000: a, __wbg_set_0000000000000001: b, __wbg_free: c";
        assert_eq!(glue, expected.as_bytes());
        assert_eq!(module, b"\x1a__wbg_set_0000000000000001\x00");
    }
}
