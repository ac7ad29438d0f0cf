//! Taking every message of `domicilio.>`, batching, and keeping the account of what was lost.
//!
//! The client counts each message before it may drop it, and this connection does nothing but observe. So once
//! nothing is under way, `received - taken` is exactly what was lost. Our own probes are left out of the account.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::{Message, Subscriber};
use bus::Verb;
use bytes::Bytes;
use contract::subject;
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::listen::Listening;
use super::wire::Wire;
use super::{decode, now};
use crate::event::{Event, Fact, Meter};

/// Facts in one batch at most: update and frame stay short.
const BATCH_MAX: usize = 512;

/// How long a batch may wait for more, in milliseconds: below what an eye notices.
const BATCH_MS: u64 = 50;

/// How long nothing must have moved before the account is drawn, in milliseconds: the client counts a message some
/// microseconds before it hands it over.
const SETTLE_MS: u64 = 5;

/// How often a probe goes round, in milliseconds; with [`PROBE_LIMIT_MS`] silence shows within 1.5 s.
const PROBE_MS: u64 = 500;

/// How long a probe may take, in milliseconds; the slowest honest links need a third of it.
const PROBE_LIMIT_MS: u64 = 1_000;

/// What the probes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Health {
    /// Whether the last probe came round in time, after the subscription was in place.
    pub(super) answers: bool,
    /// Grows each time it answers again.
    pub(super) lives: u64,
}

/// Observes until the loop is gone.
pub(super) async fn run(
    connection: bus::Connection,
    client_buffer: usize,
    events: mpsc::Sender<Event>,
    health: watch::Sender<Health>,
    tail: watch::Receiver<Option<String>>,
) {
    let client = connection.client.clone();
    let inbox = client.new_inbox();
    // Before the first connection these only wait in the client; the order is kept, so a probe that comes round
    // proves that the subscription is in place.
    let (messages, probes) = (Listening::to_all(&client).await, client.subscribe(inbox.clone()).await);
    let (Ok(messages), Ok(probes)) = (messages, probes) else {
        tracing::error!("the client is gone before it observed anything");
        return;
    };
    let account = Account::new(client.statistics(), client_buffer);
    let mut observer = Observer {
        connection,
        inbox,
        messages,
        probes,
        events,
        health,
        account,
        batch: Vec::new(),
        due: None,
        wire: Wire::new(tail),
        probe_out: None,
        probing: true,
    };
    observer.run().await;
}

struct Observer {
    connection: bus::Connection,
    inbox: String,
    messages: Listening,
    probes: Subscriber,
    events: mpsc::Sender<Event>,
    health: watch::Sender<Health>,
    account: Account,
    batch: Vec<Fact>,
    /// When the batch has to go.
    due: Option<Instant>,
    /// What passed by subject, and copies.
    wire: Wire,
    /// When the probe that is under way was sent.
    probe_out: Option<Instant>,
    /// Whether the server lets us send ourselves probes. If not, silence is noticed by the client's own pings alone:
    /// within 4 s.
    probing: bool,
}

