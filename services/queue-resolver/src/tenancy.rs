//! Which partitions are ours: keeps the resolver's lease, watches the partitions, begins and ends their sessions.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream::kv;
use chassis::RETRY_DELAY;
use chassis::lease::{self, Candidate, Renewal, TERMS, encode, write};
use contract::Partition;
use contract::heartbeat::RunState;
use contract::lease::{Holder, Key, PARTITIONS, PartitionLease, ResolverLease, partition_key, resolver_key};
use futures::StreamExt as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::session::{End, Session, Shared, Wish};

/// How long stopping waits for what is under way: the usual deadline of a POS, with room for storing and
/// acknowledging. Kubernetes must grant more than this.
const LEAVE_LIMIT: Duration = Duration::from_secs(25);

/// A session under way.
#[derive(Debug)]
struct Running {
    epoch: u64,
    /// The newest revision of the partition's key; what giving back expects.
    revision: u64,
    ours: Arc<AtomicBool>,
    wish: watch::Sender<Wish>,
}

type Ended = (Partition, u64, End);

/// Serves for as long as the process runs, then gives everything back.
pub async fn serve(shared: &Arc<Shared>) {
    let chassis = &shared.chassis;
    while !chassis.stop.is_cancelled() {
        if let Err(error) = hold(shared).await {
            tracing::warn!(%error, "not serving, trying again");
        }
        tokio::select! {
            () = tokio::time::sleep(RETRY_DELAY) => {}
            () = chassis.stop.cancelled() => {}
        }
    }
}

/// Takes the lease, serves under it, gives it back. Returns when it is lost or when told to stop.
async fn hold(shared: &Arc<Shared>) -> Result<(), async_nats::Error> {
    let chassis = &shared.chassis;
    let store = bus::topology::leases(&chassis.bus.js, chassis.profile).await?;
    let me = chassis.holder();
    let accepting = || matches!(chassis.control.state(), RunState::Running | RunState::Paused);
    let lease =
        |accepting, vacant| encode(&ResolverLease { v: contract::VERSION, holder: me.clone(), accepting, vacant });

    let mut candidate = Candidate::new(store.clone(), resolver_key(&me.instance), me.incarnation.clone(), TERMS);
    let mut holder = loop {
        if let Some(holder) = candidate.attempt(|_| lease(accepting(), false)).await? {
            break holder;
        }
        tracing::debug!("another process of this name holds the lease");
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(TERMS.renew_ms)) => {}
            () = chassis.stop.cancelled() => return Ok(()),
        }
    };
    tracing::info!("holding the lease");

    let mut tenancy = Tenancy {
        shared: Arc::clone(shared),
        store: store.clone(),
        me: me.clone(),
        tenure: holder.tenure(),
        running: HashMap::new(),
        tasks: JoinSet::new(),
    };
    let mut tick = tokio::time::interval(Duration::from_millis(TERMS.renew_ms));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut state = chassis.control.follow();
    let mut watch = Box::pin(tenancy.watch());
    let mut link = chassis.bus.link();
    let mut leaving: Option<tokio::time::Instant> = None;
    loop {
        let stop_limit = leaving.unwrap_or_else(|| tokio::time::Instant::now() + LEAVE_LIMIT);
        tokio::select! {
            _ = tick.tick() => match holder.renew(lease(accepting() && leaving.is_none(), false)).await {
                Renewal::Held => {}
                Renewal::Unknown => tracing::warn!("the lease's renewal got no answer"),
                Renewal::Lost => {
                    tracing::warn!("the lease is lost: dropping everything");
                    tenancy.drop_all().await;
                    return Ok(());
                }
            },
            entry = watch.next() => match entry {
                Some(Ok(entry)) => tenancy.take(&entry),
                // The watch is made anew; what we hold goes on under the tenure meanwhile.
                Some(Err(error)) => {
                    tracing::debug!(%error, "watching the partitions anew");
                    tokio::time::sleep(RETRY_DELAY).await;
                    watch = Box::pin(tenancy.watch());
                }
                None => watch = Box::pin(tenancy.watch()),
            },
            Some(ended) = tenancy.tasks.join_next(), if !tenancy.tasks.is_empty() => tenancy.ended(ended).await,
            _ = state.changed() => {}
            // After a reconnect the old watch would notice only after several heartbeats that it is dead.
            _ = link.changed() => watch = Box::pin(tenancy.watch()),
            () = chassis.stop.cancelled(), if leaving.is_none() => {
                leaving = Some(tokio::time::Instant::now() + LEAVE_LIMIT);
                tenancy.finish_all();
            }
            () = tokio::time::sleep_until(stop_limit), if leaving.is_some() => tenancy.drop_all().await,
        }
        if leaving.is_some() && tenancy.tasks.is_empty() {
            holder.release(lease(false, true)).await?;
            return Ok(());
        }
    }
}

