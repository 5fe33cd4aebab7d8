//! Rows into a body.

use crate::plan::Handler;
use crate::schema::MediaHandler;

use super::ROWS;
use super::call::SCALAR;
use super::fragment::Fragment;

/// What the rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// Rows of a relation, or of a function that gives a set of them.
    Table,
    /// One row of a function.
    Row,
    /// One value of a function.
    Scalar,
    /// Values of a function.
    Scalars,
}

/// The expression of the body, over all rows, which `shown` holds.
pub(super) fn body(handler: &Handler, rows: Rows, shown: &str) -> Fragment {
    match handler {
        Handler::Json => Fragment::from(json(rows, Nulls::Kept)),
        Handler::JsonStripped => Fragment::from(json(rows, Nulls::Stripped)),
        Handler::Object { stripped } => {
            let nulls = if *stripped { Nulls::Stripped } else { Nulls::Kept };
            Fragment::from(first(&value(rows == Rows::Scalar), nulls))
        }
        Handler::GeoJson => Fragment::from(format!(
            "json_build_object('type', 'FeatureCollection', 'features', \
             coalesce(json_agg(ST_AsGeoJSON({ROWS})::json), '[]'))"
        )),
        Handler::Csv => csv(shown),
        Handler::Custom(handler) => custom(handler, rows),
        Handler::Nothing => Fragment::from("''::text"),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    Kept,
    Stripped,
}

fn json(rows: Rows, nulls: Nulls) -> String {
    match rows {
        Rows::Row => first(&value(false), nulls),
        Rows::Scalar => first(&value(true), nulls),
        Rows::Scalars => all(&value(true), nulls),
        Rows::Table => all(&value(false), nulls),
    }
}

fn value(scalar: bool) -> String {
    if scalar {
        format!("{ROWS}.{SCALAR}")
    } else {
        ROWS.to_owned()
    }
}

fn all(value: &str, nulls: Nulls) -> String {
    format!(
        "coalesce({}, '[]')",
        stripped(format!("json_agg({value})"), nulls)
    )
}

fn first(value: &str, nulls: Nulls) -> String {
    format!(
        "coalesce({}, 'null')",
        stripped(format!("json_agg({value})->0"), nulls)
    )
}

fn stripped(json: String, nulls: Nulls) -> String {
    match nulls {
        Nulls::Kept => json,
        Nulls::Stripped => format!("json_strip_nulls({json})"),
    }
}

/// A record's text form is a line of CSV in brackets.
fn csv(shown: &str) -> Fragment {
    Fragment::from(format!(
        "(SELECT coalesce(string_agg(head.name, ','), '') FROM (\
         SELECT json_object_keys(one.row) AS name FROM (\
         SELECT row_to_json(r) AS row FROM {shown} AS r LIMIT 1) one) head) || E'\\n' || \
         coalesce(string_agg(substring({ROWS}::text, 2, length({ROWS}::text) - 2), E'\\n'), '')"
    ))
}

fn custom(handler: &MediaHandler, rows: Rows) -> Fragment {
    let argument = match (rows, &handler.target) {
        (Rows::Scalar, _) => format!("{ROWS}.{SCALAR}"),
        (_, Some(target)) => format!("{ROWS}::{}", target.sql()),
        (_, None) => ROWS.to_owned(),
    };
    Fragment::from(format!("{}({argument})", handler.function.sql()))
}
