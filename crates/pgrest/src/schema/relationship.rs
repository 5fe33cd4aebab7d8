//! How two tables are related: by a key, over a junction table, or by a function.

use crate::ident::Qualified;

/// A relationship as seen from `table`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relationship {
    /// Where one stands.
    pub table: Qualified,
    /// What can be embedded.
    pub foreign_table: Qualified,
    /// Both ends are one table.
    pub is_self: bool,
    /// What joins them.
    pub link: Link,
    /// `table` is a view.
    pub table_is_view: bool,
    /// `foreign_table` is a view.
    pub foreign_is_view: bool,
}

/// What joins two tables. The order of the variants is the order of suggestions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// The foreign table refers to this one.
    OneToMany(Key),
    /// This table refers to the foreign one.
    ManyToOne(Key),
    /// One refers to the other by a unique column.
    OneToOne {
        /// The key.
        key: Key,
        /// The foreign table holds the reference.
        is_parent: bool,
    },
    /// A third table refers to both.
    ManyToMany(Junction),
    /// A function takes a row of this table and gives rows of the foreign one.
    Computed {
        /// The function.
        function: Qualified,
        /// It gives at most one row.
        to_one: bool,
    },
}

/// A foreign key as seen from one side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Name of the constraint.
    pub constraint: String,
    /// Pairs of (column of `table`, column of `foreign_table`).
    pub columns: Vec<(String, String)>,
}

/// A table that refers to both ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Junction {
    /// The table between.
    pub table: Qualified,
    /// Its key to `table`.
    pub source_constraint: String,
    /// Its key to `foreign_table`.
    pub target_constraint: String,
    /// Pairs of (column of `table`, column of the junction).
    pub source_columns: Vec<(String, String)>,
    /// Pairs of (column of `foreign_table`, column of the junction).
    pub target_columns: Vec<(String, String)>,
}

impl Relationship {
    /// At most one foreign row belongs to a row.
    #[must_use]
    pub const fn is_to_one(&self) -> bool {
        match &self.link {
            Link::ManyToOne(_) | Link::OneToOne { .. } | Link::Computed { to_one: true, .. } => true,
            Link::OneToMany(_) | Link::ManyToMany(_) | Link::Computed { to_one: false, .. } => false,
        }
    }

    /// The key, when a key joins the two directly.
    #[must_use]
    pub const fn key(&self) -> Option<&Key> {
        match &self.link {
            Link::OneToMany(key) | Link::ManyToOne(key) | Link::OneToOne { key, .. } => Some(key),
            Link::ManyToMany(_) | Link::Computed { .. } => None,
        }
    }

    /// The same relationship from the other side; only a key has one.
    #[must_use]
    pub(super) fn inverse(&self) -> Option<Self> {
        let link = match &self.link {
            Link::ManyToOne(key) => Link::OneToMany(key.swapped()),
            Link::OneToOne { key, is_parent } => Link::OneToOne {
                key: key.swapped(),
                is_parent: !is_parent,
            },
            Link::OneToMany(_) | Link::ManyToMany(_) | Link::Computed { .. } => return None,
        };
        Some(Self {
            table: self.foreign_table.clone(),
            foreign_table: self.table.clone(),
            is_self: self.is_self,
            link,
            table_is_view: self.foreign_is_view,
            foreign_is_view: self.table_is_view,
        })
    }
}

impl Key {
    fn swapped(&self) -> Self {
        Self {
            constraint: self.constraint.clone(),
            columns: swap(&self.columns),
        }
    }
}

pub(super) fn swap(pairs: &[(String, String)]) -> Vec<(String, String)> {
    pairs.iter().map(|(a, b)| (b.clone(), a.clone())).collect()
}
