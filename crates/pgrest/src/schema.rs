//! Stage 2, SCHEMA CACHE: what the database's catalogue says, as plain data.
//!
//! [`introspection`] asks, [`catalogue::Catalogue`] is the answer, [`SchemaCache::new`] draws the relationships out
//! of it. Nothing here touches a database: a cache can be written down in a test. It holds what the exposed
//! schemas hold and no more, so what is not in it does not exist for a request.

pub mod catalogue;
mod derive;
pub mod introspection;
pub mod media_handler;
mod node_tree;
pub mod relationship;
pub mod role;
pub mod routine;
pub mod table;
mod view_keys;

use std::collections::HashMap;

pub use catalogue::Catalogue;
pub use media_handler::{MediaHandler, MediaHandlers};
pub use relationship::{Junction, Key, Link, Relationship};
pub use role::RoleSettings;
pub use routine::{Param, Returns, Routine, Volatility};
pub use table::{Column, Table};

use crate::ident::Qualified;
use catalogue::{ConstraintKind, RoutineRow, TableRow};
use view_keys::{KeyRole, ViewKey};

/// Everything a plan needs to know of the database.
#[derive(Debug, Clone, Default)]
pub struct SchemaCache {
    schemas: Vec<String>,
    tables: HashMap<Qualified, Table>,
    relationships: HashMap<Qualified, Vec<Relationship>>,
    routines: HashMap<Qualified, Vec<Routine>>,
    representations: HashMap<(String, String), Qualified>,
    media_handlers: MediaHandlers,
    roles: HashMap<String, RoleSettings>,
}

impl SchemaCache {
    /// Builds the cache from the catalogue's answer; `exposed` are the schemas a request may name.
    #[must_use]
    pub fn new(catalogue: Catalogue, exposed: &[String]) -> Self {
        let view_keys = view_keys::view_keys(&catalogue, exposed);
        let primary_keys = primary_keys(&catalogue, &view_keys);
        let tables = tables(&catalogue.tables, &primary_keys);
        let relationships = relationships(&catalogue, &primary_keys, &view_keys, exposed);
        Self {
            schemas: exposed.to_vec(),
            tables,
            relationships,
            routines: routines(catalogue.routines),
            representations: catalogue
                .representations
                .into_iter()
                .map(|row| ((row.source, row.target), row.function))
                .collect(),
            media_handlers: catalogue.media_handlers.into_iter().collect(),
            roles: role::settings(&catalogue.roles, &catalogue.settings),
        }
    }

    /// The exposed schemas, the default first.
    #[must_use]
    pub fn schemas(&self) -> &[String] {
        &self.schemas
    }

    /// Finds a table or view.
    #[must_use]
    pub fn table(&self, name: &Qualified) -> Option<&Table> {
        self.tables.get(name)
    }

    /// All tables and views, in no order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// Relationships that start at a table, in the order in which they are suggested.
    #[must_use]
    pub fn relationships(&self, table: &Qualified) -> Option<&[Relationship]> {
        self.relationships.get(table).map(Vec::as_slice)
    }

    /// Tables that have relationships, in no order.
    pub fn related_tables(&self) -> impl Iterator<Item = &Qualified> {
        self.relationships.keys()
    }

    /// All overloads of a function, fewest parameters first.
    #[must_use]
    pub fn routines(&self, name: &Qualified) -> &[Routine] {
        self.routines.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// All functions, in no order.
    pub fn all_routines(&self) -> impl Iterator<Item = &Routine> {
        self.routines.values().flatten()
    }

    /// The function that turns one type into another, where somebody declared one for a domain.
    #[must_use]
    pub fn representation(&self, source: &str, target: &str) -> Option<&Qualified> {
        if self.representations.is_empty() {
            return None;
        }
        self.representations.get(&(source.to_owned(), target.to_owned()))
    }

    /// Custom media types.
    #[must_use]
    pub const fn media_handlers(&self) -> &MediaHandlers {
        &self.media_handlers
    }

    /// Settings of a role, to be applied when a request takes that role.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&RoleSettings> {
        self.roles.get(name)
    }

    /// One line for the log.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "{} relations, {} relationships, {} functions, {} domain representations",
            self.tables.len(),
            self.relationships.values().map(Vec::len).sum::<usize>(),
            self.routines.len(),
            self.representations.len(),
        )
    }
}