struct Tenancy {
    shared: Arc<Shared>,
    store: kv::Store,
    me: Holder,
    tenure: lease::Tenure,
    running: HashMap<Partition, Running>,
    tasks: JoinSet<Ended>,
}

impl Tenancy {
    /// Every partition's entry, then every change; ends with an error when the bus is away.
    fn watch(&self) -> impl futures::Stream<Item = Result<kv::Entry, async_nats::Error>> + use<> {
        let store = self.store.clone();
        futures::stream::once(async move { store.watch_with_history(PARTITIONS).await }).flat_map(|watch| match watch {
            Ok(watch) => watch.map(|entry| entry.map_err(Into::into)).left_stream(),
            Err(error) => futures::stream::iter([Err(error.into())]).right_stream(),
        })
    }

    /// A partition's key was written.
    fn take(&mut self, entry: &kv::Entry) {
        let Some(Key::Partition(partition)) = Key::parse(&entry.key) else { return };
        let value = serde_json::from_slice::<PartitionLease>(&entry.value).ok();
        let (ours, releasing) = match &value {
            Some(lease) => (lease.owner.as_ref() == Some(&self.me), lease.releasing),
            None => (false, false),
        };
        match (self.running.get_mut(&partition), ours) {
            (Some(running), _) if entry.revision <= running.revision => {}
            (Some(running), true) => {
                running.revision = entry.revision;
                if releasing {
                    running.wish.send_replace(Wish::Finish);
                }
            }
            (Some(running), false) => {
                running.ours.store(false, Ordering::Release);
                running.wish.send_replace(Wish::Drop);
            }
            (None, true) if !self.shared.chassis.stop.is_cancelled() => {
                self.begin(partition, entry.revision, releasing);
            }
            (None, _) => {}
        }
    }

    fn begin(&mut self, partition: Partition, epoch: u64, releasing: bool) {
        tracing::info!(%partition, epoch, "partition taken over");
        let ours = Arc::new(AtomicBool::new(true));
        let (wish, wishes) = watch::channel(if releasing { Wish::Finish } else { Wish::Serve });
        let session = Session::new(Arc::clone(&self.shared), partition, epoch, self.tenure.clone(), Arc::clone(&ours));
        self.running.insert(partition, Running { epoch, revision: epoch, ours, wish });
        self.tasks.spawn(async move { (partition, epoch, session.run(wishes).await) });
    }

    /// A session ended: a finished one's partition is given back.
    async fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        let (partition, epoch, end) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                // A panic is a bug; the lease must not keep up the appearance of service.
                tracing::error!(%error, "a session died: stopping");
                self.shared.chassis.stop.cancel();
                return;
            }
        };
        let Some(running) = self.running.remove(&partition) else { return };
        debug_assert_eq!(running.epoch, epoch, "one session a partition at a time");
        if end == End::Dropped {
            // It may be ours again by now, or never have been anybody else's.
            return self.look_again(partition).await;
        }
        let free = PartitionLease { v: contract::VERSION, owner: None, releasing: false, term: 0 };
        match write(&self.store, &partition_key(partition), encode(&free), running.revision).await {
            Ok(Some(_)) => {}
            Ok(None) => tracing::debug!(%partition, "the partition was moved meanwhile"),
            Err(error) => tracing::warn!(
                %partition, error = &error as &dyn std::error::Error, "the partition was not given back, it will expire"
            ),
        }
    }

    /// A session was dropped: begins another one if the bucket still names us.
    async fn look_again(&mut self, partition: Partition) {
        if !self.tenure.holds() {
            return;
        }
        match lease::read(&self.store, &partition_key(partition)).await {
            Ok(Some(entry)) => self.take(&entry),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%partition, error = &error as &dyn std::error::Error, "who owns the partition is not known");
            }
        }
    }

    fn finish_all(&self) {
        for running in self.running.values() {
            running.wish.send_replace(Wish::Finish);
        }
    }

    async fn drop_all(&mut self) {
        self.tenure.end();
        for running in self.running.values() {
            running.ours.store(false, Ordering::Release);
            running.wish.send_replace(Wish::Drop);
        }
        while self.tasks.join_next().await.is_some() {}
        self.running.clear();
    }
}
