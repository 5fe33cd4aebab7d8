//! What a request is counted under: one generator for all scopes.
//!
//! Keys are hashes under a secret of the process, so memory per key is constant
//! and nobody can choose two names that share a key.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::LazyLock;

use super::Subject;
use crate::client_address::ClientAddress;

/// Two independent hashers: 128 bits, so that collisions stay out of reach of chance.
static HASHERS: LazyLock<(RandomState, RandomState)> =
    LazyLock::new(|| (RandomState::new(), RandomState::new()));

pub(super) fn of_address(address: ClientAddress) -> u128 {
    hash(&("ip", address.network()))
}

pub(super) fn of_subject(subject: &Subject<'_>) -> u128 {
    let (class, endpoint) = (subject.target.class.name(), subject.target.endpoint);
    match subject.user {
        Some(user) => hash(&("user", user, class, endpoint)),
        None => hash(&("anonymous", subject.address.network(), class, endpoint)),
    }
}

fn hash(parts: &impl Hash) -> u128 {
    let half = |state: &RandomState| u128::from(state.hash_one(parts));
    half(&HASHERS.0) << 64 | half(&HASHERS.1)
}
