//! Which partitions are ours: keeps the resolver's lease, watches the partitions, begins and ends their sessions.
//!
//! What is to be done follows from what the bucket last said and from what is running, never from one event alone:
//! `Tenancy::reconcile` looks at both after every event and every renewal, so that nothing stays half done.

mod known;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream::kv;
use bus::read::Stored;
use chassis::RETRY_DELAY;
use chassis::lease::{self, Candidate, Renewal, TERMS, encode, write};
use contract::Partition;
use contract::heartbeat::RunState;
use contract::lease::{Holder, Key, PARTITIONS, PartitionLease, ResolverLease, Stance, partition_key, resolver_key};
use futures::StreamExt as _;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use known::{Known, Told, Writing};

use crate::session::{End, Epoch, Session, Shared, Wish};
use crate::{ping, release};

/// Serves for as long as the process runs, then gives everything back.
pub async fn serve(shared: &Arc<Shared>) {
    let chassis = &shared.chassis;
    let mut exposed = false;
    for run in 1_u32.. {
        if let Err(error) = hold(shared, run, &mut exposed).await {
            tracing::warn!(%error, "not serving, trying again");
        }
        tokio::select! {
            () = tokio::time::sleep(RETRY_DELAY) => {}
            () = chassis.stop.cancelled() => return,
        }
    }
}

/// What we do about partitions, by what our operator wants.
fn stance(shared: &Shared) -> Stance {
    match shared.chassis.control.state() {
        RunState::Running => Stance::Taking,
        RunState::Paused => Stance::Keeping,
        RunState::Draining | RunState::Stopping | RunState::Unknown => Stance::Leaving,
    }
}

/// Takes the lease, serves under it, gives it back. Returns when it is lost or when told to stop.
async fn hold(shared: &Arc<Shared>, run: u32, exposed: &mut bool) -> Result<(), async_nats::Error> {
    let chassis = &shared.chassis;
    let store = bus::topology::leases(&chassis.bus.js, chassis.profile).await?;
    // Each time the lease is taken is another incarnation: what was lost under the last one is not ours again.
    let me = chassis.holder();
    let me = Holder { incarnation: format!("{}-{run}", me.incarnation), ..me };
    let lease = |stance, vacant| encode(&ResolverLease { v: contract::VERSION, holder: me.clone(), stance, vacant });

    let mut candidate = Candidate::new(store.clone(), resolver_key(&me.instance), me.incarnation.clone(), TERMS);
    let since = Instant::now();
    let mut warned = false;
    let mut holder = loop {
        if let Some(holder) = candidate.attempt(|_| lease(stance(shared), false)).await? {
            break holder;
        }
        // A former run's lease ends within its time; one that does not is held by somebody who lives.
        if !warned && since.elapsed() > Duration::from_millis(2 * TERMS.ttl_ms) {
            tracing::warn!("another process runs under this name: waiting until it ends");
            warned = true;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(TERMS.renew_ms)) => {}
            () = chassis.stop.cancelled() => return Ok(()),
        }
    };
    // After the wait: the bucket may have been made anew meanwhile.
    let era = lease::era(&store).await?;
    tracing::info!("holding the lease");
    // Heard and seen only from here on: of two processes under one name, the one that serves is the one that answers.
    if !std::mem::replace(exposed, true) {
        let (read, stores) = (Arc::clone(&shared.figures), shared.catalogue.progress());
        chassis.expose(
            move || (read.load(), Some(stores.borrow().revision)),
            vec![release::duty(shared), ping::duty(shared)],
        );
    }

    let mut tenancy = Tenancy {
        shared: Arc::clone(shared),
        store: store.clone(),
        era,
        me: me.clone(),
        tenure: holder.tenure(),
        known: Known::default(),
        running: HashMap::new(),
        pause: HashMap::new(),
        sessions: JoinSet::new(),
        returns: JoinSet::new(),
        doubts: JoinSet::new(),
    };
    let mut tick = tokio::time::interval(Duration::from_millis(TERMS.renew_ms));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut connects = chassis.bus.connects();
    let mut watch = Box::pin(tenancy.watch(Duration::ZERO));
    let mut leaving: Option<Instant> = None;
    loop {
        let limit = leaving.unwrap_or_else(Instant::now);
        tokio::select! {
            biased;
            () = chassis.stop.cancelled(), if leaving.is_none() => {
                chassis.control.set(RunState::Draining);
                leaving = Some(Instant::now() + shared.finish_limit());
            }
            Some(ended) = tenancy.sessions.join_next() => tenancy.ended(ended),
            Some(returned) = tenancy.returns.join_next() => tenancy.returned(returned),
            Some(doubt) = tenancy.doubts.join_next() => if !tenancy.settled(doubt) {
                // Told once more, and doubted once more.
                watch = Box::pin(tenancy.watch(RETRY_DELAY));
            },
            _ = tick.tick() => match holder.renew(lease(stance(shared), false)).await {
                Renewal::Held => {}
                Renewal::Unknown => tracing::warn!("the lease's renewal got no answer"),
                Renewal::Lost => {
                    tracing::warn!("the lease is lost: dropping everything");
                    tenancy.drop_all().await;
                    return Ok(());
                }
            },
            entry = watch.next() => match entry {
                Some(Ok(entry)) => tenancy.learn(&entry),
                // The watch is made anew; what we hold goes on under the tenure meanwhile.
                Some(Err(_)) | None => watch = Box::pin(tenancy.watch(RETRY_DELAY)),
            },
            // After a reconnect the old watch would notice only after several heartbeats that it is dead.
            () = chassis.bus.interrupted(connects), if chassis.bus.is_up() => {
                connects = chassis.bus.connects();
                watch = Box::pin(tenancy.watch(Duration::ZERO));
            }
            () = tokio::time::sleep_until(limit), if leaving.is_some() => tenancy.drop_all().await,
        }
        tenancy.reconcile();
        if leaving.is_some() && tenancy.is_done() {
            holder.release(lease(Stance::Leaving, true)).await?;
            return Ok(());
        }
    }
}

