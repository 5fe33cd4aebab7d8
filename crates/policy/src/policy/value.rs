//! The values of settings, checked against their row of the table.

use core::fmt;

use super::table::{Kind, Setting};
use crate::error::PolicyError;

/// A value as a document gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A number.
    Number(f64),
    /// A text.
    Text(&'a str),
    /// Yes or no.
    Flag(bool),
    /// Anything else, by the name of its type.
    Other(&'static str),
}

/// A number that prints without the machinery for floating numbers: whole, or with up to six decimals.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Figure(pub f64);

impl fmt::Display for Figure {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value is bounded and not negative here"
    )]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MILLION: u64 = 1_000_000;
        let Self(number) = *self;
        if number.is_nan() {
            return f.write_str("NaN");
        }
        if number < 0.0 {
            f.write_str("-")?;
        }
        let size = number.abs();
        if size >= 9.0e15 {
            return f.write_str("more than 9000000000000000");
        }
        let whole = size as u64;
        let millionths = ((size - whole as f64) * 1e6 + 0.5) as u64;
        let (whole, mut millionths) = (whole + millionths / MILLION, millionths % MILLION);
        write!(f, "{whole}")?;
        if millionths == 0 {
            return Ok(());
        }
        let mut width = 6;
        while millionths.is_multiple_of(10) {
            millionths /= 10;
            width -= 1;
        }
        write!(f, ".{millionths:0width$}")
    }
}

/// Checks a value; `path` is the name it was given under.
pub(super) fn check(setting: &Setting, path: &str, value: Value<'_>) -> Result<f64, PolicyError> {
    match (setting.kind, value) {
        (Kind::Choice(words), Value::Text(text)) => choice(words, path, text),
        (Kind::Flag, Value::Flag(yes)) => Ok(f64::from(u8::from(yes))),
        (Kind::Flag, Value::Number(_) | Value::Text(_) | Value::Other(_)) => Err(PolicyError::NotAFlag {
            path: path.to_owned(),
            found: found(value),
        }),
        (Kind::Choice(words), Value::Number(_) | Value::Flag(_) | Value::Other(_)) => {
            Err(PolicyError::NotAChoice {
                path: path.to_owned(),
                found: found(value),
                words,
            })
        }
        (Kind::Count | Kind::Millis | Kind::Ratio, Value::Number(number)) => in_bounds(setting, path, number),
        (Kind::Count | Kind::Millis | Kind::Ratio, Value::Text(_) | Value::Flag(_) | Value::Other(_)) => {
            Err(PolicyError::NotANumber {
                path: path.to_owned(),
                found: found(value),
            })
        }
    }
}

fn in_bounds(setting: &Setting, path: &str, number: f64) -> Result<f64, PolicyError> {
    let inside = number >= setting.min && number <= setting.max;
    let unit = if setting.kind == Kind::Millis { " ms" } else { "" };
    let (value, min, max) = (Figure(number), Figure(setting.min), Figure(setting.max));
    if !inside {
        return Err(PolicyError::OutOfRange {
            path: path.to_owned(),
            value,
            min,
            max,
            unit,
        });
    }
    let whole = number.trunc() == number;
    if setting.kind != Kind::Ratio && !whole {
        return Err(PolicyError::NotWhole {
            path: path.to_owned(),
            value,
        });
    }
    Ok(number)
}

#[expect(clippy::cast_precision_loss, reason = "there are a handful of words")]
fn choice(words: &'static [&'static str], path: &str, text: &str) -> Result<f64, PolicyError> {
    match words.iter().position(|word| *word == text) {
        Some(index) => Ok(index as f64),
        None => Err(PolicyError::NotAChoice {
            path: path.to_owned(),
            found: text.to_owned(),
            words,
        }),
    }
}

fn found(value: Value<'_>) -> String {
    match value {
        Value::Number(number) => Figure(number).to_string(),
        Value::Text(text) => text.chars().take(40).collect(),
        Value::Flag(_) => "a boolean".to_owned(),
        Value::Other(name) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_print_as_people_write_them() {
        let printed = |number| Figure(number).to_string();
        assert_eq!(printed(0.0), "0");
        assert_eq!(printed(30_000.0), "30000");
        assert_eq!(printed(0.25), "0.25");
        assert_eq!(printed(0.000_001), "0.000001");
        assert_eq!(printed(1.05), "1.05");
        assert_eq!(printed(0.999_999_9), "1");
        assert_eq!(printed(-1.5), "-1.5");
        assert_eq!(printed(f64::NAN), "NaN");
        assert_eq!(printed(f64::INFINITY), "more than 9000000000000000");
    }
}
