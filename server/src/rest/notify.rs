//! Listening for NOTIFY on a connection of its own.

use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::{AsyncMessage, Client, Connection, Error, NoTls};

use seawall_pgrest::ident;

use super::execute::chain;
use crate::app::App;

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// Listens as long as the server runs, connecting again when the connection breaks.
pub(super) async fn listen_forever(app: &App) {
    let mut wait = FIRST_WAIT;
    loop {
        let Some(channel) = app.rest.config().rest.channel.clone() else {
            return;
        };
        match listen(app, &channel).await {
            Ok(()) => wait = FIRST_WAIT,
            Err(error) => tracing::debug!(
                error = chain(&error),
                "the notification channel cannot be listened to"
            ),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Returns when a connection that listened has broken.
async fn listen(app: &App, channel: &str) -> Result<(), Error> {
    let connector = app.rest.pool.manager();
    match connector.tls() {
        Some(tls) => {
            let (client, connection) = connector.config().connect(tls).await?;
            hear(app, &client, connection, channel).await
        }
        None => {
            let (client, connection) = connector.config().connect(NoTls).await?;
            hear(app, &client, connection, channel).await
        }
    }
}

async fn hear<S, T>(
    app: &App,
    client: &Client,
    mut connection: Connection<S, T>,
    channel: &str,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let command = format!("listen {}", ident::quote(channel));
    let subscribe = async {
        client.batch_execute(&command).await?;
        tracing::debug!(channel, "listening for notifications");
        // What changed while nobody listened is not told again.
        if app.rest.is_loaded() {
            app.rest.reload.notify_one();
        }
        Ok::<(), Error>(())
    };
    let hear = async {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            match message {
                Ok(AsyncMessage::Notification(notification)) => understand(app, notification.payload()),
                Ok(_) => {}
                Err(error) => tracing::debug!(error = chain(&error), "the notification channel broke"),
            }
        }
    };
    let (subscribed, ()) = futures_util::future::join(subscribe, hear).await;
    subscribed
}

fn understand(app: &App, payload: &str) {
    match payload {
        "" | "reload schema" | "reload config" => {
            tracing::info!(payload, "reloading the schema cache: notified");
            app.rest.reload.notify_one();
        }
        other => tracing::debug!(payload = other, "a notification means nothing"),
    }
}
