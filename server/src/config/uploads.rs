//! What may be uploaded, how large, and who looks at it first.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::key;
use super::{ConfigError, Source};

const DAY_MS: u64 = 86_400_000;
const GIB: u64 = 1 << 30;

/// Where clamd listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClamdAddress {
    /// Over TCP.
    Tcp(SocketAddr),
    /// On a socket of this machine.
    Unix(PathBuf),
}

/// Media types by bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeRules {
    by_bucket: BTreeMap<String, Vec<String>>,
}

/// The rules for uploads.
#[derive(Debug, Clone)]
pub struct UploadConfig {
    /// Largest upload in bytes.
    pub limit: u64,
    /// Paths besides storage's.
    pub paths: Vec<String>,
    /// Media types by bucket.
    pub types: TypeRules,
    /// Where uploads wait.
    pub spool: PathBuf,
    /// Bytes that may wait at once.
    pub spool_limit: u64,
    /// How long an upload may take.
    pub timeout: Duration,
    /// Times an archive may grow.
    pub archive_ratio: u64,
    /// Bytes an archive may unpack to.
    pub archive_bytes: u64,
    /// Entries an archive may have.
    pub archive_entries: u64,
    /// Archives inside each other.
    pub archive_depth: u32,
    /// Where infected uploads are kept.
    pub quarantine: Option<PathBuf>,
    /// Who scans for malware.
    pub clamd: Option<ClamdAddress>,
    /// How long a scan may take.
    pub clamd_timeout: Duration,
    /// Whether an upload that cannot be scanned is refused.
    pub scan_required: bool,
}

impl UploadConfig {
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        let folder = |key| source.parsed(key, |text| Ok(PathBuf::from(text)));
        Ok(Self {
            limit: source
                .number(&key::UPLOAD_LIMIT, 1024..=64 * GIB)?
                .unwrap_or(10 << 20),
            paths: source.list(&key::UPLOAD_PATHS)?.unwrap_or_default(),
            types: source
                .parsed(&key::UPLOAD_TYPES, TypeRules::parse)?
                .unwrap_or_default(),
            spool: folder(&key::UPLOAD_SPOOL_DIR)?.unwrap_or_else(std::env::temp_dir),
            spool_limit: source
                .number(&key::UPLOAD_SPOOL_LIMIT, 1024..=1024 * GIB)?
                .unwrap_or(2 * GIB),
            timeout: source.millis(&key::UPLOAD_TIMEOUT, 100..=DAY_MS, 600_000)?,
            archive_ratio: source
                .number(&key::UPLOAD_ARCHIVE_RATIO, 1..=100_000)?
                .unwrap_or(100),
            archive_bytes: source
                .number(&key::UPLOAD_ARCHIVE_BYTES, 1024..=64 * GIB)?
                .unwrap_or(GIB),
            archive_entries: source
                .number(&key::UPLOAD_ARCHIVE_ENTRIES, 1..=10_000_000)?
                .unwrap_or(10_000),
            archive_depth: source.number(&key::UPLOAD_ARCHIVE_DEPTH, 1..=16)?.unwrap_or(2),
            quarantine: folder(&key::UPLOAD_QUARANTINE_DIR)?,
            clamd: source.parsed(&key::CLAMD_ADDRESS, ClamdAddress::parse)?,
            clamd_timeout: source.millis(&key::CLAMD_TIMEOUT, 10..=DAY_MS, 30_000)?,
            scan_required: source.flag(&key::UPLOAD_SCAN_REQUIRED, true)?,
        })
    }
}

impl ClamdAddress {
    fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with('/') {
            return Ok(Self::Unix(PathBuf::from(text)));
        }
        let problem = |_| format!("must be address:port or the path of a socket, not {text:?}");
        text.parse().map(Self::Tcp).map_err(problem)
    }
}

impl TypeRules {
    fn parse(text: &str) -> Result<Self, String> {
        let form = r#"must be {"bucket": ["image/*", "application/pdf"], "*": ["*/*"]}"#;
        let by_bucket: BTreeMap<String, Vec<String>> =
            serde_json::from_str(text).map_err(|error| format!("{form}: {error}"))?;
        let odd = by_bucket
            .values()
            .flatten()
            .find(|media_type| !media_type.contains('/'));
        match odd {
            Some(odd) => Err(format!("{form}: {odd:?} is no media type")),
            None => Ok(Self { by_bucket }),
        }
    }

    /// The media types a bucket takes: its own, else those of `*`; none where nothing was said.
    #[must_use]
    pub fn of(&self, bucket: &str) -> Option<&[String]> {
        self.by_bucket
            .get(bucket)
            .or_else(|| self.by_bucket.get("*"))
            .map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_its_own_types_or_everybodys() {
        let rules = TypeRules::parse(r#"{"avatars": ["image/*"], "*": ["application/pdf"]}"#).unwrap();
        assert_eq!(rules.of("avatars"), Some(&["image/*".to_owned()][..]));
        assert_eq!(rules.of("papers"), Some(&["application/pdf".to_owned()][..]));
        assert_eq!(TypeRules::default().of("papers"), None);
        assert!(TypeRules::parse(r#"{"a": ["png"]}"#).unwrap_err().contains("png"));
    }

    #[test]
    fn clamd_listens_on_a_port_or_a_path() {
        assert_eq!(
            ClamdAddress::parse("127.0.0.1:3310"),
            Ok(ClamdAddress::Tcp("127.0.0.1:3310".parse().unwrap()))
        );
        assert_eq!(
            ClamdAddress::parse("/run/clamd"),
            Ok(ClamdAddress::Unix("/run/clamd".into()))
        );
        assert!(ClamdAddress::parse("clamd").is_err());
    }
}
