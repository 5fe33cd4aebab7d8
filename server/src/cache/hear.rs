//! Hearing what other instances invalidate, as long as the server runs.

use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use super::Cache;
use crate::app::App;
use crate::bus::Message;

const MEASURE: Duration = Duration::from_secs(5);

/// Hears until the server stops.
pub(crate) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    let Some(cache) = &app.cache else { return };
    tokio::select! {
        () = hear(&app, cache) => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

async fn hear(app: &App, cache: &Cache) {
    let mut heard = app.bus.subscribe();
    let mut measure = tokio::time::interval(MEASURE);
    let mut spoken = false;
    loop {
        let message = tokio::select! {
            message = heard.recv() => message,
            _ = measure.tick() => {
                cache.measure();
                continue;
            }
        };
        match message {
            Ok(Message::CacheInvalidated {
                targets,
                shared,
                transaction,
            }) => {
                spoken = true;
                let graph = app.rest.graph();
                cache.hear(&targets, shared, transaction.as_deref(), graph.as_deref());
            }
            Ok(Message::CacheSuspect) => cache.suspect(),
            Ok(Message::Gap) | Err(RecvError::Lagged(_)) => {
                cache.suspect();
                // What was said here meanwhile may not have been carried either.
                if spoken {
                    app.bus
                        .publish(Message::CacheSuspect, app.clock.unix().as_millis());
                }
            }
            Ok(_) => {}
            Err(RecvError::Closed) => return,
        }
    }
}
