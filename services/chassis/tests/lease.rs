//! Leases against a real nats-server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;
use std::time::Duration;

use async_nats::jetstream::kv;
use bus::server::Server;
use bus::topology::{Profile, leases};
use bus::{Connection, Error, ErrorKind, Settings, connect};
use bytes::Bytes;
use chassis::clock::monotonic_ms;
use chassis::lease::{Candidate, Holder, Renewal, Terms, encode, era, read, remove, write};

const SMALL: Profile = Profile { replicas: 1, storage_percent: 1 };

const KEY: &str = "partition.07";

/// Quick enough for tests that wait for an end.
const SHORT: Terms = Terms { ttl_ms: 300, renew_ms: 60, margin_ms: 80 };

/// Longer than any test takes: what happens under these terms does not happen because time ran out.
const LONG: Terms = Terms { ttl_ms: 120_000, renew_ms: 60, margin_ms: 80 };

/// For whatever must happen some day.
const DEADLINE_MS: u64 = 20_000;

struct Bench {
    server: Server,
    connection: Connection,
    store: kv::Store,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path()).await.unwrap();
        let connection = connect(&Settings::new(server.url(), "test")).await.unwrap();
        connection.up().await;
        let store = leases(&connection.js, SMALL).await.unwrap();
        Self { server, connection, store, _folder: folder }
    }

    fn candidate(&self, name: &str, terms: Terms) -> Candidate {
        Candidate::new(self.store.clone(), KEY, name, terms)
    }

    /// The holder of a lease that nobody had.
    async fn holder(&self, name: &str, terms: Terms) -> Holder {
        attempt(&mut self.candidate(name, terms), name).await.unwrap().unwrap()
    }

    /// The revision and the value of the key; waits for a server that is not back yet.
    async fn stored(&self) -> (u64, Bytes) {
        let deadline = monotonic_ms() + DEADLINE_MS;
        loop {
            match read(&self.store, KEY).await {
                Ok(entry) => return entry.map(|entry| (entry.revision, entry.value)).unwrap(),
                Err(error) => assert!(monotonic_ms() < deadline, "not read in {DEADLINE_MS} ms: {error:?}"),
            }
            pause().await;
        }
    }

    /// Waits until the key is at `revision` or beyond, and tells what [`Bench::stored`] does.
    async fn reached(&self, revision: u64) -> (u64, Bytes) {
        let deadline = monotonic_ms() + DEADLINE_MS;
        loop {
            let stored = self.stored().await;
            if stored.0 >= revision {
                return stored;
            }
            assert!(monotonic_ms() < deadline, "not at {revision} in {DEADLINE_MS} ms: {stored:?}");
            pause().await;
        }
    }

    /// Makes the server silent without closing a connection. Its threads stop one by one, some time after the signal.
    async fn stop(&self) {
        self.signal("-STOP");
        let deadline = monotonic_ms() + DEADLINE_MS;
        loop {
            let states = self.states();
            if states.lines().all(|state| state.starts_with('T')) {
                return;
            }
            assert!(monotonic_ms() < deadline, "not stopped in {DEADLINE_MS} ms: {states}");
            pause().await;
        }
    }

    /// Lets it go on.
    fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.pid()]).status().unwrap().success());
    }

    /// The state of each of its threads, a line each; `T` is stopped. Other systems than Linux tell the process's only.
    fn states(&self) -> String {
        let threads: &[&str] = if cfg!(target_os = "linux") { &["-L"] } else { &[] };
        let told = Command::new("ps").args(threads).args(["-o", "stat=", "-p", &self.pid()]).output().unwrap();
        let states = String::from_utf8(told.stdout).unwrap();
        assert!(!states.trim().is_empty(), "ps knows no such process");
        states
    }

    fn pid(&self) -> String {
        self.server.pid().unwrap().to_string()
    }
}

fn value(name: &str) -> Bytes {
    encode(&serde_json::json!({ "incarnation": name }))
}

fn vacant(name: &str) -> Bytes {
    encode(&serde_json::json!({ "incarnation": name, "vacant": true }))
}

async fn attempt(candidate: &mut Candidate, name: &str) -> Result<Option<Holder>, Error> {
    candidate.attempt(|_| value(name)).await
}

/// The pause between two looks or two renewals.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(SHORT.renew_ms)).await;
}

