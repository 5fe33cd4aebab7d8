//! Limits and shedding as clients meet them, on one instance and on three.

mod addresses;
mod answers;
mod bound;
mod cluster;
mod control;
mod held;
mod load;
mod shed;
