//! A PostgreSQL of our own, from npm's `@embedded-postgres` packages, run by an ordinary user.

mod account;
mod binaries;
mod cluster;
mod place;

pub(crate) use cluster::{Cluster, Durability};
pub(crate) use place::forget;
