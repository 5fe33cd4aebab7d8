//! Stands in for `reqwest` 0.11 where the crate `postgrest` asks for it: a request is described and never sent.
//!
//! The page sends by the guard, so of an HTTP client with TLS, URLs and their tables of international names only the
//! description of a request is left. `Cargo.toml` puts this crate in the place of the registry's.

pub mod header;

use core::fmt;

use header::HeaderMap;

/// What a request does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Method(&'static str);

/// Where requests begin.
#[derive(Clone, Debug, Default)]
pub struct Client;

/// A request that is being described.
#[derive(Clone, Debug)]
pub struct RequestBuilder {
    request: Request,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Its URL with its query.
    pub url: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; empty where there is none.
    pub body: String,
}

/// An answer, which never comes.
#[derive(Debug)]
pub struct Response(());

/// Nothing is sent by this crate.
#[derive(Debug)]
pub struct Error(());

impl Method {
    /// Removes rows.
    pub const DELETE: Self = Self("DELETE");
    /// Reads.
    pub const GET: Self = Self("GET");
    /// Reads no more than the headers.
    pub const HEAD: Self = Self("HEAD");
    /// Changes rows.
    pub const PATCH: Self = Self("PATCH");
    /// Adds rows, or calls a function.
    pub const POST: Self = Self("POST");

    /// Its name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.0
    }
}

impl Client {
    /// The client.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// Begins a request.
    #[must_use]
    pub fn request(&self, method: Method, url: String) -> RequestBuilder {
        let (headers, body) = (HeaderMap::new(), String::new());
        RequestBuilder {
            request: Request {
                method,
                url,
                headers,
                body,
            },
        }
    }
}

impl RequestBuilder {
    /// Sets the headers. Reqwest keeps those that are there; nothing gives a request any before this.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.request.headers = headers;
        self
    }

    /// Adds pairs to the query, encoded as a form.
    #[must_use]
    pub fn query(mut self, pairs: &[(String, String)]) -> Self {
        for (name, value) in pairs {
            let url = &mut self.request.url;
            url.push(if url.contains('?') { '&' } else { '?' });
            encode(url, name);
            url.push('=');
            encode(url, value);
        }
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: String) -> Self {
        self.request.body = body;
        self
    }

    /// The request.
    ///
    /// # Errors
    /// None; the signature is reqwest's.
    pub fn build(self) -> Result<Request, Error> {
        Ok(self.request)
    }

    /// Sends nothing.
    ///
    /// # Errors
    /// Always.
    #[expect(clippy::unused_async, reason = "the signature is reqwest's")]
    pub async fn send(self) -> Result<Response, Error> {
        Err(Error(()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("requests are sent by the page")
    }
}

impl core::error::Error for Error {}

/// `application/x-www-form-urlencoded`, as browsers write it.
fn encode(url: &mut String, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().map_or('0', char::from);
    for byte in text.bytes() {
        match byte {
            b' ' => url.push('+'),
            b'*' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => url.push(char::from(byte)),
            other => url.extend(['%', digit(other >> 4), digit(other & 15)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_written_as_browsers_write_it() {
        let pairs = [
            ("a b".to_owned(), "é&=*~".to_owned()),
            ("c".to_owned(), "(1,2)".to_owned()),
        ];
        let request = Client::new()
            .request(Method::GET, "/t".to_owned())
            .query(&pairs)
            .build()
            .unwrap();
        assert_eq!(request.url, "/t?a+b=%C3%A9%26%3D*%7E&c=%281%2C2%29");
    }
}
