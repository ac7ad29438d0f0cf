//! From the sending of an order until its point of sale has it: through the real services, and through the bare pipeline.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use chaos::bounds::load;
use contract::{OrderId, StoreId, header};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::clock_ns;
use crate::figures::{median_of_all, percentile};
use crate::http::{self, Lines};
use crate::limit::pipeline::{self, Sunk};
use crate::part::Part;
use crate::pos::Pos;
use crate::report::{Beside, Row, Target};
use crate::services::Services;
use crate::settings::Scale;
use crate::site::Site;

/// Orders a second when latency is measured.
const PACES: [u32; 2] = [500, 2_000];

/// Orders under way to the door, at saturation and at most: below what one API works on at once (256), so that it never
/// answers *overloaded*.
const AT_ONCE: usize = 128;

/// How long orders may take to their point of sale.
const ARRIVE_LIMIT: Duration = Duration::from_mins(2);

/// Where the API takes orders.
const ORDERS_PATH: &str = "/api/restApp/pedidoApp";

/// A payload as long as those that the services get.
const PAYLOAD: usize = 900;

/// A head as long as ours.
const HEAD: usize = 420;

/// How orders are sent.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// So many a second, whatever becomes of them.
    Steady(u32),
    /// As fast as they are taken.
    Full,
}

/// What one sending came to.
#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    per_second: Option<f64>,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
}

impl Sent {
    /// `took_ms` one each, from `began_ns` to `last_ns`; nothing is known unless all `orders` came.
    fn of(took_ms: &[f64], orders: u32, began_ns: u64, last_ns: u64) -> Self {
        let seconds = last_ns.saturating_sub(began_ns) as f64 / 1e9;
        if took_ms.len() != orders as usize || seconds <= 0.0 {
            return Self::default();
        }
        let (p50_ms, p99_ms) = (percentile(took_ms, 50), percentile(took_ms, 99));
        Self { per_second: Some(f64::from(orders) / seconds), p50_ms, p99_ms }
    }
}

/// Both sides of one pace, run by run.
#[derive(Debug, Default)]
struct Both {
    ours: Vec<Sent>,
    limit: Vec<Sent>,
}

/// Measures it.
pub(super) async fn measure(scale: &Scale) -> anyhow::Result<Vec<Row>> {
    let paces = [Pace::Steady(PACES[0]), Pace::Steady(PACES[1]), Pace::Full];
    let mut rows = Vec::new();
    let mut saturated = Vec::new();
    for stores in scale.stores {
        let mut sides = [Both::default(), Both::default(), Both::default()];
        let mut faults = (0, 0);
        for _ in 0..scale.runs {
            let (ours, wrong) = through_services(stores, &paces, scale).await?;
            faults = (faults.0 + wrong.0, faults.1 + wrong.1);
            for ((sides, pace), ours) in sides.iter_mut().zip(paces).zip(ours) {
                sides.ours.push(ours);
                sides.limit.push(through_pipeline(stores, pace, scale).await?);
            }
        }
        for (both, pace) in sides.iter().zip(paces) {
            rows.extend(told(both, pace, stores));
        }
        saturated.push(median_of_all(&sides[2].ours.iter().map(|sent| sent.per_second).collect::<Vec<_>>()));
        let wrong = (faults.0 + faults.1) as f64;
        rows.push(
            Row::new(format!("orders twice or out of turn, {stores} stores"), "", Some(wrong))
                .target(Target::Exactly(0.0)),
        );
    }
    let [few, many] = scale.stores;
    rows.push(
        Row::new(format!("sustained with {many} stores, beside {few}"), "1/s", saturated.get(1).copied().flatten())
            .beside(Beside::Other, saturated.first().copied().flatten())
            .target(Target::RatioLeast(0.9)),
    );
    rows.push(Row::new("the measuring point of sale alone, with its sender", "1/s", pos_alone(scale).await?));
    Ok(rows)
}

