//! The registry: who is alive, who owns what; the shell around [`crate::assign`].

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use async_nats::jetstream::kv::{self, Operation};
use chassis::clock::monotonic_ms;
use chassis::lease::{Silence, TERMS, Tenure, encode, remove, write};
use chassis::{Chassis, RETRY_DELAY};
use contract::lease::{Holder, Key, PartitionLease, ResolverLease, Stance};
use contract::{EventKind, InstanceId, Partition};
use futures::StreamExt as _;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::assign::wish::{self, Met};
use crate::assign::{self, Live};
use crate::figures::Figures;
use crate::moves::{Asked, Moves};
use crate::office;

/// How long a resolver must be gone until its key is removed: longer than a restart, an upgrade or the loss of a machine
/// takes. Until then the key costs some 200 bytes; names that are made up anew with each start would add up.
const FORGET_MS: u64 = 3_600_000;

/// What the registry knows, as seen through the bucket.
#[derive(Debug, Default)]
struct View {
    resolvers: BTreeMap<InstanceId, Seen>,
    /// Value and revision of each partition's key.
    partitions: BTreeMap<Partition, (PartitionLease, u64)>,
}

#[derive(Debug)]
struct Seen {
    lease: ResolverLease,
    revision: u64,
    silence: Silence,
}

/// Watches, assigns and expires, for as long as it is polled.
pub async fn run(
    chassis: &Chassis,
    figures: &Figures,
    moves: &Moves,
    store: &kv::Store,
    term: u64,
    tenure: Tenure,
) -> Infallible {
    let mut view = View::default();
    let mut asked = moves.open();
    loop {
        chassis.bus.up().await;
        if let Err(error) = follow(chassis, figures, store, term, &tenure, &mut view, &mut asked).await {
            tracing::warn!(%error, "cannot see the leases, trying again");
        }
        tokio::time::sleep(RETRY_DELAY).await;
        view.restart();
    }
}

async fn follow(
    chassis: &Chassis,
    figures: &Figures,
    store: &kv::Store,
    term: u64,
    tenure: &Tenure,
    view: &mut View,
    asked: &mut mpsc::Receiver<Asked>,
) -> Result<(), async_nats::Error> {
    let connects = chassis.bus.connects();
    // Everything is told again. What was known may be of a bucket that has lost its end since.
    *view = View::default();
    let mut watch = store.watch_with_history(">").await?;
    let mut tick = tokio::time::interval(Duration::from_millis(TERMS.renew_ms / 4));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Nothing is decided before everything that was there has been seen. A key that is written anew at that moment is told
    // after the one that claims to be the last: one more renewal must have had its time.
    let seen_in = Duration::from_millis(TERMS.renew_ms);
    let mut complete_at = (store.status().await?.values() == 0).then(|| Instant::now() + seen_in);
    loop {
        let decides = tenure.holds() && complete_at.is_some_and(|at| at <= Instant::now());
        tokio::select! {
            biased;
            entry = watch.next() => match entry {
                Some(entry) => {
                    let entry = entry?;
                    if entry.delta == 0 {
                        complete_at.get_or_insert_with(|| Instant::now() + seen_in);
                    }
                    view.take(&entry);
                    // Everything that has already arrived is taken before anything is decided.
                    continue;
                }
                None => return Err("the watch ended".into()),
            },
            () = chassis.bus.interrupted(connects) => return Err("the bus was away".into()),
            Some(asked) = asked.recv(), if decides => wanted(store, term, tenure, view, asked).await?,
            _ = tick.tick() => {}
        }
        if !tenure.holds() {
            // We could not renew either, so nobody could: while the bucket has no leader, silence says nothing.
            view.restart();
        } else if complete_at.is_some_and(|at| at <= Instant::now()) {
            expire(chassis, store, view).await?;
            settle(chassis, store, term, tenure, view).await?;
            forget(store, view).await;
        }
        figures.registry(view.live().len(), view.unowned());
    }
}

