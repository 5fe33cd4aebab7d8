//! The database as the login role sees it, under the check's rules.

use super::execute::chain;
use super::loader::{BEGIN, effective, end};
use super::session::Session;
use crate::app::App;
use crate::lint::{self, Report, Scope};

/// Reads the catalogue in one snapshot, on a connection of its own, and checks it. Changes nothing.
pub(crate) async fn inspect(app: &App, scope: &Scope) -> Result<Report, String> {
    let loan = app.rest.pool.get().await.map_err(|error| chain(&error))?;
    let mut session = Session::new(loan);
    let connection = session.connection().ok_or("the loan is gone")?;
    let config = effective(connection, &app.rest.at_start).await;
    if end(connection).await.is_ok() {
        session.give_back();
    }
    let config = config?;
    let client = app
        .rest
        .pool
        .manager()
        .driver()
        .await
        .map_err(|error| chain(&error))?;
    client.batch_execute(BEGIN).await.map_err(|error| chain(&error))?;
    let read = lint::load(&client, &config.rest).await;
    let read = read.map_err(|error| chain(&error))?;
    Ok(lint::check(&read, &app.config.check.allow, scope))
}
