//! The demo's traffic: a seeded stream of invented orders with the rhythm of a busy evening.
//!
//! What is sent is decided without I/O ([`Plan`]); [`run`] sends it and counts what was answered. Every order
//! carries the marker that tells kitchens not to cook it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::order::Format;
use contract::{StoreRecord, UtcMs};
use serde_json::Value;
use tokio::sync::{Mutex, Semaphore, watch};

use crate::template::{self, Kind};

/// Requests under way at the same time; more means that the API is slower than the traffic, and the traffic waits.
const IN_FLIGHT_MAX: usize = 64;

/// How long one order is tried again after 503 or no answer, as an app does.
const PATIENCE: Duration = Duration::from_secs(20);

/// Length of one wave of the rhythm, in seconds: short enough to be seen in a demo.
const WAVE_S: f64 = 90.0;

/// What was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Answered {
    /// 202.
    pub(super) accepted: u64,
    /// 200: the same order was accepted before.
    pub(super) repeated: u64,
    /// 400 or 422.
    pub(super) invalid: u64,
    /// Anything else, and orders whose patience ran out.
    pub(super) unclear: u64,
}

/// One thing to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    /// Which endpoint.
    pub(super) format: Format,
    /// The body.
    pub(super) body: Vec<u8>,
    /// It is sent twice: an app that lost the first answer.
    pub(super) twice: bool,
}

/// Decides what is sent next, and when.
#[derive(Debug)]
pub(super) struct Plan {
    seed: u64,
    per_second: f64,
    stores: Vec<StoreRecord>,
    sent: u64,
}

impl Plan {
    /// `rate` orders a minute on average, to `stores`.
    pub(super) fn new(seed: u64, rate: u32, stores: Vec<StoreRecord>) -> Self {
        Self { seed, per_second: f64::from(rate) / 60.0, stores, sent: 0 }
    }

    fn bits(&mut self) -> u64 {
        let (seed, bits) = template::next_seed(self.seed);
        self.seed = seed;
        bits
    }

    /// A number from 0 up to 1.
    fn chance(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        // The remainder of 64 random bits by a few dozen: as good as even.
        usize::try_from(self.bits() % (bound.max(1) as u64)).unwrap_or(0)
    }

    /// How long to wait before the next one, `since_start` into the demo: exponential gaps around a wave.
    pub(super) fn gap(&mut self, since_start: Duration) -> Duration {
        let wave = 1.0 + 0.6 * (since_start.as_secs_f64() / WAVE_S * std::f64::consts::TAU).sin();
        let gap = -(1.0 - self.chance()).ln() / (self.per_second * wave);
        Duration::from_secs_f64(gap.clamp(0.0, 10.0))
    }

    /// The next thing to send; `None` without stores.
    pub(super) fn next(&mut self, now: UtcMs) -> Option<Letter> {
        // The lower of two draws favours the first stores: some kitchens are busier than others.
        let at = self.below(self.stores.len()).min(self.below(self.stores.len()));
        let store = self.stores.get(at)?.clone();
        self.sent += 1;
        let code = format!("{:010}-{:06}", 900_000 + self.sent, self.seed % 1_000_000).parse().ok()?;
        let kind = if self.chance() < 0.7 { Kind::Delivery } else { Kind::Pickup };
        let format = kind.format();
        let planned = template::build(kind, &store, code, now);
        let factor = 1 + self.below(5);
        let mut body: Value = serde_json::from_slice(&planned.body).ok()?;
        vary(format, &mut body, factor);
        let luck = self.chance();
        if luck < 0.02 {
            spoil(format, &mut body);
        }
        Some(Letter { format, body: serde_json::to_vec(&body).ok()?, twice: luck > 0.97 })
    }
}

/// Multiplies quantities and amounts, so that orders do not all cost the same.
fn vary(format: Format, body: &mut Value, factor: usize) {
    let places: &[&str] = match format {
        Format::Delivery => {
            &["/cabecera/0/totalFactura", "/detalle/0/cantidad", "/detalle/1/cantidad", "/formasPago/0/totalPagar"]
        }
        Format::Pickup => &[
            "/order/products/0/quantity",
            "/order/products/1/quantity",
            "/order/products/0/price/totalPrice/total",
            "/order/products/1/price/totalPrice/total",
            "/payments/totals/0/total",
            "/payments/paymentMethods/0/totalBill",
        ],
    };
    for place in places {
        if let Some(number) = body.pointer_mut(place) {
            if let Some(whole) = number.as_u64() {
                *number = (whole * factor as u64).into();
            } else if let Some(amount) = number.as_f64() {
                *number = ((amount * factor as f64 * 100.0).round() / 100.0).into();
            }
        }
    }
}