/// Tries until the lease is taken, and tells when (monotonic) the look began that took it.
async fn take(candidate: &mut Candidate, name: &str) -> (Holder, u64) {
    let deadline = monotonic_ms() + DEADLINE_MS;
    loop {
        let looked_ms = monotonic_ms();
        let attempted = attempt(candidate, name).await;
        assert!(looked_ms < deadline, "{name} did not get the lease in {DEADLINE_MS} ms: {attempted:?}");
        // An error only restarts the wait.
        if let Ok(Some(holder)) = attempted {
            return (holder, looked_ms);
        }
        pause().await;
    }
}

/// Renews until the lease is held again; what came before is told.
async fn recover(holder: &mut Holder, name: &str) -> Vec<Renewal> {
    let deadline = monotonic_ms() + DEADLINE_MS;
    let mut before = Vec::new();
    loop {
        match holder.renew(value(name)).await {
            Renewal::Held => return before,
            other => before.push(other),
        }
        assert!(monotonic_ms() < deadline, "not held again in {DEADLINE_MS} ms: {before:?}");
        pause().await;
    }
}

#[tokio::test]
async fn a_renewed_lease_is_not_taken_and_a_silent_one_is_once_its_holder_has_stopped() {
    let bench = Bench::start().await;
    let mut first = bench.holder("first", SHORT).await;
    let mut second = bench.candidate("second", SHORT);

    // One after the other in one task: however slow the machine is, no look comes long after a renewal.
    let began_ms = monotonic_ms();
    let (mut renewals, mut renewed_ms) = (0, began_ms);
    while monotonic_ms() < began_ms + 10 * SHORT.ttl_ms {
        renewed_ms = monotonic_ms();
        assert_eq!(first.renew(value("first")).await, Renewal::Held);
        assert!(first.tenure().holds_at(renewed_ms));
        assert!(attempt(&mut second, "second").await.unwrap().is_none(), "taken after {renewals} renewals");
        renewals += 1;
        pause().await;
    }
    assert!(renewals >= 3, "only {renewals} renewals in ten times the lease");
    assert_eq!(bench.stored().await.0, first.revision());

    let (mut taken, looked_ms) = take(&mut second, "second").await;
    let took_ms = monotonic_ms();
    assert!(!first.tenure().holds_at(took_ms), "two holders at {took_ms} ms, last renewal at {renewed_ms} ms");
    assert!(took_ms >= renewed_ms + SHORT.ttl_ms, "taken {} ms after a renewal", took_ms - renewed_ms);
    // The first one's tenure ran out by itself, it was not ended.
    assert!(first.tenure().holds_at(renewed_ms));
    assert!(taken.tenure().holds_at(looked_ms));

    assert_eq!(first.renew(value("first")).await, Renewal::Lost);
    assert!(!first.tenure().holds_at(0));
    assert_eq!(taken.renew(value("second")).await, Renewal::Held);
    assert_eq!(bench.stored().await, (taken.revision(), value("second")));
}

