//! Where traces go, and how many of them.

use http::Uri;
use secrecy::SecretString;

use super::key;
use super::{ConfigError, Source};

/// Traces; nothing is traced without an endpoint.
#[derive(Debug, Clone)]
pub struct TracesConfig {
    /// An OTLP collector's address; `/v1/traces` is added where it has no path.
    pub endpoint: Option<Uri>,
    /// Headers for the collector, `name=value` separated by commas.
    pub headers: Option<SecretString>,
    /// The share of requests without a caller's decision that is traced, in parts per million.
    pub sample_ppm: u32,
    /// What the service is called.
    pub service: String,
}

impl TracesConfig {
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        Ok(Self {
            endpoint: source.parsed(&key::OTLP_ENDPOINT, endpoint)?,
            headers: source.text(&key::OTLP_HEADERS)?.map(SecretString::from),
            sample_ppm: source.parsed(&key::TRACE_SAMPLE, share)?.unwrap_or(1_000_000),
            service: source
                .text(&key::OTLP_SERVICE)?
                .unwrap_or_else(|| "seawall".to_owned()),
        })
    }
}

fn endpoint(text: &str) -> Result<Uri, String> {
    let problem = || format!("must be an address such as http://127.0.0.1:4318, not {text:?}");
    let uri: Uri = text.parse().map_err(|_| problem())?;
    let scheme = uri.scheme_str().unwrap_or_default();
    if uri.authority().is_none() || !matches!(scheme, "http" | "https") {
        return Err(problem());
    }
    if uri.path().trim_matches('/').is_empty() {
        let with_path = format!("{}/v1/traces", text.trim_end_matches('/'));
        return with_path.parse().map_err(|_| problem());
    }
    Ok(uri)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share from 0 to 1 becomes at most a million"
)]
fn share(text: &str) -> Result<u32, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok((share * 1e6).round() as u32),
        Ok(_) | Err(_) => Err(format!("must be a share from 0 to 1, not {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_gets_the_path_of_traces_unless_it_has_one() {
        let path = |text| endpoint(text).map(|uri| uri.to_string());
        assert_eq!(path("http://h:4318"), Ok("http://h:4318/v1/traces".to_owned()));
        assert_eq!(path("https://h/otlp"), Ok("https://h/otlp".to_owned()));
        assert!(path("h:4318").is_err() && path("grpc://h").is_err());
    }

    #[test]
    fn a_sample_is_a_share() {
        assert_eq!(share("0.25"), Ok(250_000));
        for nonsense in ["-1", "1.5", "NaN", "all"] {
            assert!(share(nonsense).is_err(), "{nonsense}");
        }
    }
}
