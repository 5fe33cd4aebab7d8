//! What must outlive the process that promised it: queued writes and the audit's records.

mod queue;
mod queue_crash;
