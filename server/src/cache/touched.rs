//! What a request read or wrote, as the handler learnt it from the plan; it rides on the answer.
//!
//! A table is read *by rows* where every level of the request that reads it restricts it to certain values
//! ([`super::restricted`]), its rows are told apart by those ([`super::rows`]), and nothing else behind the answer
//! reads it: no other level, no policy (its own included), view, or function. Then which of its rows are given is
//! decided by these rows themselves and by what their policies ask of other tables; on those the answer depends as a
//! whole. In every other case it depends on the whole table.
//!
//! A write touches tables as the graph tells; those of which its own transaction reported rows, by rows.

use seawall_pgrest::ident::Qualified;
use seawall_pgrest::plan::{Access, CallPlan, Handler, Plan, ReadNode, Source};
use seawall_pgrest::request::MediaType;
use seawall_pgrest::schema::{Link, SchemaCache, Volatility};

use super::graph::{Graph, Reach};
use super::once::Transaction;
use super::restricted::{self, Values};
use super::rows::{Report, RowsRead, RowsWritten, reports};
use super::table_name;
use crate::config::CacheConfig;

/// What a request touched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Tables its answer depends on, whichever of their rows are written.
    pub(crate) read: Vec<String>,
    /// Tables of which only certain rows matter.
    pub(crate) rows_read: Vec<RowsRead>,
    /// The answer may depend on any table.
    pub(crate) reads_anything: bool,
    /// Tables it changed, if it was carried out; any of their rows.
    pub(crate) written: Vec<String>,
    /// Tables of which it changed only certain rows.
    pub(crate) rows_written: Vec<RowsWritten>,
    /// Its transaction can tell its name, and perhaps which rows it writes.
    pub(crate) reports: bool,
    /// The transaction that changed it, where it is known to be committed.
    pub(crate) transaction: Option<Transaction>,
    /// Something that it may set off can keep the reports from being whole.
    pub(super) silenced: bool,
    /// It may have changed any table.
    pub(crate) writes_anything: bool,
    /// Its answer may be kept.
    pub(crate) keep: bool,
    /// Its answer is the same for everybody of the role.
    pub(crate) public: bool,
}

/// What decides besides the plan.
pub(crate) struct Circumstances<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) tables: &'a SchemaCache,
    pub(crate) config: &'a CacheConfig,
    /// The schema of a name without one.
    pub(crate) schema: &'a str,
    /// A function judges each request before it is carried out.
    pub(crate) pre_request: Option<&'a Qualified>,
}

impl Touched {
    /// What a plan touches.
    pub(crate) fn of(plan: &Plan, around: &Circumstances<'_>) -> Self {
        match plan {
            Plan::Read(read) => around.tree(&read.tree).touched(plan, around),
            Plan::Call(call) => around.call(call).touched(plan, around),
            Plan::Mutate(mutate) => {
                let mut touched = Self::default();
                touched.wrote(&around.graph.written(&mutate.table));
                touched.judged_before(around);
                touched.expect_reports(around.graph);
                touched
            }
            Plan::Inspect(_) | Plan::Info(_) => Self::default(),
        }
    }

    /// What a write to a relation, or a call of a function, may change.
    pub(crate) fn by_name(name: &Qualified, is_function: bool, graph: &Graph) -> Self {
        let mut touched = Self::default();
        if is_function {
            for reach in graph.called(name, true) {
                touched.wrote(&reach);
            }
        } else {
            touched.wrote(&graph.written(name));
        }
        touched
    }

    /// Reading leads there as well.
    pub(super) fn reads(&mut self, reach: &Reach) {
        self.read.extend(reach.tables.iter().map(table_name));
        self.reads_anything |= reach.opaque;
        self.keep &= !reach.request;
        self.public &= !reach.claims;
    }

    fn wrote(&mut self, reach: &Reach) {
        self.written.extend(reach.tables.iter().map(table_name));
        self.writes_anything |= reach.opaque;
        self.silenced |= reach.silences;
    }

    /// Whether it is worth asking the transaction for its reports: what the triggers tell of it too has its name, and
    /// is known again by it.
    fn expect_reports(&mut self, graph: &Graph) {
        let told = |table: &String| graph.is_watched(table);
        self.reports = !self.writes_anything && !self.silenced && self.written.iter().any(told);
    }

    /// What the transaction itself reported before it was committed. Only of a table that it names are rows known: the
    /// report shows that the table's triggers are there and were not switched off.
    pub(crate) fn reported(&mut self, transaction: Option<&str>, written: &str, graph: &Graph) {
        self.transaction = transaction.and_then(Transaction::read);
        for report in reports(written) {
            if let Report::Rows(rows) = report.known_to(Some(graph))
                && !graph.key_columns(&rows.table).is_empty()
            {
                self.written.retain(|table| *table != rows.table);
                self.rows_written.push(rows);
            }
        }
    }

    /// A pre-request function writes too, if it writes.
    fn judged_before(&mut self, around: &Circumstances<'_>) {
        for reach in around
            .pre_request
            .iter()
            .flat_map(|name| around.graph.called(name, true))
        {
            self.wrote(&reach);
        }
    }
}

