//! The stores' side at no cost: takes every order at once and remembers when. In the measuring program, so that sending and
//! arriving are told by one clock; of use to nobody who wants a ledger (that is `pos-simulator`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use contract::{OrderId, StoreId, header};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock_ns;

/// What came.
#[derive(Debug, Default)]
struct Book {
    arrived: HashMap<OrderId, u64>,
    /// Highest sequence of each store.
    highest: HashMap<StoreId, u64>,
    duplicates: u64,
    overtaken: u64,
}

#[derive(Debug, Clone)]
struct Till {
    book: Arc<Mutex<Book>>,
    count: watch::Sender<usize>,
}

/// The running stores' side; ends when dropped.
#[derive(Debug)]
pub struct Pos {
    till: Till,
    /// Where it listens, `http://host:port`.
    pub url: String,
    task: JoinHandle<()>,
}

impl Pos {
    /// Begins to listen.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.context("listening")?;
        let url = format!("http://{}", listener.local_addr()?);
        let till = Till { book: Arc::default(), count: watch::Sender::new(0) };
        let router = Router::new().fallback(take).with_state(till.clone());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { till, url, task })
    }

    /// How many different orders have come.
    pub fn arrivals(&self) -> watch::Receiver<usize> {
        self.till.count.subscribe()
    }

    /// When an order came, by [`clock_ns`].
    pub fn arrived(&self, order: &OrderId) -> Option<u64> {
        self.till.book.lock().unwrap_or_else(PoisonError::into_inner).arrived.get(order).copied()
    }

    /// Orders that came twice, and those that came after a later one of their store.
    pub fn faults(&self) -> (u64, u64) {
        let book = self.till.book.lock().unwrap_or_else(PoisonError::into_inner);
        (book.duplicates, book.overtaken)
    }
}

impl Drop for Pos {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(till): State<Till>, headers: HeaderMap, _body: axum::body::Bytes) -> (StatusCode, &'static str) {
    let now = clock_ns();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (order, sequence) = (text(header::POS_ORDER), text(header::POS_SEQUENCE));
    let order: Option<OrderId> = order.and_then(|order| order.parse().ok());
    let (Some(order), Some(sequence)) = (order, sequence.and_then(|sequence| sequence.parse::<u64>().ok())) else {
        return (StatusCode::BAD_REQUEST, r#"{"code":"not_an_order"}"#);
    };
    let mut book = till.book.lock().unwrap_or_else(PoisonError::into_inner);
    let highest = book.highest.entry(order.store).or_insert(0);
    let overtaken = sequence < *highest;
    *highest = sequence.max(*highest);
    book.overtaken += u64::from(overtaken);
    let before = book.arrived.len();
    book.arrived.entry(order).or_insert(now);
    let count = book.arrived.len();
    book.duplicates += u64::from(count == before);
    drop(book);
    till.count.send_replace(count);
    (StatusCode::CREATED, r#"{"status":"accepted"}"#)
}
