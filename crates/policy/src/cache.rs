//! Which answers may be kept, for whom, for how long, and what makes them untrue.
//!
//! The cache itself, memory or disk, is the shell's. Here is what it must not get wrong: two requests share an
//! answer only if it cannot differ ([`key`]); what is kept is what may be ([`admit`]); an answer is fresh, stale,
//! or no more than the last one known ([`freshness`]), and what follows from that ([`lookup`]); an answer depends
//! on every table its request mentions ([`depend`]), so a write to one of them ends it, and so it ends what was
//! asked for before the write and arrives after it ([`invalidate`]); what is used least goes first ([`evict`]).
//!
//! It refuses to guess: a header it does not know keeps two requests apart, and a table that may be meant counts
//! as meant. Both cost a request at worst.

pub mod admit;
pub mod depend;
pub mod evict;
pub mod freshness;
pub mod invalidate;
pub mod key;
pub mod lookup;

#[cfg(test)]
mod tests;
