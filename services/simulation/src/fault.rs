//! What breaks, and when: the seed decides.

use contract::{CommandId, StoreId};

use crate::agenda::{MS, S, Us};
use crate::names::Names;
use crate::pos::Manner;
use crate::wire::Request;
use crate::world::{Event, World};

/// When orders and faults begin to come, and when they end.
const FIRST: Us = 2 * S;

/// From here on nothing breaks any more, and no order comes but those that are put in again.
pub const HEALED: Us = 22 * S;

/// Fewest and most faults of a run. With fewer they seldom meet, with more nothing is ever at work.
const FAULTS: std::ops::RangeInclusive<usize> = 3..=9;

/// Fewest and most orders of a run, before those that one store gets all at once.
const ORDERS: std::ops::RangeInclusive<u32> = 30..=70;

/// Fewest and most commands of operators to give up the order at the head of a queue.
const RELEASES: std::ops::RangeInclusive<usize> = 0..=4;

/// Fewest and most commands of operators to move a partition.
const MOVES: std::ops::RangeInclusive<usize> = 0..=6;

/// Orders that one store gets all at once in some runs: more than a lane keeps whole.
const FLOOD: u32 = 45;

/// Something that breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// kill -9 of the server, for this long.
    KillServer(Us),
    /// A process's connection is away for this long.
    Cut(usize, Us),
    /// kill -9 of a process, started again after this long.
    Kill(usize, Us),
    /// A clean stop, started again this long after its end.
    Stop(usize, Us),
    /// A process does nothing for this long, then goes on as if nothing had been.
    Freeze(usize, Us),
    /// The same to whichever distribuidor is active.
    FreezeActive(Us),
    /// This happens to whoever next asks for that, just then: the answer finds it changed.
    Trap(Bait, Box<Self>),
    /// Messages are lost, unheard or late for this long.
    Storm(Us),
    /// The streams have no leader for this long.
    NoLeader(Us),
    /// A consumer loses its leader.
    Upset,
    /// The POS of some stores behave badly for this long.
    Pos(Vec<StoreId>, Manner, Us),
}

/// What is asked for when a trap springs: the questions that most depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bait {
    /// A payload, just before it is sent.
    Payload,
    /// An outcome is stored.
    Outcome,
    /// An entry is acknowledged.
    Ack,
    /// An order is published to `QUEUES`.
    Queue,
    /// Where `QUEUES` ends.
    QueuesEnd,
    /// A consumer is made.
    Create,
    /// A payload leaves for its POS.
    Post,
}

impl Bait {
    const ALL: [Self; 7] =
        [Self::Payload, Self::Outcome, Self::Ack, Self::Queue, Self::QueuesEnd, Self::Create, Self::Post];

    /// Whether a question to the broker is the one.
    pub const fn is(self, request: &Request) -> bool {
        matches!(
            (self, request),
            (Self::Payload, Request::Payload(_))
                | (Self::Outcome, Request::Outcome(..))
                | (Self::Ack, Request::Ack(..))
                | (Self::Queue, Request::Queue(..))
                | (Self::QueuesEnd, Request::QueuesEnd)
                | (Self::Create, Request::Create(..))
        )
    }
}

impl Fault {
    /// The same, to this process.
    #[must_use]
    pub fn of(self, process: usize) -> Self {
        match self {
            Self::Cut(_, wait) => Self::Cut(process, wait),
            Self::Kill(_, wait) => Self::Kill(process, wait),
            Self::Freeze(_, wait) => Self::Freeze(process, wait),
            other => other,
        }
    }
}

