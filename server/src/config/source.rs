//! Where configuration comes from: in-database settings over environment over file.
//!
//! A source is plain data, so tests and embedders make one from pairs; only
//! [`Source::process`] reads the process's own environment, once. A value may be
//! in a file of its own: `NAME_FILE=/run/secrets/x`, or PostgREST's `@path`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::ConfigError;
use super::key::{self, Key};

const APP_SETTINGS: &str = "app.settings.";

/// Layers of configuration as text, not yet understood.
#[derive(Clone, Default)]
pub struct Source {
    environment: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
    file_name: String,
    database: BTreeMap<String, String>,
}

/// A value and the place it was found in, which errors name.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) value: String,
    pub(crate) origin: String,
}

impl Source {
    /// Makes a source of environment-style pairs.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let environment = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self {
            environment,
            ..Self::default()
        }
    }

    /// Reads the environment of the process.
    #[must_use]
    pub fn process() -> Self {
        let pairs = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::from_pairs(pairs)
    }

    /// Adds the file that `SEAWALL_CONFIG` names, if it names one.
    ///
    /// # Errors
    /// When the file cannot be read or has a key that does not exist.
    pub fn with_named_file(self) -> Result<Self, ConfigError> {
        match self
            .environment
            .get("SEAWALL_CONFIG")
            .filter(|path| !path.is_empty())
            .cloned()
        {
            Some(path) => self.with_file(Path::new(&path)),
            None => Ok(self),
        }
    }

    /// Adds a TOML file.
    ///
    /// # Errors
    /// When the file cannot be read or has a key that does not exist.
    pub fn with_file(self, path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(&name, &error))?;
        self.with_toml(&name, &text)
    }

    /// Adds TOML text; `name` is what errors call it.
    ///
    /// # Errors
    /// When the text is not TOML or has a key that does not exist.
    pub fn with_toml(mut self, name: &str, text: &str) -> Result<Self, ConfigError> {
        let table: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| ConfigError::new("config", name, error.message().to_owned()))?;
        for (key, value) in table {
            flatten(&key, &value, &mut self.file);
        }
        name.clone_into(&mut self.file_name);
        match self.file.keys().find(|key| !is_known(key)) {
            Some(unknown) => Err(ConfigError::unknown(unknown, name)),
            None => Ok(self),
        }
    }

    /// Puts in-database settings over everything else, in place of any earlier ones.
    #[must_use]
    pub fn with_database(mut self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        self.database = pairs.into_iter().collect();
        self
    }

    /// Whether PostgREST's own variables configure the server.
    #[must_use]
    pub fn speaks_postgrest(&self) -> bool {
        self.environment.keys().any(|name| name.starts_with("PGRST_"))
    }

    /// `SEAWALL_` variables that mean nothing: most often a misspelt name.
    #[must_use]
    pub fn unknown_variables(&self) -> Vec<&str> {
        let known = |name: &str| {
            name == "SEAWALL_CONFIG"
                || key::ALL.iter().flat_map(Key::environment_names).any(|known| {
                    name == known || name.strip_suffix("_FILE").is_some_and(|stem| stem == known)
                })
        };
        let ours = self
            .environment
            .keys()
            .filter(|name| name.starts_with("SEAWALL_"));
        ours.map(String::as_str).filter(|name| !known(name)).collect()
    }

    /// `app.settings.*`, by environment and file.
    pub(crate) fn app_settings(&self) -> Vec<(String, String)> {
        let mut settings: BTreeMap<String, String> = self
            .file
            .iter()
            .filter(|(name, _)| name.starts_with(APP_SETTINGS))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        for (name, value) in &self.environment {
            if let Some(rest) = name.strip_prefix("PGRST_APP_SETTINGS_") {
                settings.insert(format!("{APP_SETTINGS}{rest}"), value.clone());
            }
        }
        settings.into_iter().collect()
    }

    /// Settings of the policy document in the file: `[policy]`, flattened to dotted paths.
    pub(crate) fn policy_settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.below(&key::POLICY)
    }

    /// A table of the file, flattened to dotted paths below its key.
    pub(crate) fn below(&self, key: &Key) -> impl Iterator<Item = (&str, &str)> {
        self.file.iter().filter_map(move |(name, value)| {
            let path = name.strip_prefix(key.name)?.strip_prefix('.')?;
            Some((path, value.as_str()))
        })
    }

    /// The same source with its file read anew; files that hold single values are read at each use anyway.
    ///
    /// # Errors
    /// When the file cannot be read or has a key that does not exist.
    pub fn again(&self) -> Result<Self, ConfigError> {
        let read = Self {
            environment: self.environment.clone(),
            database: self.database.clone(),
            ..Self::default()
        };
        if self.file_name.is_empty() {
            Ok(read)
        } else {
            read.with_file(Path::new(&self.file_name))
        }
    }

    /// What stands in the tables of the file: `policy.limits.reads.limit` and the like.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (&str, &str)> {
        let rows = self
            .file
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        rows.filter(|(name, _)| name.contains('.') && !name.starts_with(APP_SETTINGS))
    }

    /// What the file is called in errors.
    pub(crate) fn file_name(&self) -> &str {
        &self.file_name
    }

    /// Looks a key up, the strongest layer first.
    pub(crate) fn find(&self, key: &Key) -> Result<Option<Found>, ConfigError> {
        if key.in_database
            && let Some(value) = self.database.get(&key.database_name())
        {
            return Ok(Some(Found {
                value: value.clone(),
                origin: "in-database setting".to_owned(),
            }));
        }
        for name in key.environment_names() {
            if let Some(found) = self.find_in_environment(key, &name)? {
                return Ok(Some(found));
            }
        }
        match self.file.get(key.name) {
            Some(value) => dereference(key, value, &self.file_name).map(Some),
            None => Ok(None),
        }
    }

    fn find_in_environment(&self, key: &Key, name: &str) -> Result<Option<Found>, ConfigError> {
        if let Some(value) = self.environment.get(name) {
            return dereference(key, value, name).map(Some);
        }
        let file_variable = format!("{name}_FILE");
        match self.environment.get(&file_variable) {
            Some(path) => read_value(key, path, &file_variable).map(Some),
            None => Ok(None),
        }
    }
}

