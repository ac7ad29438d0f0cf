//! TLS: spoken with the certificate of the moment, and with nobody who keeps it waiting.

use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};

use crate::running::{Api, Bus, PATIENCE, until};

type Trusted = CertificateDer<'static>;

/// Writes a certificate for this machine and its key; returns it as what to trust.
fn certificate(folder: &Path) -> Trusted {
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    std::fs::write(folder.join("api.key"), key.serialize_pem()).unwrap();
    std::fs::write(folder.join("api.pem"), certificate.pem()).unwrap();
    certificate.der().clone()
}

async fn start(bus: &Bus, folder: &Path) -> Api {
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    Api::start_with(&bus.server.url(), &["--tls-cert", &file("api.pem"), "--tls-key", &file("api.key")]).await
}

/// A new connection, trusting only this certificate.
async fn connect(
    api: &Api,
    trusted: &Trusted,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(&api.listen).await?;
    let shaking = TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream);
    tokio::time::timeout(PATIENCE, shaking).await.unwrap()
}

/// Asks on an open connection, and leaves it open.
async fn ask(stream: &mut TlsStream<TcpStream>) -> std::io::Result<String> {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    let mut told = Vec::new();
    while !told.ends_with(b"\r\n\r\nok\n") {
        if tokio::time::timeout(PATIENCE, stream.read_buf(&mut told)).await.unwrap()? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(String::from_utf8(told).unwrap())
}

/// Whether a new connection is well.
async fn health(api: &Api, trusted: &Trusted) -> std::io::Result<()> {
    ask(&mut connect(api, trusted, &TLS13).await?).await.map(|_| ())
}

#[tokio::test]
async fn the_certificate_is_exchanged_without_a_restart_and_open_connections_go_on() {
    let bus = Bus::start().await;
    let folder = tempfile::tempdir().unwrap();
    let old = certificate(folder.path());
    let api = start(&bus, folder.path()).await;
    let mut open = connect(&api, &old, &TLS12).await.unwrap();
    assert_eq!(open.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    assert!(ask(&mut open).await.unwrap().starts_with("HTTP/1.1 200"));
    let plain = reqwest::get(format!("http://{}/healthz", api.listen)).await;
    assert!(plain.is_err(), "plain HTTP is not spoken: {plain:?}");

    let new = certificate(folder.path());
    until("the new certificate is shown", async || health(&api, &new).await).await;
    assert!(health(&api, &old).await.is_err(), "the old one is shown no more");
    assert!(ask(&mut open).await.is_ok(), "who is connected goes on");

    // What does not go together changes nothing.
    std::fs::write(folder.path().join("api.key"), rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let mut beats = bus.connection.client.subscribe("domicilio.services.api-domicilio.*.heartbeat").await.unwrap();
    let told = async {
        while let Some(beat) = futures::StreamExt::next(&mut beats).await {
            if String::from_utf8_lossy(&beat.payload).contains("do not go together") {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap();
    health(&api, &new).await.unwrap();
}

#[tokio::test]
async fn who_says_nothing_or_nonsense_is_let_go_and_keeps_nobody_waiting() {
    let bus = Bus::start().await;
    let folder = tempfile::tempdir().unwrap();
    let trusted = certificate(folder.path());
    let api = start(&bus, folder.path()).await;
    let mut mute = Vec::new();
    for _ in 0..100 {
        mute.push(TcpStream::connect(&api.listen).await.unwrap());
    }
    health(&api, &trusted).await.unwrap();
    let mut nonsense = TcpStream::connect(&api.listen).await.unwrap();
    nonsense.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut end = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, nonsense.read_to_end(&mut end)).await.unwrap();
    assert!(!String::from_utf8_lossy(&end).contains("HTTP"), "{end:?}");
    for mut stream in mute {
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut end)).await.unwrap();
    }
    health(&api, &trusted).await.unwrap();
}

#[tokio::test]
async fn an_old_protocol_is_not_spoken() {
    let bus = Bus::start().await;
    let folder = tempfile::tempdir().unwrap();
    let _ = certificate(folder.path());
    let api = start(&bus, folder.path()).await;
    // A greeting of TLS 1.1 (3, 2), with one cipher suite of its time, as clients sent it then.
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x13, 1, 0]);
    let mut record = vec![22, 3, 1, 0, u8::try_from(hello.len() + 4).unwrap(), 1, 0, 0];
    record.push(u8::try_from(hello.len()).unwrap());
    record.extend(hello);
    let mut stream = TcpStream::connect(&api.listen).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut told = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut told)).await.unwrap().unwrap();
    // An alert (21), fatal (2), and the end.
    assert!(told.first() == Some(&21) && told.get(5) == Some(&2), "{told:?}");
}