/// Puts the orders and the faults of a run on the agenda.
pub fn plan(world: &mut World, stores: u32) {
    let mut rng = world.rng.fork();
    let processes = world.names.origins.len();
    let mut orders: Vec<(Us, StoreId)> = Vec::new();
    for _ in 0..rng.u32(ORDERS) {
        // Half of the orders go to a few stores, so that queues form.
        let store = if rng.bool() { rng.u32(1..=stores) } else { rng.u32(1..=stores.min(4)) };
        orders.push((rng.u64(FIRST..HEALED - S), StoreId(store)));
    }
    if rng.u8(..8) == 0 {
        let (at, store) = (rng.u64(FIRST..HEALED - 5 * S), StoreId(rng.u32(1..=stores)));
        orders.extend((0..FLOOD).map(|number| (at + u64::from(number), store)));
    }
    for (number, (at, store)) in (1..).zip(orders) {
        let Some(order) = world.names.order(store, number, at) else { continue };
        if rng.u8(..25) == 0 {
            world.pos.refuse(store, order.code.to_string());
        }
        world.put(at, Event::Accept(Some(Box::new(order))));
        if rng.u8(..20) == 0 {
            world.put(at, Event::Accept(None));
        }
    }
    world.pace_ms = rng.choice([0, 0, 150, 600]).unwrap_or(0);
    for _ in 0..rng.usize(RELEASES) {
        let store = StoreId(rng.u32(1..=stores.min(4)));
        world.put(rng.u64(FIRST..HEALED), Event::Release(store));
    }
    let mut at = FIRST;
    for _ in 0..rng.usize(FAULTS) {
        // Some come right after another, for what is hard to stand is two at a time.
        at = if rng.bool() { (at + rng.u64(..S)).min(HEALED - 4 * S) } else { rng.u64(FIRST..HEALED - 4 * S) };
        let fault = draw(&mut rng, processes, stores);
        // Who wakes up with an answer in its hands does most harm when the next owner has none yet.
        let hold = match &fault {
            Fault::Freeze(_, hold) => Some(*hold),
            Fault::Trap(Bait::Post, fault) => match **fault {
                Fault::Freeze(_, hold) => Some(hold),
                _ => None,
            },
            _ => None,
        };
        if let Some(hold) = hold.filter(|_| rng.bool()) {
            let manner = if rng.bool() { Manner::Slow } else { Manner::Distant };
            world.put(at, Event::Fault(Fault::Pos((1..=stores).map(StoreId).collect(), manner, hold + 2 * S)));
        }
        world.put(at, Event::Fault(fault));
    }
    for number in 0..rng.usize(MOVES) {
        let Ok(command) = format!("m-{number}").parse::<CommandId>() else { continue };
        let partition = StoreId(rng.u32(1..=stores)).partition();
        let to = rng.usize(DISTRIBUIDORES..DISTRIBUIDORES + RESOLVERS);
        world.put(rng.u64(FIRST..HEALED), Event::Move(command, partition, to));
    }
}

fn draw(rng: &mut fastrand::Rng, processes: usize, stores: u32) -> Fault {
    let process = rng.usize(..processes);
    // A freeze that outlives a lease and what may come after it is the one that makes a zombie.
    let hold = rng.u64(200 * MS..6 * S);
    match rng.u8(..24) {
        0..3 => Fault::KillServer(rng.u64(200 * MS..3 * S)),
        3..5 => Fault::Cut(process, rng.u64(20 * MS..3 * S)),
        5..8 => Fault::Kill(process, hold),
        8 => Fault::Stop(process, hold),
        9..11 => Fault::Freeze(process, hold),
        11 => Fault::FreezeActive(hold),
        12..14 => Fault::Storm(rng.u64(S..5 * S)),
        14 => Fault::NoLeader(rng.u64(500 * MS..5 * S)),
        15..17 => Fault::Upset,
        17..21 => {
            let fault = match rng.u8(..6) {
                0 => Fault::KillServer(rng.u64(200 * MS..3 * S)),
                1 => Fault::Cut(0, rng.u64(20 * MS..3 * S)),
                2 => Fault::Kill(0, hold),
                _ => Fault::Freeze(0, hold),
            };
            Fault::Trap(rng.choice(Bait::ALL).unwrap_or(Bait::Payload), Box::new(fault))
        }
        _ => {
            let some = (1..=stores).filter(|_| rng.bool()).map(StoreId).collect();
            let manner = rng.choice(Manner::FAULTS).unwrap_or(Manner::Slow);
            Fault::Pos(some, manner, rng.u64(S..8 * S))
        }
    }
}

/// How many distribuidores come first among the processes.
pub const DISTRIBUIDORES: usize = 2;

/// How many resolvers follow.
pub const RESOLVERS: usize = 3;

/// The names of all processes.
pub fn names() -> Result<Names, contract::id::InvalidId> {
    Names::new(DISTRIBUIDORES, RESOLVERS)
}
