//! What the database may ask about the request itself.

use http::{HeaderMap, header};

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

impl HttpContext {
    pub(super) fn read(method: &str, path: &str, headers: &HeaderMap) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: headers
                .iter()
                .filter(|(name, _)| **name != header::COOKIE)
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
            cookies: headers.get_all(header::COOKIE).iter().flat_map(cookies).collect(),
        }
    }
}

fn cookies(header: &http::HeaderValue) -> Vec<(String, String)> {
    text(header)
        .split(';')
        .filter_map(|cookie| cookie.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

fn text(value: &http::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
