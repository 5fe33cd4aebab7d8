//! What a transaction is told before anything else: who asks, in which role, for what.
//!
//! One select of `set_config(…, true)` calls, all of them local to the transaction, so that nothing survives on
//! the connection. It fails closed: its last column is the role that is then in force, and the caller must
//! compare it with [`Context::role`] before it lets the main statement count.

use serde_json::{Map, Value};

use crate::ident::{Qualified, quote_list};
use crate::plan::Plan;
use crate::request::ApiRequest;

use super::fragment::{Fragment, Statement};

/// Name of the last column of [`context`]: the role in force.
pub const ROLE_COLUMN: &str = "role_in_force";

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
    let mut settings = vec![fixed("search_path", quote_list(search_path))];
    settings.extend(context.role_settings.iter().map(chosen));
    settings.push(fixed("role", context.role));
    settings.push(fixed("request.jwt.claims", claims(context)));
    settings.push(fixed("request.method", request.context.method.as_str()));
    settings.push(fixed("request.path", request.context.path.as_str()));
    settings.push(fixed("request.headers", object(&request.context.headers)));
    settings.push(fixed("request.cookies", object(&request.context.cookies)));
    settings.extend(
        request
            .preferences
            .timezone
            .iter()
            .map(|zone| fixed("timezone", zone.as_str())),
    );
    settings.extend(function_settings(plan, context).map(chosen));
    settings.extend(context.app_settings.iter().map(chosen));
    Fragment::from("SELECT ")
        .join(Fragment::list(settings, ", "))
        .push(", current_user::text AS ")
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

fn claims(context: &Context<'_>) -> String {
    let mut claims = context.claims.clone();
    claims.insert("role".to_owned(), context.role.into());
    Value::Object(claims).to_string()
}

fn object(pairs: &[(String, String)]) -> String {
    let pairs = pairs
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    Value::Object(pairs.collect()).to_string()
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

fn fixed(name: &str, value: impl Into<String>) -> Fragment {
    Fragment::from(format!("set_config('{name}', "))
        .value(value)
        .push(", true)")
}

fn chosen((name, value): &(String, String)) -> Fragment {
    Fragment::from("set_config(")
        .value(name)
        .push(", ")
        .value(value)
        .push(", true)")
}
