//! What one request may ask for: how many rows, how deep and how many embeds, at which cost, of which relations.
//!
//! PostgREST bounds rows alone, and for everybody alike. A public API also needs a bound on embeds, which multiply,
//! and on what the planner expects a statement to cost; and they differ by role. Depth and number are judged on
//! the intent, before anything is resolved, so that a refusal costs nothing.

use crate::error::PlanError;
use crate::ident::Qualified;
use crate::request::SelectItem;

/// The bounds of one role; nothing is unbounded.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bounds {
    /// Most rows that a level of a read gives.
    pub max_rows: Option<i64>,
    /// Most levels of embeds inside each other.
    pub max_embed_depth: Option<usize>,
    /// Most embeds in one request, spreads included.
    pub max_embeds: Option<usize>,
    /// The planner's estimate above which a statement is not run, in the planner's own unit.
    pub max_cost: Option<f64>,
}

/// A choice among relations, each by its name or with its schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Relations {
    /// None of them.
    #[default]
    None,
    /// All of them.
    All,
    /// These.
    Named(Vec<String>),
}

impl Bounds {
    /// These, and where they are silent, the others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            max_rows: self.max_rows.or(others.max_rows),
            max_embed_depth: self.max_embed_depth.or(others.max_embed_depth),
            max_embeds: self.max_embeds.or(others.max_embeds),
            max_cost: self.max_cost.or(others.max_cost),
        }
    }

    /// Refuses a select list that embeds too deep or too much.
    pub(super) fn check(&self, select: &[SelectItem]) -> Result<(), PlanError> {
        let (depth, embeds) = measure(select);
        if let Some(limit) = self.max_embed_depth.filter(|limit| depth > *limit) {
            return Err(PlanError::EmbedDepth { depth, limit });
        }
        if let Some(limit) = self.max_embeds.filter(|limit| embeds > *limit) {
            return Err(PlanError::EmbedCount { embeds, limit });
        }
        Ok(())
    }
}

impl Relations {
    /// Whether a relation is among them.
    #[must_use]
    pub fn contains(&self, relation: &Qualified) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| is(name, relation)),
        }
    }
}

fn is(name: &str, relation: &Qualified) -> bool {
    name == relation.name
        || name
            .strip_suffix(&relation.name)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|schema| schema == relation.schema)
}

/// Depth and number of the embeds of a select list.
fn measure(select: &[SelectItem]) -> (usize, usize) {
    select.iter().fold((0, 0), |(depth, embeds), item| match item {
        SelectItem::Embed(embed) | SelectItem::Spread(embed) => {
            let (below, inside) = measure(&embed.select);
            (depth.max(below + 1), embeds + inside + 1)
        }
        SelectItem::Star | SelectItem::Count { .. } | SelectItem::Column(_) => (depth, embeds),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relation_is_named_with_or_without_its_schema() {
        let relation = Qualified::new("api", "films");
        for (name, expected) in [
            ("films", true),
            ("api.films", true),
            ("other.films", false),
            ("ms", false),
            ("ifilms", false),
        ] {
            assert_eq!(
                Relations::Named(vec![name.to_owned()]).contains(&relation),
                expected,
                "{name}"
            );
        }
        assert!(Relations::All.contains(&relation) && !Relations::None.contains(&relation));
    }

    #[test]
    fn a_role_s_own_bounds_go_before_everybody_s() {
        let own = Bounds {
            max_rows: Some(5),
            ..Bounds::default()
        };
        let all = Bounds {
            max_rows: Some(100),
            max_embeds: Some(2),
            ..Bounds::default()
        };
        assert_eq!(own.or(all).max_rows, Some(5));
        assert_eq!(own.or(all).max_embeds, Some(2));
    }
}
