//! In production the server serves no database whose row-level security protects nothing.
//!
//! It is checked before the first request: a server that finds the worst refuses to start. Where the database
//! cannot be reached at the start, it starts, and no schema cache is loaded (so nothing is served) until the check
//! has passed.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Report, Severity};
use crate::app::App;
use crate::config::{CheckConfig, Mode};

/// Whether this server may serve its database.
#[derive(Debug)]
pub(crate) struct Gate {
    /// What is too bad; none where nothing is.
    refuses: Option<Severity>,
    passed: AtomicBool,
}

/// Why it may not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The worst was found.
    #[error("the database is not safe to serve in production:\n{0}")]
    Unsafe(String),
    /// It could not be looked at.
    #[error("the database cannot be checked: {0}")]
    Unchecked(String),
}

impl Gate {
    pub(crate) fn new(config: &CheckConfig) -> Self {
        let refuses = match config.mode {
            Mode::Production => Some(config.refuse),
            Mode::Development => None,
        };
        Self {
            refuses,
            passed: AtomicBool::new(refuses.is_none()),
        }
    }

    /// Passes, once and for all, or says why not.
    pub(crate) async fn pass(&self, app: &App) -> Result<(), Refused> {
        // What is passed on is another server's to check.
        let is_ours = app.config.proxy.rest.is_none();
        let Some(severity) = self
            .refuses
            .filter(|_| is_ours && !self.passed.load(Ordering::Relaxed))
        else {
            return Ok(());
        };
        let report = crate::rest::inspect(app, &super::Scope::default())
            .await
            .map_err(Refused::Unchecked)?;
        match worst(&report, severity) {
            Some(findings) => Err(Refused::Unsafe(findings)),
            None => {
                tracing::info!("the database was checked: {}", report.summary());
                self.passed.store(true, Ordering::Relaxed);
                Ok(())
            }
        }
    }
}

/// A line for each finding that is too bad.
fn worst(report: &Report, severity: Severity) -> Option<String> {
    let lines: Vec<String> = report
        .at_least(severity)
        .map(|finding| {
            format!(
                "  {} {}: {}: {}",
                finding.severity, finding.rule, finding.object, finding.message
            )
        })
        .collect();
    (!lines.is_empty()).then(|| format!("{}\n`seawall check` says how to mend it", lines.join("\n")))
}
