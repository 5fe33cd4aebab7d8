//! What can be wrong with what the crate is given: a configuration, a policy document, a stored state.
//!
//! A refusal (open circuit, used-up quota) is not an error and not here.

/// A setting that contradicts its bounds or another setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} {rule}")]
pub struct ConfigError {
    /// The setting's own name, without its group.
    pub key: &'static str,
    /// What must hold.
    pub rule: &'static str,
}

/// Why a stored state was discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It is not in a form that this or an earlier version wrote.
    #[error("stored state is malformed")]
    Malformed,
    /// Another version wrote it.
    #[error("stored state is of another version")]
    Version,
    /// Its checksum does not match.
    #[error("stored state is damaged")]
    Damaged,
    /// It is too old to say anything.
    #[error("stored state has expired")]
    Expired,
    /// It says that it was stored later than now.
    #[error("stored state lies in the future")]
    Future,
}
