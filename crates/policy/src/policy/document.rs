//! The policy as a JSON or TOML document, and the schema of that document.
//!
//! Reading flattens a document into paths and values and gives each to [`PolicyDraft::set`], so a file, an
//! option object in JavaScript and a published policy go through the same door. Printing is canonical:
//! camelCase, every setting at the top, and under `services` and `endpoints` what was overridden.

use serde_json::{Map, Value as Json, json};

use super::path::Scope;
use super::table::{CEILINGS, Kind, Reach, SETTINGS, Setting};
use super::value::Value;
use super::values::Values;
use super::{Policy, PolicyDraft};
use crate::class::Service;
use crate::error::PolicyError;

impl Policy {
    /// Reads a policy from JSON.
    ///
    /// # Errors
    /// The text is no JSON object, or a setting in it is refused.
    pub fn from_json(text: &str) -> Result<Self, PolicyError> {
        let document: Json =
            serde_json::from_str(text).map_err(|error| PolicyError::Syntax(error.to_string()))?;
        PolicyDraft::from_json_value(&document)?.finish()
    }

    /// Reads a policy from TOML.
    ///
    /// # Errors
    /// The text is no TOML, or a setting in it is refused.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        let document: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| syntax(error.message()))?;
        PolicyDraft::from_toml_table(&document)?.finish()
    }

    /// Prints the policy as JSON, complete and canonical.
    #[must_use]
    pub fn to_json(&self) -> String {
        format!("{:#}", self.to_json_value())
    }

    /// The policy as a JSON value, complete and canonical.
    #[must_use]
    pub fn to_json_value(&self) -> Json {
        let mut document = Json::Object(Map::new());
        for setting in SETTINGS {
            insert(
                &mut document,
                setting.path.split('.'),
                printed(setting, setting.default),
            );
        }
        for given in &self.draft.given {
            let setting = given.key.setting();
            let service;
            let prefix: &[&str] = match &given.scope {
                Scope::Document => &[],
                Scope::Service(name) => {
                    service = ["services", name.name()];
                    &service
                }
                Scope::Endpoint(path) => &["endpoints", path.as_str()],
            };
            let path = prefix.iter().copied().chain(setting.path.split('.'));
            insert(&mut document, path, printed(setting, given.number));
        }
        self.print_derived(&mut document);
        document
    }

    /// A ceiling that was raised to its floor is printed as it holds.
    fn print_derived(&self, document: &mut Json) {
        let base = self.draft.resolve(Values::default(), &Scope::Document);
        for (_, key) in CEILINGS {
            let setting = key.setting();
            insert(
                document,
                setting.path.split('.'),
                printed(setting, base.number(*key)),
            );
        }
    }
}

impl PolicyDraft {
    /// Takes all settings of a JSON document. A name that begins with `$` tells of the document and is no setting:
    /// `$schema`, or the `$tiers` that a server publishes.
    ///
    /// # Errors
    /// It is no object, or a setting in it is refused.
    pub fn from_json_value(document: &Json) -> Result<Self, PolicyError> {
        let mut draft = Self::default();
        let Json::Object(members) = document else {
            return Err(syntax("it is not an object"));
        };
        for (name, value) in members.iter().filter(|(name, _)| !name.starts_with('$')) {
            draft.take_json(&mut vec![name], value)?;
        }
        Ok(draft)
    }

    /// Takes all settings of a TOML document.
    ///
    /// # Errors
    /// A setting in it is refused.
    pub fn from_toml_table(document: &toml::Table) -> Result<Self, PolicyError> {
        let mut draft = Self::default();
        for (name, value) in document {
            draft.take_toml(&mut vec![name], value)?;
        }
        Ok(draft)
    }

    fn take_json<'a>(&mut self, path: &mut Vec<&'a str>, value: &'a Json) -> Result<(), PolicyError> {
        match value {
            Json::Object(members) => members.iter().try_for_each(|(name, value)| {
                path.push(name);
                self.take_json(path, value)?;
                path.pop();
                Ok(())
            }),
            Json::Number(number) => {
                self.set_segments(path, Value::Number(number.as_f64().unwrap_or(f64::NAN)))
            }
            Json::String(text) => self.set_segments(path, Value::Text(text)),
            Json::Null => self.set_segments(path, Value::Other("null")),
            Json::Bool(yes) => self.set_segments(path, Value::Flag(*yes)),
            Json::Array(_) => self.set_segments(path, Value::Other("an array")),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "no setting allows a number above 2^53")]
    fn take_toml<'a>(&mut self, path: &mut Vec<&'a str>, value: &'a toml::Value) -> Result<(), PolicyError> {
        match value {
            toml::Value::Table(members) => members.iter().try_for_each(|(name, value)| {
                path.push(name);
                self.take_toml(path, value)?;
                path.pop();
                Ok(())
            }),
            toml::Value::Integer(number) => self.set_segments(path, Value::Number(*number as f64)),
            toml::Value::Float(number) => self.set_segments(path, Value::Number(*number)),
            toml::Value::String(text) => self.set_segments(path, Value::Text(text)),
            toml::Value::Boolean(yes) => self.set_segments(path, Value::Flag(*yes)),
            toml::Value::Datetime(_) => self.set_segments(path, Value::Other("a date")),
            toml::Value::Array(_) => self.set_segments(path, Value::Other("an array")),
        }
    }
}

