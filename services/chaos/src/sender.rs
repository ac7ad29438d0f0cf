//! The apps: several senders at once, each with stores of its own and one order at a time, so that the order of sending
//! is known for every store. They keep what they were told, and repeat the same body when they were told nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use contract::order::Digest;
use contract::{OrderId, StoreId, UtcMs};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::now;
use crate::oracle::{Answer, Sent};

/// Senders at work at the same time.
const SENDERS: u32 = 8;

/// How long a sender waits for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Wait before the same order is sent again.
const AGAIN: Duration = Duration::from_millis(50);

/// How long a sender stays away from an API that did not answer.
const AWAY: Duration = Duration::from_secs(3);

/// How long one order is sent again and again before the sender gives up and the run has failed.
const GIVE_UP: Duration = Duration::from_mins(1);

/// What a sender does with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Sends it until it is answered.
    Insist,
    /// Sends it once, whatever comes.
    Once,
    /// Sends it until it is answered, and then again.
    Repeat,
    /// Sends it until it is answered, and then another body under the same identity.
    Conflict,
    /// Sends what breaks the rules.
    Invalid,
}

/// In 100 orders: 30 sent once only, 3 repeated, 2 followed by another body, 2 invalid.
fn manner(chance: u32) -> Manner {
    match chance {
        0..30 => Manner::Once,
        30..33 => Manner::Repeat,
        33..35 => Manner::Conflict,
        35..37 => Manner::Invalid,
        _ => Manner::Insist,
    }
}

/// A request that came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// When its sender knew.
    pub at: UtcMs,
    /// The API, from 0.
    pub api: usize,
    /// The status; `None` when no whole answer came.
    pub status: Option<u16>,
}

/// What senders did and heard.
#[derive(Debug, Default)]
pub struct Record {
    /// The orders; those of one store in the order of sending.
    pub sent: Vec<Sent>,
    /// Requests by what came back: a status, or `none`.
    pub answers: BTreeMap<String, u64>,
    /// Requests that were answered with 5xx or not at all.
    pub failures: Vec<Failure>,
    /// Answers that contradict what was answered before, and orders that nobody took.
    pub complaints: Vec<(OrderId, UtcMs, String)>,
}

impl Record {
    /// Adds a record of later orders, or of other stores.
    pub fn add(&mut self, other: Self) {
        self.sent.extend(other.sent);
        for (answer, count) in other.answers {
            *self.answers.entry(answer).or_default() += count;
        }
        self.failures.extend(other.failures);
        self.complaints.extend(other.complaints);
    }
}

/// Senders at work.
#[derive(Debug)]
pub struct Senders {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<Record>>,
}

impl Senders {
    /// Starts sending `per_second` orders to stores 1 to `stores`. `round` makes the codes unlike those of others.
    pub fn start(apis: &[String], stores: u32, per_second: u32, seed: u64, round: usize) -> Self {
        let (stop, stopped) = watch::channel(false);
        let count = SENDERS.min(stores);
        let tasks = (0..count)
            .map(|number| {
                let own: Vec<StoreId> = (1..=stores).filter(|id| id % count == number).map(StoreId).collect();
                let sender = Sender::new(apis.to_vec(), usize::try_from(number).unwrap_or(0));
                // A seed of its own for each sender and round: what it sends does not depend on the others' speed.
                let mixed = seed ^ (u64::from(number) << 32) ^ ((round as u64) << 48);
                let rng = fastrand::Rng::with_seed(mixed);
                let pace = Duration::from_secs(1) * count / per_second.max(1);
                tokio::spawn(sender.work(own, rng, pace, round, stopped.clone()))
            })
            .collect();
        Self { stop, tasks }
    }

    /// Lets each sender come to the end of its order, and collects what they did.
    pub async fn stop(self) -> anyhow::Result<Record> {
        self.stop.send_replace(true);
        let mut record = Record::default();
        for task in self.tasks {
            record.add(task.await?);
        }
        Ok(record)
    }
}

/// Sends one order to each store and insists; for liveness after healing.
pub async fn probe(apis: &[String], stores: u32, round: usize) -> Record {
    let mut sender = Sender::new(apis.to_vec(), 0);
    for store in 1..=stores {
        let body = Body::new(StoreId(store), &format!("probe-{round}"), round as u64);
        sender.send(&body, Manner::Insist).await;
    }
    sender.record
}

#[derive(Debug)]
struct Body {
    store: StoreId,
    code: String,
    bytes: Vec<u8>,
}

impl Body {
    /// An invented order; `cents` makes it unlike others.
    fn new(store: StoreId, code: &str, cents: u64) -> Self {
        let total = f64::from(u32::try_from(cents % 10_000).unwrap_or(0)).mul_add(0.01, 1.0);
        let body = serde_json::json!({
            "cabecera": [{"codigoApp": code, "codRestaurante": store, "totalFactura": total, "medio": "APP",
                          "nombresCliente": "Persona Ejemplo - Prueba No Despachar"}],
            "detalle": [{"codigoApp": code, "detalleApp": "EJ-1", "codPlu": 1, "cantidad": 1, "precioBruto": total}],
            "modificadores": [],
            "formasPago": [{"codigoApp": code, "codformaPago": 4, "totalPagar": total, "billete": 0}],
        });
        Self { store, code: code.to_owned(), bytes: body.to_string().into_bytes() }
    }

