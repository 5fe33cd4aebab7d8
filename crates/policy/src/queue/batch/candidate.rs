//! The ways in which a read may meet others: one for each of its `eq` filters.

use super::super::query::Query;
use super::super::select::{self, Shown};
use super::{Ask, value};

/// The name by which a column joins an answer that does not show it.
const KEY: &str = "seawall_key";
/// Parameters that are no filters.
const RESERVED: [&str; 8] = [
    "select",
    "order",
    "limit",
    "offset",
    "columns",
    "on_conflict",
    "and",
    "or",
];
const LIST: &str = "application/json";
const OBJECT: &str = "application/vnd.pgrst.object+json";

/// One way for a read to meet others: by the filter on one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Everything about the read but the value: reads meet when they agree in it.
    pub(super) key: String,
    /// What it asks for.
    pub(super) value: String,
    /// The name by which rows show the column.
    pub(super) shown: String,
    /// Whether the column was added for the batch, and is taken out of the rows again.
    pub(super) is_added: bool,
    /// The URL around the list of values.
    before: String,
    after: String,
}

impl Candidate {
    pub(super) fn url(&self, list: &str) -> String {
        [&self.before, super::query::encoded(list).as_str(), &self.after].concat()
    }
}

/// Whether one row is asked for as an object.
pub(super) fn is_object(accept: Option<&str>) -> bool {
    accept == Some(OBJECT)
}

/// The ways in which a read may meet others; `None` where it must be sent alone.
///
/// Sent alone is what limits, aggregates or counts roughly: its answer is not the sum of its rows.
pub(super) fn of(ask: &Ask<'_>) -> Option<Vec<Candidate>> {
    if ask.has_range || !matches!(ask.accept, None | Some(LIST | OBJECT | "*/*")) {
        return None;
    }
    if !matches!(ask.prefer, None | Some("" | "count=exact")) {
        return None;
    }
    let query = Query::parse(ask.url)?;
    if query.has("limit") || query.has("offset") {
        return None;
    }
    let select_at = query.pairs.iter().position(|pair| pair.name == "select");
    if select_at.is_some() && query.only("select").is_none() {
        return None;
    }
    let all = query.pairs.iter().enumerate().filter_map(|(index, pair)| {
        let value = pair.value.strip_prefix("eq.")?;
        let is_column = select::is_name(&pair.name) && !RESERVED.contains(&pair.name.as_str());
        if !is_column || !value::may_be_batched(value) {
            return None;
        }
        candidate(ask, &query, index, value, select_at)
    });
    Some(all.collect())
}

fn candidate(
    ask: &Ask<'_>,
    query: &Query<'_>,
    index: usize,
    value: &str,
    select_at: Option<usize>,
) -> Option<Candidate> {
    let column = &query.pairs.get(index)?.name;
    let shown = select::shown(query.only("select"), column)?;
    let is_added = shown == Shown::Missing;
    let select = select_at.and_then(|at| query.pairs.get(at));
    let widened = select.map(|pair| [pair.value.as_str(), ",", KEY, ":", column].concat());
    let changed = if is_added {
        select_at.zip(widened.as_deref())
    } else {
        None
    };
    let (before, after) = query.around(index, changed);
    Some(Candidate {
        key: [
            ask.scope,
            ask.accept.unwrap_or(""),
            ask.prefer.unwrap_or(""),
            &before,
            &after,
        ]
        .join("\n"),
        value: value.to_owned(),
        shown: match shown {
            Shown::As(name) => name,
            Shown::Missing => KEY.to_owned(),
        },
        is_added,
        before,
        after,
    })
}
