//! Reading the catalogue: the only part of the check that talks to a database.

use seawall_pgrest::schema::introspection::PROLOGUE;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio_postgres::Client;

use super::catalogue::{Catalogue, PARTS, ROLES, Role};
use crate::config::RestConfig;

/// Why there is no catalogue to look at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("the catalogue cannot be read: {0}")]
    Database(#[from] tokio_postgres::Error),
    #[error("the catalogue cannot be understood: {0}")]
    Shape(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Roles {
    login: Role,
    roles: Vec<Role>,
}

/// Reads the catalogue as the login role sees it. To be called in a transaction; changes nothing.
pub(crate) async fn load(client: &Client, rest: &RestConfig) -> Result<Catalogue, LoadError> {
    client.batch_execute(PROLOGUE).await?;
    let anonymous = rest.anon_role.clone().unwrap_or_default();
    let row = client
        .query_one(ROLES, &[&rest.allowed_roles, &anonymous])
        .await?;
    let Roles { login, roles } = serde_json::from_str(row.try_get(0)?)?;
    let names: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
    let mut document = Map::new();
    for (field, question) in PARTS {
        // Every part takes the roles; PostgreSQL wants to be told the type where one does not use them.
        let question = format!("select ({question})::text from (select $1::text[], $2::text[]) given");
        let row = client.query_one(&question, &[&rest.schemas, &names]).await?;
        document.insert(field.to_owned(), serde_json::from_str(row.try_get(0)?)?);
    }
    let catalogue: Catalogue = serde_json::from_value(Value::Object(document))?;
    Ok(Catalogue {
        exposed: rest.schemas.clone(),
        anonymous: rest.anon_role.clone(),
        login,
        roles,
        ..catalogue
    })
}
