//! One kept answer, in memory and as bytes.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use seawall_policy::cache::freshness::Lifetimes;
use seawall_policy::time::{Span, UnixTime};
use serde::{Deserialize, Serialize};

/// Headers that belong to one exchange and not to the answer.
const OF_ONE_EXCHANGE: [HeaderName; 9] = [
    header::CONNECTION,
    header::DATE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TRAILER,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("server-timing"),
    HeaderName::from_static("x-cache"),
    HeaderName::from_static("x-request-id"),
];

/// A kept answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// When the database was asked.
    pub(crate) stored: UnixTime,
    pub(crate) lifetimes: Lifetimes,
    /// What ends it.
    pub(crate) slots: Vec<u16>,
    /// Path and query, for patterns.
    pub(crate) address: String,
}

/// Everything but the body, as it travels.
#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
    stored_ms: u64,
    lifetimes_ms: [u64; 3],
    slots: Vec<u16>,
    address: String,
}

impl Entry {
    /// What it takes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 64)
            .sum();
        self.body.len() + headers + self.address.len() + 2 * self.slots.len() + 256
    }

    /// As bytes: the length of the head, the head, the body. Nothing for a header that is no text.
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        let headers = self.headers.iter().map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        let ms = |span: Span| span.as_millis_ceil();
        let head = Head {
            status: self.status.as_u16(),
            headers: headers.collect::<Option<_>>()?,
            stored_ms: self.stored.as_millis(),
            lifetimes_ms: [
                ms(self.lifetimes.fresh),
                ms(self.lifetimes.stale),
                ms(self.lifetimes.kept),
            ],
            slots: self.slots.clone(),
            address: self.address.clone(),
        };
        let head = serde_json::to_vec(&head).ok()?;
        let length = u32::try_from(head.len()).ok()?;
        Some([&length.to_be_bytes(), head.as_slice(), &self.body].concat())
    }

    /// From bytes; nothing when they are not such.
    pub(crate) fn decode(bytes: &Bytes) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let head: Head = serde_json::from_slice(rest.get(..length)?).ok()?;
        let mut headers = HeaderMap::with_capacity(head.headers.len());
        for (name, value) in head.headers {
            headers.append(
                HeaderName::try_from(name).ok()?,
                HeaderValue::try_from(value).ok()?,
            );
        }
        let [fresh, stale, kept] = head.lifetimes_ms.map(Span::from_millis);
        Some(Self {
            status: StatusCode::from_u16(head.status).ok()?,
            headers,
            body: bytes.slice(4 + length..),
            stored: UnixTime::from_millis(head.stored_ms),
            lifetimes: Lifetimes { fresh, stale, kept },
            slots: head.slots,
            address: head.address,
        })
    }
}

/// The headers that are part of the answer.
pub(crate) fn lasting(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in &OF_ONE_EXCHANGE {
        kept.remove(name);
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(body: Vec<u8>) -> Entry {
        Entry {
            status: StatusCode::PARTIAL_CONTENT,
            headers: HeaderMap::from_iter([
                (header::ETAG, HeaderValue::from_static("W/\"a\"")),
                (header::VARY, HeaderValue::from_static("Origin")),
            ]),
            body: Bytes::from(body),
            stored: UnixTime::from_millis(1_700_000_000_123),
            lifetimes: Lifetimes {
                fresh: Span::from_millis(5),
                stale: Span::from_millis(6),
                kept: Span::from_millis(7),
            },
            slots: vec![0, 7, 1023],
            address: "/rest/v1/rooms?select=*".to_owned(),
        }
    }

    #[test]
    fn what_belongs_to_one_exchange_is_not_kept() {
        let headers = HeaderMap::from_iter([
            (header::DATE, HeaderValue::from_static("now")),
            (header::CONTENT_RANGE, HeaderValue::from_static("0-1/*")),
        ]);
        let kept = lasting(&headers);
        assert!(kept.contains_key(header::CONTENT_RANGE) && !kept.contains_key(header::DATE));
    }

    proptest! {
        #[test]
        fn bytes_give_the_entry_back(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let entry = entry(body);
            prop_assert_eq!(Entry::decode(&entry.encode().unwrap().into()), Some(entry));
        }

        #[test]
        fn other_bytes_give_nothing_and_do_no_harm(
            mut bytes in prop::collection::vec(any::<u8>(), 0..300),
            cut in any::<prop::sample::Index>(),
        ) {
            let _nothing_or_an_entry = Entry::decode(&bytes.clone().into());
            bytes = entry(bytes).encode().unwrap();
            bytes.truncate(cut.index(bytes.len()).min(100));
            prop_assert_eq!(Entry::decode(&bytes.into()), None);
        }
    }
}
