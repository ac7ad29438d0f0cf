//! Connecting: returns at once, keeps trying for ever, tells the truth about the link.

use std::time::Duration;

use async_nats::{ConnectOptions, Event};
use tokio::sync::watch;

use crate::access::{Access, Tls, Url};
use crate::denial::{self, Denial};
use crate::{Error, ErrorKind};

/// How to reach the bus.
#[derive(Debug, Clone)]
pub struct Settings {
    /// One URL, or several of one cluster separated by commas; `nats://user:password@host:4222` is honoured.
    pub url: Url,
    /// How to be let in.
    pub access: Access,
    /// Name of the connection, as `nats server report connections` shows it.
    pub name: String,
    /// Messages that one subscription holds before the client drops (and counts) further ones.
    pub subscription_capacity: usize,
}

impl Settings {
    /// Settings for `url` under `name`, with the client's usual subscription capacity.
    pub fn new(url: impl Into<Url>, name: impl Into<String>) -> Self {
        Self { url: url.into(), access: Access::default(), name: name.into(), subscription_capacity: 65_536 }
    }
}

/// What the link to the bus is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Not connected yet.
    Connecting,
    /// Connected.
    Up,
    /// Was connected, is not; the client tries again for ever.
    Lost,
}

/// How much later than our own limit, [`crate::error::bounded`], the client gives up a request by itself. Were they the
/// same, chance would decide whether silence is told as such or as a refusal in the client's words.
const AFTER_OURS: Duration = Duration::from_millis(250);

/// A connection and its JetStream context. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The client.
    pub client: async_nats::Client,
    /// JetStream; [`crate::REQUEST_TIMEOUT`] is for whoever asks to keep.
    pub js: async_nats::jetstream::Context,
    tls_required: bool,
    link: watch::Receiver<LinkState>,
    connects: watch::Receiver<u64>,
    denials: watch::Receiver<Vec<Denial>>,
    server_errors: watch::Receiver<Option<String>>,
    refused: watch::Receiver<Option<String>>,
}

impl Connection {
    /// Follows the state of the link.
    pub fn link(&self) -> watch::Receiver<LinkState> {
        self.link.clone()
    }

    /// What the server denied since the link came up last, each once, the oldest first, at most
    /// [`denial::DENIALS_MAX`]. A denied publish or subscription is told nowhere else: a request just times out, a
    /// subscription stays silent.
    pub fn denials(&self) -> watch::Receiver<Vec<Denial>> {
        self.denials.clone()
    }

    /// Last error that the server reported for the connection, other than a denial.
    pub fn last_server_error(&self) -> watch::Receiver<Option<String>> {
        self.server_errors.clone()
    }

    /// Why the last attempt to connect failed, for example a wrong password; stays after a later one succeeds.
    pub fn last_refusal(&self) -> watch::Receiver<Option<String>> {
        self.refused.clone()
    }

    /// Whether what is sent is protected by TLS: required by us or by the server that we are connected to.
    pub fn is_tls(&self) -> bool {
        self.tls_required || self.client.server_info().tls_required
    }

    /// Whether the link is up right now.
    pub fn is_up(&self) -> bool {
        *self.link.borrow() == LinkState::Up
    }

    /// How often the link has come up so far; for [`Connection::interrupted`].
    pub fn connects(&self) -> u64 {
        *self.connects.borrow()
    }

    /// Waits until the link is not what it was when `connects` was read: lost, or lost and up again so quickly that
    /// nobody saw it.
    pub async fn interrupted(&self, connects: u64) {
        let (mut link, mut count) = (self.link.clone(), self.connects.clone());
        tokio::select! {
            // An error means that the client is gone, which is an interruption too.
            _ = link.wait_for(|state| *state != LinkState::Up) => {}
            _ = count.wait_for(|count| *count != connects) => {}
        }
    }

    /// Waits until the link is up.
    pub async fn up(&self) {
        let mut link = self.link.clone();
        // An error means that the client is gone; then nothing will ever be up.
        if link.wait_for(|state| *state == LinkState::Up).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Unlimited, with jitter: every client of a cluster that comes back must not arrive in the same millisecond.
fn reconnect_delay(attempt: usize) -> Duration {
    // 50, 100, 200 ... at most 2,000 ms, of which the upper half is spread by the clock's low digits.
    let full = 50_u64.saturating_mul(1 << attempt.min(6)).min(2_000);
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| u64::from(since.subsec_nanos()));
    Duration::from_millis(full / 2 + nanos / 1_000 % (full / 2 + 1))
}

/// Connects in the background; an unreachable server is a [`LinkState`], an unusable URL an error.
pub async fn connect(settings: &Settings) -> Result<Connection, Error> {
    let servers = settings.url.servers()?;
    let tls_required =
        settings.access.tls != Tls::default() || servers.iter().all(async_nats::ServerAddr::tls_required);

    let (link_tell, link) = watch::channel(LinkState::Connecting);
    let (connects_tell, connects) = watch::channel(0);
    let (denials_tell, denials) = watch::channel(Vec::new());
    let (server_errors_tell, server_errors) = watch::channel(None);
    let (refused_tell, refused) = watch::channel(None);
    let (access, url) = (settings.access.clone(), settings.url.clone());
    let options = ConnectOptions::new()
        .name(&settings.name)
        .retry_on_initial_connect()
        .max_reconnects(None)
        .connection_timeout(Duration::from_secs(2))
        // Two pings missed end a silent connection: 2 s to 4 s instead of the default's two minutes.
        .ping_interval(Duration::from_secs(2))
        .request_timeout(Some(crate::REQUEST_TIMEOUT))
        .subscription_capacity(settings.subscription_capacity)
        .reconnect_delay_callback(reconnect_delay)
        .event_callback(move |event| {
            match event {
                Event::Connected => {
                    // What is still denied is denied again: the client subscribes anew.
                    denials_tell.send_if_modified(|denials| !std::mem::take(denials).is_empty());
                    connects_tell.send_modify(|count| *count += 1);
                    link_tell.send_replace(LinkState::Up);
                }
                Event::Disconnected | Event::Closed => {
                    link_tell.send_replace(LinkState::Lost);
                }
                Event::ServerError(error) => match Denial::parse(&error.to_string()) {
                    Some(denial) => {
                        denials_tell.send_if_modified(|denials| denial::note(denials, denial));
                    }
                    None => {
                        server_errors_tell.send_replace(Some(access.hide(&url, error.to_string())));
                    }
                },
                Event::ClientError(error) => {
                    refused_tell.send_replace(Some(access.hide(&url, error.to_string())));
                }
                _ => {}
            }
            async {}
        });
    let options = settings.access.apply(options, &servers).await?;
    let client = options.connect(servers).await.map_err(|error| {
        // Trying again in the background never fails: what fails here are files and settings.
        let why = settings.access.hide(&settings.url, crate::error::chain(&error));
        Error::new(ErrorKind::Settings, format!("connecting {}", settings.name), why)
    })?;
    let js = async_nats::jetstream::context::ContextBuilder::new()
        .timeout(crate::REQUEST_TIMEOUT + AFTER_OURS)
        .ack_timeout(crate::REQUEST_TIMEOUT)
        // Whoever publishes in a pipeline has a window of its own; this bound only keeps a mistake from growing.
        .max_ack_inflight(8_192)
        .build(client.clone());
    Ok(Connection { client, js, tls_required, link, connects, denials, server_errors, refused })
}
