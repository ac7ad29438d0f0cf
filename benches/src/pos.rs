//! The stores' side at no cost: takes every order at once and remembers when. In the measuring program, so that sending and
//! arriving are told by one clock; of use to nobody who wants a ledger (that is `pos-simulator`).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use contract::{OrderId, StoreId, header};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::clock_ns;
use crate::http::{self, Line};

/// Answer to an order.
const TAKEN: &[u8] = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";

/// Answer to anything else.
const NO_ORDER: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";

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
    /// Where it listens.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Pos {
    /// Begins to listen.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("listening")?;
        let address = listener.local_addr()?;
        let till = Till { book: Arc::default(), count: watch::Sender::new(0) };
        let task = tokio::spawn(serve(listener, till.clone()));
        Ok(Self { till, address, task })
    }

    /// Its address as stores' records have it, `http://host:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
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

/// Each connection in a task of its own; all end with this one.
async fn serve(listener: TcpListener, till: Till) {
    let mut lines = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let till = till.clone();
        lines.spawn(async move {
            let mut line = Line::new(stream)?;
            while let Some(answer) = line.next(|head| till.take(head)).await? {
                line.send(answer).await?;
            }
            anyhow::Ok(())
        });
        while lines.try_join_next().is_some() {}
    }
}

impl Till {
    /// Notes an order by the head of its request; what to answer.
    fn take(&self, head: &str) -> &'static [u8] {
        let now = clock_ns();
        let order = http::header(head, header::POS_ORDER).and_then(|order| order.parse::<OrderId>().ok());
        let sequence = http::header(head, header::POS_SEQUENCE).and_then(|sequence| sequence.parse::<u64>().ok());
        let (Some(order), Some(sequence)) = (order, sequence) else { return NO_ORDER };
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let highest = book.highest.entry(order.store).or_insert(0);
        let overtaken = sequence < *highest;
        *highest = sequence.max(*highest);
        book.overtaken += u64::from(overtaken);
        let before = book.arrived.len();
        book.arrived.entry(order).or_insert(now);
        let count = book.arrived.len();
        book.duplicates += u64::from(count == before);
        drop(book);
        self.count.send_replace(count);
        TAKEN
    }
}