impl View {
    fn take(&mut self, entry: &kv::Entry) {
        let value = (entry.operation == Operation::Put).then_some(&entry.value);
        match Key::parse(&entry.key) {
            Some(Key::Resolver(id)) => match value.and_then(|value| serde_json::from_slice(value).ok()) {
                Some(lease) => self.see(id, lease, entry.revision),
                None => drop(self.resolvers.remove(&id)),
            },
            Some(Key::Partition(partition)) => {
                let lease = value.and_then(|value| serde_json::from_slice(value).ok());
                let lease = lease.unwrap_or(PartitionLease::vacant());
                // Our own write is known before the watch tells it.
                if self.partitions.get(&partition).is_none_or(|(_, revision)| *revision < entry.revision) {
                    self.partitions.insert(partition, (lease, entry.revision));
                }
            }
            _ => {}
        }
    }

    fn see(&mut self, id: InstanceId, lease: ResolverLease, revision: u64) {
        let now_ms = monotonic_ms();
        match self.resolvers.get_mut(&id) {
            Some(seen) => {
                seen.silence.observe(revision, now_ms);
                seen.lease = lease;
                seen.revision = revision;
            }
            None => {
                self.resolvers.insert(id, Seen { lease, revision, silence: Silence::new(revision, now_ms) });
            }
        }
    }

    /// What we did not see was not silence.
    fn restart(&mut self) {
        let now_ms = monotonic_ms();
        self.resolvers.values_mut().for_each(|seen| seen.silence.restart(now_ms));
    }

    /// A resolver that has been gone for long, and the revision at which it was last seen.
    fn forgettable(&self, now_ms: u64) -> Option<(InstanceId, u64)> {
        let gone = |seen: &Seen| seen.lease.vacant && seen.silence.lasted_ms(now_ms) >= FORGET_MS;
        self.resolvers.iter().find(|(_, seen)| gone(seen)).map(|(id, seen)| (id.clone(), seen.revision))
    }

    fn live(&self) -> Live {
        let alive = self.resolvers.values().filter(|seen| !seen.lease.vacant);
        alive.map(|seen| (seen.lease.holder.clone(), seen.lease.stance)).collect()
    }

    fn owned_by(&self, holder: &Holder) -> usize {
        self.partitions.values().filter(|(lease, _)| lease.owner.as_ref() == Some(holder)).count()
    }

    fn unowned(&self) -> usize {
        let owned = self.partitions.values().filter(|(lease, _)| lease.owner.is_some()).count();
        usize::from(Partition::COUNT).saturating_sub(owned)
    }
}

/// Declares silent resolvers gone by compare-and-set on *their* key: only if that succeeds could they not have
/// renewed meanwhile, and any later renewal of theirs fails.
async fn expire(chassis: &Chassis, store: &kv::Store, view: &mut View) -> Result<(), bus::Error> {
    let now_ms = monotonic_ms();
    let mut gone = Vec::new();
    for (id, seen) in &mut view.resolvers {
        let silent_ms = seen.silence.lasted_ms(now_ms);
        if seen.lease.vacant || silent_ms < TERMS.ttl_ms {
            continue;
        }
        let vacated = ResolverLease { vacant: true, stance: Stance::Leaving, ..seen.lease.clone() };
        if let Some(revision) =
            write(store, &contract::lease::resolver_key(id), encode(&vacated), seen.revision).await?
        {
            seen.lease = vacated;
            seen.revision = revision;
            gone.push((id.clone(), seen.lease.holder.clone(), silent_ms));
        }
    }
    for (resolver, holder, silent_ms) in gone {
        let partitions = u32::try_from(view.owned_by(&holder)).unwrap_or(0);
        tracing::warn!(%resolver, silent_ms, partitions, "resolver is silent: its partitions move");
        publish(chassis, EventKind::ResolverLost { resolver, silent_ms, partitions });
    }
    Ok(())
}

/// Removes the key of a resolver that has been gone for long, one at a time. Should it come back meanwhile, one of the two
/// finds the key not as it expects: we remove nothing, or the resolver looks once more and finds the key free.
async fn forget(store: &kv::Store, view: &mut View) {
    let now_ms = monotonic_ms();
    let Some((id, revision)) = view.forgettable(now_ms) else { return };
    match remove(store, &contract::lease::resolver_key(&id), revision).await {
        Ok(removed) => {
            tracing::info!(resolver = %id, removed, "gone for long: forgotten");
            // If it came back, the watch tells.
            view.resolvers.remove(&id);
        }
        Err(error) => {
            tracing::warn!(resolver = %id, error = &error as &dyn std::error::Error, "not forgotten, later again");
            view.resolvers.entry(id).and_modify(|seen| seen.silence.restart(now_ms));
        }
    }
}

