//! Connecting: returns at once, keeps trying for ever, tells the truth about the link.

use std::time::Duration;

use async_nats::{ConnectOptions, Event, ServerAddr};
use tokio::sync::watch;

use crate::{Error, ErrorKind};

/// How to reach the bus.
#[derive(Debug, Clone)]
pub struct Settings {
    /// One URL, or several of one cluster separated by commas; `nats://user:password@host:4222` is honoured.
    pub url: String,
    /// Name of the connection, as `nats server report connections` shows it.
    pub name: String,
    /// Messages that one subscription holds before the client drops (and counts) further ones.
    pub subscription_capacity: usize,
}

impl Settings {
    /// Settings for `url` under `name`, with the client's usual subscription capacity.
    pub fn new(url: impl Into<String>, name: impl Into<String>) -> Self {
        Self { url: url.into(), name: name.into(), subscription_capacity: 65_536 }
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

/// A connection and its JetStream context. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The client.
    pub client: async_nats::Client,
    /// JetStream with [`crate::REQUEST_TIMEOUT`].
    pub js: async_nats::jetstream::Context,
    link: watch::Receiver<LinkState>,
    connects: watch::Receiver<u64>,
    denied: watch::Receiver<Option<String>>,
    refused: watch::Receiver<Option<String>>,
}

impl Connection {
    /// Follows the state of the link.
    pub fn link(&self) -> watch::Receiver<LinkState> {
        self.link.clone()
    }

    /// Last error that the server reported for the connection, for example a permission violation; a denied
    /// publish or subscription is told nowhere else.
    pub fn last_server_error(&self) -> watch::Receiver<Option<String>> {
        self.denied.clone()
    }

    /// Why the last attempt to connect failed, for example a wrong password; stays after a later one succeeds.
    pub fn last_refusal(&self) -> watch::Receiver<Option<String>> {
        self.refused.clone()
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
    let unusable = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::Settings, format!("reading the NATS URL of {}", settings.name), error)
    };
    let mut servers = Vec::new();
    for url in settings.url.split(',').map(str::trim).filter(|url| !url.is_empty()) {
        servers.push(url.parse::<ServerAddr>().map_err(|error| unusable(error.into()))?);
    }
    let Some(first) = servers.first() else {
        return Err(unusable("no URL given; expected for example nats://127.0.0.1:4222".into()));
    };

    let (link_tell, link) = watch::channel(LinkState::Connecting);
    let (connects_tell, connects) = watch::channel(0);
    let (denied_tell, denied) = watch::channel(None);
    let (refused_tell, refused) = watch::channel(None);
    let mut options = ConnectOptions::new()
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
                    connects_tell.send_modify(|count| *count += 1);
                    link_tell.send_replace(LinkState::Up);
                }
                Event::Disconnected | Event::Closed => {
                    link_tell.send_replace(LinkState::Lost);
                }
                Event::ServerError(error) => {
                    denied_tell.send_replace(Some(error.to_string()));
                }
                Event::ClientError(error) => {
                    refused_tell.send_replace(Some(error.to_string()));
                }
                _ => {}
            }
            async {}
        });
    if let (Some(user), Some(password)) = (first.username(), first.password()) {
        options = options.user_and_password(user.to_owned(), password.to_owned());
    }
    let client = options
        .connect(servers)
        .await
        .map_err(|error| Error::new(ErrorKind::Unanswered, format!("connecting {}", settings.name), error))?;
    let js = async_nats::jetstream::context::ContextBuilder::new()
        .timeout(crate::REQUEST_TIMEOUT)
        .ack_timeout(crate::REQUEST_TIMEOUT)
        // Whoever publishes in a pipeline has a window of its own; this bound only keeps a mistake from growing.
        .max_ack_inflight(8_192)
        .build(client.clone());
    Ok(Connection { client, js, link, connects, denied, refused })
}
