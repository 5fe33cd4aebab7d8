//! What stands for a request or a user in storage: half a SHA-256, which no two share and nobody reads back.

use sha2::{Digest as _, Sha256};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The digest, as 32 hexadecimal digits.
pub(crate) fn of(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let halves = digest.iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]);
    halves
        .filter_map(|half| HEX.get(usize::from(half)).copied().map(char::from))
        .collect()
}
