//! Functions that run with other rights than their caller's.

use crate::lint::catalogue::{Catalogue, Routine};
use crate::lint::finding::{Object, Remark, list, sql};

/// A function as findings name it.
pub(super) fn object(routine: &Routine) -> Object {
    let kind = if routine.procedure {
        "procedure"
    } else {
        "function"
    };
    Object::new(kind, &routine.schema, &routine.name)
}

fn signature(routine: &Routine) -> String {
    let kind = if routine.procedure {
        "procedure"
    } else {
        "function"
    };
    format!(
        "{kind} {}({})",
        sql(&routine.schema, &routine.name),
        routine.arguments
    )
}

/// Roles of requests that row-level security is meant for and that may call it.
fn callers(catalogue: &Catalogue, routine: &Routine) -> Vec<String> {
    routine
        .callers
        .iter()
        .filter(|role| catalogue.is_bound(role))
        .cloned()
        .collect()
}

/// Whether a request can call it over REST.
pub(super) fn is_callable(catalogue: &Catalogue, routine: &Routine) -> bool {
    !routine.trigger && catalogue.exposes(&routine.schema) && !callers(catalogue, routine).is_empty()
}

fn is_anonymous(catalogue: &Catalogue, routine: &Routine) -> bool {
    let anonymous = catalogue.anonymous.as_ref();
    anonymous.is_some_and(|role| routine.callers.contains(role))
}

fn callable_definers(catalogue: &Catalogue) -> impl Iterator<Item = &Routine> {
    catalogue
        .routines
        .iter()
        .filter(|routine| routine.definer && is_callable(catalogue, routine))
}

pub(super) fn definer_for_anonymous(catalogue: &Catalogue) -> Vec<Remark> {
    let anonymous = catalogue.anonymous.as_deref().unwrap_or_default();
    callable_definers(catalogue)
        .filter(|routine| is_anonymous(catalogue, routine))
        .map(|routine| {
            Remark::new(
                object(routine),
                format!("{anonymous} may call it, and it runs as {}", routine.owner),
                format!(
                    "alter {signature} security invoker;\n-- or: revoke execute on {signature} from public, {anonymous};",
                    signature = signature(routine),
                    anonymous = seawall_pgrest::ident::quote(anonymous)
                ),
            )
        })
        .collect()
}

pub(super) fn definer_exposed(catalogue: &Catalogue) -> Vec<Remark> {
    callable_definers(catalogue)
        .filter(|routine| !is_anonymous(catalogue, routine))
        .map(|routine| {
            Remark::new(
                object(routine),
                format!(
                    "{} may call it, and it runs as {}",
                    list(&callers(catalogue, routine)),
                    routine.owner
                ),
                format!("alter {} security invoker;", signature(routine)),
            )
        })
        .collect()
}

pub(super) fn definer_search_path(catalogue: &Catalogue) -> Vec<Remark> {
    let loose = catalogue
        .routines
        .iter()
        .filter(|routine| routine.definer && routine.search_path.is_none());
    loose
        .map(|routine| {
            Remark::new(
                object(routine),
                format!(
                    "it runs as {} and looks names up where its caller says",
                    routine.owner
                ),
                format!("alter {} set search_path = '';", signature(routine)),
            )
        })
        .collect()
}

pub(super) fn execute_by_public(catalogue: &Catalogue) -> Vec<Remark> {
    let open = catalogue
        .routines
        .iter()
        .filter(|routine| routine.public && !routine.trigger && catalogue.exposes(&routine.schema));
    open.map(|routine| {
        Remark::new(
            object(routine),
            "every role may call it",
            format!(
                "revoke execute on {signature} from public;\ngrant execute on {signature} to authenticated;",
                signature = signature(routine)
            ),
        )
    })
    .collect()
}
