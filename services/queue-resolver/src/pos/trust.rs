//! Whose certificates a POS may show, and what is wrong with the one it does.

use std::error::Error;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore};

/// Largest file of authorities that is read, in bytes: every public one together has some 250 KiB.
const FILE_BYTES_MAX: u64 = 4 * 1_024 * 1_024;

/// TLS 1.2 and 1.3 with whoever the system's authorities vouch for, and those in the file `more`.
///
/// Errors name the file, and are for the start of the program.
pub(crate) fn config(more: Option<&Path>) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    // One that cannot be read vouches for nobody; the others still do.
    let found = rustls_native_certs::load_native_certs();
    let (_, ignored) = roots.add_parsable_certificates(found.certs);
    if ignored > 0 || !found.errors.is_empty() {
        let errors = found.errors.len();
        tracing::warn!(
            ignored,
            errors,
            "some of the system's authorities could not be read: SSL_CERT_FILE, SSL_CERT_DIR"
        );
    }
    if let Some(file) = more {
        for certificate in authorities(file)? {
            roots
                .add(certificate)
                .with_context(|| format!("{} holds a certificate that cannot be used", file.display()))?;
        }
    }
    if roots.is_empty() {
        tracing::warn!("no authority is known here (--pos-ca): a POS behind https:// cannot be reached");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("setting up TLS")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

fn authorities(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let reading = || format!("reading {}", file.display());
    let mut text = Vec::new();
    let opened = std::fs::File::open(file).with_context(reading)?;
    let read = opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut text).with_context(reading)? as u64;
    anyhow::ensure!(read <= FILE_BYTES_MAX, "{} is larger than {FILE_BYTES_MAX} bytes", file.display());
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| anyhow::anyhow!("{} is no PEM", file.display()))?;
    anyhow::ensure!(!found.is_empty(), "{} holds no certificate", file.display());
    Ok(found)
}

/// What TLS says within `error`, if it was TLS that failed.
pub(crate) fn failure<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // What an I/O error wraps is not its source, but itself.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

/// Why a certificate is not trusted, in few words; `None` when something else about TLS failed.
pub(crate) fn distrust(error: &rustls::Error) -> Option<&'static str> {
    let rustls::Error::InvalidCertificate(why) = error else { return None };
    Some(match why {
        // The other one: an authority of the same name, with another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => "its authority is not known here",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => "it is for another name",
        CertificateError::Revoked => "it was revoked",
        _ => "it cannot be used",
    })
}