/// The JSON schema of the policy document, draft 2020-12.
#[must_use]
pub fn json_schema() -> Json {
    let mut schema = group(|_| true);
    let service = group(|setting| setting.reach != Reach::Document);
    let endpoint = group(|setting| setting.reach == Reach::Endpoint);
    let services: Map<String, Json> = Service::ALL
        .iter()
        .map(|name| (name.name().to_owned(), json!({ "$ref": "#/$defs/service" })))
        .collect();
    insert(
        &mut schema,
        ["properties", "$schema"],
        json!({ "type": "string" }),
    );
    insert(
        &mut schema,
        ["properties", "services"],
        json!({ "type": "object", "description": "Overrides for one service.", "properties": services, "additionalProperties": false }),
    );
    insert(
        &mut schema,
        ["properties", "endpoints"],
        json!({
            "type": "object",
            "description": "Overrides for one endpoint, by its path.",
            "patternProperties": { "^/": { "$ref": "#/$defs/endpoint" } },
            "additionalProperties": false,
        }),
    );
    insert(
        &mut schema,
        ["$defs"],
        json!({ "service": service, "endpoint": endpoint }),
    );
    insert(
        &mut schema,
        ["$schema"],
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    insert(&mut schema, ["title"], json!("Seawall policy"));
    schema
}

/// The schema of one level of settings: nested objects, closed.
fn group(belongs: impl Fn(&Setting) -> bool) -> Json {
    let mut schema = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    for setting in SETTINGS.iter().filter(|setting| belongs(setting)) {
        let mut level = &mut schema;
        let (groups, name) = setting.path.rsplit_once('.').unwrap_or(("", setting.path));
        for name in groups.split('.').filter(|name| !name.is_empty()) {
            level = member(member(level, "properties"), name);
            if level.is_null() || level.as_object().is_some_and(Map::is_empty) {
                *level = json!({ "type": "object", "properties": {}, "additionalProperties": false });
            }
        }
        *member(member(level, "properties"), name) = leaf(setting);
    }
    schema
}

fn leaf(setting: &Setting) -> Json {
    let default = printed(setting, setting.default);
    let (min, max) = (number(setting.min), number(setting.max));
    match setting.kind {
        Kind::Flag => json!({ "description": setting.doc, "type": "boolean", "default": default }),
        Kind::Choice(words) => json!({ "description": setting.doc, "enum": words, "default": default }),
        Kind::Count | Kind::Millis => json!({
            "description": described(setting), "type": "integer", "minimum": min, "maximum": max, "default": default,
        }),
        Kind::Ratio => json!({
            "description": setting.doc, "type": "number", "minimum": min, "maximum": max, "default": default,
        }),
    }
}

fn described(setting: &Setting) -> String {
    let unit = if setting.kind == Kind::Millis {
        " In milliseconds."
    } else {
        ""
    };
    [setting.doc, unit].concat()
}

fn printed(setting: &Setting, value: f64) -> Json {
    let words = match setting.kind {
        Kind::Choice(words) => words,
        Kind::Flag => return json!(value > 0.0),
        Kind::Count | Kind::Millis | Kind::Ratio => return number(value),
    };
    let chosen = words
        .iter()
        .enumerate()
        .find(|(index, _)| (*index as f64 - value).abs() < 0.5);
    chosen.map_or(Json::Null, |(_, word)| json!(word))
}

/// A whole number prints without a fraction.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the table's numbers are far below 2^53"
)]
fn number(value: f64) -> Json {
    if value.trunc() == value {
        json!(value as i64)
    } else {
        json!(value)
    }
}

fn insert<'a>(document: &mut Json, path: impl IntoIterator<Item = &'a str>, value: Json) {
    let mut level = document;
    for name in path {
        level = member(level, name);
    }
    *level = value;
}

/// A member of an object, made if it is not there; what is no object becomes one.
fn member<'a>(object: &'a mut Json, name: &str) -> &'a mut Json {
    if !object.is_object() {
        *object = Json::Object(Map::new());
    }
    &mut object[name]
}

fn syntax(message: &str) -> PolicyError {
    PolicyError::Syntax(message.to_owned())
}
