//! The word a route goes by in metrics and logs.

use crate::app::Parts;

/// A word for the route in metrics and logs: few of them, none the caller's.
pub(crate) fn label(app: &Parts, path: &str) -> &'static str {
    let path = match path.strip_prefix("/v1") {
        Some(rest) if rest.starts_with('/') && !app.config.postgrest => rest,
        Some(_) | None => path,
    };
    let below = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match path {
        _ if below("/rest/v1/rpc") => "rpc",
        _ if below("/rest/v1") => "rest",
        _ if below("/auth/v1") => "auth",
        _ if below("/storage/v1") => "storage",
        _ if below("/functions/v1") => "functions",
        _ if below("/realtime/v1") => "realtime",
        _ if app.config.postgrest && below("/rpc") => "rpc",
        _ if app.config.postgrest => "rest",
        "/health" | "/health/detailed" | "/live" | "/ready" => "health",
        "/metrics" => "metrics",
        "/policy" => "policy",
        "/ingest" => "ingest",
        "/openapi.json" => "docs",
        _ if below("/api-docs") => "docs",
        _ if below("/admin") || below("/internal") => "admin",
        _ if below("/jobs") => "jobs",
        _ if below("/dev") => "dev",
        _ if app.config.server.static_dir.is_some() => "page",
        _ if app.config.server.rest_root && below("/rpc") => "rpc",
        _ if app.config.server.rest_root => "rest",
        _ => "unknown",
    }
}
