//! The deployment of a scenario: one API, one distribuidor, two resolvers, points of sale that answer at once, and
//! streams of their full size.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bus::read::{Request, Start, Stored, read};
use contract::heartbeat::{Heartbeat, Load};
use contract::lease::{PartitionLease, partition_key};
use contract::{Outcome, StoreId, UtcMs};
use futures::StreamExt as _;
use pos_simulator::LedgerLine;

use super::load::Sender;
use super::memory;
use crate::deployment::{Deployment, Layout};
use crate::evidence::{self, Progress};
use crate::witness::{Witness, settled};

/// The one API.
pub const API: &str = "api-domicilio-1";
/// The one distribuidor.
pub const DISTRIBUIDOR: &str = "distribuidor-1";
/// The resolvers.
pub const RESOLVERS: [&str; 2] = ["queue-resolver-1", "queue-resolver-2"];

/// How long everybody may take to be at work.
const SETTLE_LIMIT: Duration = Duration::from_mins(1);

/// Wait before a condition is looked at again.
pub const LOOK: Duration = Duration::from_millis(100);

/// The deployment.
#[derive(Debug)]
pub struct Site {
    /// The processes.
    pub deployment: Deployment,
    /// Heartbeats.
    pub witness: Witness,
    /// To the API.
    pub sender: Sender,
    // Last: the programs in it are in use until then.
    _programs: tempfile::TempDir,
}

