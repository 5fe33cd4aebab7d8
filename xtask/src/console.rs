//! What a person at the terminal reads: one line a step, with its time.
//!
//! Writing never fails: a closed pipe must not keep a command from stopping what it started.

use std::io::{IsTerminal, Write};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome};

const SLOW: Duration = Duration::from_secs(3);

/// What a step found to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Its inputs had changed.
    Done,
    /// Nothing: what it makes was there already and current.
    Current,
}

/// Writes one line.
pub(crate) fn say(line: &str) {
    let _closed_pipe = writeln!(std::io::stdout(), "{line}");
}

/// Writes a headline, with room above it.
pub(crate) fn headline(title: &str) {
    say(&format!("\n{}", paint("1", title)));
}

/// Writes a remark under the step it belongs to.
pub(crate) fn note(line: &str) {
    say(&format!("    {}", paint("2", line)));
}

/// Writes why a command failed.
pub(crate) fn complain(text: &str) {
    let _closed_pipe = writeln!(std::io::stderr(), "\n{} {text}", paint("31", "seawall:"));
}

/// Runs a step between a line that says it began and one that says how it ended.
pub(crate) fn step(label: &str, work: impl FnOnce() -> Outcome<Work>) -> Outcome {
    let started = Instant::now();
    match announced(label, work) {
        Ok(Work::Current) => end("32", "✓", label, "current"),
        Ok(Work::Done) => end("32", "✓", label, &seconds(started.elapsed())),
        Err(Failure::Interrupted) => {
            end("33", "-", label, "interrupted");
            return Err(Failure::Interrupted);
        }
        Err(failure) => {
            end("31", "✗", label, &seconds(started.elapsed()));
            return Err(failure);
        }
    }
    Ok(())
}

/// A duration as people say it.
pub(crate) fn seconds(span: Duration) -> String {
    match span.as_secs() {
        0..60 => format!("{:.1} s", span.as_secs_f64()),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

// On a terminal one line counts the seconds until the line that ends the step replaces it. In a log every line
// stays, so there a step is named only once it takes its time, and then once a minute.
fn announced(label: &str, work: impl FnOnce() -> Outcome<Work>) -> Outcome<Work> {
    let (done, waiting) = mpsc::channel::<()>();
    let started = Instant::now();
    let terminal = std::io::stdout().is_terminal();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut wait = if terminal { Duration::ZERO } else { SLOW };
            while waiting.recv_timeout(wait) == Err(mpsc::RecvTimeoutError::Timeout) {
                progress(label, started.elapsed(), terminal);
                wait = if terminal {
                    Duration::from_secs(1)
                } else {
                    Duration::from_secs(60)
                };
            }
        });
        let worked = work();
        drop(done);
        worked
    })
}

fn progress(label: &str, elapsed: Duration, terminal: bool) {
    let line = format!("  {} {label:<44} {} …", paint("33", "·"), seconds(elapsed));
    if terminal {
        let mut out = std::io::stdout();
        let _closed_pipe = write!(out, "\r\x1b[2K{line}").and_then(|()| out.flush());
    } else {
        say(&line);
    }
}

fn end(colour: &str, mark: &str, label: &str, how: &str) {
    let back = if std::io::stdout().is_terminal() {
        "\r\x1b[2K"
    } else {
        ""
    };
    say(&format!("{back}  {} {label:<44} {how}", paint(colour, mark)));
}

/// Colours a text where colours show.
pub(crate) fn paint(colour: &str, text: &str) -> String {
    if std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        format!("\x1b[{colour}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}
