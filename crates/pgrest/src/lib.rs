//! PostgREST requests in, SQL out, rows back: no driver, no I/O.
