//! Listening for NOTIFY on a connection of its own.

use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client, Connection, Error, NoTls};

use seawall_pgrest::ident;

use super::execute::chain;
use crate::app::App;
use crate::cache::Notice;

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// The channel of `seawall.watch`.
const WRITTEN: &str = "seawall_cache";
/// Notifications of writes that may wait; what comes when so many do is as good as missed.
const WAITING: usize = 1024;

/// Listens as long as the server runs, connecting again when the connection breaks.
pub(super) async fn listen_forever(app: &App) {
    let mut wait = FIRST_WAIT;
    loop {
        let channels = channels(app);
        if channels.is_empty() {
            return;
        }
        match listen(app, &channels).await {
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

/// The schema's channel and, where answers are kept, the one of tables that were written to.
fn channels(app: &App) -> Vec<String> {
    let schema = app.rest.config().rest.channel.clone();
    let written = app.cache.as_ref().map(|_| WRITTEN.to_owned());
    schema.into_iter().chain(written).collect()
}

/// Returns when a connection that listened has broken.
async fn listen(app: &App, channels: &[String]) -> Result<(), Error> {
    let connector = app.rest.pool.manager();
    match connector.tls() {
        Some(tls) => {
            let (client, connection) = connector.config().connect(tls).await?;
            hear(app, &client, connection, channels).await
        }
        None => {
            let (client, connection) = connector.config().connect(NoTls).await?;
            hear(app, &client, connection, channels).await
        }
    }
}

async fn hear<S, T>(
    app: &App,
    client: &Client,
    mut connection: Connection<S, T>,
    channels: &[String],
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let listens = channels
        .iter()
        .map(|channel| format!("listen {};", ident::quote(channel)));
    let command: String = listens.collect();
    let (written, writes) = mpsc::channel(WAITING);
    let subscribe = async {
        client.batch_execute(&command).await?;
        tracing::debug!(?channels, "listening for notifications");
        // What changed while nobody listened is not told again.
        if app.rest.is_loaded() {
            app.rest.reload.notify_one();
        }
        if let Some(cache) = &app.cache {
            cache.missed_notifications();
        }
        Ok::<(), Error>(())
    };
    let hear = async {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            match message {
                Ok(AsyncMessage::Notification(told)) if told.channel() == WRITTEN => {
                    let notice = Notice {
                        process: told.process_id(),
                        payload: told.payload().to_owned(),
                    };
                    if let (Some(cache), Err(_)) = (&app.cache, written.try_send(notice)) {
                        cache.missed_notifications();
                    }
                }
                Ok(AsyncMessage::Notification(told)) => understand(app, told.payload()),
                Ok(_) => {}
                Err(error) => tracing::debug!(error = chain(&error), "the notification channel broke"),
            }
        }
        drop(written);
    };
    let (subscribed, (), ()) = futures_util::future::join3(subscribe, hear, throw_away(app, writes)).await;
    subscribed
}

/// Throws away what depends on tables that were written to, together what is heard together.
async fn throw_away(app: &App, mut writes: mpsc::Receiver<Notice>) {
    let mut notices = Vec::new();
    while writes.recv_many(&mut notices, WAITING).await > 0 {
        notices.sort_unstable();
        notices.dedup();
        if let Some(cache) = &app.cache {
            let graph = app.rest.graph();
            cache.notified(&notices, graph.as_deref()).await;
        }
        notices.clear();
    }
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