/// A session under way.
#[derive(Debug)]
struct Running {
    ours: Arc<AtomicBool>,
    wish: watch::Sender<Wish>,
}

/// A partition that was given back: what its key said before, and what became of the writing.
type Returned = (Partition, PartitionLease, Result<Option<u64>, bus::Error>);

/// A partition, the revision of the writing that was doubted, and what the leader says.
type Doubt = (Partition, u64, Result<Writing, bus::Error>);

struct Tenancy {
    shared: Arc<Shared>,
    store: kv::Store,
    era: u64,
    me: Holder,
    tenure: lease::Tenure,
    known: Known,
    running: HashMap<Partition, Running>,
    /// Partitions whose session was dropped or that could not be given back, and when that may be tried again.
    pause: HashMap<Partition, Instant>,
    sessions: JoinSet<(Partition, End)>,
    /// Partitions being given back.
    returns: JoinSet<Returned>,
    /// The leader being asked; each watch can raise one doubt a partition, and none outlives its request.
    doubts: JoinSet<Doubt>,
}

impl Tenancy {
    /// After `delay`, every partition's entry, then every change; ends with an error when the bus is away.
    fn watch(&mut self, delay: Duration) -> impl futures::Stream<Item = Result<kv::Entry, async_nats::Error>> + use<> {
        self.known.watched_anew();
        let store = self.store.clone();
        let begin = async move {
            tokio::time::sleep(delay).await;
            store.watch_with_history(PARTITIONS).await
        };
        futures::stream::once(begin).flat_map(|watch| match watch {
            Ok(watch) => watch.map(|entry| entry.map_err(Into::into)).left_stream(),
            Err(error) => futures::stream::iter([Err(error.into())]).right_stream(),
        })
    }

    /// A partition's key was written.
    fn learn(&mut self, entry: &kv::Entry) {
        let Some(Key::Partition(partition)) = Key::parse(&entry.key) else { return };
        let told = Writing::read(&entry.value, entry.revision);
        if let Told::Doubtful(doubted) = self.known.hear(partition, told) {
            let js = self.shared.chassis.bus.js.clone();
            self.doubts.spawn(async move {
                let last = lease::last_at_leader(&js, &partition_key(partition)).await;
                let writing = |last: Option<Stored>| match last {
                    Some(last) => Writing::read(&last.payload, last.sequence),
                    None => Writing::read(&[], 0),
                };
                (partition, doubted, last.map(writing))
            });
        }
    }

