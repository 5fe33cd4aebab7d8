//! Whom a policy names, and whether it asks anything of them.

use seawall_pgrest::ident::quote;

use crate::lint::catalogue::{Catalogue, Command, Policy};
use crate::lint::condition::{Truth, truth};
use crate::lint::finding::{Object, Remark, list, sql};

/// A policy as findings name it.
pub(super) fn object(policy: &Policy) -> Object {
    Object::new("table", &policy.schema, &policy.table).part("policy", &policy.name)
}

/// `alter policy "p" on "s"."t"`
pub(super) fn alter(policy: &Policy) -> String {
    format!(
        "alter policy {} on {}",
        quote(&policy.name),
        sql(&policy.schema, &policy.table)
    )
}

/// Who it lets pass, where that is everybody.
fn everybody(policy: &Policy, condition: Option<&String>) -> Option<String> {
    if !policy.permissive {
        return None;
    }
    match truth(condition?) {
        Truth::Always => Some(list(&policy.roles)),
        Truth::AnyUser => Some("whoever is signed in".to_owned()),
        Truth::Never | Truth::Depends => None,
    }
}

pub(super) fn always_true_write(catalogue: &Catalogue) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for policy in catalogue.exposed_policies() {
        let old = match policy.command {
            Command::All | Command::Update | Command::Delete => everybody(policy, policy.using.as_ref()),
            Command::Select | Command::Insert => None,
        };
        let new = match policy.command {
            Command::All | Command::Update | Command::Insert => everybody(policy, policy.check.as_ref()),
            Command::Select | Command::Delete => None,
        };
        let (who, what, clause) = match (old, new) {
            (Some(who), _) => (who, "change every row", "using"),
            (None, Some(who)) => (who, "write rows for anybody", "with check"),
            (None, None) => continue,
        };
        remarks.push(Remark::new(
            object(policy),
            format!("it lets {who} {what}"),
            format!("{} {clause} (/* whose rows */);", alter(policy)),
        ));
    }
    remarks
}

pub(super) fn always_true_read(catalogue: &Catalogue) -> Vec<Remark> {
    let select = catalogue
        .exposed_policies()
        .filter(|policy| policy.command == Command::Select);
    select
        .filter_map(|policy| {
            let who = everybody(policy, policy.using.as_ref())?;
            Some(Remark::new(
                object(policy),
                format!("it shows every row to {who}"),
                format!(
                    "{} using (/* whose rows */);\n-- or, where it is meant to be public:\ncomment on policy {} on {} is \
                     'seawall:allow policy-always-true-read: why it is public';",
                    alter(policy),
                    quote(&policy.name),
                    sql(&policy.schema, &policy.table)
                ),
            ))
        })
        .collect()
}

pub(super) fn for_public(catalogue: &Catalogue) -> Vec<Remark> {
    let for_all = catalogue
        .exposed_policies()
        .filter(|policy| policy.permissive && policy.roles.iter().any(|role| role == "public"));
    for_all
        .map(|policy| {
            Remark::new(
                object(policy),
                "it names no role, so it also holds for requests without a token",
                format!("{} to authenticated;", alter(policy)),
            )
        })
        .collect()
}

pub(super) fn role_unreachable(catalogue: &Catalogue) -> Vec<Remark> {
    let reachable =
        |role: &String| role == "public" || catalogue.roles.iter().any(|known| known.name == *role);
    let idle = catalogue
        .exposed_policies()
        .filter(|policy| !policy.roles.iter().any(reachable));
    idle.map(|policy| {
        Remark::new(
            object(policy),
            format!(
                "it is for {}, and no request can take that role",
                list(&policy.roles)
            ),
            format!("{} to authenticated;", alter(policy)),
        )
    })
    .collect()
}

pub(super) fn without_check(catalogue: &Catalogue) -> Vec<Remark> {
    let unchecked = catalogue
        .exposed_policies()
        .filter(|policy| policy.permissive && policy.check.is_none());
    unchecked
        .filter_map(|policy| {
            let message = match policy.command {
                Command::Insert => "it has no WITH CHECK, so it lets no insert pass",
                Command::Update => "it has no WITH CHECK: what an update makes of a row is judged by USING",
                Command::All => "it has no WITH CHECK: what inserts and updates make is judged by USING",
                Command::Select | Command::Delete => return None,
            };
            let condition = policy.using.as_deref().unwrap_or("/* whose rows */");
            Some(Remark::new(
                object(policy),
                message,
                format!("{} with check ({});", alter(policy), strip(condition)),
            ))
        })
        .collect()
}

fn strip(condition: &str) -> &str {
    let inner = condition
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    inner
        .filter(|inner| !inner.contains(['(', ')']))
        .unwrap_or(condition)
}
