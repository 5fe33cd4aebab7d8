//! Requests in, statements out, without a database.
//!
//! `cases/*.txt` hold a request, and what becomes of it: the text and the binds of its main statement, or the error.
//! After a wanted change of the SQL, `SEAWALL_BLESS=1 cargo test -p seawall-pgrest --test sql` writes them anew;
//! the difference is then to be read, not believed.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod case;
mod cases;
mod properties;
mod relationships;
mod session;
mod subject;
