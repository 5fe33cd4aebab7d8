//! PostgREST requests in, SQL out, rows back: no driver, no I/O.
//!
//! Five stages, each a value one can print and test:
//!
//! 1. [`request`]: PARSE. Method, path, query, headers and body become an [`request::ApiRequest`].
//! 2. [`schema`]: SCHEMA CACHE. What the database's catalogue says, as plain data.
//! 3. [`plan`]: PLAN. The request held against the cache.
//! 4. [`sql`]: SQL. The plan as text plus binds.
//! 5. `response`: RESPONSE. One row back becomes status, headers and body.
//!
//! Nothing imports backwards: `request` and `schema` know nobody, `plan` reads both, `sql` reads `plan`,
//! `response` reads `plan`. Identifiers are quoted in one place and every value is a bind.

pub mod error;
pub mod ident;
pub mod plan;
pub mod request;
pub mod response;
pub mod schema;
pub mod sql;
