//! Malware: asked of clamd, behind its breaker, and what follows from its answer.

use seawall_policy::class::Outcome;

use super::clamd::{self, Found};
use super::quarantine::{self, Finding};
use super::refusal::Refusal;
use super::spool::Slice;
use crate::app::App;
use crate::breakers::Dependency;

/// Refuses malware, and what cannot be scanned where it must be.
pub(super) async fn scan(
    app: &App,
    content: &Slice,
    bucket: &str,
    request_id: Option<&str>,
) -> Result<(), Refusal> {
    let config = &app.config.uploads;
    let Some(address) = &config.clamd else {
        return Ok(());
    };
    let ticket = match app.breakers.of(Dependency::Clamd).admit() {
        Ok(ticket) => ticket,
        Err(wait_s) => return without(app, wait_s),
    };
    match clamd::scan(address, content.clone(), config.clamd_timeout).await {
        Ok(Found::Nothing) => {
            ticket.settle(&Outcome::SUCCESS);
            Ok(())
        }
        Ok(Found::Malware(signature)) => {
            ticket.settle(&Outcome::SUCCESS);
            keep(app, content, &signature, bucket, request_id).await;
            Err(Refusal::Infected(signature))
        }
        Err(error) => {
            ticket.settle(&Outcome::NETWORK);
            tracing::warn!(%error, "an upload could not be scanned");
            without(app, 5)
        }
    }
}

fn without(app: &App, wait_s: u64) -> Result<(), Refusal> {
    if app.config.uploads.scan_required {
        return Err(Refusal::ScanUnavailable(wait_s));
    }
    app.metrics.upload("unscanned");
    app.events.security(
        "upload_unscanned",
        None,
        "an upload passed without a scan, as configured",
    );
    Ok(())
}

async fn keep(app: &App, content: &Slice, signature: &str, bucket: &str, request_id: Option<&str>) {
    let config = &app.config.uploads;
    let Some(folder) = config.quarantine.clone() else {
        return;
    };
    let (content, limit, at_ms) = (content.clone(), config.spool_limit, app.clock.unix().as_millis());
    let (signature, bucket) = (signature.to_owned(), bucket.to_owned());
    let request_id = request_id.map(str::to_owned);
    let kept = tokio::task::spawn_blocking(move || {
        let finding = Finding {
            signature: &signature,
            bucket: &bucket,
            request_id: request_id.as_deref(),
            at_ms,
        };
        quarantine::keep(&folder, limit, &content, &finding)
    });
    // It is refused either way.
    match kept.await.map_err(std::io::Error::other) {
        Ok(Ok(())) => {}
        Ok(Err(error)) | Err(error) => tracing::error!(%error, "an infected upload could not be kept"),
    }
}
