//! Who goes first where calls wait.

pub mod priority;

pub use priority::Priority;
