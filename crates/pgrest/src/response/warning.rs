//! The `Warning` of a request that will stop working one day.

use http::HeaderValue;

use crate::plan::Plan;

/// The header's value, where an aliased embed was named by its relation in filters, orders or limits.
pub(super) fn of(plan: &Plan) -> Option<HeaderValue> {
    let misnamed = plan.misnamed_embeds();
    if misnamed.is_empty() {
        return None;
    }
    let changes: Vec<String> = misnamed
        .iter()
        .map(|(relation, alias)| format!("`{relation}` to `{alias}`"))
        .collect();
    let text = format!(
        "299 seawall \"Embedded resource was referenced by relation name even though it has an alias. This is \
         deprecated and will stop working in a future release. Update {} in query string filters, orders or \
         limits.\"",
        changes.join(", ")
    );
    HeaderValue::from_bytes(text.as_bytes()).ok()
}
