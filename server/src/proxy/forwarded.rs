//! Telling an upstream whom it really answers: `X-Forwarded-*`, `Forwarded`, `X-Real-IP`, the request's id.
//!
//! What the caller says about itself is only kept where its connection comes from a trusted proxy.

use std::net::IpAddr;

use http::header::{FORWARDED, HOST, HeaderValue};
use http::{HeaderMap, HeaderName};

use crate::client_address::{ClientAddress, ForwardedHeader};
use crate::header_values::HeaderValues;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST_ASKED: HeaderName = HeaderName::from_static("x-forwarded-host");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The hop before us, and what it asked for.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    /// The nearest address.
    pub(super) peer: IpAddr,
    /// The caller's address.
    pub(super) client: ClientAddress,
    /// In which header the peer's word about others counts, if it does.
    pub(super) trusted: Option<ForwardedHeader>,
    /// The host that was asked for.
    pub(super) host: Option<String>,
    /// `http` or `https`, as the caller spoke.
    pub(super) proto: &'static str,
    /// The request's id.
    pub(super) id: Option<HeaderValue>,
}

impl Hop {
    /// The host and protocol of a request, before its headers are stripped; over HTTP/2 the host is in its address.
    pub(super) fn of(
        headers: &HeaderMap,
        authority: Option<&str>,
        peer: IpAddr,
        client: ClientAddress,
        trusted: Option<ForwardedHeader>,
        encrypted: bool,
    ) -> Self {
        let text = |name: &HeaderName| headers.get(name)?.to_str().ok().map(str::to_owned);
        let told = |name| trusted.and_then(|_| text(&name));
        let proto = if encrypted || told(PROTO).as_deref() == Some("https") {
            "https"
        } else {
            "http"
        };
        Self {
            peer,
            client,
            trusted,
            host: told(HOST_ASKED)
                .or_else(|| text(&HOST))
                .or_else(|| authority.map(str::to_owned))
                .filter(|host| is_plain(host)),
            proto,
            id: None,
        }
    }

    /// The same, of a request with an id.
    pub(super) fn with_id(self, id: Option<HeaderValue>) -> Self {
        Self { id, ..self }
    }

    /// The request's id, for logs.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.id.as_ref()?.to_str().ok()
    }

    /// The caller's address.
    pub(crate) fn client(&self) -> ClientAddress {
        self.client
    }

    /// The address of this server as the caller wrote it.
    pub(super) fn base(&self) -> Option<String> {
        self.host.as_ref().map(|host| format!("{}://{host}", self.proto))
    }

    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let peer = self.peer.to_string();
        let is_nearest = self.client.0 == self.peer;
        // The header that is not believed says what we know, and not what its sender wrote.
        let known = (!is_nearest).then_some(self.client.0);
        let (chain, elements) = match self.trusted {
            Some(ForwardedHeader::XForwardedFor) => {
                (said(headers, &FOR), known.map(node).unwrap_or_default())
            }
            Some(ForwardedHeader::Forwarded) => (
                known.map(|known| known.to_string()).unwrap_or_default(),
                said(headers, &FORWARDED),
            ),
            None => (String::new(), String::new()),
        };
        let mut values = HeaderValues::default();
        continued(&mut values, &chain);
        values.text(&peer);
        values.end(FOR);
        continued(&mut values, &elements);
        self.element(&peer, &mut values);
        values.end(FORWARDED);
        match known {
            Some(client) => values.text(&client.to_string()),
            None => values.text(&peer),
        }
        values.end(REAL_IP);
        match &self.host {
            Some(host) => {
                values.text(host);
                values.end(HOST_ASKED);
            }
            None => drop(headers.remove(HOST_ASKED)),
        }
        values.into_headers(headers);
        headers.insert(PROTO, HeaderValue::from_static(self.proto));
        if let Some(id) = &self.id {
            headers.insert(REQUEST_ID, id.clone());
        }
    }

    /// This hop in the words of RFC 7239.
    fn element(&self, peer: &str, values: &mut HeaderValues) {
        let (open, close) = match self.peer {
            IpAddr::V4(_) => ("for=", ""),
            IpAddr::V6(_) => ("for=\"[", "]\""),
        };
        for part in [open, peer, close] {
            values.text(part);
        }
        for part in self.host.iter().flat_map(|host| [";host=\"", host, "\""]) {
            values.text(part);
        }
        values.text(";proto=");
        values.text(self.proto);
    }
}

/// What others said before us.
fn continued(values: &mut HeaderValues, said: &str) {
    if !said.is_empty() {
        values.text(said);
        values.text(", ");
    }
}

/// What a header says, however often it is there.
fn said(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(", ")
}

/// `for=` an address, as RFC 7239 writes it.
fn node(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("for={address}"),
        IpAddr::V6(address) => format!("for=\"[{address}]\""),
    }
}

/// A host goes into quotes, so it must not end them.
fn is_plain(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 255
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(trusted: Option<ForwardedHeader>, peer: &str, client: &str) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([
            (HOST, HeaderValue::from_static("api.example")),
            (FOR, HeaderValue::from_static("198.51.100.7")),
            (PROTO, HeaderValue::from_static("https")),
            (FORWARDED, HeaderValue::from_static("for=198.51.100.7")),
        ]);
        let client = ClientAddress(client.parse().unwrap());
        let (peer, id) = (peer.parse().unwrap(), HeaderValue::from_static("id-1"));
        let hop = Hop::of(&headers, None, peer, client, trusted, false).with_id(Some(id));
        hop.write(&mut headers);
        headers
    }

    #[test]
    fn a_strangers_word_about_itself_is_replaced() {
        let headers = written(None, "192.0.2.9", "192.0.2.9");
        assert_eq!(headers[FOR], "192.0.2.9");
        assert_eq!(headers[PROTO], "http");
        assert_eq!(
            headers[FORWARDED],
            "for=192.0.2.9;host=\"api.example\";proto=http"
        );
        assert_eq!(headers[HOST_ASKED], "api.example");
        assert_eq!(headers[REQUEST_ID], "id-1");
    }

    #[test]
    fn over_http_2_the_host_is_in_the_address() {
        let peer: IpAddr = "192.0.2.9".parse().unwrap();
        let asked = Some("api.example");
        let hop = Hop::of(&HeaderMap::new(), asked, peer, ClientAddress(peer), None, true);
        assert_eq!(hop.base().as_deref(), Some("https://api.example"));
        let mut headers = HeaderMap::new();
        hop.write(&mut headers);
        assert_eq!(headers[HOST_ASKED], "api.example");
    }

    #[test]
    fn a_trusted_hops_word_is_kept_and_added_to() {
        let trusted = Some(ForwardedHeader::XForwardedFor);
        let headers = written(trusted, "2001:db8::1", "198.51.100.7");
        assert_eq!(headers[FOR], "198.51.100.7, 2001:db8::1");
        assert_eq!(headers[PROTO], "https");
        assert_eq!(headers[REAL_IP], "198.51.100.7");
        assert_eq!(
            headers[FORWARDED],
            "for=198.51.100.7, for=\"[2001:db8::1]\";host=\"api.example\";proto=https"
        );
    }

    #[test]
    fn a_host_that_would_end_its_quotes_is_left_out() {
        assert!(is_plain("127.0.0.1:8000") && is_plain("[::1]:80"));
        assert!(!is_plain("a\";for=1.2.3.4") && !is_plain(""));
    }
}
