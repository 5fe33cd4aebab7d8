//! The words after the command.

use std::collections::VecDeque;

use crate::failure::{Failure, Outcome};

/// What is left of the command line; each command takes out what it knows and refuses the rest.
pub(crate) struct Arguments {
    left: VecDeque<String>,
}

impl Arguments {
    /// The words this process was started with.
    pub(crate) fn from_environment() -> Self {
        Self {
            left: std::env::args().skip(1).collect(),
        }
    }

    /// Takes the first word, the command; empty when there is none.
    pub(crate) fn command(&mut self) -> String {
        self.left.pop_front().unwrap_or_default()
    }

    /// Takes a flag, and says whether it was there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.left.len();
        self.left.retain(|word| word != name);
        self.left.len() != before
    }

    /// Takes the number after a name.
    pub(crate) fn number<N: std::str::FromStr>(&mut self, name: &str) -> Outcome<Option<N>> {
        let Some(at) = self.left.iter().position(|word| word == name) else {
            return Ok(None);
        };
        self.left.remove(at);
        let value = self.left.remove(at).unwrap_or_default();
        match value.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Failure::because(format!("{name} wants a number, not {value:?}"))),
        }
    }

    /// Takes everything that is left, for a command that passes words on.
    pub(crate) fn rest(self) -> Vec<String> {
        self.left.into()
    }

    /// Refuses what nobody took.
    pub(crate) fn finish(self) -> Outcome {
        match self.left.front() {
            None => Ok(()),
            Some(word) => Err(Failure::because(format!(
                "{word:?} is not something this command takes"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Arguments {
        Arguments {
            left: line.split_whitespace().map(str::to_owned).collect(),
        }
    }

    #[test]
    fn takes_flags_and_numbers_in_any_order() {
        let mut arguments = words("start --release --port 8300");
        assert_eq!(arguments.command(), "start");
        assert_eq!(arguments.number::<u16>("--port").unwrap(), Some(8300));
        assert!(arguments.flag("--release"));
        assert!(arguments.finish().is_ok());
    }

    #[test]
    fn refuses_a_word_nobody_took() {
        assert!(
            words("--porp 1")
                .finish()
                .unwrap_err()
                .to_string()
                .contains("--porp")
        );
    }

    #[test]
    fn refuses_a_number_out_of_range_or_missing() {
        assert!(words("--port 99999").number::<u16>("--port").is_err());
        assert!(words("--port").number::<u16>("--port").is_err());
    }
}
