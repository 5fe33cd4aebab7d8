//! What the database may ask about the request itself.

/// The request as seen by the `request.*` settings of its transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpContext {
    /// `request.method`
    pub method: String,
    /// `request.path`, as sent, after the mount point, undecoded.
    pub path: String,
    /// `request.headers`: names in lower case, cookies left out, in order.
    pub headers: Vec<(String, String)>,
    /// `request.cookies`, in order.
    pub cookies: Vec<(String, String)>,
}
