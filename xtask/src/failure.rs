//! What a command ends with when it does not succeed: one sentence a person can act on.

use std::fmt;
use std::path::{Path, PathBuf};

/// What every command and step returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a command stopped early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Somebody asked for it (Ctrl-C); nothing is wrong.
    Interrupted,
    /// Something is wrong, and the command has already said what.
    Told,
    /// Something is wrong.
    Because {
        /// What failed and what can be done about it.
        sentence: String,
        /// The end of the log of the process that failed.
        tail: Option<String>,
    },
}

impl Failure {
    /// A failure that its sentence explains completely.
    pub(crate) fn because(sentence: impl Into<String>) -> Self {
        Self::Because {
            sentence: sentence.into(),
            tail: None,
        }
    }

    /// A failure of a process: the end of its log is shown, and where the rest is.
    pub(crate) fn in_log(sentence: impl fmt::Display, log: &Path) -> Self {
        let sentence = format!("{sentence} (whole log: {})", log.display());
        Self::Because {
            sentence,
            tail: tail_of(log),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted => f.write_str("interrupted"),
            Self::Told => f.write_str("failed as told above"),
            Self::Because { sentence, tail: None } => f.write_str(sentence),
            Self::Because {
                sentence,
                tail: Some(tail),
            } => write!(f, "{tail}\n\n{sentence}"),
        }
    }
}

/// Turns an error into a failure that begins with what was being done.
pub(crate) fn when<E: fmt::Display>(doing: impl fmt::Display) -> impl FnOnce(E) -> Failure {
    move |error| Failure::because(format!("{doing}: {error}"))
}

/// Turns a file's error into a failure that names the file.
pub(crate) fn with_file<E: fmt::Display>(verb: &str, path: &Path) -> impl FnOnce(E) -> Failure {
    let (verb, path): (String, PathBuf) = (verb.to_owned(), path.to_owned());
    move |error| Failure::because(format!("cannot {verb} {}: {error}", path.display()))
}

const TAIL_LINES: usize = 40;

fn tail_of(log: &Path) -> Option<String> {
    let text = String::from_utf8_lossy(&std::fs::read(log).ok()?).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(TAIL_LINES);
    let tail: Vec<String> = lines
        .iter()
        .skip(from)
        .map(|line| format!("  | {line}"))
        .collect();
    (!tail.is_empty()).then(|| tail.join("\n"))
}