impl Site {
    /// Everything started and at work. At each store `pace` orders a second begin at most.
    pub async fn start(stores: u32, pace: u32) -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("finding this program")?;
        let beside = own.parent().context("finding this program's folder")?;
        let programs = programs(beside)?;
        let layout = Layout {
            programs: programs.path().to_owned(),
            nodes: 1,
            disks: false,
            apis: 1,
            distribuidores: 1,
            resolvers: u32::try_from(RESOLVERS.len())?,
            stores,
            resolver_args: ["--store-pace", &pace.to_string()].map(String::from).to_vec(),
        };
        let deployment = Deployment::start(&layout).await?;
        enlarge(&deployment.connection).await?;
        let witness = Witness::listen(&deployment.connection).await?;
        let sender = Sender::new(deployment.apis().first().context("no API")?)?;
        let site = Self { deployment, witness, sender, _programs: programs };
        site.settle().await?;
        Ok(site)
    }

    /// Waits until everybody is at work.
    pub async fn settle(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + SETTLE_LIMIT;
        while !settled(&self.witness.fresh(), 2 + RESOLVERS.len()) {
            ensure!(Instant::now() < deadline, "not everybody is at work after {} s", SETTLE_LIMIT.as_secs());
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// The resolver that owns a store's partition.
    pub async fn owner(&self, store: StoreId) -> anyhow::Result<String> {
        let leases = bus::topology::leases(&self.deployment.connection.js, bus::topology::Profile::default()).await?;
        let value = leases.get(partition_key(store.partition())).await?.context("the partition has no lease")?;
        let lease: PartitionLease = serde_json::from_slice(&value)?;
        Ok(lease.owner.context("the partition has no owner")?.instance.to_string())
    }

    /// Resident memory of a process, in MiB.
    pub fn resident(&self, id: &str) -> anyhow::Result<f64> {
        memory::resident(self.deployment.pid(id)?)
    }

    /// Watches the memory of these processes.
    pub fn watch(&self, ids: &[&str]) -> anyhow::Result<memory::Watch> {
        let pid = |id: &&str| Ok(((*id).to_owned(), self.deployment.pid(id)?));
        Ok(memory::Watch::start(ids.iter().map(pid).collect::<anyhow::Result<_>>()?))
    }

    /// Waits until a resolver tells that `entries` wait in its lanes.
    pub async fn holds(&self, resolver: &str, entries: u64, limit: Duration) -> anyhow::Result<()> {
        let subject = format!("domicilio.services.queue-resolver.{resolver}.heartbeat");
        let mut beats = self.deployment.connection.client.subscribe(subject).await?;
        let waiting = async {
            while let Some(message) = beats.next().await {
                let beat: Heartbeat = serde_json::from_slice(&message.payload)?;
                if let Load::Resolver(load) = beat.load
                    && load.waiting >= entries
                {
                    return Ok(());
                }
            }
            bail!("the heartbeats ended")
        };
        tokio::time::timeout(limit, waiting).await.context("the lanes do not fill")?
    }

    /// Waits until `orders` have taken effect and nothing waits.
    pub async fn drained(&self, orders: u64, limit: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            let Progress { outcomes, waiting, .. } = Progress::read(&self.deployment.connection).await?;
            if outcomes >= orders && waiting == 0 {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{outcomes} outcomes of {orders}, {waiting} waiting");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Every line of the ledger.
    pub fn ledger(&self) -> anyhow::Result<Vec<LedgerLine>> {
        evidence::lines(&self.deployment.ledger())
    }

    /// When each order from `sequence` on was stored in `ORDERS`.
    pub async fn stored_from(&self, sequence: u64) -> anyhow::Result<BTreeMap<u64, UtcMs>> {
        let mut stored = BTreeMap::new();
        let each = |message: Stored| stored.extend([(message.sequence, message.stored_at)]);
        self.read("ORDERS", sequence, true, each).await?;
        Ok(stored)
    }

    /// When the first attempt of each order began, by store, in the order of the outcomes.
    pub async fn begins(&self) -> anyhow::Result<BTreeMap<StoreId, Vec<UtcMs>>> {
        let mut begins: BTreeMap<StoreId, Vec<UtcMs>> = BTreeMap::new();
        let each = |message: Stored| {
            if let Ok(outcome) = serde_json::from_slice::<Outcome>(&message.payload) {
                begins.entry(outcome.order.store).or_default().extend(outcome.first_attempt_at);
            }
        };
        self.read("OUTCOMES", 1, false, each).await?;
        Ok(begins)
    }

    async fn read(&self, stream: &str, from: u64, headers_only: bool, each: impl FnMut(Stored)) -> anyhow::Result<()> {
        let from = Start::Sequence(from);
        let request = Request { stream, filter: "", from, headers_only, limit: usize::MAX };
        read(&self.deployment.connection.js, &request, each).await?;
        Ok(())
    }
}

/// A folder with the programs in `beside`, in which the points of sale answer at once instead of after 20 ms: here the
/// lanes are measured, not the kitchens.
fn programs(beside: &Path) -> anyhow::Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("domicilio-bounds-").tempdir().context("making a folder")?;
    for name in ["api-domicilio", "distribuidor", "queue-resolver"] {
        std::os::unix::fs::symlink(beside.join(name), folder.path().join(name))?;
    }
    wrap(&folder.path().join("pos-simulator"), &beside.join("pos-simulator"), "--latency-ms 0")?;
    Ok(folder)
}

/// Writes a program at `path` that is `program` with further arguments, which must not need quoting.
pub fn wrap(path: &Path, program: &Path, args: &str) -> anyhow::Result<()> {
    let program = program.display().to_string();
    ensure!(!program.contains('\''), "{program}: a quote in the path");
    std::fs::write(path, format!("#!/bin/sh\nexec '{program}' {args} \"$@\"\n"))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).context("making a program executable")
}

/// A deployment's streams are made small; here they get the size that they have by default.
async fn enlarge(connection: &bus::Connection) -> anyhow::Result<()> {
    for spec in contract::stream::ALL {
        let mut config = connection.js.get_stream(spec.name).await?.cached_info().config.clone();
        config.max_bytes = i64::from(spec.mebibytes_max) * 1_024 * 1_024;
        connection.js.update_stream(&config).await.with_context(|| format!("enlarging {}", spec.name))?;
    }
    Ok(())
}
