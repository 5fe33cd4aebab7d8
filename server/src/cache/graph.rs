//! What an answer really depends on, and what a write really changes, as the catalogue tells it.
//!
//! A request names tables. The rows it gets also depend on what its views read, on what the policies of all those
//! tables ask (a membership that ends must end the cached list of rooms), on partitions, and on functions behind
//! computed columns. A write also reaches what foreign keys cascade to and what triggers write. Views and policies
//! have their dependencies in the catalogue. A function's body is text: every relation and function whose name is a
//! word of it counts as used. That takes too much rather than too little; a body that builds SQL at run time is
//! *opaque*, which means that it may read or write anything.
//!
//! The texts also tell what else decides: claims, which a public answer must not depend on, and the request's
//! headers and cookies, which are not in the key, so that such answers are not kept at all.

mod question;
mod text;

pub(crate) use question::QUESTION;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use seawall_pgrest::ident::Qualified;
use serde::Deserialize;

use super::rows::KeyColumn;
use super::table_name;
use text::Seen;

/// A relation (its object id) or a function (its negated object id).
type Node = i64;

/// The catalogue's answer to [`QUESTION`].
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Rows {
    relations: Vec<(Node, String, String)>,
    functions: Vec<(Node, String, String, String, String)>,
    expressions: Vec<(Node, String)>,
    reads: Vec<(Node, Node)>,
    writes: Vec<(Node, Node)>,
    /// Columns by which the rows of watched tables are told apart.
    #[serde(default)]
    keys: Vec<(Node, KeyColumn)>,
    /// Tables whose triggers tell which transaction writes to them.
    #[serde(default)]
    watched: Vec<Node>,
}

/// Who depends on whom.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    names: HashMap<Node, Qualified>,
    relations: HashMap<Qualified, Node>,
    functions: HashMap<Qualified, Vec<Node>>,
    reads: HashMap<Node, Vec<Node>>,
    writes: HashMap<Node, Vec<Node>>,
    seen: HashMap<Node, Seen>,
    /// Relations whose policies read them once more.
    self_reading: HashSet<Node>,
    keys: HashMap<String, Vec<KeyColumn>>,
    watched: HashSet<String>,
    found: Mutex<HashMap<(Node, Way), Arc<Reach>>>,
}

/// In which direction to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Way {
    Reads,
    Writes,
}

/// What is reached from somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The relations.
    pub(crate) tables: Vec<Qualified>,
    /// Something on the way may touch anything.
    pub(crate) opaque: bool,
    /// Something on the way looks at claims.
    pub(crate) claims: bool,
    /// Something on the way looks at the request's headers or cookies.
    pub(crate) request: bool,
    /// The way leads back to where it began, so that any row there may decide about any other.
    pub(crate) returns: bool,
    /// Something on the way may keep a trigger from telling what is written.
    pub(crate) silences: bool,
}

impl Graph {
    /// Draws the graph; `reads` and `writes` are what the configuration adds, by name.
    pub(crate) fn new(rows: Rows, told: &Told<'_>) -> Self {
        let mut graph = Self::default();
        let mut words: HashMap<String, Vec<Node>> = HashMap::new();
        for (node, schema, name) in rows.relations {
            words.entry(name.to_lowercase()).or_default().push(node);
            graph.name(node, Qualified::new(schema, name));
        }
        for (node, schema, name, _, _) in &rows.functions {
            words.entry(name.to_lowercase()).or_default().push(*node);
            graph.name(*node, Qualified::new(schema.clone(), name.clone()));
        }
        for (from, to) in rows.reads {
            graph.reads.entry(from).or_default().push(to);
        }
        for (from, to) in rows.writes {
            graph.writes.entry(from).or_default().push(to);
        }
        for (node, _, _, language, body) in &rows.functions {
            let seen = text::look(language, body);
            let used = text::words(body).filter_map(|word| words.get(&word)).flatten();
            graph
                .reads
                .entry(*node)
                .or_default()
                .extend(used.filter(|used| *used != node));
            graph.seen.entry(*node).or_default().add(seen);
        }
        for (node, expression) in &rows.expressions {
            let own = graph.names.get(node).map(|name| name.name.as_str());
            if own.is_some_and(|own| text::reads_from(expression, own)) {
                graph.self_reading.insert(*node);
            }
            graph
                .seen
                .entry(*node)
                .or_default()
                .add(text::look("sql", expression));
        }
        for (node, column) in rows.keys {
            if let Some(name) = graph.names.get(&node) {
                graph.keys.entry(table_name(name)).or_default().push(column);
            }
        }
        let watched = rows.watched.iter().filter_map(|node| graph.names.get(node));
        graph.watched = watched.map(table_name).collect();
        graph.tell(told);
        graph
    }

