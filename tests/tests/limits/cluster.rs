//! Three servers in processes of their own, over one PostgreSQL and one Redis.

use seawall_e2e::{Database, ServerProcess, TestRedis};
use serde_json::{Value, json};

/// The servers, and what they share.
pub(crate) struct Cluster {
    pub(crate) servers: Vec<ServerProcess>,
    pub(crate) redis: TestRedis,
    /// Ends after those who are connected to it.
    _database: Database,
}

/// Nothing is limited but reads, by this quota; stress takes nothing away.
pub(crate) fn only_reads(limit: u32, window_ms: u32) -> Value {
    json!({"limits": {
        "floor": 1,
        "ip": {"limit": 1_000_000, "window": 1000},
        "reads": {"limit": limit, "window": window_ms},
    }})
}

/// Tiers that limit nothing.
pub(crate) const BOUNDLESS: &str = r#"{"all": {
    "general-limit": 1000000, "general-window": 1000, "organisation-limit": 1000000, "organisation-window": 1000,
    "expensive-limit": 1000000, "expensive-window": 1000
}}"#;

impl Cluster {
    /// Starts three under a policy; each may be told more.
    pub(crate) async fn start(policy: &Value, more: [&[(&str, &str)]; 3]) -> Self {
        let (database, redis) = (Database::create().await, TestRedis::start().await);
        let (policy, url) = (policy.to_string(), redis.url());
        let mut servers = Vec::new();
        for more in more {
            let settings = [
                ("SEAWALL_RATE_LIMITS", "true"),
                ("SEAWALL_POLICY", &policy),
                ("SEAWALL_TIERS", BOUNDLESS),
                ("SEAWALL_REDIS_URL", &url),
                ("SEAWALL_RATE_LIMIT_INSTANCES", "3"),
            ];
            let settings: Vec<_> = settings.iter().chain(more).copied().collect();
            servers.push(ServerProcess::start(&database, &settings).await);
        }
        Self {
            servers,
            redis,
            _database: database,
        }
    }
}
