//! What must outlive the process that promised it: queued writes and the audit's records.

mod audit;
mod audit_cost;
mod audit_crash;
mod chance;
mod queue;
mod queue_crash;
mod queue_standing;
mod queue_users;
