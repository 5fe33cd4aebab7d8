//! Which function is called, with which arguments, and what is read of its result.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::PlanError;
use crate::ident::Qualified;
use crate::request::{Invocation, Payload};
use crate::schema::{Param, Routine, Volatility};

use super::arguments;
use super::negotiate::{Answer, Wanted};
use super::read::{ReadNode, Source};
use super::returning::{self, Returning};
use super::routine::Call;
use super::scope::Scope;
use super::tree::TreeBuilder;
use super::{Access, Counting, Planner};

/// Calls a function and reads what it gives.
#[derive(Debug, Clone, PartialEq)]
pub struct CallPlan {
    /// The function.
    pub routine: Routine,
    /// Which of its parameters get a value.
    pub parameters: Parameters,
    /// The values.
    pub arguments: Arguments,
    /// What its result must give, where it gives rows.
    pub returning: Returning,
    /// What is read of that.
    pub tree: ReadNode,
    /// In which shape.
    pub answer: Answer,
    /// How it was called.
    pub invocation: Invocation,
    /// Whether the transaction may write.
    pub access: Access,
    /// How the total is counted.
    pub counting: Counting,
    /// Most rows that may come back.
    pub max_affected: Option<i64>,
}

/// Which parameters get a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameters {
    /// These, by name.
    Named(Vec<Param>),
    /// The only one, which has no name.
    Single(Param),
}

/// The values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arguments {
    /// Values by name, as text; a variadic parameter takes many.
    Direct(BTreeMap<String, Argument>),
    /// A JSON object, whose keys are names.
    Json(String),
    /// The body as it came.
    Raw(Vec<u8>),
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// SQL's null.
    Null,
    /// A value.
    One(String),
    /// Values of a variadic parameter.
    Many(Vec<String>),
}

impl Planner<'_> {
    pub(super) fn call(self, name: &str, invocation: Invocation) -> Result<CallPlan, PlanError> {
        let request = self.request;
        let name = Qualified::new(request.schema.clone(), name);
        let given = self.argument_names(invocation);
        let routine = Call {
            name: &name,
            arguments: &given,
            invocation,
            content_type: &request.content_type,
        }
        .resolve(self.cache)?;

        let relation = routine.relation();
        let mut scope = Scope::of(&request.query, self.config.legacy_target_names)?;
        scope.range = request.range;
        let builder = TreeBuilder {
            cache: self.cache,
            config: self.config,
            max_rows: self.config.bounds.max_rows,
        };
        let tree = builder.root(&relation, Source::Result, &request.query.select, scope)?;
        let wanted = if invocation == Invocation::Head {
            Wanted::Headers
        } else {
            Wanted::Body
        };
        let answer = self.negotiate(&relation, &tree, wanted)?;
        let max_affected = request.preferences.binding_max_affected();
        if max_affected.is_some() && routine.returns_single() {
            return Err(PlanError::MaxAffectedRpc);
        }
        let parameters = parameters(routine, &given);
        Ok(CallPlan {
            routine: routine.clone(),
            arguments: self.arguments(routine, &parameters, invocation),
            parameters,
            returning: returning::needed(&tree, self.cache.table(&relation), &[]),
            tree,
            answer,
            invocation,
            access: access(routine, invocation),
            counting: self.counting(),
            max_affected,
        })
    }

    fn argument_names(self, invocation: Invocation) -> BTreeSet<String> {
        if invocation.is_safe() {
            self.request
                .query
                .params
                .iter()
                .map(|(name, _)| name.clone())
                .collect()
        } else {
            self.request.columns.clone()
        }
    }

    fn arguments(self, routine: &Routine, parameters: &Parameters, invocation: Invocation) -> Arguments {
        if invocation.is_safe() {
            return direct(routine, &self.request.query.params);
        }
        match &self.request.payload {
            Some(Payload::Form { pairs, .. }) => direct(routine, pairs),
            Some(Payload::Json { text, .. }) => from_body(parameters, text),
            Some(Payload::RawJson(text)) => Arguments::Json(text.clone()),
            Some(Payload::Raw(bytes)) => Arguments::Raw(bytes.clone()),
            None => Arguments::Json("{}".to_owned()),
        }
    }
}

fn parameters(routine: &Routine, given: &BTreeSet<String>) -> Parameters {
    match routine.params.as_slice() {
        [only] if only.name.is_empty() => Parameters::Single(only.clone()),
        params => {
            let is_given = |param: &&Param| given.contains(&param.name);
            Parameters::Named(params.iter().filter(is_given).cloned().collect())
        }
    }
}

fn from_body(parameters: &Parameters, json: &str) -> Arguments {
    let direct = match parameters {
        Parameters::Named(params) => arguments::of_body(params, json),
        Parameters::Single(_) => None,
    };
    direct.map_or_else(|| Arguments::Json(json.to_owned()), Arguments::Direct)
}

/// Of repeated names the last counts, except for a variadic parameter, which takes all in order.
fn direct(routine: &Routine, pairs: &[(String, String)]) -> Arguments {
    let is_variadic = |name: &str| {
        routine
            .params
            .iter()
            .any(|param| param.variadic && param.name == name)
    };
    let mut arguments = BTreeMap::new();
    for (name, value) in pairs {
        let many = is_variadic(name);
        match arguments.get_mut(name) {
            Some(Argument::Many(values)) => values.push(value.clone()),
            Some(Argument::One(_) | Argument::Null) | None => {
                let argument = if many {
                    Argument::Many(vec![value.clone()])
                } else {
                    Argument::One(value.clone())
                };
                arguments.insert(name.clone(), argument);
            }
        }
    }
    Arguments::Direct(arguments)
}

const fn access(routine: &Routine, invocation: Invocation) -> Access {
    match (invocation, routine.volatility) {
        (Invocation::Post, Volatility::Volatile) => Access::ReadWrite,
        (Invocation::Post, Volatility::Stable | Volatility::Immutable)
        | (Invocation::Get | Invocation::Head, _) => Access::ReadOnly,
    }
}