fn told(both: &Both, pace: Pace, stores: u32) -> Vec<Row> {
    let row = |what: String, unit, value: fn(&Sent) -> Option<f64>| {
        let of = |runs: &[Sent]| median_of_all(&runs.iter().map(value).collect::<Vec<_>>());
        Row::new(what, unit, of(&both.ours)).beside(Beside::Limit, of(&both.limit))
    };
    match pace {
        Pace::Steady(per_second) => {
            let at = format!("sent to POS at {per_second}/s, {stores} stores");
            let strict = if per_second == PACES[1] { Target::RatioMost(3.0) } else { Target::None };
            vec![
                row(format!("{at}, p50"), "ms", |sent| sent.p50_ms),
                row(format!("{at}, p99"), "ms", |sent| sent.p99_ms).target(strict),
            ]
        }
        Pace::Full => {
            let at = format!("at saturation, {stores} stores");
            vec![
                row(format!("sustained {at}"), "1/s", |sent| sent.per_second).target(Target::RatioLeast(0.5)),
                row(format!("sent to POS {at}, p50"), "ms", |sent| sent.p50_ms),
                row(format!("sent to POS {at}, p99"), "ms", |sent| sent.p99_ms),
            ]
        }
    }
}

/// Sends orders 0 to `orders`; each gets its number and the time when it is sent. Returns when all are accepted.
async fn send<F>(pace: Pace, orders: u32, one: impl Fn(u32, u64) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let began = Instant::now();
    let mut under_way = JoinSet::new();
    for number in 0..orders {
        match pace {
            // An order is sent when it is due, however many are still under way: no pause hides a delay.
            Pace::Steady(each) => {
                sleep_until(began + Duration::from_secs_f64(f64::from(number) / f64::from(each))).await;
            }
            Pace::Full if under_way.len() >= AT_ONCE => {
                under_way.join_next().await.context("nothing is under way")???;
            }
            Pace::Full => {}
        }
        under_way.spawn(one(number, clock_ns()));
        while let Some(done) = under_way.try_join_next() {
            done??;
        }
    }
    while let Some(done) = under_way.join_next().await {
        done??;
    }
    Ok(())
}

/// How many orders a pace has.
fn orders(pace: Pace, scale: &Scale) -> anyhow::Result<u32> {
    Ok(match pace {
        Pace::Steady(per_second) => per_second * u32::try_from(scale.paced.as_secs())?,
        Pace::Full => scale.saturating,
    })
}

/// Each pace in turn through the three services; besides how many orders came twice, and out of turn.
async fn through_services(stores: u32, paces: &[Pace], scale: &Scale) -> anyhow::Result<(Vec<Sent>, (u64, u64))> {
    let site = Site::start().await?;
    let pos = Pos::start().await?;
    site.stores(stores, &pos.url()).await?;
    let services = Arc::new(Services::start(&site).await?);
    let doors = Arc::new(Semaphore::new(AT_ONCE));
    let mut arrivals = pos.arrivals();
    let mut expected = 0;
    let mut all = Vec::new();
    // The first orders make connections, caches and lanes; they are not measured.
    for (tag, pace, count) in std::iter::once(("warm".to_owned(), Pace::Full, stores))
        .chain(paces.iter().enumerate().map(|(n, pace)| (format!("p{n}"), *pace, 0)))
    {
        let count = if count > 0 { count } else { orders(pace, scale)? };
        let sent_ns: Vec<AtomicU64> = (0..count).map(|_| AtomicU64::new(0)).collect();
        // All are made before, so that making them costs the machine nothing while somebody is measured.
        let requests: Vec<Bytes> = (0..count).map(|number| order(number, stores, &tag)).collect();
        let began_ns = clock_ns();
        send(pace, count, |number, now_ns| {
            let (services, doors) = (Arc::clone(&services), Arc::clone(&doors));
            let request = requests.get(number as usize).cloned().unwrap_or_default();
            if let Some(sent) = sent_ns.get(number as usize) {
                sent.store(now_ns, Ordering::Relaxed);
            }
            async move {
                let _place = doors.acquire_owned().await?;
                let status = services.door.ask(&request).await?;
                ensure!(status == 202, "an order was answered {status}");
                Ok(())
            }
        })
        .await?;
        expected += count as usize;
        let came = timeout(ARRIVE_LIMIT, arrivals.wait_for(|count| *count >= expected)).await;
        came.with_context(|| format!("not all of {expected} orders came"))??;
        let mut took_ms = Vec::new();
        let mut last_ns = 0;
        for (number, sent) in (0..count).zip(sent_ns.iter()) {
            let id = OrderId { store: store(number, stores), code: code(&tag, number).parse()? };
            let arrived = pos.arrived(&id).with_context(|| format!("{id} did not come"))?;
            last_ns = arrived.max(last_ns);
            took_ms.push(arrived.saturating_sub(sent.load(Ordering::Relaxed)) as f64 / 1e6);
        }
        all.push(Sent::of(&took_ms, count, began_ns, last_ns));
    }
    all.remove(0);
    Ok((all, pos.faults()))
}

