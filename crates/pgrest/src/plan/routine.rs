//! Which of a function's overloads a call means.

use std::collections::BTreeSet;

use crate::error::PlanError;
use crate::error::plan::RoutineSearch;
use crate::ident::Qualified;
use crate::request::{Invocation, MediaType};
use crate::schema::{Param, Routine, SchemaCache};

use super::candidates;
use super::suggest;

const MIN_NAME_SCORE: f64 = 0.75;
const MIN_PARAMS_SCORE: f64 = 0.33;

/// A call, as far as it decides between overloads.
pub(super) struct Call<'a> {
    pub(super) name: &'a Qualified,
    pub(super) arguments: &'a BTreeSet<String>,
    pub(super) invocation: Invocation,
    pub(super) content_type: &'a MediaType,
}

impl Call<'_> {
    /// Finds the one function that is meant. Named arguments come first; a function with a single unnamed
    /// argument takes the whole body where nothing else fits.
    pub(super) fn resolve<'c>(&self, cache: &'c SchemaCache) -> Result<&'c Routine, PlanError> {
        let overloads = cache.routines(self.name);
        let named: Vec<&Routine> = overloads
            .iter()
            .filter(|routine| self.names_match(routine))
            .collect();
        let found = if named.is_empty() {
            overloads
                .iter()
                .filter(|routine| self.takes_body(routine))
                .collect()
        } else {
            named
        };
        match found.as_slice() {
            [only] => Ok(only),
            [] => Err(self.not_found(cache, overloads)),
            several => Err(PlanError::AmbiguousRoutine {
                candidates: several
                    .iter()
                    .map(|routine| candidates::signature(routine))
                    .collect(),
            }),
        }
    }

    fn names_match(&self, routine: &Routine) -> bool {
        if routine.params.is_empty() {
            return self.arguments.is_empty() && self.single_type().is_none();
        }
        let given = |param: &Param| self.arguments.contains(&param.name);
        let known = |name: &String| routine.params.iter().any(|param| param.name == *name);
        routine.params.iter().all(|param| !param.required || given(param)) && self.arguments.iter().all(known)
    }

    fn takes_body(&self, routine: &Routine) -> bool {
        let [
            Param {
                name, declared_type, ..
            },
        ] = routine.params.as_slice()
        else {
            return false;
        };
        if self.invocation.is_safe() || !name.is_empty() {
            return false;
        }
        match self.single_type() {
            Some(of) => declared_type == of,
            None => {
                *self.content_type == MediaType::Json && matches!(declared_type.as_str(), "json" | "jsonb")
            }
        }
    }

    /// The type that a body of this content type can only be.
    fn single_type(&self) -> Option<&'static str> {
        if self.invocation.is_safe() {
            return None;
        }
        match self.content_type {
            MediaType::Text => Some("text"),
            MediaType::Xml => Some("xml"),
            MediaType::Binary => Some("bytea"),
            MediaType::Json
            | MediaType::ArrayStripped
            | MediaType::Object { .. }
            | MediaType::GeoJson
            | MediaType::Csv
            | MediaType::OpenApi(_)
            | MediaType::Form
            | MediaType::Any
            | MediaType::Plan { .. }
            | MediaType::Other(_) => None,
        }
    }

    fn not_found(&self, cache: &SchemaCache, overloads: &[Routine]) -> PlanError {
        PlanError::NoRoutine(Box::new(RoutineSearch {
            schema: self.name.schema.clone(),
            name: self.name.name.clone(),
            arguments: self.arguments.iter().cloned().collect(),
            content_type: self.content_type.clone(),
            posted: !self.invocation.is_safe(),
            suggestion: self.suggestion(cache, overloads),
        }))
    }

    fn suggestion(&self, cache: &SchemaCache, overloads: &[Routine]) -> Option<String> {
        if overloads.is_empty() {
            let names = cache
                .all_routines()
                .filter(|routine| routine.name.schema == self.name.schema);
            let names = names.map(|routine| routine.name.name.as_str());
            let (_, name) = suggest::nearest(names, &self.name.name, MIN_NAME_SCORE)?;
            return Some(name.to_owned());
        }
        let lists: Vec<String> = overloads
            .iter()
            .map(|routine| list(routine.params.iter().map(|param| param.name.as_str())))
            .collect();
        let given = list(self.arguments.iter().map(String::as_str));
        let (_, params) = suggest::nearest(lists.iter().map(String::as_str), &given, MIN_PARAMS_SCORE)?;
        Some(format!("{}{params}", self.name.name))
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    format!("({})", names.join(", "))
}
