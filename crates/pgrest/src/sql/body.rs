//! A JSON body as rows with typed columns.
//!
//! The body is one bind. Its keys become columns by a column definition list, so PostgreSQL itself reads every
//! value in the type of its column; domain functions, where there are some, are applied to what was read.

use crate::ident::{literal, quote};
use crate::plan::WriteColumn;

use super::field::apply;
use super::fragment::Fragment;

/// The name of the body's rows.
pub(super) const BODY: &str = "pgrst_body";

/// What a missing key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MissingKey {
    Null,
    Default,
}

/// The rows of a JSON object or array, as one of several items of a `FROM`. With `one` only the first of them.
pub(super) fn rows_of(
    json: Option<&str>,
    columns: &[WriteColumn],
    missing: MissingKey,
    one: bool,
) -> Fragment {
    let shape = Shape::of(json.unwrap_or_default());
    let payload = Fragment::from("(SELECT ").optional(json.map(str::to_owned));
    let (payload, functions, data) = match missing {
        MissingKey::Null => (
            payload.push("::json AS data) pgrst_payload"),
            shape.json(),
            "pgrst_payload.data",
        ),
        MissingKey::Default => (
            payload
                .push("::jsonb AS data) pgrst_payload")
                .join(with_defaults(shape, columns)),
            shape.jsonb(),
            "pgrst_complete.data",
        ),
    };
    payload
        .push(", LATERAL (SELECT ")
        .join(Fragment::list(columns.iter().map(value), ", "))
        .push(" FROM ")
        .push(&rows(shape, functions, data, columns))
        .push(if one { " LIMIT 1" } else { "" })
        .push(") ")
        .push(BODY)
}

/// One object or many.
#[derive(Clone, Copy)]
enum Shape {
    Object,
    Array,
}

impl Shape {
    /// PostgreSQL will check the rest.
    fn of(json: &str) -> Self {
        let first = json
            .trim_start_matches([' ', '\t', '\n', '\r'])
            .as_bytes()
            .first();
        if first == Some(&b'{') {
            Self::Object
        } else {
            Self::Array
        }
    }

    const fn json(self) -> (&'static str, &'static str) {
        match self {
            Self::Object => ("json_to_record", "json_array_elements"),
            Self::Array => ("json_to_recordset", "json_array_elements"),
        }
    }

    const fn jsonb(self) -> (&'static str, &'static str) {
        match self {
            Self::Object => ("jsonb_to_record", "jsonb_array_elements"),
            Self::Array => ("jsonb_to_recordset", "jsonb_array_elements"),
        }
    }
}

fn rows(shape: Shape, (to_rows, elements): (&str, &str), data: &str, columns: &[WriteColumn]) -> String {
    match shape {
        _ if !columns.is_empty() => {
            let typed: Vec<String> = columns
                .iter()
                .map(|column| format!("{} {}", quote(&column.name), column.read_as))
                .collect();
            format!("{to_rows}({data}) AS _({})", typed.join(", "))
        }
        // without columns only the number of rows is left
        Shape::Object => "(VALUES (1)) _".to_owned(),
        Shape::Array => format!("{elements}({data}) _"),
    }
}

/// Puts the defaults under the body, so that they show where a key is missing.
fn with_defaults(shape: Shape, columns: &[WriteColumn]) -> Fragment {
    let pairs = columns.iter().filter_map(|column| {
        let default = column.default.as_ref()?;
        Some(format!("{}, {default}", literal(&column.name)))
    });
    let defaults = format!("jsonb_build_object({})", pairs.collect::<Vec<_>>().join(", "));
    Fragment::from(match shape {
        Shape::Object => {
            format!(", LATERAL (SELECT {defaults} || pgrst_payload.data AS data) pgrst_complete")
        }
        Shape::Array => format!(
            ", LATERAL (SELECT jsonb_agg({defaults} || elem) AS data \
             FROM jsonb_array_elements(pgrst_payload.data) elem) pgrst_complete"
        ),
    })
}

fn value(column: &WriteColumn) -> Fragment {
    let name = quote(&column.name);
    match &column.transform {
        Some(function) => apply(function, Fragment::from(name.as_str()))
            .push(" AS ")
            .push(&name),
        None => Fragment::from(name),
    }
}
