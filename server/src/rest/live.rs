//! What was read from the database at one moment, as requests use it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use seawall_pgrest::error::Verbosity;
use seawall_pgrest::ident::Qualified;
use seawall_pgrest::plan::{Bounds, Plan, PlanConfig};
use seawall_pgrest::request::RequestConfig;
use seawall_pgrest::response::openapi::Listing;
use seawall_pgrest::schema::SchemaCache;

use super::roles::Roles;
use crate::cache::{Circumstances, Touched};
use crate::config::{Config, OpenApiMode, RestConfig, TxEnd};

/// Schema cache, roles and configuration of one moment.
pub(super) struct Live {
    pub(super) config: Arc<Config>,
    pub(super) request: RequestConfig,
    plan: PlanConfig,
    /// For roles with bounds of their own.
    plan_by_role: BTreeMap<String, PlanConfig>,
    pub(super) pre_request: Option<Qualified>,
    pub(super) listing: Listing,
    pub(super) verbosity: Verbosity,
    pub(super) schema: SchemaCache,
    pub(super) roles: Roles,
    pub(super) generation: u64,
    /// Differs when the catalogue does.
    pub(super) fingerprint: crate::cache::Key,
    /// What depends on what, where answers are kept.
    pub(super) graph: Option<Arc<crate::cache::Graph>>,
    pub(super) loaded: Instant,
}

impl Live {
    pub(super) fn new(config: Config, schema: SchemaCache, roles: Roles, generation: u64) -> Self {
        let rest = &config.rest;
        Self {
            request: request_config(rest),
            plan: plan_config(rest, rest.bounds.everybody),
            plan_by_role: rest
                .bounds
                .by_role
                .keys()
                .map(|role| (role.clone(), plan_config(rest, rest.bounds.of(role))))
                .collect(),
            pre_request: rest.pre_request.as_deref().map(Qualified::parse),
            listing: match rest.openapi_mode {
                OpenApiMode::FollowPrivileges | OpenApiMode::Disabled => Listing::Privileged,
                OpenApiMode::IgnorePrivileges => Listing::Everything,
            },
            verbosity: if rest.verbose_errors {
                Verbosity::Verbose
            } else {
                Verbosity::Minimal
            },
            config: Arc::new(config),
            schema,
            roles,
            generation,
            fingerprint: crate::cache::Key::default(),
            graph: None,
            loaded: Instant::now(),
        }
    }

    /// Whether some exposed schema has a relation of this name, or a function called `rpc/…`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.schema
            .schemas()
            .iter()
            .any(|schema| match name.strip_prefix("rpc/") {
                Some(routine) => !self.schema.routines(&Qualified::new(schema, routine)).is_empty(),
                None => self.schema.table(&Qualified::new(schema, name)).is_some(),
            })
    }

    /// What a plan reads and writes; nothing where answers are not kept.
    pub(super) fn touched(&self, plan: &Plan) -> Option<Touched> {
        let around = Circumstances {
            graph: self.graph.as_deref()?,
            tables: &self.schema,
            config: &self.config.cache,
            schema: self.config.rest.schemas.first()?,
            pre_request: self.pre_request.as_ref(),
        };
        Some(Touched::of(plan, &around))
    }

    /// How requests of a role are planned.
    pub(super) fn plan_config(&self, role: &str) -> &PlanConfig {
        self.plan_by_role.get(role).unwrap_or(&self.plan)
    }
}

fn request_config(rest: &RestConfig) -> RequestConfig {
    RequestConfig {
        schemas: rest.schemas.clone(),
        openapi: rest.openapi_mode != OpenApiMode::Disabled,
        root_routine: rest.root_spec.clone(),
        tx_override: matches!(
            rest.tx_end,
            TxEnd::CommitAllowOverride | TxEnd::RollbackAllowOverride
        ),
    }
}

fn plan_config(rest: &RestConfig, bounds: Bounds) -> PlanConfig {
    PlanConfig {
        aggregates: rest.aggregates.clone(),
        unembeddable: rest.unembeddable.clone(),
        bounds,
        plan_enabled: rest.plan_enabled,
        legacy_target_names: rest.legacy_target_names,
    }
}
