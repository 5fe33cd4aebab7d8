//! The line format of scenarios.

use crate::class::{Answer, Outcome, Service, classify};
use crate::time::{MonoTime, Span};

/// One line, taken apart.
pub(super) enum Line<'a> {
    Blank,
    Prepare(Vec<&'a str>),
    Step {
        at: MonoTime,
        words: Vec<&'a str>,
        expected: Vec<&'a str>,
    },
}

pub(super) fn parse(raw: &str) -> Result<Line<'_>, String> {
    let text = raw.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(Line::Blank);
    }
    let Some((step, expected)) = text.split_once("=>") else {
        return Ok(Line::Prepare(words(text)));
    };
    let mut words = words(step).into_iter();
    let at = words.next().and_then(span).ok_or("a step begins with its time")?;
    Ok(Line::Step {
        at: MonoTime::from_nanos(at.as_nanos()),
        words: words.collect(),
        expected: expected.split_whitespace().collect(),
    })
}

/// Whether two answers say the same; times may be written in any unit.
pub(super) fn same_answer(actual: &str, expected: &[&str]) -> bool {
    let actual: Vec<&str> = actual.split_whitespace().collect();
    let same_word = |(a, b): (&&str, &&str)| a == b || span(a).is_some_and(|time| span(b) == Some(time));
    actual.len() == expected.len() && actual.iter().zip(expected).all(same_word)
}

/// Reads `1s`, `1500ms`, `7ns`, or several joined by signs.
pub(super) fn span(text: &str) -> Option<Span> {
    let mut sum = Span::ZERO;
    let mut rest = text;
    let mut negative = false;
    loop {
        let end = rest.find(['+', '-']).unwrap_or(rest.len());
        let (term, after) = rest.split_at(end);
        let term = simple_span(term)?;
        sum = if negative { sum.minus(term) } else { sum.plus(term) };
        let mut chars = after.chars();
        match chars.next() {
            None => return Some(sum),
            Some(sign) => negative = sign == '-',
        }
        rest = chars.as_str();
    }
}

/// Writes an instant in the largest unit that fits exactly.
pub(super) fn time(instant: MonoTime) -> String {
    let nanos = instant.as_nanos();
    if nanos.is_multiple_of(1_000_000_000) {
        format!("{}s", nanos / 1_000_000_000)
    } else if nanos.is_multiple_of(1_000_000) {
        format!("{}ms", nanos / 1_000_000)
    } else {
        format!("{nanos}ns")
    }
}

pub(super) fn outcome(text: &str) -> Option<Outcome> {
    match text {
        "success" => Some(Outcome::SUCCESS),
        "network" => Some(classify(&Answer::NetworkError)),
        "timeout" => Some(classify(&Answer::TimedOut)),
        "offline" => Some(classify(&Answer::Offline)),
        "aborted" => Some(classify(&Answer::Aborted)),
        response => {
            let (response, wait) = response
                .split_once('+')
                .map_or((response, None), |(r, w)| (r, Some(w)));
            let (status, code) = response
                .split_once('/')
                .map_or((response, None), |(s, c)| (s, Some(c)));
            let retry_after = match wait {
                Some(wait) => Some(span(wait)?),
                None => None,
            };
            let status = status.parse().ok()?;
            Some(classify(&Answer::Response {
                service: Service::Rest,
                status,
                code,
                retry_after,
            }))
        }
    }
}

/// Words are separated by blanks; a word in quotes may hold them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('\'').and_then(|quoted| quoted.split_once('\'')) {
            Some(quoted) => quoted,
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        words.push(word);
        rest = after.trim_start();
    }
    words
}

fn simple_span(text: &str) -> Option<Span> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().ok()?;
    match unit {
        "s" => Some(Span::from_secs(number)),
        "ms" => Some(Span::from_millis(number)),
        "ns" => Some(Span::from_nanos(number)),
        _ => None,
    }
}
