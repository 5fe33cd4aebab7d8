//! Reading one key as a type, with an error that names it.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::ConfigError;
use super::key::Key;
use super::source::{Found, Source};

impl Source {
    /// Text; an empty value counts as not set.
    pub(crate) fn text(&self, key: &Key) -> Result<Option<String>, ConfigError> {
        Ok(self
            .find(key)?
            .map(|found| found.value)
            .filter(|value| !value.is_empty()))
    }

    /// A list, as JSON or separated by commas; an empty value is an empty list.
    pub(crate) fn list(&self, key: &Key) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(found) = self.find(key)? else {
            return Ok(None);
        };
        let trimmed = found.value.trim();
        if trimmed.is_empty() {
            return Ok(Some(Vec::new()));
        }
        if trimmed.starts_with('[')
            && let Ok(items) = serde_json::from_str(trimmed)
        {
            return Ok(Some(items));
        }
        Ok(Some(
            trimmed.split(',').map(|item| item.trim().to_owned()).collect(),
        ))
    }

    /// A switch: `true`, `on`, `yes`, `1` and their opposites.
    pub(crate) fn flag(&self, key: &Key, default: bool) -> Result<bool, ConfigError> {
        let Some(found) = self.find_filled(key)? else {
            return Ok(default);
        };
        match found.value.to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" | "1" => Ok(true),
            "false" | "off" | "no" | "0" => Ok(false),
            other => Err(found.error(key, format!("must be true or false, not {other:?}"))),
        }
    }

    /// A whole number within bounds.
    pub(crate) fn number<N>(&self, key: &Key, bounds: RangeInclusive<N>) -> Result<Option<N>, ConfigError>
    where
        N: FromStr + PartialOrd + Display,
    {
        let Some(found) = self.find_filled(key)? else {
            return Ok(None);
        };
        let Ok(number) = found.value.trim().parse::<N>() else {
            return Err(found.error(key, format!("must be a whole number, not {:?}", found.value)));
        };
        if bounds.contains(&number) {
            return Ok(Some(number));
        }
        let problem = format!(
            "must be from {} to {}, not {number}",
            bounds.start(),
            bounds.end()
        );
        Err(found.error(key, problem))
    }

    /// A span in milliseconds within bounds.
    pub(crate) fn millis(
        &self,
        key: &Key,
        bounds: RangeInclusive<u64>,
        default: u64,
    ) -> Result<Duration, ConfigError> {
        Ok(Duration::from_millis(
            self.number(key, bounds)?.unwrap_or(default),
        ))
    }

    /// A span in seconds within bounds.
    pub(crate) fn seconds(
        &self,
        key: &Key,
        bounds: RangeInclusive<u64>,
        default: u64,
    ) -> Result<Duration, ConfigError> {
        Ok(Duration::from_secs(self.number(key, bounds)?.unwrap_or(default)))
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(
        &self,
        key: &Key,
        choices: &[(&str, T)],
        default: T,
    ) -> Result<T, ConfigError> {
        let Some(found) = self.find_filled(key)? else {
            return Ok(default);
        };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == found.value) {
            return Ok(*choice);
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        Err(found.error(
            key,
            format!("must be one of {}, not {:?}", words.join(", "), found.value),
        ))
    }

    /// Text that a function understands; the function says what is wrong.
    pub(crate) fn parsed<T>(
        &self,
        key: &Key,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(found) = self.find_filled(key)? else {
            return Ok(None);
        };
        parse(&found.value)
            .map(Some)
            .map_err(|problem| found.error(key, problem))
    }

    fn find_filled(&self, key: &Key) -> Result<Option<Found>, ConfigError> {
        Ok(self.find(key)?.filter(|found| !found.value.is_empty()))
    }
}

impl Found {
    fn error(&self, key: &Key, problem: String) -> ConfigError {
        ConfigError::new(key.name, &self.origin, problem)
    }
}
