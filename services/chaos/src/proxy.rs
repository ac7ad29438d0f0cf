//! A network that can be spoilt: a TCP proxy on a stable port of the loopback address, in front of one address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Bytes of one direction of a connection that are held while they are passed on.
const BUFFER: usize = 16 * 1_024;

/// Connections that may wait to be accepted; a service has a handful.
const BACKLOG: u32 = 128;

/// Wait before a port is tried again that the system does not give back yet.
const AGAIN: Duration = Duration::from_millis(20);

/// What becomes of connections and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Everything passes.
    Open,
    /// Connections are accepted, no byte passes in either direction; what came meanwhile passes when it is open again,
    /// also when its sender has left, as packets on their way would.
    Stalled,
    /// Every connection is closed, new ones are refused.
    Cut,
}

#[derive(Debug, Clone, Copy)]
struct Weather {
    way: Way,
    /// Grows with every reset.
    resets: u64,
}

/// The proxy. It ends when dropped, and its connections with it.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    weather: watch::Sender<Weather>,
    accepted: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Begins to pass connections on to `upstream`.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let here = listener.local_addr()?;
        let (weather, seen) = watch::channel(Weather { way: Way::Open, resets: 0 });
        let accepted = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(serve(listener, here, upstream, seen, Arc::clone(&accepted)));
        Ok(Self { port: here.port(), weather, accepted, task })
    }

    /// Where it listens, on the loopback address; always the same.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Changes the way for all connections, those that exist included.
    pub fn set(&self, way: Way) {
        self.weather.send_modify(|weather| weather.way = way);
    }

    /// Ends every connection with RST; new ones are fine.
    pub fn reset(&self) {
        self.weather.send_modify(|weather| weather.resets += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Accepts for ever, or refuses while the way is cut.
async fn serve(
    listener: TcpListener,
    here: SocketAddr,
    upstream: SocketAddr,
    mut weather: watch::Receiver<Weather>,
    accepted: Arc<AtomicU64>,
) {
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        if weather.borrow_and_update().way == Way::Cut {
            // A socket that is bound and does not listen refuses connections and keeps the port.
            drop(listener.take());
            let held = hold(here).await;
            if weather.wait_for(|weather| weather.way != Way::Cut).await.is_err() {
                return;
            }
            listener = held.listen(BACKLOG).ok();
        }
        let Some(open) = &listener else {
            listener = hold(here).await.listen(BACKLOG).ok();
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        tokio::select! {
            client = open.accept() => if let Ok((client, _)) = client {
                accepted.fetch_add(1, Ordering::Relaxed);
                connections.spawn(connection(client, upstream, weather.clone()));
            },
            changed = weather.changed() => if changed.is_err() { return },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Binds the port again; the system may need a moment to give it back.
async fn hold(here: SocketAddr) -> TcpSocket {
    loop {
        let bound = TcpSocket::new_v4().and_then(|socket| {
            socket.set_reuseaddr(true)?;
            socket.bind(here)?;
            Ok(socket)
        });
        match bound {
            Ok(socket) => return socket,
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
}

async fn connection(mut client: TcpStream, upstream: SocketAddr, weather: watch::Receiver<Weather>) {
    let resets = weather.borrow().resets;
    let mut seen = weather.clone();
    let broken =
        async move { seen.wait_for(|now| now.way == Way::Cut || now.resets != resets).await.map(|now| now.way) };
    tokio::pin!(broken);
    let server = tokio::select! {
        server = TcpStream::connect(upstream) => server,
        _ = &mut broken => return,
    };
    let Ok(mut server) = server else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let end = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let both = async {
            tokio::join!(pass(from_client, to_server, weather.clone()), pass(from_server, to_client, weather.clone()))
        };
        tokio::select! {
            _ = both => None,
            end = &mut broken => Some(end),
        }
    };
    if let Some(Ok(Way::Open | Way::Stalled)) = end {
        // A reset: without lingering, closing sends RST.
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

/// Passes one direction on until its end.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut weather: watch::Receiver<Weather>,
) {
    let mut buffer = vec![0; BUFFER];
    loop {
        let Ok(count) = from.read(&mut buffer).await else { return };
        // The end of the connection is held back like any byte.
        if weather.wait_for(|weather| weather.way != Way::Stalled).await.is_err() {
            return;
        }
        let passed = if count == 0 { to.shutdown().await } else { to.write_all(&buffer[..count]).await };
        if passed.is_err() || count == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends everything back.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let here = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        here
    }

    async fn connect(proxy: &Proxy) -> io::Result<TcpStream> {
        TcpStream::connect(("127.0.0.1", proxy.port())).await
    }

    async fn ask(stream: &mut TcpStream) -> io::Result<[u8; 4]> {
        stream.write_all(b"ping").await?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn a_cut_closes_and_refuses_until_it_is_mended() {
        let proxy = Proxy::start(echo().await).await.unwrap();
        let mut stream = connect(&proxy).await.unwrap();
        assert_eq!(&ask(&mut stream).await.unwrap(), b"ping");
        proxy.set(Way::Cut);
        assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0, "closed");
        let refused = connect(&proxy).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        proxy.set(Way::Open);
        let mut again = tokio::time::timeout(Duration::from_secs(5), async {
            loop {
                match connect(&proxy).await {
                    Ok(stream) => return stream,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        })
        .await
        .unwrap();
        assert_eq!(&ask(&mut again).await.unwrap(), b"ping");
        assert_eq!(proxy.accepted(), 2);
    }

    #[tokio::test]
    async fn a_reset_is_a_reset_and_the_next_connection_is_fine() {
        let proxy = Proxy::start(echo().await).await.unwrap();
        let mut stream = connect(&proxy).await.unwrap();
        ask(&mut stream).await.unwrap();
        proxy.reset();
        assert_eq!(stream.read(&mut [0]).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(&ask(&mut connect(&proxy).await.unwrap()).await.unwrap(), b"ping");
    }

    #[tokio::test]
    async fn a_stall_holds_every_byte_and_lets_it_go_afterwards_even_when_its_sender_has_left() {
        let sink = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let proxy = Proxy::start(sink.local_addr().unwrap()).await.unwrap();
        let mut stream = connect(&proxy).await.unwrap();
        let (mut arrived, _) = sink.accept().await.unwrap();
        proxy.set(Way::Stalled);
        stream.write_all(b"late").await.unwrap();
        drop(stream);
        let mut buffer = [0; 4];
        let early = tokio::time::timeout(Duration::from_millis(200), arrived.read_exact(&mut buffer)).await;
        assert!(early.is_err(), "nothing passes");
        proxy.set(Way::Open);
        arrived.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"late");
    }
}
