//! A certificate of a test's own, and a client that believes it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::must;

static MADE: AtomicU32 = AtomicU32::new(0);

/// A self-signed pair for `localhost` in two files, which go when this is dropped.
pub struct Certificate {
    folder: PathBuf,
    der: CertificateDer<'static>,
}

impl Certificate {
    /// Makes one and writes it down.
    #[must_use]
    pub fn create() -> Self {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("seawall-tls-{}-{number}", std::process::id()));
        must("the folder of a certificate", std::fs::create_dir_all(&folder));
        let der = write(&folder);
        Self { folder, der }
    }

    /// The file of the certificate.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.folder.join("certificate.pem").display().to_string()
    }

    /// The file of its key.
    #[must_use]
    pub fn key(&self) -> String {
        self.folder.join("key.pem").display().to_string()
    }

    /// Another pair takes its place in the same files.
    pub fn renew(&mut self) {
        self.der = write(&self.folder);
    }

    /// What a client is shown when it is this one.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Connects as a client that believes this certificate and offers these protocols.
    ///
    /// # Errors
    /// When there is no connection, or another certificate.
    pub async fn connect(
        &self,
        address: SocketAddr,
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        must("the certificate is not one", roots.add(self.der.clone()));
        let builder = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()));
        let builder = must("TLS versions", builder.with_safe_default_protocol_versions());
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(address).await?;
        let name = must("a name", ServerName::try_from("localhost"));
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _nobody_needs_it = std::fs::remove_dir_all(&self.folder);
    }
}

fn write(folder: &Path) -> CertificateDer<'static> {
    let made = generate_simple_self_signed(["localhost".to_owned()]);
    let CertifiedKey { cert, signing_key } = must("a certificate", made);
    let put = |name: &str, text: String| must(name, std::fs::write(folder.join(name), text));
    put("certificate.pem", cert.pem());
    put("key.pem", signing_key.serialize_pem());
    cert.der().clone()
}
