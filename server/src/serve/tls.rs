//! TLS on our own listener: certificate and key from files, exchanged without a restart.
//!
//! The files are read again on `SIGHUP` and whenever their content has changed. What
//! cannot be used is logged and the pair in use stays: a half-written file must not
//! end anybody's connection.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::config::TlsConfig;

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(5);

/// The pair in use.
#[derive(Debug)]
struct Pair(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Pair {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// The listener's TLS.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    pair: Arc<Pair>,
    files: TlsConfig,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// With a sentence, when they hold no usable pair.
    pub(super) fn load(files: &TlsConfig) -> Result<Self, String> {
        let pair = Arc::new(Pair(ArcSwap::from_pointee(read(files)?)));
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let mut config = builder
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&pair) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            pair,
            files: files.clone(),
        })
    }

    /// Follows the files, as long as the server runs.
    pub(super) async fn follow(self) {
        let mut hangups = Hangups::listen();
        let mut in_use = stamp(&self.files);
        loop {
            let told = tokio::select! {
                () = hangups.next() => true,
                () = tokio::time::sleep(LOOK) => false,
            };
            let now = stamp(&self.files);
            if told || now != in_use {
                in_use = now;
                self.exchange();
            }
        }
    }

    fn exchange(&self) {
        match read(&self.files) {
            Ok(pair) => {
                self.pair.0.store(Arc::new(pair));
                tracing::info!(certificate = %self.files.certificate.display(), "the TLS certificate was read again");
            }
            Err(problem) => {
                tracing::error!(
                    problem,
                    "the TLS certificate cannot be used; the one in use stays"
                );
            }
        }
    }
}

fn read(files: &TlsConfig) -> Result<CertifiedKey, String> {
    let problem = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .map_err(|error| problem(&files.certificate, &error))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| problem(&files.certificate, &error))?;
    if chain.is_empty() {
        return Err(problem(&files.certificate, &"there is no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| problem(&files.key, &error))?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
        .map_err(|error| problem(&files.key, &error))
}

/// The files' content, as far as it takes to notice a change.
fn stamp(files: &TlsConfig) -> [Option<Vec<u8>>; 2] {
    let hash = |path: &Path| {
        let content = std::fs::read(path).ok()?;
        Some(sha256(&content))
    };
    [hash(&files.certificate), hash(&files.key)]
}

fn sha256(content: &[u8]) -> Vec<u8> {
    use ::aws_lc_rs::digest::{SHA256, digest};
    digest(&SHA256, content).as_ref().to_vec()
}

/// `SIGHUP`, where there is such a thing.
struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    fn listen() -> Self {
        Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok(),
        }
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        let heard = match &mut self.signal {
            Some(signal) => signal.recv().await.is_some(),
            None => false,
        };
        if !heard {
            std::future::pending::<()>().await;
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        std::future::pending::<()>().await;
    }
}
