//! The seawall server: PostgREST's protocol under limits, row-level security and metrics that cannot be bypassed.
