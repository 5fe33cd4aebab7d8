//! End-to-end tests of the server over a real PostgreSQL, and the fixtures they share.
