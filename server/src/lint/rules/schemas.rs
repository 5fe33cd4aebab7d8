//! Schemas that are exposed.

use seawall_pgrest::ident::quote;

use crate::lint::catalogue::{Catalogue, Schema};
use crate::lint::finding::{Object, Remark, list, sql_list};

fn exposed(catalogue: &Catalogue) -> impl Iterator<Item = &Schema> {
    catalogue
        .schemas
        .iter()
        .filter(|schema| catalogue.exposes(&schema.name))
}

pub(super) fn writable(catalogue: &Catalogue) -> Vec<Remark> {
    exposed(catalogue)
        .filter_map(|schema| {
            let mut creators: Vec<String> = schema
                .creators
                .iter()
                .filter(|role| catalogue.is_bound(role))
                .cloned()
                .collect();
            if schema.public {
                creators = vec!["public".to_owned()];
            }
            if creators.is_empty() {
                return None;
            }
            Some(Remark::new(
                Object::global("schema", &schema.name),
                format!("{} may create in it", list(&creators)),
                format!(
                    "revoke create on schema {} from {};",
                    quote(&schema.name),
                    sql_list(&creators)
                ),
            ))
        })
        .collect()
}

pub(super) fn extension_exposed(catalogue: &Catalogue) -> Vec<Remark> {
    exposed(catalogue)
        .filter(|schema| !schema.extensions.is_empty())
        .map(|schema| {
            let moves: Vec<String> = schema
                .extensions
                .iter()
                .map(|name| format!("alter extension {} set schema extensions;", quote(name)))
                .collect();
            Remark::new(
                Object::global("schema", &schema.name),
                format!("{} is installed in it", list(&schema.extensions)),
                format!("create schema if not exists extensions;\n{}", moves.join("\n")),
            )
        })
        .collect()
}
