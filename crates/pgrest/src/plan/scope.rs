//! Sorts what a query string says about embeds to the level it is meant for.

use crate::error::PlanError;
use crate::request::{Filter, LogicTree, OrderTerm, Query, RowRange, Scoped, SelectEmbed, SelectItem};

/// All that is said about one level of the select tree, and about the levels below it.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    pub(super) filters: Vec<&'a Filter>,
    pub(super) logic: Vec<&'a LogicTree>,
    pub(super) order: Option<&'a [OrderTerm]>,
    pub(super) range: RowRange,
    /// One for each embed of the level, in the order of the select list.
    pub(super) embeds: Vec<Self>,
    names: Option<&'a SelectEmbed>,
    /// The level has an alias and was yet named by its relation, which will stop working one day.
    pub(super) is_misnamed: bool,
}

impl<'a> Scope<'a> {
    /// Sorts a whole query. With `legacy_names` an aliased embed also answers to its relation's name.
    pub(super) fn of(query: &'a Query, legacy_names: bool) -> Result<Self, PlanError> {
        let mut root = Self::level(None, &query.select);
        for Scoped { path, item } in &query.filters {
            root.at(path, legacy_names)?.filters.push(item);
        }
        for Scoped { path, item } in &query.order {
            root.at(path, legacy_names)?.order = Some(item);
        }
        for Scoped { path, item } in &query.ranges {
            root.at(path, legacy_names)?.range = *item;
        }
        for Scoped { path, item } in &query.logic {
            root.at(path, legacy_names)?.logic.push(item);
        }
        Ok(root)
    }

    fn level(names: Option<&'a SelectEmbed>, select: &'a [SelectItem]) -> Self {
        let embeds = embeds(select)
            .map(|embed| Self::level(Some(embed), &embed.select))
            .collect();
        Self {
            names,
            embeds,
            ..Self::default()
        }
    }

    fn at(&mut self, path: &[String], legacy_names: bool) -> Result<&mut Self, PlanError> {
        let Some((name, rest)) = path.split_first() else {
            return Ok(self);
        };
        let alias = self.aliased(name);
        let found = self
            .embeds
            .iter_mut()
            .find(|embed| embed.answers_to(name, legacy_names));
        match found {
            Some(embed) => {
                embed.is_misnamed |= embed.names.is_some_and(|names| names.key() != name);
                embed.at(rest, legacy_names)
            }
            None => Err(PlanError::NotEmbedded {
                resource: name.clone(),
                alias,
            }),
        }
    }

    fn answers_to(&self, name: &str, legacy_names: bool) -> bool {
        self.names
            .is_some_and(|embed| embed.key() == name || (legacy_names && embed.relation == name))
    }

    fn aliased(&self, relation: &str) -> Option<String> {
        let embed = self
            .embeds
            .iter()
            .filter_map(|embed| embed.names)
            .find(|embed| embed.relation == relation)?;
        embed.alias.clone().filter(|alias| alias != relation)
    }
}

/// The embeds of a select list, spreads included.
pub(super) fn embeds(select: &[SelectItem]) -> impl Iterator<Item = &SelectEmbed> {
    select.iter().filter_map(|item| match item {
        SelectItem::Embed(embed) | SelectItem::Spread(embed) => Some(embed),
        SelectItem::Star | SelectItem::Count { .. } | SelectItem::Column(_) => None,
    })
}
