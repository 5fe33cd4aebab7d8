//! Keeps the registry small where nobody scrapes it: a histogram holds every sample until it is looked at.

use std::time::Duration;

use tokio::sync::watch;

use crate::app::App;

const EVERY: Duration = Duration::from_secs(5);

/// Files samples into their buckets, until the server stops.
pub(crate) async fn keep_small(app: App, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => app.metrics.file_samples(),
            _ = stopped.changed() => return,
        }
    }
}
