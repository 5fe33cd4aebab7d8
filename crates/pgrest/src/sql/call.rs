//! Calls of functions.

use std::collections::BTreeMap;

use crate::ident::{Qualified, array_literal, quote};
use crate::plan::call::Argument;
use crate::plan::mutate::Returning;
use crate::plan::{Arguments, CallPlan, Parameters, WriteColumn};
use crate::schema::Param;

use super::body::{self, BODY, MissingKey};
use super::field::column;
use super::fragment::Fragment;

/// The name of the function's rows.
const CALL: &str = "pgrst_call";
/// The column of a function that gives values rather than rows.
pub(super) const SCALAR: &str = "pgrst_scalar";

/// The call of a plan.
pub(super) fn query(plan: &CallPlan) -> Fragment {
    let out = Fragment::from("SELECT ").push(&given_back(plan)).push(" FROM ");
    match (&plan.parameters, &plan.arguments) {
        (Parameters::Single(param), arguments) => out.join(call(plan, single(param, arguments))),
        (Parameters::Named(params), Arguments::Direct(values)) => out.join(call(
            plan,
            Fragment::list(params.iter().map(|param| direct(param, values)), ", "),
        )),
        (Parameters::Named(params), Arguments::Json(json)) if !params.is_empty() => out
            .join(from_json(json, params))
            .push(", LATERAL ")
            .join(call(plan, Fragment::list(params.iter().map(from_body), ", "))),
        (Parameters::Named(_), Arguments::Json(_) | Arguments::Raw(_)) => {
            out.join(call(plan, Fragment::empty()))
        }
    }
}

fn call(plan: &CallPlan, arguments: Fragment) -> Fragment {
    let call = Fragment::from(plan.routine.name.sql())
        .push("(")
        .join(arguments)
        .push(")");
    if plan.routine.returns_values() {
        Fragment::from("(SELECT ")
            .join(call)
            .push(&format!(" {SCALAR}) {CALL}"))
    } else {
        call.push(" ").push(CALL)
    }
}

fn given_back(plan: &CallPlan) -> String {
    if plan.routine.returns_values() {
        return format!("{CALL}.{SCALAR}");
    }
    let of = Qualified::bare(CALL);
    let names: Vec<&str> = match &plan.returning {
        Returning::All(computed) => std::iter::once("*")
            .chain(computed.iter().map(String::as_str))
            .collect(),
        Returning::Columns(names) if !names.is_empty() => names.iter().map(String::as_str).collect(),
        Returning::Columns(_) | Returning::Nothing => vec!["*"],
    };
    names
        .iter()
        .map(|name| column(&of, name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The whole body for the only parameter; bytes travel as text too.
fn single(param: &Param, arguments: &Arguments) -> Fragment {
    let value = match arguments {
        Arguments::Json(json) => json.clone(),
        Arguments::Raw(bytes) if param.declared_type == "bytea" => hex(bytes),
        Arguments::Raw(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Arguments::Direct(values) => object(values),
    };
    Fragment::bind(value).push("::").push(&param.declared_type)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::from("\\x"), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn object(values: &BTreeMap<String, Argument>) -> String {
    let pairs = values.iter().map(|(name, value)| {
        let value = match value {
            Argument::Null => serde_json::Value::Null,
            Argument::One(value) => value.clone().into(),
            Argument::Many(values) => values.iter().cloned().collect::<serde_json::Value>(),
        };
        (name.clone(), value)
    });
    serde_json::Value::Object(pairs.collect()).to_string()
}

fn direct(param: &Param, values: &BTreeMap<String, Argument>) -> Fragment {
    let named = naming(param);
    match values.get(&param.name) {
        Some(Argument::Null) => named.optional(None).push("::").push(&param.cast_type),
        Some(Argument::One(value)) => named.value(value).push("::").push(&param.cast_type),
        Some(Argument::Many(values)) => named
            .value(array_literal(values.iter().map(String::as_str)))
            .push("::")
            .push(&param.cast_type),
        None => named.push("NULL"),
    }
}

fn from_json(json: &str, params: &[Param]) -> Fragment {
    let columns: Vec<WriteColumn> = params
        .iter()
        .map(|param| WriteColumn {
            name: param.name.clone(),
            read_as: param.cast_type.clone(),
            transform: None,
            default: None,
        })
        .collect();
    body::rows_of(Some(json), &columns, MissingKey::Null, true)
}

fn from_body(param: &Param) -> Fragment {
    naming(param).push(BODY).push(".").push(&quote(&param.name))
}

fn naming(param: &Param) -> Fragment {
    let variadic = if param.variadic { "VARIADIC " } else { "" };
    Fragment::from(format!("{variadic}{} := ", quote(&param.name)))
}