/// Columns of primary keys by table or view, in the order of their names. Tables of every schema are among them:
/// a junction that is not exposed is a junction nevertheless.
fn primary_keys(catalogue: &Catalogue, view_keys: &[ViewKey]) -> HashMap<Qualified, Vec<String>> {
    let mut keys: HashMap<Qualified, Vec<String>> = HashMap::new();
    for row in catalogue
        .constraints
        .iter()
        .filter(|row| row.kind == ConstraintKind::Primary)
    {
        let mut columns = row.columns.clone();
        columns.sort();
        keys.insert(row.table.clone(), columns);
    }
    for key in view_keys.iter().filter(|key| key.role == KeyRole::Primary) {
        keys.entry(key.view.clone())
            .or_default()
            .extend(key.first_choice());
    }
    keys
}

fn tables(rows: &[TableRow], primary_keys: &HashMap<Qualified, Vec<String>>) -> HashMap<Qualified, Table> {
    let table = |row: &TableRow| {
        let name = Qualified::new(row.schema.clone(), row.name.clone());
        let table = Table {
            primary_key: primary_keys.get(&name).cloned().unwrap_or_default(),
            name: name.clone(),
            description: row.description.clone(),
            is_view: row.is_view,
            insertable: row.insertable,
            updatable: row.updatable,
            deletable: row.deletable,
            columns: row.columns.clone(),
        };
        (name, table)
    };
    rows.iter().map(table).collect()
}

/// Relationships by their table: computed ones replace detected ones of the same name, and whatever leads to a
/// schema that is not exposed is left out.
fn relationships(
    catalogue: &Catalogue,
    primary_keys: &HashMap<Qualified, Vec<String>>,
    view_keys: &[ViewKey],
    exposed: &[String],
) -> HashMap<Qualified, Vec<Relationship>> {
    let computed: HashMap<(Qualified, Qualified), Relationship> = catalogue
        .computed
        .iter()
        .map(|row| ((row.table.clone(), row.function.clone()), derive::computed(row)))
        .collect();
    let detected = derive::relationships(catalogue, primary_keys, view_keys)
        .into_iter()
        .filter(|rel| !computed.contains_key(&(rel.table.clone(), rel.foreign_table.clone())));

    let is_exposed = |name: &Qualified| exposed.contains(&name.schema);
    let mut by_table: HashMap<Qualified, Vec<Relationship>> = HashMap::new();
    for rel in detected.chain(computed.values().cloned()) {
        let over_exposed = match &rel.link {
            Link::ManyToMany(junction) => is_exposed(&junction.table),
            Link::OneToMany(_) | Link::ManyToOne(_) | Link::OneToOne { .. } | Link::Computed { .. } => true,
        };
        if is_exposed(&rel.table) && is_exposed(&rel.foreign_table) {
            // a table whose relationships are all hidden is still known to have some: its name was not mistaken
            let list = by_table.entry(rel.table.clone()).or_default();
            if over_exposed {
                list.push(rel);
            }
        }
    }
    for list in by_table.values_mut() {
        list.sort();
        list.dedup();
    }
    by_table
}

fn routines(rows: Vec<RoutineRow>) -> HashMap<Qualified, Vec<Routine>> {
    let mut by_name: HashMap<Qualified, Vec<Routine>> = HashMap::new();
    for row in rows {
        let routine = Routine::from(row);
        by_name.entry(routine.name.clone()).or_default().push(routine);
    }
    for overloads in by_name.values_mut() {
        overloads.sort_by(|a, b| {
            let key = |routine: &Routine| (routine.params.len(), routine.description.clone());
            key(a).cmp(&key(b)).then_with(|| a.params.cmp(&b.params))
        });
    }
    by_name
}

impl From<RoutineRow> for Routine {
    fn from(row: RoutineRow) -> Self {
        let is_void = row.return_type == Qualified::new("pg_catalog", "void");
        let returns = match (row.returns_set, row.returns_composite) {
            (false, false) if is_void => Returns::Void,
            (false, false) => Returns::Scalar,
            (false, true) => Returns::Row,
            (true, false) => Returns::SetOfScalars,
            (true, true) => Returns::SetOfRows,
        };
        let settings = role::pairs(&row.settings);
        Self {
            oid: row.oid,
            name: Qualified::new(row.schema, row.name),
            description: row.description,
            params: row.params,
            returns,
            return_type: row.return_type,
            volatility: row.volatility,
            variadic: row.variadic,
            isolation: role::isolation(&settings),
            settings,
        }
    }
}
