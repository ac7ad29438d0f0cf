//! Senders: as fast as they are answered, or at a steady pace whatever is answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use contract::{OrderId, StoreId};
use futures::{StreamExt as _, TryStreamExt as _};
use reqwest::header::RETRY_AFTER;
use serde::Deserialize;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

/// Requests under way at the same time: below what one API works on at once (256), so that it never answers
/// *overloaded*.
const AT_ONCE: usize = 64;

/// How long a sender waits for an answer: longer than the API's own limits.
const PATIENCE: Duration = Duration::from_secs(30);

/// Wait before an order that was answered 503 is sent again.
const AGAIN: Duration = Duration::from_millis(200);

/// How long one order is sent again and again.
const GIVE_UP: Duration = Duration::from_mins(1);

/// An order that was promised: its identity and its sequence in `ORDERS`.
pub type Promised = (OrderId, u64);

/// What came back for one request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The order.
    pub id: OrderId,
    /// When it was sent.
    pub sent: Instant,
    /// How long the answer took.
    pub took: Duration,
    /// HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// Whether the answer told when to repeat.
    pub retry_after: bool,
    /// The order's sequence in `ORDERS`, when it was promised.
    pub sequence: Option<u64>,
}

impl Answer {
    /// The promise, if it is one.
    pub fn promised(&self) -> Option<Promised> {
        let promised = matches!(self.status, Some(200 | 202));
        Some((self.id.clone(), self.sequence.filter(|_| promised)?))
    }
}

/// A sender to one API.
#[derive(Debug, Clone)]
pub struct Sender {
    url: String,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct Reply {
    sequence: Option<u64>,
}

impl Sender {
    /// To the API at `api`, `http://host:port`.
    pub fn new(api: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(PATIENCE).build()?;
        Ok(Self { url: format!("{api}/api/restApp/pedidoApp"), http })
    }

    /// Sends an order once.
    pub async fn send(&self, store: StoreId, code: &str) -> anyhow::Result<Answer> {
        let id = OrderId { store, code: code.parse()? };
        let sent = Instant::now();
        let request = self.http.post(&self.url).header("content-type", "application/json").body(body(store, code));
        let (mut status, mut retry_after, mut sequence) = (None, false, None);
        if let Ok(response) = request.send().await {
            retry_after = response.headers().contains_key(RETRY_AFTER);
            let code = response.status().as_u16();
            if let Ok(body) = response.bytes().await {
                status = Some(code);
                sequence = serde_json::from_slice::<Reply>(&body).ok().and_then(|reply| reply.sequence);
            }
        }
        Ok(Answer { id, sent, took: sent.elapsed(), status, retry_after, sequence })
    }

    /// Sends an order until it is promised.
    pub async fn insist(&self, store: StoreId, code: &str) -> anyhow::Result<Promised> {
        let started = Instant::now();
        loop {
            let answer = self.send(store, code).await?;
            match (answer.promised(), answer.status) {
                (Some(promised), _) => return Ok(promised),
                (None, None | Some(503)) if started.elapsed() < GIVE_UP => tokio::time::sleep(AGAIN).await,
                (None, status) => bail!("order {store}.{code} was answered {status:?}"),
            }
        }
    }

    /// Sends orders until each is promised, some at the same time.
    pub async fn insist_all(&self, orders: Vec<(StoreId, String)>) -> anyhow::Result<Vec<Promised>> {
        let sending = orders.into_iter().map(|(store, code)| async move { self.insist(store, &code).await });
        futures::stream::iter(sending).buffer_unordered(AT_ONCE).try_collect().await
    }
}

/// Sends at a steady pace, each order once, to some stores in turn.
#[derive(Debug)]
pub struct Steady {
    stop: watch::Sender<bool>,
    task: JoinHandle<anyhow::Result<Vec<Answer>>>,
}

impl Steady {
    /// Begins to send `per_second` orders; `tag` makes their codes unlike others.
    pub fn start(sender: &Sender, stores: Vec<StoreId>, per_second: u32, tag: &'static str) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let sender = sender.clone();
        let task = tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_secs(1) / per_second.max(1));
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let places = Arc::new(Semaphore::new(AT_ONCE));
            let mut under_way = JoinSet::new();
            let mut answers = Vec::new();
            for (number, store) in stores.iter().copied().cycle().enumerate() {
                tokio::select! {
                    // An error means that nobody waits for us any more.
                    _ = stopped.wait_for(|stopped| *stopped) => break,
                    _ = tick.tick() => {}
                }
                let place = Arc::clone(&places).acquire_owned().await?;
                let sender = sender.clone();
                under_way.spawn(async move {
                    let answer = sender.send(store, &format!("{tag}-{number}")).await;
                    drop(place);
                    answer
                });
                while let Some(answer) = under_way.try_join_next() {
                    answers.push(answer??);
                }
            }
            while let Some(answer) = under_way.join_next().await {
                answers.push(answer??);
            }
            Ok(answers)
        });
        Self { stop, task }
    }

    /// Sends for `time`, then stops; every order must have been promised.
    pub async fn promised_for(self, time: Duration) -> anyhow::Result<Vec<Promised>> {
        tokio::time::sleep(time).await;
        let answers = self.stop().await?;
        let one = |answer: &Answer| answer.promised().with_context(|| format!("not promised: {answer:?}"));
        answers.iter().map(one).collect()
    }

    /// Stops after what is under way; returns every answer.
    pub async fn stop(self) -> anyhow::Result<Vec<Answer>> {
        self.stop.send_replace(true);
        self.task.await?
    }
}

/// An invented order of about a kilobyte: three lines, as an ordinary one has.
pub fn body(store: StoreId, code: &str) -> Vec<u8> {
    let line = |number: u32| {
        serde_json::json!({"codigoApp": code, "detalleApp": format!("EJ-{number}"), "codPlu": number, "cantidad": 1,
            "precioBruto": 4.25, "nombrePlu": "PRODUCTO EJEMPLO CON UN NOMBRE DE LARGO COMUN"})
    };
    let body = serde_json::json!({
        "cabecera": [{"codigoApp": code, "codRestaurante": store, "totalFactura": 12.75, "medio": "APP",
                      "nombresCliente": "Persona Ejemplo - Prueba No Despachar",
                      "direccionCliente": "Calle Ejemplo 123 y Avenida Ejemplo, edificio Ejemplo, piso 4"}],
        "detalle": [line(1), line(2), line(3)],
        "modificadores": [],
        "formasPago": [{"codigoApp": code, "codformaPago": 4, "totalPagar": 12.75, "billete": 0}],
    });
    body.to_string().into_bytes()
}