/// What reading has led to so far.
struct Reading {
    reach: Reach,
    rows: Vec<RowsRead>,
    named: Vec<String>,
    keep: bool,
    writes: Option<Vec<std::sync::Arc<Reach>>>,
}

impl Reading {
    fn add(&mut self, reach: &Reach) {
        self.reach.tables.extend(reach.tables.iter().cloned());
        self.reach.opaque |= reach.opaque;
        self.reach.claims |= reach.claims;
        self.reach.request |= reach.request;
    }

    /// The same of a relation of which only certain rows are read; the way must not lead back to it.
    fn add_rows(&mut self, rows: RowsRead, reach: &Reach) {
        let others = reach
            .tables
            .iter()
            .filter(|table| table_name(table) != rows.table);
        self.reach.tables.extend(others.cloned());
        self.reach.opaque |= reach.opaque;
        self.reach.claims |= reach.claims;
        self.reach.request |= reach.request;
        self.rows.push(rows);
    }

    fn touched(mut self, plan: &Plan, around: &Circumstances<'_>) -> Touched {
        self.reach.tables.sort();
        self.reach.tables.dedup();
        let made_by_us = plan.answer().is_some_and(|answer| {
            !matches!(answer.handler, Handler::Custom(_)) && !matches!(answer.media, MediaType::Plan { .. })
        });
        let unjudged = around.pre_request.is_none() || around.config.skip_pre_request;
        let declared = self.named.iter().all(|name| around.config.is_public(name));
        if declared && self.reach.claims {
            tracing::debug!(
                tables = self.named.join(","),
                "declared public, but policies look at claims: kept for each caller alone"
            );
        }
        let read: Vec<String> = self.reach.tables.iter().map(table_name).collect();
        // What is read in another way too depends on all of its rows.
        self.rows.retain(|rows| !read.contains(&rows.table));
        let mut touched = Touched {
            read,
            rows_read: self.rows,
            reads_anything: self.reach.opaque,
            keep: self.keep && made_by_us && unjudged && !self.reach.request,
            public: declared && !self.reach.claims,
            ..Touched::default()
        };
        for reach in self.writes.into_iter().flatten() {
            touched.wrote(&reach);
            touched.judged_before(around);
        }
        touched.expect_reports(around.graph);
        touched
    }
}

impl Circumstances<'_> {
    fn tree(&self, tree: &ReadNode) -> Reading {
        let mut reading = Reading {
            reach: Reach::default(),
            rows: Vec::new(),
            named: Vec::new(),
            keep: true,
            writes: None,
        };
        self.node(tree, Values::new(), &mut reading);
        reading
    }

    fn call(&self, call: &CallPlan) -> Reading {
        let mut reading = self.tree(&call.tree);
        reading
            .named
            .push(format!("rpc/{}", self.name(&call.routine.name)));
        for reach in self.graph.called(&call.routine.name, false) {
            reading.add(&reach);
        }
        reading.keep = match call.routine.volatility {
            Volatility::Stable | Volatility::Immutable => true,
            Volatility::Volatile => false,
        };
        reading.writes = match call.access {
            Access::ReadWrite => Some(self.graph.called(&call.routine.name, true)),
            Access::ReadOnly => None,
        };
        reading
    }

    /// `given` is what the parent says of the rows that are joined to it.
    fn node(&self, node: &ReadNode, given: Values, reading: &mut Reading) {
        let mut values = given;
        values.extend(restricted::values(node));
        match &node.source {
            Source::Relation => self.relation(&node.relation, &values, reading),
            // Rows of a function that gives a table's may have that table's computed columns.
            Source::Result if self.graph.knows(&node.relation) => {
                reading.add(&self.graph.read(&node.relation));
            }
            Source::Result => {}
            Source::Computed { function, .. } => {
                for reach in self.graph.called(function, false) {
                    reading.add(&reach);
                }
                self.relation(&node.relation, &Values::new(), reading);
            }
        }
        for embed in &node.embeds {
            let through =
                |pairs: &[(String, String)]| restricted::through(self.tables, &node.relation, &values, pairs);
            let given = match &embed.relationship.link {
                Link::OneToMany(key) | Link::ManyToOne(key) | Link::OneToOne { key, .. } => {
                    through(&key.columns)
                }
                Link::ManyToMany(junction) => {
                    self.relation(&junction.table, &through(&junction.source_columns), reading);
                    Values::new()
                }
                Link::Computed { .. } => Values::new(),
            };
            self.node(&embed.node, given, reading);
        }
    }

    fn relation(&self, relation: &Qualified, values: &Values, reading: &mut Reading) {
        reading.named.push(self.name(relation));
        let reach = self.graph.read(relation);
        match restricted::rows(self.graph, relation, values) {
            Some(rows) if !reach.returns => reading.add_rows(rows, &reach),
            Some(_) | None => reading.add(&reach),
        }
    }

    /// The name by which the configuration knows it.
    fn name(&self, name: &Qualified) -> String {
        if name.schema == self.schema {
            name.name.clone()
        } else {
            table_name(name)
        }
    }
}
