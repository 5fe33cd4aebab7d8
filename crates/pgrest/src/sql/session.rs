//! What a transaction is told before anything else: who asks, in which role, for what.
//!
//! One select of `set_config(…, true)` calls, all of them local to the transaction, so that nothing survives on
//! the connection. It fails closed: its last column is the role that is then in force, and the caller must
//! compare it with [`Context::role`] before it lets the main statement count.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value};

use crate::ident::{Qualified, quote_list};
use crate::plan::Plan;
use crate::request::ApiRequest;

use super::fragment::{Fragment, Statement};

/// Name of the last column of [`context`]: the role in force.
pub const ROLE_COLUMN: &str = "role_in_force";

/// About as much as there mostly is.
const USUAL_TEXT: usize = 320;
const USUAL_SETTINGS: usize = 8;

/// Who asks, and what the configuration adds.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The role to take.
    pub role: &'a str,
    /// The token's claims; `role` is put in.
    pub claims: &'a Map<String, Value>,
    /// Schemas searched after the request's own.
    pub extra_search_path: &'a [String],
    /// `app.settings.*` and the like, from the configuration.
    pub app_settings: &'a [(String, String)],
    /// The role's own settings.
    pub role_settings: &'a [(String, String)],
    /// Names of the settings that a called function may raise to the whole transaction.
    pub hoisted_settings: &'a [String],
}

/// Sets everything up: one row, whose last column is [`ROLE_COLUMN`].
///
/// A role's settings come before the role, so that it is the login role that must be allowed to make them.
#[must_use]
pub fn context(plan: &Plan, request: &ApiRequest, context: &Context<'_>) -> Statement {
    let search_path = std::iter::once(&request.schema)
        .chain(context.extra_search_path)
        .map(String::as_str);
    // Every request has one, so it is written into one piece of text.
    let mut settings = Fragment::with_room(USUAL_TEXT, USUAL_SETTINGS).push("SELECT ");
    settings = fixed(settings, "search_path", quote_list(search_path));
    settings = context.role_settings.iter().fold(settings, chosen);
    settings = fixed(settings, "role", context.role);
    settings = fixed(settings, "request.jwt.claims", json(&Claims(context)));
    settings = fixed(settings, "request.method", request.context.method.as_str());
    settings = fixed(settings, "request.path", request.context.path.as_str());
    settings = fixed(
        settings,
        "request.headers",
        json(&Pairs(&request.context.headers)),
    );
    settings = fixed(
        settings,
        "request.cookies",
        json(&Pairs(&request.context.cookies)),
    );
    if let Some(zone) = &request.preferences.timezone {
        settings = fixed(settings, "timezone", zone.as_str());
    }
    settings = function_settings(plan, context).fold(settings, chosen);
    settings = context.app_settings.iter().fold(settings, chosen);
    settings
        .push("current_user::text AS ")
        .push(ROLE_COLUMN)
        .into_statement()
}

/// Calls the pre-request function.
#[must_use]
pub fn pre_request(function: &Qualified) -> Statement {
    Fragment::from("SELECT ")
        .push(&function.sql())
        .push("()")
        .into_statement()
}

/// The claims as JSON, with the role that is taken.
struct Claims<'a>(&'a Context<'a>);

impl Serialize for Claims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("role", self.0.role)?;
        for (name, value) in self.0.claims {
            if name != "role" {
                object.serialize_entry(name, value)?;
            }
        }
        object.end()
    }
}

/// Pairs as a JSON object; of those with one name the last.
struct Pairs<'a>(&'a [(String, String)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comes_again = self.0.iter().skip(at + 1).any(|(later, _)| later == name);
            if !comes_again {
                object.serialize_entry(name, value)?;
            }
        }
        object.end()
    }
}

/// Names are text and values are JSON already, so there is nothing in it that could fail.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn function_settings<'a>(
    plan: &'a Plan,
    context: &'a Context<'_>,
) -> impl Iterator<Item = &'a (String, String)> {
    let settings = match plan {
        Plan::Call(call) => call.routine.settings.as_slice(),
        Plan::Read(_) | Plan::Mutate(_) | Plan::Inspect(_) | Plan::Info(_) => &[],
    };
    settings
        .iter()
        .filter(|(name, _)| context.hoisted_settings.contains(name))
}

fn fixed(settings: Fragment, name: &str, value: impl Into<String>) -> Fragment {
    settings
        .push("set_config('")
        .push(name)
        .push("', ")
        .value(value)
        .push(", true), ")
}

fn chosen(settings: Fragment, (name, value): &(String, String)) -> Fragment {
    settings
        .push("set_config(")
        .value(name)
        .push(", ")
        .value(value)
        .push(", true), ")
}
