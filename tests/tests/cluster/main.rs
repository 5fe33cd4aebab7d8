//! Several instances of the server on one database, with and without Redis.

mod breakers;
mod stream;
