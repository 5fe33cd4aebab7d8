//! What operators see and decide: several instances on one database, with and without Redis, and traces.

mod breakers;
mod business;
mod docs;
mod ops;
mod shipped;
mod stream;
mod traces;
