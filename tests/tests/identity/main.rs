//! Who asks, and how the server knows: forged tokens, rotating keys, an auth service that fails, sign-outs that
//! must hold everywhere, and organisations that must not meet.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what these fixtures of tests cannot do ends the test"
)]

mod attacks;
mod auth_service;
mod guessing;
mod interleaved;
mod issuer;
mod key_sets;
mod organisations;
mod remembered;
mod sign_outs;
