//! Builds the read tree, from the root down.

use crate::error::PlanError;
use crate::ident::Qualified;
use crate::request::{
    Aggregate, Arrow, Field, Join, JsonOperand, JsonStep, OrderTerm, RowRange, SelectColumn, SelectEmbed,
    SelectItem,
};
use crate::schema::{Link, Relationship, SchemaCache};

use super::PlanConfig;
use super::embed;
use super::field::{ResolvedField, Resolver, Target};
use super::filter;
use super::read::{Aggregated, Embed, OrderBy, ReadNode, SelectedColumn, Source};
use super::scope::Scope;
use super::spread;

/// PostgreSQL cuts longer names off, and two cut names may be one.
const LONGEST_STEM: usize = 50;

/// Builds read trees for one request.
pub(super) struct TreeBuilder<'a> {
    pub(super) cache: &'a SchemaCache,
    pub(super) config: &'a PlanConfig,
    /// Row limit for every level; nothing for writes.
    pub(super) max_rows: Option<i64>,
}

/// One level to be built.
struct Level<'a> {
    select: &'a [SelectItem],
    scope: Scope<'a>,
    relation: Qualified,
    source: Source,
    alias: Option<String>,
    depth: usize,
    is_spread: bool,
    /// `*` must be written out, because rows are grouped or columns are picked one by one.
    expands: bool,
}

impl TreeBuilder<'_> {
    /// The root's tree; `source` says whether the relation itself is read or what was done to it gave back.
    pub(super) fn root(
        &self,
        relation: &Qualified,
        source: Source,
        select: &[SelectItem],
        scope: Scope<'_>,
    ) -> Result<ReadNode, PlanError> {
        let alias = match source {
            Source::Result => Some(relation.name.clone()),
            Source::Relation | Source::Computed { .. } => None,
        };
        self.node(Level {
            select,
            scope,
            relation: relation.clone(),
            source,
            alias,
            depth: 0,
            is_spread: false,
            expands: false,
        })
    }

    fn node(&self, mut level: Level<'_>) -> Result<ReadNode, PlanError> {
        let resolver = Resolver::new(self.cache, &level.relation);
        let scopes = std::mem::take(&mut level.scope.embeds);
        level.expands |= level.select.iter().any(is_aggregate);
        let mut node = ReadNode {
            select: Vec::new(),
            conditions: Vec::new(),
            order: Vec::new(),
            range: restrict(level.scope.range, self.max_rows),
            embeds: Vec::new(),
            relation: level.relation.clone(),
            source: level.source.clone(),
            alias: level.alias.clone(),
        };
        let embeds = level.select.iter().filter_map(as_embed).zip(scopes).enumerate();
        for (idx, ((embed, is_spread), scope)) in embeds {
            let slot = format!("pgrst_{}_{idx}", level.depth + 1);
            let embed = self.embed(&node, &level, (embed, is_spread), scope, slot)?;
            node.embeds.push(embed);
        }
        node.select = self.columns(resolver, &level)?;
        node.order = orders(resolver, level.scope.order.unwrap_or_default(), &node)?;
        node.conditions = level
            .scope
            .logic
            .iter()
            .map(|logic| filter::tree(resolver, logic))
            .collect();
        node.conditions
            .extend(level.scope.filters.iter().map(|one| filter::test(resolver, one)));
        for condition in &mut node.conditions {
            filter::about_embeds(condition, &node.embeds);
        }
        Ok(node)
    }

    fn embed(
        &self,
        parent: &ReadNode,
        above: &Level<'_>,
        (embed, is_spread): (&SelectEmbed, bool),
        scope: Scope<'_>,
        slot: String,
    ) -> Result<Embed, PlanError> {
        let depth = above.depth + 1;
        let misnamed = scope.is_misnamed.then(|| embed.relation.clone());
        let relationship = embed::relationship(self.cache, &parent.relation, embed)?;
        if self.config.unembeddable.contains(&relationship.foreign_table) {
            return Err(PlanError::EmbedOff {
                relation: relationship.foreign_table.name.clone(),
            });
        }
        let alias = alias_for(&relationship.foreign_table, depth, "");
        let junction_alias = match &relationship.link {
            Link::ManyToMany(junction) => Some(alias_for(&junction.table, depth, "_junction")),
            Link::OneToMany(_) | Link::ManyToOne(_) | Link::OneToOne { .. } | Link::Computed { .. } => None,
        };
        let joins = embed::joins(
            relationship,
            &parent.reference(),
            &Qualified::bare(alias.clone()),
            junction_alias.as_deref(),
        );
        let mut node = self.node(Level {
            select: &embed.select,
            scope,
            relation: relationship.foreign_table.clone(),
            source: source(relationship, parent),
            alias: Some(alias),
            depth,
            is_spread,
            expands: above.expands || (is_spread && !relationship.is_to_one()),
        })?;
        let shape = if is_spread {
            spread::spread(&mut node, relationship, &slot)?
        } else {
            spread::nested(&node, relationship)
        };
        Ok(Embed {
            node,
            name: embed.key().to_owned(),
            misnamed,
            slot,
            relationship: relationship.clone(),
            junction_alias,
            joins,
            is_inner: embed.join == Some(Join::Inner),
            shape,
        })
    }

    fn columns(&self, resolver: Resolver<'_>, level: &Level<'_>) -> Result<Vec<SelectedColumn>, PlanError> {
        let expands = level.expands || resolver.has_representations();
        let mut columns = Vec::new();
        for item in level.select {
            if is_aggregate(item) && !self.config.aggregates.contains(&level.relation) {
                return Err(PlanError::AggregatesNotAllowed);
            }
            match item {
                SelectItem::Star if expands && !resolver.columns().is_empty() => {
                    columns.extend(resolver.columns().iter().map(|column| {
                        SelectedColumn::of(resolver.output(&Field::column(column.name.clone())))
                    }));
                }
                SelectItem::Star => columns.push(SelectedColumn::of(ResolvedField::star())),
                SelectItem::Count { alias, cast } => {
                    columns.push(count(alias.clone(), cast.clone(), level.is_spread));
                }
                SelectItem::Column(column) => columns.push(selected(resolver, column)),
                SelectItem::Embed(_) | SelectItem::Spread(_) => {}
            }
        }
        for column in &mut columns {
            column.alias = name_in_answer(column, level.is_spread);
        }
        Ok(columns)
    }
}

