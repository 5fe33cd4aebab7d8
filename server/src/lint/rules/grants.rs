//! Grants that reach further than row-level security.

use crate::lint::catalogue::{Catalogue, Column, DefaultGrant, Kind, Privilege, Relation};
use crate::lint::finding::{Remark, list, sql, sql_list};
use seawall_pgrest::ident::quote;

use super::relations::object;

/// Grants of some privileges to roles that row-level security is meant for, as `(role, privileges)`.
fn granted<'a>(
    privileges: impl Iterator<Item = &'a Privilege>,
    wanted: impl Fn(&Privilege) -> bool,
) -> (Vec<String>, Vec<String>) {
    let (mut roles, mut names) = (Vec::new(), Vec::new());
    for privilege in privileges.filter(|privilege| wanted(privilege)) {
        roles.push(privilege.role.clone());
        names.push(privilege.privilege.clone());
    }
    for list in [&mut roles, &mut names] {
        list.sort();
        list.dedup();
    }
    (roles, names)
}

fn revoke(relation: &Relation, privileges: &[String], roles: &[String]) -> String {
    let privileges = privileges.join(", ").to_lowercase();
    format!(
        "revoke {privileges} on {} from {};",
        sql(&relation.schema, &relation.name),
        sql_list(roles)
    )
}

fn exposed(catalogue: &Catalogue) -> impl Iterator<Item = &Relation> {
    catalogue
        .relations
        .iter()
        .filter(|relation| catalogue.exposes(&relation.schema))
}

pub(super) fn anonymous_writes(catalogue: &Catalogue) -> Vec<Remark> {
    let Some(anonymous) = &catalogue.anonymous else {
        return Vec::new();
    };
    let writes = |privilege: &Privilege| {
        privilege.role == *anonymous && ["INSERT", "UPDATE", "DELETE"].contains(&privilege.privilege.as_str())
    };
    exposed(catalogue)
        .filter_map(|relation| {
            let (roles, privileges) = granted(relation.privileges(), writes);
            if roles.is_empty() {
                return None;
            }
            let what = list(&privileges).to_lowercase();
            Some(Remark::new(
                object(relation),
                format!("{anonymous} may {what}"),
                revoke(relation, &privileges, &roles),
            ))
        })
        .collect()
}

pub(super) fn to_public(catalogue: &Catalogue) -> Vec<Remark> {
    exposed(catalogue)
        .filter(|relation| !relation.public.is_empty())
        .map(|relation| {
            Remark::new(
                object(relation),
                format!("{} is granted to PUBLIC", list(&relation.public)),
                revoke(relation, &relation.public, &["public".to_owned()]),
            )
        })
        .collect()
}

pub(super) fn past_rls(catalogue: &Catalogue) -> Vec<Remark> {
    let past = |privilege: &Privilege| {
        catalogue.is_bound(&privilege.role)
            && ["TRUNCATE", "REFERENCES", "TRIGGER"].contains(&privilege.privilege.as_str())
    };
    exposed(catalogue)
        .filter(|relation| matches!(relation.kind, Kind::Table | Kind::Partitioned))
        .filter_map(|relation| {
            let (roles, privileges) = granted(relation.whole.iter(), past);
            if roles.is_empty() {
                return None;
            }
            Some(Remark::new(
                object(relation),
                format!("{} granted to {}", list(&privileges), list(&roles)),
                revoke(relation, &privileges, &roles),
            ))
        })
        .collect()
}

/// Names that columns with secrets have.
const SECRETS: &[&str] = &[
    "api_key",
    "apikey",
    "access_token",
    "card_number",
    "credential",
    "credentials",
    "cvc",
    "cvv",
    "encrypted_password",
    "iban",
    "mfa_secret",
    "otp",
    "otp_secret",
    "passwd",
    "password",
    "password_hash",
    "passwordhash",
    "pin",
    "private_key",
    "privatekey",
    "recovery_token",
    "refresh_token",
    "reset_token",
    "salt",
    "secret",
    "secret_key",
    "session_token",
    "social_security_number",
    "ssn",
    "token",
    "token_hash",
    "totp_secret",
];

fn is_secret(column: &Column) -> bool {
    let name = column.name.to_lowercase();
    SECRETS.contains(&name.as_str()) || name.ends_with("_password") || name.ends_with("_secret")
}

pub(super) fn sensitive_column(catalogue: &Catalogue) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for relation in exposed(catalogue) {
        for column in relation.columns.iter().filter(|column| is_secret(column)) {
            let readers: Vec<&String> = column
                .readers
                .iter()
                .filter(|role| catalogue.is_bound(role))
                .collect();
            if readers.is_empty() {
                continue;
            }
            let name = sql(&relation.schema, &relation.name);
            remarks.push(Remark::new(
                object(relation).part("column", &column.name),
                format!("{} may read it", list(&readers)),
                format!(
                    "revoke select on {name} from {roles};\ngrant select ({others}) on {name} to {roles};",
                    roles = sql_list(&readers),
                    others = plain_columns(relation)
                ),
            ));
        }
    }
    remarks
}

fn plain_columns(relation: &Relation) -> String {
    let plain = relation.columns.iter().filter(|column| !is_secret(column));
    plain
        .map(|column| quote(&column.name))
        .collect::<Vec<_>>()
        .join(", ")
}

pub(super) fn secrets_whole(catalogue: &Catalogue) -> Vec<Remark> {
    let holds_secrets = |relation: &&Relation| {
        matches!(relation.kind, Kind::Table | Kind::Partitioned)
            && (relation.schema == "auth" || relation.columns.iter().any(is_secret))
    };
    let whole = |privilege: &Privilege| {
        catalogue.is_bound(&privilege.role)
            && ["SELECT", "INSERT", "UPDATE"].contains(&privilege.privilege.as_str())
    };
    let tables = catalogue.relations.iter().filter(holds_secrets);
    tables
        .filter_map(|relation| {
            let (roles, privileges) = granted(relation.whole.iter(), whole);
            if roles.is_empty() {
                return None;
            }
            Some(Remark::new(
                object(relation),
                format!(
                    "{} on all its columns is granted to {}",
                    list(&privileges),
                    list(&roles)
                ),
                format!(
                    "{}\n-- and grant the columns that are needed",
                    revoke(relation, &privileges, &roles)
                ),
            ))
        })
        .collect()
}

pub(super) fn default_privileges(catalogue: &Catalogue) -> Vec<Remark> {
    let broad = |grant: &&DefaultGrant| {
        grant.kind == "tables"
            && (grant.schema.is_empty() || catalogue.exposes(&grant.schema))
            && (grant.grantee == "public" || catalogue.is_bound(&grant.grantee))
    };
    let mut grants: Vec<&DefaultGrant> = catalogue.defaults.iter().filter(broad).collect();
    grants.dedup_by_key(|grant| (&grant.owner, &grant.schema, &grant.grantee));
    grants
        .into_iter()
        .map(|grant| {
            let within = if grant.schema.is_empty() {
                String::new()
            } else {
                format!(" in schema {}", quote(&grant.schema))
            };
            Remark::new(
                crate::lint::finding::Object::new("default privileges", &grant.schema, &grant.grantee),
                format!(
                    "{} is granted on every table that {} makes",
                    grant.grantee, grant.owner
                ),
                format!(
                    "alter default privileges for role {}{within} revoke all on tables from {};",
                    quote(&grant.owner),
                    sql_list(&[&grant.grantee])
                ),
            )
        })
        .collect()
}