/// An operator moves a partition: what is written to its key is what the plan then works towards. A refused write means that
/// the view is old: nobody is told anything, and the same command may be given again.
async fn wanted(
    store: &kv::Store,
    term: u64,
    tenure: &Tenure,
    view: &mut View,
    asked: Asked,
) -> Result<(), bus::Error> {
    let Asked { wish, partition, reply } = asked;
    // Who does not wait any more has been told that nobody knows: nothing must happen then on its own.
    if reply.is_closed() || !tenure.holds() {
        return Ok(());
    }
    let to = view.resolvers.get(&wish.to).map(|seen| &seen.lease);
    let known = view.partitions.get(&partition);
    let owner = known.and_then(|(lease, _)| lease.owner.as_ref()).map(|holder| holder.instance.clone());
    let met = wish::decide(&wish, to, known, term);
    if let Met::Go(lease) = &met {
        let before = known.map_or(0, |(_, revision)| *revision);
        let key = contract::lease::partition_key(partition);
        let Some(revision) = write(store, &key, encode(lease), before).await? else { return Ok(()) };
        tracing::info!(%partition, to = %wish.to, by = %wish.by, command = %wish.id, "to be moved");
        view.partitions.insert(partition, (lease.clone(), revision));
    }
    // Whoever asked may have gone.
    let _ = reply.send((met, owner));
    Ok(())
}

/// Writes what the plan asks for. A refused write means that the view is old: the watch will tell, and the next
/// round decides again.
async fn settle(
    chassis: &Chassis,
    store: &kv::Store,
    term: u64,
    tenure: &Tenure,
    view: &mut View,
) -> Result<(), bus::Error> {
    let leases = view.partitions.iter().map(|(partition, (lease, _))| (*partition, lease.clone())).collect();
    for change in assign::plan(&view.live(), &leases) {
        if !tenure.holds() {
            return Ok(());
        }
        let partition = change.partition();
        let (was, before) =
            view.partitions.get(&partition).map_or((None, 0), |(lease, revision)| (Some(lease), *revision));
        let (lease, command) = change.lease(was, term);
        let key = contract::lease::partition_key(partition);
        let Some(revision) = write(store, &key, encode(&lease), before).await? else { continue };
        if !lease.releasing {
            let owner = lease.owner.as_ref().map(|holder| holder.instance.clone());
            tracing::info!(%partition, owner = owner.as_ref().map(InstanceId::as_str), epoch = revision, "assigned");
            publish(chassis, EventKind::PartitionAssigned { partition, owner, epoch: revision, term, command });
        }
        view.partitions.insert(partition, (lease, revision));
    }
    Ok(())
}

/// Publishes a decision, without waiting: the decision itself stands in the bucket, and the next one must not wait
/// for a stream that has no leader at the moment. Best effort, bounded in time.
pub(crate) fn publish(chassis: &Chassis, kind: EventKind) {
    let event = office::event(chassis, kind);
    let js = chassis.bus.js.clone();
    tokio::spawn(async move { bus::publish::event(&js, &event).await });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_been_gone_for_long_is_forgotten() {
        let lease = |vacant| {
            let json = serde_json::json!({
                "v": 1, "instance": "r", "incarnation": "r-1", "stance": "leaving", "vacant": vacant,
            });
            serde_json::from_value::<ResolverLease>(json).unwrap()
        };
        let id: InstanceId = "r".parse().unwrap();
        for (vacant, silent_ms, forgotten) in
            [(true, FORGET_MS, true), (true, FORGET_MS - 1, false), (false, 10 * FORGET_MS, false)]
        {
            let mut view = View::default();
            view.resolvers
                .insert(id.clone(), Seen { lease: lease(vacant), revision: 7, silence: Silence::new(7, 1_000) });
            let expected = forgotten.then(|| (id.clone(), 7));
            assert_eq!(view.forgettable(1_000 + silent_ms), expected, "{vacant} {silent_ms}");
        }
    }
}