    fn name(&mut self, node: Node, name: Qualified) {
        if node > 0 {
            self.relations.insert(name.clone(), node);
        } else {
            self.functions.entry(name.clone()).or_default().push(node);
        }
        self.names.insert(node, name);
    }

    /// Adds what the configuration tells. A function of which it is told is no longer opaque.
    fn tell(&mut self, told: &Told<'_>) {
        for (names, way) in [(told.reads, Way::Reads), (told.writes, Way::Writes)] {
            for (from, tables) in names {
                let to: Vec<Node> = tables
                    .iter()
                    .filter_map(|table| self.relations.get(&told.qualified(table)).copied())
                    .collect();
                for node in self.nodes(&told.qualified(from.trim_start_matches("rpc/"))) {
                    let edges = if way == Way::Reads || node < 0 {
                        &mut self.reads
                    } else {
                        &mut self.writes
                    };
                    edges.entry(node).or_default().extend(&to);
                    if let Some(seen) = self.seen.get_mut(&node) {
                        seen.opaque = false;
                    }
                }
            }
        }
    }

    fn nodes(&self, name: &Qualified) -> Vec<Node> {
        let functions = self.functions.get(name).into_iter().flatten();
        self.relations
            .get(name)
            .into_iter()
            .chain(functions)
            .copied()
            .collect()
    }

    /// Whether the catalogue has such a relation.
    pub(crate) fn knows(&self, relation: &Qualified) -> bool {
        self.relations.contains_key(relation)
    }

    /// The columns by which rows of a table are told apart, the best first; none where they are not.
    pub(crate) fn key_columns(&self, table: &str) -> &[KeyColumn] {
        self.keys.get(table).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a table's triggers tell which transaction writes to it, by rows or as a whole.
    pub(crate) fn is_watched(&self, table: &str) -> bool {
        self.watched.contains(table)
    }

    /// What reading a relation depends on.
    pub(crate) fn read(&self, relation: &Qualified) -> Arc<Reach> {
        self.of_nodes(self.relations.get(relation).copied(), Way::Reads)
    }

    /// What writing to a relation changes.
    pub(crate) fn written(&self, relation: &Qualified) -> Arc<Reach> {
        self.of_nodes(self.relations.get(relation).copied(), Way::Writes)
    }

    /// What functions of that name, whatever their parameters, read or write.
    pub(crate) fn called(&self, function: &Qualified, writing: bool) -> Vec<Arc<Reach>> {
        let way = if writing { Way::Writes } else { Way::Reads };
        match self.functions.get(function) {
            Some(overloads) => overloads
                .iter()
                .map(|node| self.of_nodes(Some(*node), way))
                .collect(),
            None => vec![self.of_nodes(None, way)],
        }
    }

    /// Of what the catalogue does not know, anything may be true.
    fn of_nodes(&self, node: Option<Node>, way: Way) -> Arc<Reach> {
        let Some(node) = node else {
            return Arc::new(Reach {
                opaque: true,
                claims: true,
                request: true,
                returns: true,
                silences: true,
                ..Reach::default()
            });
        };
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            found
                .entry((node, way))
                .or_insert_with(|| Arc::new(self.follow(node, way))),
        )
    }

    /// Follows the edges; a write goes on as a read of a function's text, which names what it writes.
    fn follow(&self, start: Node, way: Way) -> Reach {
        let mut reach = Reach {
            returns: self.self_reading.contains(&start),
            ..Reach::default()
        };
        let mut met = HashSet::from([start]);
        let mut waiting = vec![start];
        while let Some(node) = waiting.pop() {
            if let Some(name) = self.names.get(&node).filter(|_| node > 0) {
                reach.tables.push(name.clone());
            }
            let seen = self.seen.get(&node).copied().unwrap_or_default();
            reach.opaque |= seen.opaque;
            reach.claims |= seen.claims;
            reach.request |= seen.request;
            reach.silences |= seen.silences;
            let next = match way {
                Way::Writes if node > 0 => self.writes.get(&node),
                Way::Writes | Way::Reads => self.reads.get(&node),
            };
            let next = next.into_iter().flatten().copied();
            waiting.extend(
                next.inspect(|next| reach.returns |= *next == start)
                    .filter(|next| met.insert(*next)),
            );
        }
        reach.tables.sort();
        reach
    }
}

/// What the configuration tells of the database.
pub(crate) struct Told<'config> {
    pub(crate) reads: &'config BTreeMap<String, Vec<String>>,
    pub(crate) writes: &'config BTreeMap<String, Vec<String>>,
    /// The schema of a name without one.
    pub(crate) schema: &'config str,
}

impl Told<'_> {
    fn qualified(&self, name: &str) -> Qualified {
        match name.split_once('.') {
            Some((schema, name)) => Qualified::new(schema, name),
            None => Qualified::new(self.schema, name),
        }
    }
}

#[cfg(test)]
mod tests;
