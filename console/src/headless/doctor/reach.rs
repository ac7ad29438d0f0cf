//! To the server and back without the client of the bus: its name, TCP, its first word, TLS.

use std::net::SocketAddr;
use std::time::Instant;

use ::bus::access::{Access, Endpoint};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{STEP_LIMIT, Step, certificate};

/// Servers that are looked at: a URL has three, seldom five.
pub(super) const SERVERS_MAX: usize = 16;

/// Longest first word that is read, in bytes: a server in a large cluster tells of many others.
const INFO_MAX: u64 = 64 * 1_024;

/// What the server says first, as far as it is of use here.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the server's own words")]
struct Info {
    #[serde(default)]
    server_name: String,
    version: String,
    #[serde(default)]
    auth_required: bool,
    #[serde(default)]
    tls_required: bool,
    #[serde(default)]
    tls_available: bool,
    #[serde(default)]
    jetstream: bool,
}

/// Looks at one server, as far as the way goes.
pub(super) async fn look(endpoint: &Endpoint, access: &Access, steps: &mut Vec<Step>) {
    let about = format!("{}:{}", endpoint.host, endpoint.port);
    let Some(addresses) = resolve(endpoint, &about, steps).await else { return };
    let Some((address, stream)) = connect(&addresses, &about, steps).await else { return };
    let wanted = endpoint.tls || *access != Access { tls: ::bus::access::Tls::default(), ..access.clone() };
    if access.tls.first {
        // The server says nothing before TLS stands.
        return certificate::look(stream, endpoint, access, &about, steps).await;
    }
    let Some((info, stream)) = first_word(stream, &about, steps).await else { return };
    if info.tls_required || info.tls_available && wanted {
        certificate::look(stream, endpoint, access, &about, steps).await;
    } else if wanted {
        let advice = "it has no certificate: set up `tls` there, or ask for none here";
        steps.push(Step::failed("tls", &about, "asked for here, not offered there", advice));
    } else if address.ip().is_loopback() {
        steps.push(Step::skipped("tls", &about, "not asked for, and the way does not leave this machine"));
    } else {
        let advice = "who listens on the way reads everything, passwords too: set up `tls` at the server";
        steps.push(Step::warning("tls", &about, "not asked for", advice));
    }
}

async fn resolve(endpoint: &Endpoint, about: &str, steps: &mut Vec<Step>) -> Option<Vec<SocketAddr>> {
    let host = endpoint.host.trim_matches(['[', ']']);
    let advice = "is it spelt right; does this machine see the network's names (VPN, DNS)?";
    match timeout(STEP_LIMIT, tokio::net::lookup_host((host, endpoint.port))).await {
        Ok(Ok(found)) => {
            let found: Vec<SocketAddr> = found.collect();
            let told: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
            steps.push(Step::ok("name", about, told.join(", ")));
            Some(found)
        }
        Ok(Err(error)) => {
            steps.push(Step::failed("name", about, error.to_string(), advice));
            None
        }
        Err(_) => {
            steps.push(Step::failed("name", about, "no answer in time", advice));
            None
        }
    }
}

/// The first address that takes a connection.
async fn connect(addresses: &[SocketAddr], about: &str, steps: &mut Vec<Step>) -> Option<(SocketAddr, TcpStream)> {
    let mut why = ("the name has no address".to_owned(), "is it spelt right?");
    for address in addresses {
        let began = Instant::now();
        match timeout(STEP_LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                steps.push(Step::ok("tcp", about, format!("{address} in {} ms", began.elapsed().as_millis())));
                return Some((*address, stream));
            }
            Ok(Err(error)) => {
                why = (format!("{address}: {error}"), "does nats-server run there, and is it this port?");
            }
            Err(_) => why = (format!("{address}: no answer in time"), "is there a firewall, or no VPN?"),
        }
    }
    steps.push(Step::failed("tcp", about, why.0, why.1));
    None
}

/// Reads what the server says before anything else.
async fn first_word(stream: TcpStream, about: &str, steps: &mut Vec<Step>) -> Option<(Info, TcpStream)> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    let read = timeout(STEP_LIMIT, (&mut reader).take(INFO_MAX).read_until(b'\n', &mut line)).await;
    let info = match read {
        Ok(Ok(_)) => line.strip_prefix(b"INFO ").and_then(|json| serde_json::from_slice::<Info>(json).ok()),
        Ok(Err(_)) | Err(_) => None,
    };
    let Some(info) = info else {
        let found = "what answers there does not speak NATS, or wants TLS first";
        let advice = "is it the port for clients (4222)? With `handshake_first` the context needs `tls_first`";
        steps.push(Step::failed("server", about, found, advice));
        return None;
    };
    let asks = if info.auth_required { "asks who one is" } else { "lets everybody in" };
    let streams = if info.jetstream { "with JetStream" } else { "without JetStream" };
    let found = format!("{} {}, {asks}, {streams}", named(&info.server_name), info.version);
    steps.push(if info.jetstream {
        Step::ok("server", about, found)
    } else {
        Step::failed("server", about, found, "Domicilio's streams need it: start nats-server with JetStream")
    });
    Some((info, reader.into_inner()))
}

/// The server's name; one that has none calls itself by a long id, which tells a person nothing.
pub(super) fn named(name: &str) -> &str {
    const ID_CHARS: usize = 56;
    if name.is_empty() || name.len() == ID_CHARS && !name.contains(['-', '.']) { "nats-server" } else { name }
}