#[tokio::test]
async fn a_lease_that_was_given_back_or_deleted_is_taken_at_the_first_look() {
    let bench = Bench::start().await;
    let first = bench.holder("first", LONG).await;
    let mut second = bench.candidate("second", LONG);
    assert!(attempt(&mut second, "second").await.unwrap().is_none());

    let (tenure, given_back_ms) = (first.tenure(), monotonic_ms());
    assert!(tenure.holds());
    first.release(vacant("first")).await.unwrap();
    assert!(!tenure.holds_at(0));
    let second = second
        .attempt(|before| {
            assert_eq!(before, Some(vacant("first").as_ref()));
            value("second")
        })
        .await
        .unwrap()
        .unwrap();
    assert!(monotonic_ms() - given_back_ms < LONG.ttl_ms);
    assert!(second.tenure().holds());

    let mut third = bench.candidate("third", LONG);
    assert!(attempt(&mut third, "third").await.unwrap().is_none());
    bench.store.delete(KEY).await.unwrap();
    let third = third
        .attempt(|before| {
            assert_eq!(before, None);
            value("third")
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(bench.stored().await, (third.revision(), value("third")));
}

#[tokio::test]
async fn a_free_lease_goes_to_one_of_those_who_try_at_once() {
    let bench = Bench::start().await;
    for round in 0..20 {
        let (mut left, mut right) = (bench.candidate("left", LONG), bench.candidate("right", LONG));
        let (left, right) = tokio::join!(attempt(&mut left, "left"), attempt(&mut right, "right"));
        let mut taken: Vec<Holder> = [left.unwrap(), right.unwrap()].into_iter().flatten().collect();
        assert_eq!(taken.len(), 1, "round {round}");
        let winner = taken.pop().unwrap();
        assert_eq!(bench.stored().await.0, winner.revision());
        winner.release(vacant("somebody")).await.unwrap();
    }
}

#[tokio::test]
async fn a_lease_that_somebody_else_vacated_is_lost_at_the_next_renewal() {
    let bench = Bench::start().await;
    let mut holder = bench.holder("first", LONG).await;
    let seen = holder.revision();
    assert_eq!(holder.renew(value("first")).await, Renewal::Held);
    // Whoever counted from an older renewal comes too late ...
    assert_eq!(write(&bench.store, KEY, vacant("first"), seen).await.unwrap(), None);
    assert_eq!(holder.renew(value("first")).await, Renewal::Held);
    // ... and whoever saw the last one does not. The value still bears the holder's incarnation.
    let vacated = write(&bench.store, KEY, vacant("first"), holder.revision()).await.unwrap();
    assert_eq!(vacated, Some(holder.revision() + 1));

    let tenure = holder.tenure();
    assert!(tenure.holds());
    assert_eq!(holder.renew(value("first")).await, Renewal::Lost);
    assert!(!tenure.holds_at(0));
    assert_eq!(bench.stored().await, (vacated.unwrap(), vacant("first")));
}

#[tokio::test]
async fn an_unanswered_renewal_that_was_stored_is_recognised_and_the_lease_is_held_again() {
    let bench = Bench::start().await;
    let mut holder = bench.holder("first", SHORT).await;
    let (tenure, known) = (holder.tenure(), holder.revision());

    bench.stop().await;
    let sent_ms = monotonic_ms();
    assert_eq!(holder.renew(value("first")).await, Renewal::Unknown);
    assert_eq!(holder.revision(), known);
    // It ran out while there was no answer; nobody ended it.
    assert!(monotonic_ms() - sent_ms > SHORT.ttl_ms && !tenure.holds() && tenure.holds_at(1));
    bench.resume();

    assert_eq!(bench.reached(known + 1).await, (known + 1, value("first")));
    assert_eq!(holder.renew(value("first")).await, Renewal::Unknown);
    assert_eq!(holder.revision(), known + 1);
    assert!(!tenure.holds());
    let sent_ms = monotonic_ms();
    assert_eq!(holder.renew(value("first")).await, Renewal::Held);
    assert_eq!(holder.revision(), known + 2);
    assert!(tenure.holds_at(sent_ms));
}

#[tokio::test]
async fn an_unanswered_renewal_that_was_not_stored_does_not_cost_the_lease() {
    let mut bench = Bench::start().await;
    let mut holder = bench.holder("first", SHORT).await;
    let (tenure, known) = (holder.tenure(), holder.revision());

    // The renewal waits in the socket of a server that never reads it.
    bench.stop().await;
    assert_eq!(holder.renew(value("first")).await, Renewal::Unknown);
    assert!(!tenure.holds() && tenure.holds_at(1));
    bench.server.kill().await.unwrap();
    bench.server.restart().await.unwrap();
    assert_eq!(bench.stored().await.0, known);

    let sent_ms = monotonic_ms();
    assert_eq!(recover(&mut holder, "first").await, []);
    assert_eq!(holder.revision(), known + 1);
    assert!(tenure.holds_at(sent_ms));
}

#[tokio::test]
async fn who_took_the_lease_of_a_silent_holder_keeps_it() {
    let bench = Bench::start().await;
    let mut first = bench.holder("first", SHORT).await;
    let mut second = bench.candidate("second", SHORT);
    assert!(attempt(&mut second, "second").await.unwrap().is_none());

    bench.stop().await;
    assert_eq!(first.renew(value("first")).await, Renewal::Unknown);
    bench.resume();
    let (mut second, _) = take(&mut second, "second").await;
    assert!(!first.tenure().holds());
    assert_eq!(first.renew(value("first")).await, Renewal::Lost);
    assert_eq!(recover(&mut second, "second").await, []);
}

#[tokio::test]
async fn a_candidate_that_could_not_look_waits_in_full_again() {
    let bench = Bench::start().await;
    let holder = bench.holder("first", SHORT).await;
    let mut second = bench.candidate("second", SHORT);
    let counting_ms = monotonic_ms();
    assert!(attempt(&mut second, "second").await.unwrap().is_none());

    bench.stop().await;
    let blind = attempt(&mut second, "second").await.unwrap_err();
    assert_eq!(blind.kind(), ErrorKind::Unanswered);
    bench.resume();
    // Its first count is over, and it must not rely on it: the holder could have been as cut off as it was.
    assert!(monotonic_ms() - counting_ms > SHORT.ttl_ms);
    assert_eq!(bench.stored().await.0, holder.revision());
    let looked_ms = monotonic_ms();
    assert!(attempt(&mut second, "second").await.unwrap().is_none());

    take(&mut second, "second").await;
    assert!(monotonic_ms() - looked_ms >= SHORT.ttl_ms);
}

#[tokio::test]
async fn a_bucket_that_was_made_anew_is_of_another_era_and_keeps_no_lease() {
    let bench = Bench::start().await;
    let mut holder = bench.holder("first", LONG).await;
    assert_eq!(holder.renew(value("first")).await, Renewal::Held);
    let before = era(&bench.store).await.unwrap();
    assert_eq!(era(&bench.store).await.unwrap(), before);

    bench.connection.js.delete_key_value(contract::stream::LEASES).await.unwrap();
    assert!(era(&bench.store).await.is_err());
    let anew = leases(&bench.connection.js, SMALL).await.unwrap();
    assert!(era(&anew).await.unwrap() > before);
    // A handle from before sees the new one.
    assert_eq!(era(&bench.store).await.unwrap(), era(&anew).await.unwrap());

    assert!(holder.tenure().holds());
    assert_eq!(holder.renew(value("first")).await, Renewal::Lost);
    assert!(!holder.tenure().holds_at(0));
    // Revisions count from one again: that is what the era is for.
    assert_eq!(bench.holder("second", LONG).await.revision(), 1);
}

#[tokio::test]
async fn a_lease_is_removed_without_a_trace_and_only_as_it_was_seen() {
    let bench = Bench::start().await;
    let mut holder = bench.holder("first", LONG).await;
    let seen = holder.revision();
    assert_eq!(holder.renew(value("first")).await, Renewal::Held);
    assert!(!remove(&bench.store, KEY, seen).await.unwrap(), "it was renewed meanwhile");
    assert_eq!(bench.stored().await, (holder.revision(), value("first")));

    let vacated = write(&bench.store, KEY, vacant("first"), holder.revision()).await.unwrap().unwrap();
    assert!(remove(&bench.store, KEY, vacated).await.unwrap());
    assert!(read(&bench.store, KEY).await.unwrap().is_none());
    assert_eq!(bench.store.stream.get_info().await.unwrap().state.messages, 0, "no marker stays");
    assert_eq!(write(&bench.store, KEY, value("second"), vacated).await.unwrap(), None, "nothing to count on");
    assert!(!remove(&bench.store, KEY, vacated).await.unwrap());
    assert_eq!(bench.holder("second", LONG).await.revision(), vacated + 1);
}

#[tokio::test]
async fn who_comes_back_while_the_lease_is_being_removed_gets_it_and_keeps_it() {
    let bench = Bench::start().await;
    let mut removals = 0;
    for round in 0..50 {
        let holder = bench.holder("gone", LONG).await;
        let vacated = write(&bench.store, KEY, vacant("gone"), holder.revision()).await.unwrap().unwrap();
        let mut back = bench.candidate("back", LONG);
        let (removed, (mut back, _)) = tokio::join!(remove(&bench.store, KEY, vacated), take(&mut back, "back"));
        removals += i32::from(removed.unwrap());
        assert_eq!(bench.stored().await, (back.revision(), value("back")), "round {round}");
        assert_eq!(back.renew(value("back")).await, Renewal::Held);
        back.release(vacant("back")).await.unwrap();
    }
    assert!(removals > 0, "it was never removed first");
}
