//! TLS in front of HTTP: the certificate in force, taken from its files and taken again when they change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use chassis::Chassis;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::server::TlsStream;

use crate::reread;
use crate::settings::Secure;

/// How long a handshake may take: two round trips, over the slowest line still in use. As many may go on as there are places
/// for connections: fewer would let those who say nothing keep the others waiting.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Largest certificate or key file that is read, in bytes: a chain of four has some 8 KiB.
const FILE_BYTES_MAX: u64 = 256 * 1_024;

/// The certificate in force.
#[derive(Debug)]
pub(crate) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// As the settings say: none without files. They must be there and belong together.
    pub(crate) async fn open(secure: &Secure) -> anyhow::Result<Option<Self>> {
        let (Some(certificate), Some(key)) = (secure.tls_cert.clone(), secure.tls_key.clone()) else { return Ok(None) };
        let config = RwLock::new(read(&certificate, &key).await?);
        Ok(Some(Self { certificate, key, config }))
    }

    /// Takes the files again whenever one of them changes, until the process is told to stop.
    pub(crate) async fn keep(&self, chassis: &Chassis) {
        let trouble = chassis.trouble.about("tls");
        let take = async || {
            let config = read(&self.certificate, &self.key).await?;
            *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
            tracing::info!("certificate read again");
            Ok(())
        };
        let files = [self.certificate.clone(), self.key.clone()];
        tokio::select! {
            () = chassis.stop.cancelled() => {}
            () = reread::follow(&files, &trouble, take) => {}
        }
    }

    /// Shakes hands, with the certificate of this moment.
    pub(crate) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        let config = Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner));
        tokio::time::timeout(HANDSHAKE_TIMEOUT, TlsAcceptor::from(config).accept(stream)).await?
    }
}

/// What the two files say. Errors name files, never what is in them.
async fn read(certificate: &Path, key: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = reread::text(certificate, FILE_BYTES_MAX).await?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| anyhow::anyhow!("{} is no PEM", certificate.display()))?;
    anyhow::ensure!(!chain.is_empty(), "{} holds no certificate", certificate.display());
    let secret = reread::text(key, FILE_BYTES_MAX).await?;
    let secret = PrivateKeyDer::from_pem_slice(secret.as_bytes())
        .map_err(|_| anyhow::anyhow!("{} holds no private key in PEM", key.display()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .context("setting up TLS")?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .with_context(|| format!("{} and {} do not go together", certificate.display(), key.display()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
