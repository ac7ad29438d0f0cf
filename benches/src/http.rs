//! HTTP/1.1 at next to no cost, for the two ends of the order path that are not ours: requests are made beforehand, and of
//! what comes only the head is looked at. A library for clients and servers would take as much of the processors as what is
//! measured.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest message that is taken: far above any order, so that a mistake ends.
const BYTES_MAX: usize = 64 * 1_024;

/// A request with a body of JSON, ready to be sent.
pub fn request(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Bytes {
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat().into()
}

/// The value of a header in the head of a message.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim()))
}

/// One end of a connection that is kept; messages one after the other.
#[derive(Debug)]
pub struct Line {
    stream: TcpStream,
    taken: Vec<u8>,
}

impl Line {
    /// Over this connection.
    pub fn new(stream: TcpStream) -> anyhow::Result<Self> {
        stream.set_nodelay(true).context("setting up a connection")?;
        Ok(Self { stream, taken: Vec::with_capacity(4_096) })
    }

    /// Sends a whole message.
    pub async fn send(&mut self, message: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(message).await.context("sending")
    }

    /// What `read` makes of the head of the next message, whose body is left out; `None` when the other end has closed.
    pub async fn next<T>(&mut self, read: impl FnOnce(&str) -> T) -> anyhow::Result<Option<T>> {
        loop {
            if let Some(end) = self.taken.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head = std::str::from_utf8(self.taken.get(..end).unwrap_or_default()).context("a head of text")?;
                let length = header(head, "content-length").map_or(Ok(0), str::parse::<usize>);
                let whole = end + 4 + length.context("a length that is none")?;
                if self.taken.len() >= whole {
                    let made = read(head);
                    self.taken.drain(..whole);
                    return Ok(Some(made));
                }
            }
            ensure!(self.taken.len() < BYTES_MAX, "a message of more than {BYTES_MAX} bytes");
            if self.stream.read_buf(&mut self.taken).await.context("receiving")? == 0 {
                return Ok(None);
            }
        }
    }
}

/// Connections to one address, as many as requests were under way at the same time.
#[derive(Debug)]
pub struct Lines {
    address: SocketAddr,
    idle: Mutex<Vec<Line>>,
}

impl Lines {
    /// To this address; none is made yet.
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, idle: Mutex::new(Vec::new()) }
    }

    /// Sends a request and returns the status of the answer.
    pub async fn ask(&self, request: &[u8]) -> anyhow::Result<u16> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut line = match idle {
            Some(line) => line,
            None => Line::new(TcpStream::connect(self.address).await.context("connecting")?)?,
        };
        line.send(request).await?;
        let status = line.next(|head| head.split(' ').nth(1).and_then(|status| status.parse().ok())).await?;
        let status = status.flatten().context("no answer")?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        Ok(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_and_answers_follow_each_other_on_kept_connections() {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("listening");
        let lines = Lines::new(listener.local_addr().expect("an address"));
        let answering = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("one connection");
            let mut line = Line::new(stream).expect("a line");
            let mut seen = Vec::new();
            while let Some(number) =
                line.next(|head| header(head, "X-Number").map(str::to_owned)).await.expect("a head")
            {
                seen.push(number.expect("the header"));
                line.send(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}").await.expect("sending");
            }
            seen
        });
        for number in ["1", "2", "3"] {
            let request = request("/orders", &[("x-number", number)], &[b' '; 5_000]);
            assert_eq!(lines.ask(&request).await.expect("an answer"), 201);
        }
        drop(lines);
        assert_eq!(answering.await.expect("no panic"), ["1", "2", "3"]);
    }
}
