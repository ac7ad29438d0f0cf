//! A bad line: so many bits a second, a way that takes its time, a part of the packets lost. Pure.
//!
//! What goes over it are VXLAN datagrams, each with one Ethernet frame in it, as two namespaces send them.

use std::time::Duration;

/// Bytes before the frame: the head of VXLAN.
const TUNNEL: usize = 8;

/// Bytes of the frame's own head.
const ETHERNET: usize = 14;

/// One direction of the line.
#[derive(Debug)]
pub struct Line {
    shape: Shape,
    chance: fastrand::Rng,
    /// Since when it is free.
    free_at: Duration,
    carried: u64,
}

/// What a line is like.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Bits a second.
    pub bits: u64,
    /// Time from one end to the other.
    pub way: Duration,
    /// Packets lost, of a thousand.
    pub lost: u32,
    /// How much may wait for the line, told as the time which that takes; what comes on top is dropped.
    pub room: Duration,
}

impl Shape {
    /// 64 kbit/s, 300 ms there and back, 2 % lost in each direction, a second's worth of room.
    pub const BAD: Self =
        Self { bits: 64_000, way: Duration::from_millis(150), lost: 20, room: Duration::from_secs(1) };

    /// From the sending of a packet to its answer, at the least.
    pub const fn round_trip(&self) -> Duration {
        self.way.saturating_mul(2)
    }
}

impl Line {
    /// A free line; the same `seed` loses the same packets.
    pub fn new(shape: Shape, seed: u64) -> Self {
        Self { shape, chance: fastrand::Rng::with_seed(seed), free_at: Duration::ZERO, carried: 0 }
    }

    /// Takes a packet of so many bytes; tells when it arrives, unless it is lost.
    pub fn take(&mut self, now: Duration, bytes: usize) -> Option<Duration> {
        let from = self.free_at.max(now);
        if from.saturating_sub(now) > self.shape.room {
            return None;
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.carried = self.carried.saturating_add(bytes);
        let bits = bytes.saturating_mul(8);
        self.free_at = from + Duration::from_micros(bits.saturating_mul(1_000_000) / self.shape.bits.max(1));
        // What is lost has used the line, too.
        (self.chance.u32(0..1_000) >= self.shape.lost).then(|| self.free_at + self.shape.way)
    }

    /// Bytes that have used the line, without what had no room.
    pub const fn carried(&self) -> u64 {
        self.carried
    }
}

/// Bytes that a datagram puts on the line: its packet, without frame and tunnel.
pub const fn weight(datagram: &[u8]) -> usize {
    datagram.len().saturating_sub(TUNNEL + ETHERNET)
}

/// Completes the check sum of the TCP segment in a datagram, if there is one: the kernel leaves that to the network card,
/// and there is none between two namespaces.
pub fn complete(datagram: &mut [u8]) -> Option<()> {
    let frame = datagram.get_mut(TUNNEL..)?;
    let packet = (frame.get(12..ETHERNET)? == [0x08, 0x00]).then(|| frame.get_mut(ETHERNET..)).flatten()?;
    let head = usize::from(packet.first()? & 0x0f) * 4;
    let whole = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
    // TCP alone, and no part of a packet.
    if *packet.get(9)? != 6 || packet.get(6)? & 0x3f != 0 || *packet.get(7)? != 0 {
        return None;
    }
    let (before, segment) = packet.get_mut(..whole)?.split_at_mut_checked(head)?;
    segment.get_mut(16..18)?.fill(0);
    let addresses = before.get(12..20)?;
    let length = u32::try_from(segment.len()).ok()?;
    let mut sum = words(addresses) + 6 + length + words(segment);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let sum = !u16::try_from(sum).ok()?;
    segment.get_mut(16..18)?.copy_from_slice(&sum.to_be_bytes());
    Some(())
}

/// The sum of 16-bit words; a last single byte counts as if a zero followed.
fn words(bytes: &[u8]) -> u32 {
    bytes.chunks(2).fold(0, |sum, word| {
        let low = word.get(1).copied().unwrap_or(0);
        sum + u32::from(u16::from_be_bytes([word.first().copied().unwrap_or(0), low]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn packets_queue_for_the_line_and_what_has_no_room_is_dropped() {
        let mut line = Line::new(Shape { lost: 0, ..Shape::BAD }, 1);
        // 800 bytes are 100 ms at 64 kbit/s.
        assert_eq!(line.take(Duration::ZERO, 800), Some(250 * MS));
        assert_eq!(line.take(50 * MS, 800), Some(350 * MS));
        assert_eq!(line.take(1_000 * MS, 8), Some(1_151 * MS));
        let taken = (0..40).filter(|_| line.take(2_000 * MS, 800).is_some()).count();
        assert_eq!(taken, 11, "a second's worth, and the one on the line");
        assert_eq!(line.carried(), 800 * 2 + 8 + 800 * 11, "what was dropped did not use the line");
        assert_eq!(line.take(9_000 * MS, 800), Some(9_250 * MS));
    }

    #[test]
    fn one_packet_in_fifty_is_lost_and_the_same_ones_each_time() {
        let lost = |seed| {
            let mut line = Line::new(Shape::BAD, seed);
            (0..10_000_u32).filter(|&n| line.take(Duration::from_secs(n.into()), 100).is_none()).collect::<Vec<_>>()
        };
        assert!((150..250).contains(&lost(1).len()), "{}", lost(1).len());
        assert_eq!(lost(1), lost(1));
        assert_ne!(lost(1), lost(2));
    }

    #[test]
    fn the_check_sum_of_a_tcp_segment_is_completed_and_nothing_else_is_touched() {
        // A SYN from 10.77.0.1 to 10.77.0.2 as the kernel hands it over.
        let frame = "0800000000000100ea9b652e88b246bebefaf30e08004500003c9699400040068f860a4d00010a4d0002\
                     b4b01f4070d6adff00000000a002ff0014cb0000020405780402080a000000000000000001030307";
        let bytes = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        };
        let before = bytes(frame);
        let mut after = before.clone();
        assert_eq!(complete(&mut after), Some(()));
        let segment = &after[TUNNEL + ETHERNET + 20..];
        let sum = words(&after[TUNNEL + ETHERNET + 12..TUNNEL + ETHERNET + 20]) + 6 + 40 + words(segment);
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "whoever adds it up finds it right");
        let changed: Vec<usize> = (0..before.len()).filter(|&at| before[at] != after[at]).collect();
        assert!(changed.iter().all(|at| (58..60).contains(at)), "{changed:?}");

        let mut udp = before.clone();
        udp[TUNNEL + ETHERNET + 9] = 17;
        let kept = udp.clone();
        assert_eq!((complete(&mut udp), udp), (None, kept));
        for length in 0..before.len() {
            complete(&mut before[..length].to_vec());
        }
    }
}
