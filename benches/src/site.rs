//! A private bus: a nats-server of its own, our streams in it, stores.

use anyhow::Context as _;
use bus::server::Server;
use bus::topology::{self, Profile};
use contract::{UtcMs, stream, subject};
use futures::{StreamExt as _, TryStreamExt as _};
use tempfile::TempDir;

use crate::traffic;

/// Size of the streams, in per cent of the full size: minutes of traffic, and room for it on an ordinary disk.
const STORAGE_PERCENT: u32 = 25;

/// Messages published and not yet acknowledged.
const UNDER_WAY: usize = 256;

/// The bus. Dropping it ends the server and removes its files.
#[derive(Debug)]
pub struct Site {
    server: Server,
    /// A connection of our own.
    pub connection: bus::Connection,
    // Last: the server writes there.
    folder: TempDir,
}

impl Site {
    /// Starts a server and makes the streams, copies: one.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("domicilio-bench-").tempdir().context("making a folder")?;
        let server = Server::start(folder.path()).await?;
        let connection = bus::connect(&bus::Settings::new(server.url(), "bench")).await?;
        connection.up().await;
        topology::ensure(&connection.js, Profile { replicas: 1, storage_percent: STORAGE_PERCENT }).await?;
        Ok(Self { server, connection, folder })
    }

    /// Where the server listens.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// A folder that goes with the site.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Writes the records of so many stores, whose POS is at `pos`.
    pub async fn stores(&self, count: u32, pos: &str) -> anyhow::Result<()> {
        let now = now();
        let each = (0..count).map(|number| async move {
            let record = traffic::record(number, pos, now)?;
            self.store(subject::store(record.country, record.id), serde_json::to_vec(&record)?).await
        });
        futures::stream::iter(each).buffer_unordered(UNDER_WAY).try_collect().await
    }

    /// Stores the lives of so many orders; one in ten still waits.
    pub async fn orders(&self, count: u32, stores: u32) -> anyhow::Result<()> {
        let now = now();
        let each = (0..count).map(|number| async move {
            let at = now.plus_millis((i64::from(number) - i64::from(count)) * 50);
            let [accepted, queued, ended] = traffic::life(number, stores, at)?;
            let rest = if number.is_multiple_of(10) { queued } else { ended };
            for message in [accepted, rest] {
                let headers = message.headers.unwrap_or_default();
                let js = &self.connection.js;
                js.publish_with_headers(message.subject, headers, message.payload).await?.await?;
            }
            anyhow::Ok(())
        });
        futures::stream::iter(each).buffer_unordered(UNDER_WAY).try_collect().await
    }

    async fn store(&self, subject: String, body: Vec<u8>) -> anyhow::Result<()> {
        self.connection.js.publish(subject, body.into()).await?.await?;
        Ok(())
    }

    /// Removes the streams, so that the server only passes messages on.
    pub async fn forget_streams(&self) -> anyhow::Result<()> {
        for spec in stream::ALL {
            self.connection.js.delete_stream(spec.name).await.with_context(|| format!("removing {}", spec.name))?;
        }
        Ok(())
    }
}

/// This machine's clock.
pub fn now() -> UtcMs {
    jiff::Timestamp::now().into()
}
