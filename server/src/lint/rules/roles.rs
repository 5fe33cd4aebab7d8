//! The login role and the roles that requests take.

use seawall_pgrest::ident::quote;

use crate::lint::catalogue::{Catalogue, Role};
use crate::lint::finding::{Object, Remark, list, sql};

fn object(role: &Role) -> Object {
    Object::global("role", &role.name)
}

fn one(remark: Option<Remark>) -> Vec<Remark> {
    remark.into_iter().collect()
}

pub(super) fn login_superuser(catalogue: &Catalogue) -> Vec<Remark> {
    let login = &catalogue.login;
    one(login.superuser.then(|| {
        Remark::new(
            object(login),
            "the server logs in as a superuser",
            "create role seawall_login login noinherit password '…';\ngrant anon, authenticated to seawall_login;",
        )
    }))
}

pub(super) fn login_bypasses_rls(catalogue: &Catalogue) -> Vec<Remark> {
    let login = &catalogue.login;
    one((login.bypasses && !login.superuser).then(|| {
        Remark::new(
            object(login),
            "the server logs in as a role with BYPASSRLS",
            format!("alter role {} nobypassrls;", quote(&login.name)),
        )
    }))
}

pub(super) fn login_owns(catalogue: &Catalogue) -> Vec<Remark> {
    let login = &catalogue.login;
    let owned: Vec<String> = catalogue
        .relations
        .iter()
        .filter(|relation| relation.owner == login.name && !login.name.is_empty())
        .map(|relation| format!("{}.{}", relation.schema, relation.name))
        .collect();
    let Some(first) = owned.first() else {
        return Vec::new();
    };
    let others = owned.len() - 1;
    let (schema, name) = first.split_once('.').unwrap_or(("", first));
    let message = match others {
        0 => format!("the server's login role owns {first}"),
        _ => format!("the server's login role owns {first} and {others} more"),
    };
    vec![Remark::new(
        object(login),
        message,
        format!("alter table {} owner to postgres;", sql(schema, name)),
    )]
}

pub(super) fn login_inherits(catalogue: &Catalogue) -> Vec<Remark> {
    let login = &catalogue.login;
    one((login.inherits && !login.superuser).then(|| {
        let roles: Vec<&str> = catalogue.roles.iter().map(|role| role.name.as_str()).collect();
        Remark::new(
            object(login),
            format!(
                "the server's login role inherits from what it may become: {}",
                list(&roles)
            ),
            format!("alter role {} noinherit;", quote(&login.name)),
        )
    }))
}

pub(super) fn anonymous_bypasses_rls(catalogue: &Catalogue) -> Vec<Remark> {
    let anonymous = catalogue.anonymous.as_deref();
    let unbound = catalogue
        .roles
        .iter()
        .find(|role| Some(role.name.as_str()) == anonymous && (role.superuser || role.bypasses));
    one(unbound.map(|role| {
        Remark::new(
            object(role),
            "the role of requests without a token bypasses row-level security",
            format!("alter role {} nosuperuser nobypassrls;", quote(&role.name)),
        )
    }))
}

pub(super) fn role_privileged(catalogue: &Catalogue) -> Vec<Remark> {
    let privileged = catalogue
        .roles
        .iter()
        .filter(|role| role.superuser || role.creates);
    privileged
        .map(|role| {
            Remark::new(
                object(role),
                "a token may name this role, and it has rights over the whole cluster",
                format!(
                    "alter role {} nosuperuser nocreaterole nocreatedb noreplication;",
                    quote(&role.name)
                ),
            )
        })
        .collect()
}
