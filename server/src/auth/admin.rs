//! Who may administer.

use serde_json::Value;

use super::Identity;
use crate::config::ClusterConfig;

/// Whether the claims say that their bearer may administer.
pub(crate) fn is_admin(identity: &Identity, config: &ClusterConfig) -> bool {
    if !identity.authenticated {
        return false;
    }
    let claims = Value::Object((*identity.claims).clone());
    match config.admin_claim.find(&claims) {
        Some(Value::String(value)) => *value == config.admin_value,
        Some(Value::Array(values)) => values
            .iter()
            .any(|value| value.as_str() == Some(config.admin_value.as_str())),
        Some(Value::Bool(yes)) => *yes && config.admin_value == "true",
        _ => false,
    }
}
