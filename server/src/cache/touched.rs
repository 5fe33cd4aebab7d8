//! What a request read or wrote, as the handler learnt it from the plan; it rides on the answer.

use seawall_pgrest::ident::Qualified;
use seawall_pgrest::plan::{Access, CallPlan, Handler, Plan, ReadNode, Source};
use seawall_pgrest::request::MediaType;
use seawall_pgrest::schema::{Link, Volatility};

use super::graph::{Graph, Reach};
use super::table_name;
use crate::config::CacheConfig;

/// What a request touched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Tables its answer depends on.
    pub(crate) read: Vec<String>,
    /// The answer may depend on any table.
    pub(crate) reads_anything: bool,
    /// Tables it changed, if it was carried out.
    pub(crate) written: Vec<String>,
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
        let mut touched = Touched {
            read: self.reach.tables.iter().map(table_name).collect(),
            reads_anything: self.reach.opaque,
            keep: self.keep && made_by_us && unjudged && !self.reach.request,
            public: declared && !self.reach.claims,
            ..Touched::default()
        };
        for reach in self.writes.into_iter().flatten() {
            touched.wrote(&reach);
            touched.judged_before(around);
        }
        touched
    }
}

impl Circumstances<'_> {
    fn tree(&self, tree: &ReadNode) -> Reading {
        let mut reading = Reading {
            reach: Reach::default(),
            named: Vec::new(),
            keep: true,
            writes: None,
        };
        self.node(tree, &mut reading);
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

    fn node(&self, node: &ReadNode, reading: &mut Reading) {
        match &node.source {
            Source::Relation => self.relation(&node.relation, reading),
            // Rows of a function that gives a table's may have that table's computed columns.
            Source::Result if self.graph.knows(&node.relation) => {
                reading.add(&self.graph.read(&node.relation));
            }
            Source::Result => {}
            Source::Computed { function, .. } => {
                for reach in self.graph.called(function, false) {
                    reading.add(&reach);
                }
                self.relation(&node.relation, reading);
            }
        }
        for embed in &node.embeds {
            if let Link::ManyToMany(junction) = &embed.relationship.link {
                self.relation(&junction.table, reading);
            }
            self.node(&embed.node, reading);
        }
    }

    fn relation(&self, relation: &Qualified, reading: &mut Reading) {
        reading.named.push(self.name(relation));
        reading.add(&self.graph.read(relation));
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
