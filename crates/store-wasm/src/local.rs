//! localStorage, where there is one.

use gloo_storage::Storage as _;

/// The text under a key; nothing where there is no such key, no storage, or no leave to use it.
#[must_use]
pub(crate) fn read(key: &str) -> Option<String> {
    // gloo's own accessor throws where a page has no storage: workers, sandboxed frames, private windows.
    web_sys::window()?.local_storage().ok()??;
    gloo_storage::LocalStorage::raw().get_item(key).ok()?
}