/// One pace through the bare pipeline.
async fn through_pipeline(stores: u32, pace: Pace, scale: &Scale) -> anyhow::Result<Sent> {
    let site = Site::start().await?;
    let count = orders(pace, scale)?;
    let mut relay = Part::start(&site.url(), &["relay"]).await?;
    let mut sink = Part::start(&site.url(), &["sink", &count.to_string()]).await?;
    let (head, body) = ("x".repeat(HEAD), Bytes::from(vec![b' '; PAYLOAD]));
    relay.begin().await?;
    sink.begin().await?;
    let began_ns = clock_ns();
    send(pace, count, |number, now_ns| {
        let (js, head, body) = (site.connection.js.clone(), head.clone(), body.clone());
        async move { pipeline::publish(&js, store(number, stores), &code("p", number), &head, body, now_ns).await }
    })
    .await?;
    let told: Sunk = sink.line(ARRIVE_LIMIT).await?;
    relay.end().await?;
    Ok(Sent::of(&told.took_ms, count, began_ns, told.last_ns))
}

/// The request with an order of about a kilobyte.
fn order(number: u32, stores: u32, tag: &str) -> Bytes {
    http::request(ORDERS_PATH, &[], &load::body(store(number, stores), &code(tag, number)))
}

fn store(number: u32, stores: u32) -> StoreId {
    StoreId(number % stores + 1)
}

fn code(tag: &str, number: u32) -> String {
    format!("{tag}-{number}")
}

/// Orders a second that the measuring program posts straight to its own point of sale: what the path is given must be far
/// below.
async fn pos_alone(scale: &Scale) -> anyhow::Result<Option<f64>> {
    let pos = Pos::start().await?;
    let door = Arc::new(Lines::new(pos.address));
    let count = scale.saturating;
    let one = |number: u32| {
        let (order, sequence) = (format!("1.{}", code("alone", number)), number.to_string());
        http::request("/", &[(header::POS_ORDER, &order), (header::POS_SEQUENCE, &sequence)], &[b' '; PAYLOAD])
    };
    let requests: Vec<Bytes> = (0..count).map(one).collect();
    let began_ns = clock_ns();
    send(Pace::Full, count, |number, _| {
        let (door, request) = (Arc::clone(&door), requests.get(number as usize).cloned().unwrap_or_default());
        async move {
            let status = door.ask(&request).await?;
            ensure!(status == 201, "an order was answered {status}");
            Ok(())
        }
    })
    .await?;
    ensure!(*pos.arrivals().borrow() == count as usize, "the point of sale lost orders");
    Ok(Some(f64::from(count) / (clock_ns() - began_ns) as f64 * 1e9))
}
