//! A policy in the making, and in force.

use super::path::{self, Scope};
use super::rules::{Numbers, Rules};
use super::table::{Key, Reach};
use super::value::{self, Value};
use super::values::Values;
use crate::class::{Service, Target};
use crate::error::PolicyError;
use crate::limit::Quota;

/// A policy in the making.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyDraft {
    pub(super) given: Vec<Given>,
}

/// A policy in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub(super) draft: PolicyDraft,
    services: [Rules; 5],
    endpoints: Vec<(String, Rules)>,
    per_address: Quota,
}

/// One setting that was given.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Given {
    pub(super) scope: Scope,
    pub(super) key: Key,
    pub(super) number: f64,
}

impl PolicyDraft {
    /// Gives one setting; a second value for the same setting replaces the first.
    ///
    /// # Errors
    /// Names the setting, its bounds and the offending value, or the setting that was probably meant.
    pub fn set(&mut self, path: &str, value: Value<'_>) -> Result<(), PolicyError> {
        match path::segments(path) {
            Some(segments) => self.set_segments(&segments, value),
            None => Err(PolicyError::UnknownKey {
                path: path.to_owned(),
                nearest: None,
            }),
        }
    }

    /// Checks the settings together.
    ///
    /// # Errors
    /// Names two settings that contradict each other.
    pub fn finish(self) -> Result<Policy, PolicyError> {
        let base = self.resolve(Values::default(), &Scope::Document);
        let (_, per_address) = rules_of(&base, &Scope::Document, false)?;
        let mut services = Vec::with_capacity(Service::ALL.len());
        for service in Service::ALL {
            let scope = Scope::Service(service);
            services.push(rules_of(&self.resolve(base.clone(), &scope), &scope, false)?.0);
        }
        let mut endpoints = Vec::new();
        for path in self.endpoint_paths() {
            let service = Scope::Service(Target::of("GET", path).service);
            let scope = Scope::Endpoint(path.to_owned());
            let values = self.resolve(self.resolve(base.clone(), &service), &scope);
            let own_breaker = self
                .given
                .iter()
                .any(|given| given.scope == scope && given.key.is_breaker());
            endpoints.push((path.to_owned(), rules_of(&values, &scope, own_breaker)?.0));
        }
        let services = <[Rules; 5]>::try_from(services)
            .map_err(|_| PolicyError::Syntax("a service is missing".to_owned()))?;
        Ok(Policy {
            draft: self,
            services,
            endpoints,
            per_address,
        })
    }

    pub(super) fn set_segments(&mut self, segments: &[&str], value: Value<'_>) -> Result<(), PolicyError> {
        let (scope, key) = path::resolve(segments, matches!(value, Value::Flag(_)))?;
        let setting = key.setting();
        let name = || path::joined(segments);
        match (&scope, setting.reach) {
            (Scope::Document, _)
            | (Scope::Service(_), Reach::Service | Reach::Endpoint)
            | (Scope::Endpoint(_), Reach::Endpoint) => (),
            (Scope::Service(_), Reach::Document) => {
                return Err(PolicyError::OutOfPlace {
                    path: name(),
                    place: "a service",
                });
            }
            (Scope::Endpoint(_), Reach::Document | Reach::Service) => {
                return Err(PolicyError::OutOfPlace {
                    path: name(),
                    place: "an endpoint",
                });
            }
        }
        let number = value::check(setting, &name(), value)?;
        self.given
            .retain(|given| given.scope != scope || given.key != key);
        self.given.push(Given { scope, key, number });
        Ok(())
    }

    pub(super) fn resolve(&self, outer: Values, scope: &Scope) -> Values {
        let mut values = outer.inherited();
        for given in self.given.iter().filter(|given| given.scope == *scope) {
            values.put(given.key, given.number);
        }
        values.derive();
        values
    }

    fn endpoint_paths(&self) -> Vec<&str> {
        let mut paths: Vec<&str> = Vec::new();
        for path in self.given.iter().filter_map(|given| given.scope.endpoint()) {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths
    }
}

impl Policy {
    /// The rules for an endpoint of a service.
    #[must_use]
    pub fn rules(&self, service: Service, endpoint: &str) -> &Rules {
        let own = self.endpoints.iter().find(|(path, _)| path == endpoint);
        own.map_or_else(|| self.service(service), |(_, rules)| rules)
    }

    /// The rules for a service.
    #[must_use]
    pub fn service(&self, service: Service) -> &Rules {
        let [rest, rpc, auth, storage, functions] = &self.services;
        match service {
            Service::Rest => rest,
            Service::Rpc => rpc,
            Service::Auth => auth,
            Service::Storage => storage,
            Service::Functions => functions,
        }
    }

    /// The rules of every service, in the order of [`Service::ALL`].
    #[must_use]
    pub const fn services(&self) -> &[Rules; 5] {
        &self.services
    }

    /// The endpoints that have rules of their own.
    pub fn endpoints(&self) -> impl Iterator<Item = (&str, &Rules)> {
        self.endpoints.iter().map(|(path, rules)| (path.as_str(), rules))
    }

    /// The server's quota for one address.
    #[must_use]
    pub const fn per_address(&self) -> Quota {
        self.per_address
    }

    /// A draft with the same settings, to be changed further.
    #[must_use]
    pub fn to_draft(&self) -> PolicyDraft {
        self.draft.clone()
    }
}

impl Default for Policy {
    #[expect(
        clippy::unreachable,
        reason = "the table's defaults agree with each other: a test holds them to it"
    )]
    fn default() -> Self {
        match PolicyDraft::default().finish() {
            Ok(policy) => policy,
            Err(_) => unreachable!("the default policy is valid"),
        }
    }
}

impl Scope {
    fn endpoint(&self) -> Option<&str> {
        match self {
            Self::Endpoint(path) => Some(path),
            Self::Document | Self::Service(_) => None,
        }
    }

    fn prefix(&self) -> String {
        match self {
            Self::Document => String::new(),
            Self::Service(service) => format!("services.{}.", service.name()),
            Self::Endpoint(path) => format!("endpoints.\"{path}\"."),
        }
    }
}

fn rules_of(values: &Values, scope: &Scope, own_breaker: bool) -> Result<(Rules, Quota), PolicyError> {
    let numbers = Numbers::of(values);
    let per_address = numbers.quota(Key::LimitsIpLimit, Key::LimitsIpWindow);
    numbers
        .rules(own_breaker)
        .and_then(|rules| Ok((rules, per_address?)))
        .map_err(|conflict| PolicyError::Conflict {
            scope: scope.prefix(),
            conflict,
        })
}