impl Observer {
    async fn run(&mut self) {
        let mut link = self.connection.link();
        let mut denials = self.connection.denials();
        let mut probe_timer = tokio::time::interval(Duration::from_millis(PROBE_MS));
        probe_timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let due = self.due;
            let ready = self.batch.len() >= BATCH_MAX || due.is_some_and(|due| due <= Instant::now());
            let heard = self.wire.due().is_some_and(|due| due <= Instant::now());
            let wake = [due, self.wire.due()].into_iter().flatten().min();
            let events = self.events.clone();
            tokio::select! {
                biased;
                permit = events.reserve(), if ready || heard => {
                    let Ok(permit) = permit else { return };
                    // Seldom due, so it does not keep the batch waiting.
                    if heard {
                        permit.send(Event::Heard(self.wire.tell(now(), self.account.meter().lost)));
                        continue;
                    }
                    // The next one will be about as long: growing step by step would copy it several times.
                    let next = Vec::with_capacity(self.batch.len());
                    let facts = std::mem::replace(&mut self.batch, next);
                    self.due = None;
                    permit.send(Event::Live { facts, meter: self.account.meter() });
                }
                changed = link.changed() => {
                    if changed.is_err() { return }
                    if *link.borrow_and_update() == bus::LinkState::Up {
                        self.probe().await;
                    } else {
                        self.probe_out = None;
                        self.answers(false);
                    }
                }
                changed = denials.changed() => {
                    if changed.is_err() { return }
                    let now_are = denials.borrow_and_update().clone();
                    if self.obey(&now_are).await.is_err() { return }
                }
                _ = probe_timer.tick() => self.probe_again().await,
                probe = self.probes.next() => {
                    if probe.is_none() { return }
                    self.account.probes += 1;
                    self.probe_out = None;
                    self.answers(true);
                }
                message = self.messages.next(), if self.batch.len() < BATCH_MAX => {
                    let Some(message) = message else { return };
                    self.take(message);
                }
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() && !ready && !heard => {}
                () = tokio::time::sleep(Duration::from_millis(SETTLE_MS)), if self.account.unsettled => {
                    if self.account.settle() {
                        self.due.get_or_insert_with(Instant::now);
                    }
                }
            }
        }
    }

    /// Takes a message, and whatever is there already, as much as a batch holds: waiting anew for each of them would cost
    /// as much as reading it.
    fn take(&mut self, message: Message) {
        let at = now();
        let mut next = Some(message);
        while let Some(message) = next {
            self.account.took();
            let fact = decode::live(&message, at);
            self.wire.take(&message, fact.as_ref(), at);
            self.batch.extend(fact);
            let room = self.batch.len() < BATCH_MAX;
            // When the client is gone the next wait tells.
            next = if room { self.messages.next().now_or_never().flatten() } else { None };
        }
        self.due.get_or_insert_with(|| Instant::now() + Duration::from_millis(BATCH_MS));
    }

    /// Does without what the server denied. An error means that the client is gone.
    async fn obey(&mut self, denials: &[bus::Denial]) -> Result<(), async_nats::SubscribeError> {
        let all = denials.iter().any(|denial| denial.verb == Verb::Subscribe && denial.subject == subject::ALL);
        if all {
            self.messages.fall_back(&self.connection.client).await?;
            self.account.subscriptions(self.messages.count());
        }
        if self.probing && denials.iter().any(|denial| denial.subject == self.inbox) {
            tracing::warn!(inbox = self.inbox, "this user may not send itself probes");
            self.probing = false;
            self.answers(self.connection.is_up());
        }
        Ok(())
    }

    /// Sends a probe unless one is under way; notices when that one is late.
    async fn probe_again(&mut self) {
        // Losses may happen while nothing more arrives: look at the account now and then.
        self.account.unsettled = true;
        match self.probe_out {
            Some(sent) if sent.elapsed() < Duration::from_millis(PROBE_LIMIT_MS) => {}
            Some(_) => {
                self.answers(false);
                self.probe().await;
            }
            None => self.probe().await,
        }
    }

    async fn probe(&mut self) {
        if !self.connection.is_up() {
            return;
        }
        if !self.probing {
            return self.answers(true);
        }
        self.probe_out.get_or_insert_with(Instant::now);
        let sent = self.connection.client.publish(self.inbox.clone(), Bytes::new());
        // When even the client's own buffer takes it no longer, the missing probe says so by itself.
        let _ = timeout(Duration::from_millis(SETTLE_MS), sent).await;
    }

    fn answers(&self, answers: bool) {
        self.health.send_if_modified(|health| {
            let changed = health.answers != answers;
            if changed {
                health.answers = answers;
                health.lives += u64::from(answers);
            }
            changed
        });
    }
}

/// Received, taken, lost.
struct Account {
    statistics: std::sync::Arc<async_nats::Statistics>,
    /// Messages that the client may hold for us, in each subscription and in all.
    client_buffer: u64,
    buffer: u64,
    taken: u64,
    probes: u64,
    lost: u64,
    /// Received and taken when the settling began.
    seen: (u64, u64),
    unsettled: bool,
}

impl Account {
    fn new(statistics: std::sync::Arc<async_nats::Statistics>, client_buffer: usize) -> Self {
        let buffer = u64::try_from(client_buffer).unwrap_or(u64::MAX);
        Self { statistics, client_buffer: buffer, buffer, taken: 0, probes: 0, lost: 0, seen: (0, 0), unsettled: false }
    }

    /// There are `count` subscriptions now, each with its own buffer.
    fn subscriptions(&mut self, count: usize) {
        self.buffer = self.client_buffer.saturating_mul(u64::try_from(count).unwrap_or(u64::MAX));
    }

    fn received(&self) -> u64 {
        // Messages only: requests are never made on this connection.
        self.statistics.in_messages.load(Ordering::Relaxed).saturating_sub(self.probes)
    }

    fn took(&mut self) {
        self.taken += 1;
        self.unsettled = true;
    }

    /// Called after a while in which nothing could be taken. Returns whether the loss changed.
    fn settle(&mut self) -> bool {
        let seen = (self.received(), self.taken);
        if seen != self.seen {
            self.seen = seen;
            return false; // Something moved since the last look: look again.
        }
        self.unsettled = false;
        let lost = seen.0.saturating_sub(seen.1);
        let changed = lost != self.lost;
        self.lost = lost;
        changed
    }

    fn meter(&self) -> Meter {
        let received = self.received();
        // While messages flow, at least what the client cannot be holding any more is lost.
        let surely = received.saturating_sub(self.taken).saturating_sub(self.buffer);
        Meter { received, taken: self.taken, lost: self.lost.max(surely) }
    }
}
