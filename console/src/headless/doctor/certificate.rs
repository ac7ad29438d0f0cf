//! TLS with the server, and what its certificate says; also of one that is not trusted.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ::bus::access::{Access, Endpoint};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use x509_parser::prelude::GeneralName;

use super::{STEP_LIMIT, Step};
use crate::feed;

/// Days before its end from which a certificate is worth a look.
const SOON_DAYS: i64 = 21;

/// Looks on at the usual verification, and keeps what the server showed.
#[derive(Debug)]
struct Onlooker {
    verifier: Arc<WebPkiServerVerifier>,
    shown: Mutex<Option<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.clone().into_owned());
        self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

pub(super) async fn look(stream: TcpStream, endpoint: &Endpoint, access: &Access, about: &str, steps: &mut Vec<Step>) {
    let (config, onlooker) = match prepared(access) {
        Ok(prepared) => prepared,
        Err(why) => {
            steps.push(Step::failed("tls", about, why, "mend the file that it names, or NATS_CA, NATS_CERT, NATS_KEY"));
            return;
        }
    };
    let Ok(name) = ServerName::try_from(endpoint.host.trim_matches(['[', ']']).to_owned()) else {
        steps.push(Step::failed("tls", about, "no certificate can bear this name", "use a host name or an address"));
        return;
    };
    let shaken = timeout(STEP_LIMIT, TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
    let shown = onlooker.shown.lock().unwrap_or_else(PoisonError::into_inner).take();
    match shaken {
        Ok(Ok(stream)) => {
            let version = stream.get_ref().1.protocol_version().and_then(|version| version.as_str());
            steps.push(Step::ok("tls", about, version.unwrap_or("agreed")));
        }
        Ok(Err(error)) => steps.push(Step::failed("tls", about, error.to_string(), advice(&error))),
        Err(_) => {
            steps.push(Step::failed("tls", about, "no answer in time", "does the server speak TLS on this port?"));
        }
    }
    steps.extend(shown.map(|certificate| describe(&certificate, about)));
}

/// How the programs of ours prepare for TLS, looked on at.
fn prepared(access: &Access) -> Result<(ClientConfig, Arc<Onlooker>), String> {
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    match &access.tls.ca {
        Some(file) => {
            for certificate in certificates(file)? {
                roots.add(certificate).map_err(|error| format!("{}: {error}", file.display()))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    let verifier = verifier.map_err(|error| format!("no authority is trusted on this machine ({error})"))?;
    let onlooker = Arc::new(Onlooker { verifier, shown: Mutex::new(None) });
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    let watched = Arc::clone(&onlooker);
    let builder = builder.dangerous().with_custom_certificate_verifier(watched);
    let config = match &access.tls.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| format!("{}: {error}", key.display()))?;
            let own = builder.with_client_auth_cert(certificates(certificate)?, secret);
            own.map_err(|error| format!("{}: {error}", certificate.display()))?
        }
    };
    Ok((config, onlooker))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let failed = |error| format!("{}: {error}", file.display());
    CertificateDer::pem_file_iter(file).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)
}

fn advice(error: &std::io::Error) -> &'static str {
    let Some(Error::InvalidCertificate(why)) = error.get_ref().and_then(|error| error.downcast_ref::<Error>()) else {
        return "does the server want a certificate of ours (NATS_CERT, NATS_KEY)?";
    };
    match why {
        CertificateError::UnknownIssuer => "name the authority that signed it: NATS_CA, or `ca` in the context",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "renew the server's certificate; or is this machine's clock wrong?"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is this machine's clock wrong, or the server's when the certificate was made?"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "use a name that the certificate bears, or have one made for this name"
        }
        _ => "have the server's certificate made anew",
    }
}

/// Whose it is, who says so, and until when.
fn describe(certificate: &CertificateDer<'_>, about: &str) -> Step {
    let Ok((_, read)) = x509_parser::parse_x509_certificate(certificate) else {
        return Step::warning("certificate", about, "cannot be read", "have it made anew");
    };
    let names: Vec<String> = match read.subject_alternative_name() {
        Ok(Some(names)) => names.value.general_names.iter().map(name).collect(),
        Ok(None) | Err(_) => Vec::new(),
    };
    let end = read.validity().not_after.timestamp();
    let days = (end - feed::now().as_millis() / 1_000).div_euclid(86_400);
    let until = jiff::Timestamp::from_second(end).map_or_else(|_| "an unknown day".to_owned(), |end| end.to_string());
    let found = format!("for {}, by {}, until {until} ({days} days)", names.join(" "), read.issuer());
    if days < 0 {
        Step::failed("certificate", about, found, "it is over: renew it")
    } else if days < SOON_DAYS {
        Step::warning("certificate", about, found, "renew it soon")
    } else {
        Step::ok("certificate", about, found)
    }
}

fn name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        GeneralName::IPAddress([a, b, c, d]) => std::net::Ipv4Addr::new(*a, *b, *c, *d).to_string(),
        GeneralName::IPAddress(bytes) => <[u8; 16]>::try_from(*bytes)
            .map_or_else(|_| "?".to_owned(), |bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        other => other.to_string(),
    }
}