fn as_embed(item: &SelectItem) -> Option<(&SelectEmbed, bool)> {
    match item {
        SelectItem::Embed(embed) => Some((embed, false)),
        SelectItem::Spread(embed) => Some((embed, true)),
        SelectItem::Star | SelectItem::Count { .. } | SelectItem::Column(_) => None,
    }
}

const fn is_aggregate(item: &SelectItem) -> bool {
    match item {
        SelectItem::Count { .. } => true,
        SelectItem::Column(column) => column.aggregate.is_some(),
        SelectItem::Star | SelectItem::Embed(_) | SelectItem::Spread(_) => false,
    }
}

fn source(relationship: &Relationship, parent: &ReadNode) -> Source {
    match &relationship.link {
        Link::Computed { function, .. } => Source::Computed {
            function: function.clone(),
            parent: relationship.table.clone(),
            argument: parent.reference().name,
        },
        Link::OneToMany(_) | Link::ManyToOne(_) | Link::OneToOne { .. } | Link::ManyToMany(_) => {
            Source::Relation
        }
    }
}

fn alias_for(relation: &Qualified, depth: usize, suffix: &str) -> String {
    let stem = if relation.name.len() > LONGEST_STEM {
        "pgrst_relation"
    } else {
        relation.name.as_str()
    };
    format!("{stem}_{depth}{suffix}")
}

fn count(alias: Option<String>, cast: Option<String>, is_spread: bool) -> SelectedColumn {
    let mut field = ResolvedField::star();
    if is_spread {
        field.target = Target::Row;
    }
    let aggregate = Some(Aggregated {
        function: Aggregate::Count,
        cast,
    });
    SelectedColumn {
        field,
        cast: None,
        aggregate,
        alias,
    }
}

fn selected(resolver: Resolver<'_>, column: &SelectColumn) -> SelectedColumn {
    let aggregated = |function| Aggregated {
        function,
        cast: column.aggregate_cast.clone(),
    };
    SelectedColumn {
        field: resolver.output(&column.field),
        cast: column.cast.clone(),
        aggregate: column.aggregate.map(aggregated),
        alias: column.alias.clone(),
    }
}

/// Where SQL would not name the value as PostgREST does, it gets a name.
fn name_in_answer(column: &SelectedColumn, is_spread: bool) -> Option<String> {
    let own = || column.field.column().map(str::to_owned);
    if column.alias.is_some() {
        column.alias.clone()
    } else if let Some(aggregate) = &column.aggregate {
        is_spread.then(|| aggregate.function.name().to_owned())
    } else if let Some(last) = column.field.path.last() {
        key_of(last)
            .or_else(|| column.field.path.iter().rev().find_map(key_of))
            .or_else(own)
    } else {
        column.field.transform.as_ref().and_then(|_| own())
    }
}

fn key_of(step: &JsonStep) -> Option<String> {
    match (&step.arrow, &step.operand) {
        (Arrow::Json | Arrow::Text, JsonOperand::Key(key)) => Some(key.clone()),
        (Arrow::Json | Arrow::Text, JsonOperand::Index(_)) => None,
    }
}

fn orders(resolver: Resolver<'_>, terms: &[OrderTerm], node: &ReadNode) -> Result<Vec<OrderBy>, PlanError> {
    terms.iter().map(|term| order(resolver, term, node)).collect()
}

fn order(resolver: Resolver<'_>, term: &OrderTerm, node: &ReadNode) -> Result<OrderBy, PlanError> {
    let (slot, field) = match &term.relation {
        None => (None, resolver.plain(&term.field)),
        Some(name) => {
            let embed = node.embeds.iter().find(|embed| embed.name == *name);
            let embed = embed.ok_or_else(|| PlanError::NotEmbedded {
                resource: name.clone(),
                alias: None,
            })?;
            if !embed.relationship.is_to_one() {
                return Err(PlanError::RelatedOrder {
                    origin: node.relation.name.clone(),
                    target: name.clone(),
                });
            }
            let mut field = ResolvedField::unknown(&term.field);
            field.to_json = false;
            (Some(embed.slot.clone()), field)
        }
    };
    Ok(OrderBy {
        slot,
        field,
        direction: term.direction,
        nulls: term.nulls,
    })
}

fn restrict(range: RowRange, max_rows: Option<i64>) -> RowRange {
    let limit = match (range.limit, max_rows) {
        (Some(limit), Some(most)) => Some(limit.min(most)),
        (limit, most) => limit.or(most),
    };
    RowRange { limit, ..range }
}