impl fmt::Debug for Source {
    /// Names only: values may be secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file: Vec<&String> = self.file.keys().collect();
        let database: Vec<&String> = self.database.keys().collect();
        formatter
            .debug_struct("Source")
            .field("file", &file)
            .field("database", &database)
            .finish_non_exhaustive()
    }
}

fn is_known(name: &str) -> bool {
    name.starts_with(APP_SETTINGS)
        || name.starts_with("policy.")
        || name.starts_with("db-role-bounds.")
        || name.starts_with("check-allow.")
        || name.starts_with("partitions.")
        || ["cache-tables.", "cache-reads.", "cache-writes."]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        || name.starts_with("tiers.")
        || name.starts_with("business-metrics.")
        || key::ALL.iter().any(|key| key.name == name)
}

fn flatten(path: &str, value: &toml::Value, into: &mut BTreeMap<String, String>) {
    let text = match value {
        toml::Value::Table(table) => {
            for (name, inner) in table {
                flatten(&format!("{path}.{name}"), inner, into);
            }
            return;
        }
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => list(items),
        toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_) => value.to_string(),
    };
    into.insert(path.to_owned(), text);
}

/// Separated by commas, or as JSON where an item has one itself.
fn list(items: &[toml::Value]) -> String {
    let items: Vec<String> = items.iter().map(plain_text).collect();
    if items.iter().any(|item| item.contains(',')) {
        serde_json::Value::from(items).to_string()
    } else {
        items.join(",")
    }
}

fn plain_text(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// PostgREST lets its two secrets name a file: `@/run/secrets/jwt`.
fn dereference(key: &Key, value: &str, origin: &str) -> Result<Found, ConfigError> {
    match value.strip_prefix('@') {
        Some(path) if key.secret => read_value(key, path, origin),
        Some(_) | None => Ok(Found {
            value: value.to_owned(),
            origin: origin.to_owned(),
        }),
    }
}

fn read_value(key: &Key, path: &str, origin: &str) -> Result<Found, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::new(key.name, origin, format!("cannot read {path}: {error}")))?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Found {
        value: value.strip_suffix('\r').unwrap_or(value).to_owned(),
        origin: origin.to_owned(),
    })
}
