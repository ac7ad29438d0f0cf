//! Carries what two namespaces send each other over a bad line. Runs in the near one, to which both tunnels come.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::line::{Line, Shape, complete, weight};
use crate::part;

/// Its own address beneath the tunnels.
pub const HERE: Ipv4Addr = Ipv4Addr::new(10, 76, 0, 1);

/// Where both tunnels end, in the far namespace.
pub const THERE: Ipv4Addr = Ipv4Addr::new(10, 76, 0, 2);

/// The port of the tunnel of which the near namespace has the other end.
pub const NEAR: u16 = 4_001;

/// And the far one.
pub const FAR: u16 = 4_002;

/// Longest datagram.
const DATAGRAM: usize = 4_096;

/// What has used the line so far, lost on it or not.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Carried {
    /// Bytes to the far side.
    pub out: u64,
    /// Bytes from there.
    pub back: u64,
}

/// Carries until it is ended; tells how much when asked.
pub async fn run() -> anyhow::Result<()> {
    let mut asked = part::ready().await?;
    let bind = async |port| UdpSocket::bind((HERE, port)).await.context("listening for packets");
    let (near, far) = (Arc::new(bind(NEAR).await?), Arc::new(bind(FAR).await?));
    let (out, back) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let there = tokio::spawn(carry(Arc::clone(&near), Arc::clone(&far), FAR, 1, Arc::clone(&out)));
    let here = tokio::spawn(carry(far, near, NEAR, 2, Arc::clone(&back)));
    let tell = async {
        while asked.recv().await.is_some() {
            part::tell(&Carried { out: out.load(Ordering::Relaxed), back: back.load(Ordering::Relaxed) })?;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        ended = there => ended?,
        ended = here => ended?,
        told = tell => told,
    }
}

/// One direction: what comes in `from` goes out `to`, to `port` over there, when the line has brought it there.
async fn carry(
    from: Arc<UdpSocket>,
    to: Arc<UdpSocket>,
    port: u16,
    seed: u64,
    carried: Arc<AtomicU64>,
) -> anyhow::Result<()> {
    // The line itself bounds what is under way.
    let (hand, mut handed) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let target = SocketAddrV4::new(THERE, port);
    let deliver = async {
        while let Some((at, datagram)) = handed.recv().await {
            sleep_until(at).await;
            to.send_to(&datagram, target).await.context("handing a packet on")?;
        }
        anyhow::Ok(())
    };
    let take = async {
        let (began, mut line, mut room) = (Instant::now(), Line::new(Shape::BAD, seed), vec![0; DATAGRAM]);
        loop {
            let (read, _) = from.recv_from(&mut room).await.context("taking a packet")?;
            let mut datagram = room.get(..read).unwrap_or_default().to_vec();
            complete(&mut datagram);
            let arrives = line.take(began.elapsed(), weight(&datagram));
            carried.store(line.carried(), Ordering::Relaxed);
            if let Some(at) = arrives {
                hand.send((began + at, datagram))?;
            }
        }
    };
    tokio::select! {
        ended = deliver => ended,
        ended = take => ended,
    }
}
