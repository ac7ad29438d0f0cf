//! What a demo came to: judged from outside, by the answers that the sender got and by the POS's own ledger.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bus::read::{self, Request, Start};
use contract::Outcome;
use contract::order::Ending;
use contract::stream::{INVALID, OUTCOMES, QUEUES};
use serde::{Deserialize, Serialize};

use super::traffic::Answered;

/// How long the queues may take to settle after the last order: a slow store's orders take seconds each.
const SETTLE_LIMIT: Duration = Duration::from_secs(20);

/// The report. Its JSON is the last line of `domicilio demo --headless`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    /// Orders answered 202, counted by the sender.
    pub(super) accepted: u64,
    /// Orders that took effect at a POS, from its ledger.
    pub(super) injected: u64,
    /// Orders in stream `QUEUES`.
    pub(super) waiting: u64,
    /// Orders given up, from stream `OUTCOMES`.
    pub(super) not_injected: u64,
    /// Refused payloads in stream `INVALID`.
    pub(super) invalid: u64,
    /// Orders answered 200 because they had been accepted before, counted by the sender.
    pub(super) repeated: u64,
    /// Orders without a clear answer, counted by the sender.
    pub(super) unclear: u64,
    /// Orders that took effect before one that was accepted earlier at the same store, from the ledger.
    pub(super) fifo_violations: u64,
    /// Orders that took effect twice, from the ledger.
    pub(super) duplicates: u64,
    /// Attempts that reached a POS, from the ledger.
    pub(super) attempts: u64,
    /// Whether accepted = injected + waiting + not injected.
    pub(super) balanced: bool,
    /// Seed of the traffic.
    pub(super) seed: u64,
}

/// What the simulator says of its ledger.
#[derive(Debug, Deserialize)]
struct Summary {
    accepted: u64,
    attempts: u64,
    fifo_violations: u64,
    duplicates: u64,
}

impl Report {
    /// Whether every promise held.
    pub(super) const fn holds(&self) -> bool {
        self.balanced && self.fifo_violations == 0 && self.duplicates == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, injected, waiting, not_injected, invalid, fifo_violations, duplicates, .. } = self;
        let sign = if self.balanced { "=" } else { "≠" };
        write!(
            f,
            "accepted {accepted} {sign} injected {injected} + waiting {waiting} + not injected {not_injected}; \
             invalid {invalid}; out of order {fifo_violations}; duplicates {duplicates}"
        )
    }
}

/// Counts until the sum is right or the time is up: between the effect at a POS and the acknowledgement of its
/// queue entry an order is in both, for a moment.
pub(super) async fn settle(
    connection: &bus::Connection,
    pos: &str,
    answered: Answered,
    seed: u64,
) -> anyhow::Result<Report> {
    let deadline = Instant::now() + SETTLE_LIMIT;
    loop {
        let report = count(connection, pos, answered, seed).await?;
        if report.balanced || Instant::now() >= deadline {
            return Ok(report);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn count(connection: &bus::Connection, pos: &str, answered: Answered, seed: u64) -> anyhow::Result<Report> {
    let response = reqwest::get(format!("{pos}/admin/summary")).await.context("asking the simulator")?;
    let summary: Summary = response.json().await.context("reading the simulator's summary")?;
    let mut not_injected = 0;
    let all =
        Request { stream: OUTCOMES.name, filter: "", from: Start::Sequence(1), headers_only: false, limit: usize::MAX };
    read::read(&connection.js, &all, |stored| {
        let outcome = serde_json::from_slice::<Outcome>(&stored.payload);
        let given_up = outcome.is_ok_and(|outcome| matches!(outcome.ending, Ending::NotInjected { .. }));
        not_injected += u64::from(given_up);
    })
    .await
    .context("reading the outcomes")?;
    let waiting = read::extent(&connection.js, QUEUES.name).await.context("counting the queues")?.messages;
    let invalid = read::extent(&connection.js, INVALID.name).await.context("counting the refused")?.messages;
    Ok(Report {
        accepted: answered.accepted,
        injected: summary.accepted,
        waiting,
        not_injected,
        invalid,
        repeated: answered.repeated,
        unclear: answered.unclear,
        fifo_violations: summary.fifo_violations,
        duplicates: summary.duplicates,
        attempts: summary.attempts,
        balanced: answered.accepted == summary.accepted + waiting + not_injected,
        seed,
    })
}