    /// The same identity, without the lines that every order must have.
    fn invalid(store: StoreId, code: &str) -> Self {
        let body = serde_json::json!({
            "cabecera": [{"codigoApp": code, "codRestaurante": store, "totalFactura": 1.0, "medio": "APP"}],
            "detalle": [], "modificadores": [], "formasPago": [],
        });
        Self { store, code: code.to_owned(), bytes: body.to_string().into_bytes() }
    }
}

#[derive(Deserialize)]
struct Reply {
    sequence: Option<u64>,
}

#[derive(Debug)]
struct Sender {
    apis: Vec<String>,
    /// The API that it uses when it answers.
    home: usize,
    away_until: Option<Instant>,
    http: reqwest::Client,
    record: Record,
}

impl Sender {
    fn new(apis: Vec<String>, number: usize) -> Self {
        let home = number % apis.len().max(1);
        Self { apis, home, away_until: None, http: reqwest::Client::new(), record: Record::default() }
    }

    async fn work(
        mut self,
        stores: Vec<StoreId>,
        mut rng: fastrand::Rng,
        pace: Duration,
        round: usize,
        mut stopped: watch::Receiver<bool>,
    ) -> Record {
        let mut tick = tokio::time::interval(pace);
        // Whoever was kept waiting does not send a flood afterwards.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for (number, store) in stores.iter().cycle().enumerate() {
            tokio::select! {
                // An error means that nobody waits for us any more.
                _ = stopped.wait_for(|stopped| *stopped) => break,
                _ = tick.tick() => {}
            }
            let manner = manner(rng.u32(..100));
            let code = format!("{round}-{number}");
            let body = match manner {
                Manner::Invalid => Body::invalid(*store, &code),
                _ => Body::new(*store, &code, rng.u64(..)),
            };
            self.send(&body, manner).await;
        }
        self.record
    }

    /// Sends an order in its manner and keeps what came of it.
    async fn send(&mut self, body: &Body, manner: Manner) {
        let Ok(code) = body.code.parse() else { return };
        let id = OrderId { store: body.store, code };
        let sent_at = now();
        let answer = self.deliver(&id, &body.bytes, manner == Manner::Once).await;
        let (digest, at) = (Digest::of(&body.bytes), now());
        self.record.sent.push(Sent { id: id.clone(), digest, answer, sent_at, at });
        let expected = match (manner, answer) {
            (Manner::Invalid, Answer::Promised(_)) => return self.complain(id, "an invalid order was accepted"),
            (Manner::Repeat, Answer::Promised(sequence)) => Answer::Promised(sequence),
            (Manner::Conflict, Answer::Promised(_)) => Answer::Refused(409),
            (_, Answer::Refused(status)) if manner != Manner::Invalid => {
                return self.complain(id, &format!("a valid order was answered {status}"));
            }
            (_, Answer::Unknown) if manner != Manner::Once => return self.complain(id, "nobody answers for a minute"),
            _ => return,
        };
        let other = Body::new(body.store, &body.code, 9_999_999);
        let bytes = if manner == Manner::Conflict { &other.bytes } else { &body.bytes };
        let got = self.deliver(&id, bytes, false).await;
        if got != expected {
            self.complain(id, &format!("was answered {answer:?}, then {got:?} instead of {expected:?}"));
        }
    }

    fn complain(&mut self, id: OrderId, why: &str) {
        self.record.complaints.push((id, now(), why.to_owned()));
    }

    /// Sends until there is an answer that tells; `once` ends after the first try.
    async fn deliver(&mut self, id: &OrderId, bytes: &[u8], once: bool) -> Answer {
        let deadline = Instant::now() + GIVE_UP;
        loop {
            let at_home = self.away_until.is_none_or(|until| Instant::now() >= until);
            let api = (self.home + usize::from(!at_home)) % self.apis.len();
            let answer = self.post(api, bytes).await;
            let told = answer.map_or_else(|| "none".to_owned(), |(status, _)| status.to_string());
            *self.record.answers.entry(told).or_default() += 1;
            if answer.is_none_or(|(status, _)| status >= 500) {
                self.record.failures.push(Failure { at: now(), api, status: answer.map(|(status, _)| status) });
            }
            match answer {
                Some((200 | 202, Some(sequence))) => return Answer::Promised(sequence),
                Some((200 | 202, None)) => self.complain(id.clone(), "was promised without a sequence"),
                Some((status @ 400..=499, _)) => return Answer::Refused(status),
                Some(_) => {}
                // To the other one for a while; from there back home, should it fail as well.
                None => self.away_until = at_home.then(|| Instant::now() + AWAY),
            }
            if once || Instant::now() >= deadline {
                return Answer::Unknown;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Status and sequence; `None` when no whole answer came.
    async fn post(&self, api: usize, bytes: &[u8]) -> Option<(u16, Option<u64>)> {
        let url = format!("{}/api/restApp/pedidoApp", self.apis[api]);
        let request = self.http.post(url).header("content-type", "application/json").timeout(PATIENCE);
        let response = request.body(bytes.to_vec()).send().await.ok()?;
        let status = response.status().as_u16();
        let body = response.bytes().await.ok()?;
        Some((status, serde_json::from_slice::<Reply>(&body).ok().and_then(|reply| reply.sequence)))
    }
}