    /// The leader was asked; `false` when it did not answer.
    fn settled(&mut self, doubt: Result<Doubt, tokio::task::JoinError>) -> bool {
        let Ok((partition, doubted, Ok(last))) = doubt else { return false };
        self.known.settle(partition, doubted, last);
        true
    }

    /// Begins, ends and gives back whatever should be by now.
    fn reconcile(&mut self) {
        let stopping = self.shared.chassis.stop.is_cancelled();
        for (partition, Writing { lease, revision }) in self.known.all() {
            let ours = lease.owner.as_ref() == Some(&self.me);
            match (self.running.get(&partition), ours) {
                (Some(running), true) if lease.releasing || stopping => running.wish(Wish::Finish),
                (Some(running), false) => {
                    running.ours.store(false, Ordering::Release);
                    running.wish(Wish::Drop);
                }
                (None, true) if self.is_pausing(partition) => {}
                (None, true) if lease.releasing || stopping => self.give_back(partition, &lease, revision),
                (None, true) if self.tenure.holds() => self.begin(partition, revision),
                (Some(_), true) | (None, _) => {}
            }
        }
    }

    fn is_pausing(&self, partition: Partition) -> bool {
        self.pause.get(&partition).is_some_and(|until| Instant::now() < *until)
    }

    fn begin(&mut self, partition: Partition, revision: u64) {
        tracing::info!(%partition, epoch = revision, "partition taken over");
        let ours = Arc::new(AtomicBool::new(true));
        let (wish, wishes) = watch::channel(Wish::Serve);
        let epoch = Epoch { era: self.era, revision };
        let session = Session::new(Arc::clone(&self.shared), partition, epoch, self.tenure.clone(), Arc::clone(&ours));
        self.running.insert(partition, Running { ours, wish });
        self.sessions.spawn(async move { (partition, session.run(wishes).await) });
    }

    /// A session ended; what follows is for [`Tenancy::reconcile`] to say.
    fn ended(&mut self, ended: Result<(Partition, End), tokio::task::JoinError>) {
        match ended {
            Ok((partition, end)) => {
                self.running.remove(&partition);
                if end == End::Dropped {
                    self.pause.insert(partition, Instant::now() + RETRY_DELAY);
                }
            }
            Err(error) => {
                // A panic is a bug; the lease must not keep up the appearance of service.
                tracing::error!(%error, "a session died: stopping");
                self.shared.chassis.stop.cancel();
            }
        }
    }

    /// Writes that nobody owns the partition; tried again as long as the bucket says that we do.
    fn give_back(&mut self, partition: Partition, lease: &PartitionLease, revision: u64) {
        let free = PartitionLease { owner: None, releasing: false, ..lease.clone() };
        let store = self.store.clone();
        // Ours no more as far as we are concerned; if the write fails, the old state is put back.
        if let Some(known) = self.known.get_mut(partition) {
            known.lease = free.clone();
        }
        let lease = lease.clone();
        self.returns.spawn(async move {
            let written = write(&store, &partition_key(partition), encode(&free), revision).await;
            (partition, lease, written)
        });
    }

    fn returned(&mut self, returned: Result<Returned, tokio::task::JoinError>) {
        let Ok((partition, lease, written)) = returned else { return };
        match written {
            Ok(Some(_)) => {}
            // Moved meanwhile: the watch tells.
            Ok(None) => tracing::debug!(%partition, "the partition was written by somebody else"),
            Err(error) => {
                tracing::warn!(%partition, error = &error as &dyn std::error::Error, "not given back, trying again");
                self.pause.insert(partition, Instant::now() + RETRY_DELAY);
                if let Some(known) = self.known.get_mut(partition)
                    && known.lease.owner.is_none()
                {
                    known.lease = lease;
                }
            }
        }
    }

    /// Whether nothing is left to finish or to give back.
    fn is_done(&self) -> bool {
        self.sessions.is_empty() && (self.returns.is_empty() || !self.shared.chassis.bus.is_up())
    }

    fn drop_all(&mut self) -> impl Future<Output = ()> {
        self.tenure.end();
        for running in self.running.values() {
            running.ours.store(false, Ordering::Release);
            running.wish(Wish::Drop);
        }
        async {
            while self.sessions.join_next().await.is_some() {}
            self.running.clear();
            self.known.clear();
        }
    }
}

impl Running {
    fn wish(&self, wish: Wish) {
        self.wish.send_if_modified(|current| std::mem::replace(current, wish) != wish);
    }
}
