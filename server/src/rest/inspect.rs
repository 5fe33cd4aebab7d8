//! The database as the login role sees it, under the check's rules.

use super::execute::chain;
use super::loader::{BEGIN, effective};
use super::session::Session;
use super::transaction::ROLLBACK;
use crate::app::App;
use crate::lint::{self, Report, Scope};

/// Reads the catalogue in one snapshot, on one connection, and checks it. Changes nothing.
pub(crate) async fn inspect(app: &App, scope: &Scope) -> Result<Report, String> {
    let loan = app.rest.pool.get().await.map_err(|error| chain(&error))?;
    let mut session = Session::new(loan);
    let client = &session.connection().ok_or("the loan is gone")?.client;
    client.batch_execute(BEGIN).await.map_err(|error| chain(&error))?;
    let read = async {
        let config = effective(client, &app.rest.at_start).await?;
        lint::load(client, &config.rest)
            .await
            .map_err(|error| chain(&error))
    };
    let read = read.await;
    if client.batch_execute(ROLLBACK).await.is_ok() {
        session.give_back();
    }
    Ok(lint::check(&read?, &app.config.check.allow, scope))
}