/// Makes the payload invalid, as a broken app would.
fn spoil(format: Format, body: &mut Value) {
    let lines = match format {
        Format::Delivery => body.pointer_mut("/detalle"),
        Format::Pickup => body.pointer_mut("/order/products"),
    };
    if let Some(lines) = lines {
        *lines = Value::Array(Vec::new());
    }
}

/// Sends until `stop` says so, then until everything under way is answered.
pub(super) async fn run(mut plan: Plan, api: String, mut stop: watch::Receiver<bool>) -> Answered {
    let http = reqwest::Client::new();
    let answered = Arc::new(Mutex::new(Answered::default()));
    let places = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    let start = Instant::now();
    let mut due = tokio::time::Instant::now();
    loop {
        due += plan.gap(start.elapsed());
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
        let Some(letter) = plan.next(UtcMs::from(jiff::Timestamp::now())) else { break };
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let (http, api, answered) = (http.clone(), api.clone(), Arc::clone(&answered));
        tokio::spawn(async move {
            for _ in 0..=u8::from(letter.twice) {
                let status = deliver(&http, &api, &letter).await;
                let mut answered = answered.lock().await;
                match status {
                    Some(202) => answered.accepted += 1,
                    Some(200) => answered.repeated += 1,
                    Some(400 | 422) => answered.invalid += 1,
                    _ => answered.unclear += 1,
                }
            }
            drop(place);
        });
    }
    // All places free again: everything is answered, for each send ends within its patience.
    let all = u32::try_from(IN_FLIGHT_MAX).unwrap_or(u32::MAX);
    let _ = places.acquire_many(all).await;
    *answered.lock().await
}

/// Sends one order, again while it is told to come later; the status that ended it.
async fn deliver(http: &reqwest::Client, api: &str, letter: &Letter) -> Option<u16> {
    let path = match letter.format {
        Format::Delivery => "/api/restApp/pedidoApp",
        Format::Pickup => "/pickup/api/v3/pedidoApp",
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let request = http.post(format!("{api}{path}")).header("content-type", "application/json");
        let sent = request.body(letter.body.clone()).timeout(PATIENCE).send().await;
        match sent.map(|response| response.status().as_u16()) {
            Ok(503) | Err(_) if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(500)).await,
            Ok(status) => return Some(status),
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::stores;

    fn plan(seed: u64) -> Plan {
        let stores = stores::records("http://127.0.0.1:1").into_iter();
        Plan::new(seed, 600, stores.map(|(_, record)| serde_json::from_value(record).unwrap()).collect())
    }

    #[test]
    fn the_same_seed_sends_the_same_orders() {
        let (mut one, mut two) = (plan(7), plan(7));
        for second in 0..200 {
            let at = UtcMs::from_millis(1_800_000_000_000 + second);
            assert_eq!(one.gap(Duration::from_secs(1)), two.gap(Duration::from_secs(1)));
            assert_eq!(one.next(at), two.next(at));
        }
        assert_ne!(plan(7).next(UtcMs::from_millis(0)), plan(8).next(UtcMs::from_millis(0)));
    }

    #[test]
    fn every_order_is_marked_and_a_few_are_broken_or_repeated() {
        let mut plan = plan(1);
        let letters: Vec<_> = (0..2_000).map(|n| plan.next(UtcMs::from_millis(n)).unwrap()).collect();
        assert!(letters.iter().all(|letter| template::is_marked(letter.format, &letter.body)));
        let twice = letters.iter().filter(|letter| letter.twice).count();
        assert!((20..120).contains(&twice), "{twice}");
        let distinct: std::collections::BTreeSet<_> = letters.iter().map(|letter| &letter.body).collect();
        assert_eq!(distinct.len(), letters.len());
    }

    #[test]
    fn gaps_keep_the_rate() {
        let mut plan = plan(3);
        // Over one whole wave the mean of the gaps weighs quiet times more; at its zero it is the rate itself.
        let total: f64 = (0..20_000).map(|_| plan.gap(Duration::ZERO).as_secs_f64()).sum();
        assert!((total / 20_000.0 - 0.1).abs() < 0.005, "{}", total / 20_000.0);
    }
}
