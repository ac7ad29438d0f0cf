//! The kinds of fault: rows of the table.

use std::fmt;

use serde::Serialize;

/// A part of the deployment that runs as a process of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// One of the two api-domicilio.
    Api,
    /// Whichever distribuidor is active when the fault comes.
    Active,
    /// The other one.
    Standby,
    /// One of the three queue-resolvers.
    Resolver,
}

/// What is done to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blow {
    /// SIGKILL; started again after the hold.
    Kill,
    /// SIGTERM, and it must end with code 0; started again after the hold.
    Term,
    /// SIGSTOP, SIGCONT after the hold, which is longer than every lease: it wakes up as a zombie.
    Freeze,
}

/// Which nats-server is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// Any; on one node, the only one.
    Any,
    /// The leader of stream `QUEUES`.
    Queues,
    /// The leader of stream `ORDERS`.
    Orders,
    /// The leader of the bucket of leases.
    Leases,
    /// The leader of the consumer of some partition.
    Consumer,
}

/// Which connections are spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Line {
    /// Of one process to NATS.
    Bus(Part),
    /// Of all resolvers to the POS of all stores.
    Pos,
}

/// How they are spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spoil {
    /// Closed; new ones are refused until the end of the hold.
    Cut,
    /// Nothing passes, in both directions, until the end of the hold; then everything that waited.
    Stall,
    /// Ended with RST, once, at the beginning of the hold; new ones are fine.
    Reset,
}

/// A step of a wall clock, in milliseconds: an hour.
pub const CLOCK_STEP_MS: i64 = 3_600_000;

/// How a wall clock steps, by an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// Ahead.
    Ahead,
    /// Back.
    Back,
}

/// Two processes, killed in the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pair {
    /// The active distribuidor and a resolver.
    ActiveAndResolver,
    /// A resolver and a nats-server.
    ResolverAndNode,
    /// The active distribuidor and a nats-server.
    ActiveAndNode,
}

impl Pair {
    /// The processes of ours in it.
    pub const fn parts(self) -> &'static [Part] {
        match self {
            Self::ActiveAndResolver => &[Part::Active, Part::Resolver],
            Self::ResolverAndNode => &[Part::Resolver],
            Self::ActiveAndNode => &[Part::Active],
        }
    }

    /// Whether a nats-server is in it.
    pub const fn has_node(self) -> bool {
        !matches!(self, Self::ActiveAndResolver)
    }
}

/// What is wrong with the POS of some stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pos {
    /// Closes connections without an answer.
    Down,
    /// Takes effect later than the resolver waits: every attempt is in doubt.
    Slow,
    /// Answers 503.
    Error,
    /// Every other time takes effect and then closes the connection without an answer.
    DropReply,
    /// Nobody listens at the address in the store's record.
    Unreachable,
}

/// A kind of fault: a row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// None: what the figures are like without one.
    Calm,
    /// A process of ours.
    Process(Part, Blow),
    /// Two processes at once.
    Pair(Pair),
    /// A nats-server, SIGKILL; started again after the hold.
    Node(Node),
    /// The network.
    Line(Line, Spoil),
    /// The disk of a nats-server is full; after the hold there is room, and the server is started again.
    Disk,
    /// The wall clocks of an API, the active distribuidor and a resolver; set right after the hold.
    Clock(Turn),
    /// The stores' side.
    Pos(Pos),
}

/// Kinds that run on one node, with their weight among the draws after each has come once.
const ON_ONE_NODE: [(Fault, u32); 35] = [
    (Fault::Process(Part::Resolver, Blow::Kill), 4),
    (Fault::Process(Part::Resolver, Blow::Freeze), 4),
    (Fault::Process(Part::Resolver, Blow::Term), 2),
    (Fault::Process(Part::Active, Blow::Kill), 4),
    (Fault::Process(Part::Active, Blow::Freeze), 4),
    (Fault::Process(Part::Active, Blow::Term), 2),
    (Fault::Process(Part::Standby, Blow::Kill), 1),
    (Fault::Process(Part::Standby, Blow::Freeze), 1),
    (Fault::Process(Part::Standby, Blow::Term), 1),
    (Fault::Process(Part::Api, Blow::Kill), 2),
    (Fault::Process(Part::Api, Blow::Freeze), 2),
    (Fault::Process(Part::Api, Blow::Term), 1),
    (Fault::Pair(Pair::ActiveAndResolver), 3),
    (Fault::Pair(Pair::ResolverAndNode), 3),
    (Fault::Node(Node::Any), 4),
    (Fault::Line(Line::Bus(Part::Api), Spoil::Cut), 1),
    (Fault::Line(Line::Bus(Part::Api), Spoil::Stall), 2),
    (Fault::Line(Line::Bus(Part::Api), Spoil::Reset), 1),
    (Fault::Line(Line::Bus(Part::Active), Spoil::Cut), 2),
    (Fault::Line(Line::Bus(Part::Active), Spoil::Stall), 3),
    (Fault::Line(Line::Bus(Part::Active), Spoil::Reset), 2),
    (Fault::Line(Line::Bus(Part::Resolver), Spoil::Cut), 2),
    (Fault::Line(Line::Bus(Part::Resolver), Spoil::Stall), 3),
    (Fault::Line(Line::Bus(Part::Resolver), Spoil::Reset), 2),
    (Fault::Line(Line::Pos, Spoil::Cut), 1),
    (Fault::Line(Line::Pos, Spoil::Stall), 2),
    (Fault::Line(Line::Pos, Spoil::Reset), 1),
    (Fault::Disk, 2),
    (Fault::Clock(Turn::Ahead), 1),
    (Fault::Clock(Turn::Back), 1),
    (Fault::Pos(Pos::Down), 2),
    (Fault::Pos(Pos::Slow), 2),
    (Fault::Pos(Pos::Error), 1),
    (Fault::Pos(Pos::DropReply), 3),
    (Fault::Pos(Pos::Unreachable), 2),
];

/// Kinds that run on three nodes: what the bus is made of matters to them.
const ON_THREE_NODES: [(Fault, u32); 22] = [
    (Fault::Node(Node::Queues), 5),
    (Fault::Node(Node::Orders), 4),
    (Fault::Node(Node::Leases), 4),
    (Fault::Node(Node::Consumer), 4),
    (Fault::Node(Node::Any), 3),
    (Fault::Pair(Pair::ActiveAndResolver), 2),
    (Fault::Pair(Pair::ResolverAndNode), 3),
    (Fault::Pair(Pair::ActiveAndNode), 3),
    (Fault::Disk, 2),
    (Fault::Process(Part::Resolver, Blow::Kill), 2),
    (Fault::Process(Part::Resolver, Blow::Freeze), 2),
    (Fault::Process(Part::Resolver, Blow::Term), 1),
    (Fault::Process(Part::Active, Blow::Kill), 2),
    (Fault::Process(Part::Active, Blow::Freeze), 2),
    (Fault::Process(Part::Active, Blow::Term), 1),
    (Fault::Line(Line::Bus(Part::Api), Spoil::Cut), 1),
    (Fault::Line(Line::Bus(Part::Api), Spoil::Stall), 1),
    (Fault::Line(Line::Bus(Part::Active), Spoil::Cut), 1),
    (Fault::Line(Line::Bus(Part::Active), Spoil::Stall), 2),
    (Fault::Line(Line::Bus(Part::Resolver), Spoil::Cut), 1),
    (Fault::Line(Line::Bus(Part::Resolver), Spoil::Stall), 2),
    (Fault::Pos(Pos::DropReply), 2),
];

impl Fault {
    /// Every kind but [`Fault::Calm`] that runs on `nodes` nats-servers, with its weight.
    pub const fn all(nodes: usize) -> &'static [(Self, u32)] {
        if nodes == 1 { &ON_ONE_NODE } else { &ON_THREE_NODES }
    }

    /// How long it lasts, from and to, in milliseconds.
    pub const fn hold_ms(self) -> (u64, u64) {
        match self {
            Self::Calm => (3_000, 3_000),
            // Longer than the two seconds after which a silent lease is given to another, so that there is a takeover.
            Self::Process(_, Blow::Kill | Blow::Term) | Self::Pair(_) => (2_500, 3_500),
            Self::Process(_, Blow::Freeze) | Self::Disk => (3_000, 4_000),
            // From the loss of the leader to the moment at which a restarted node is back in time for nothing.
            Self::Node(_) => (300, 4_000),
            // A connection that is cut must not only miss heartbeats, but lose its lease. A stalled POS costs at most
            // three of five attempts, so that no order is given up for it.
            Self::Line(..) => (3_500, 4_500),
            // Three heartbeats, and more than a lease.
            Self::Clock(_) => (3_000, 3_500),
            Self::Pos(_) => (4_000, 6_000),
        }
    }

    /// Within how many milliseconds every order that waits must be at its POS again, counted from the fault; for faults
    /// that the deployment must overcome by itself.
    pub const fn bound_ms(self, nodes: usize) -> Option<i64> {
        match self {
            // A lease of two seconds, a takeover, and room for a busy machine.
            Self::Process(Part::Resolver | Part::Active, _) => Some(5_000),
            // The server's own election takes four seconds or more.
            Self::Node(_) if nodes > 1 => Some(10_000),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Calm => "(none)".to_owned(),
            Self::Process(part, blow) => format!("{} {}", name(*part), of_blow(*blow)),
            Self::Pair(Pair::ActiveAndResolver) => "distribuidor + resolver kill -9".to_owned(),
            Self::Pair(Pair::ResolverAndNode) => "resolver + nats-server kill -9".to_owned(),
            Self::Pair(Pair::ActiveAndNode) => "distribuidor + nats-server kill -9".to_owned(),
            Self::Node(Node::Any) => "nats-server kill -9".to_owned(),
            Self::Node(Node::Queues) => "nats-server kill -9 leader QUEUES".to_owned(),
            Self::Node(Node::Orders) => "nats-server kill -9 leader ORDERS".to_owned(),
            Self::Node(Node::Leases) => "nats-server kill -9 leader leases".to_owned(),
            Self::Node(Node::Consumer) => "nats-server kill -9 leader consumer".to_owned(),
            Self::Line(line, spoil) => {
                let line = match line {
                    Line::Bus(part) => format!("{} - NATS", name(*part)),
                    Line::Pos => "queue-resolvers - POS".to_owned(),
                };
                let spoil = match spoil {
                    Spoil::Cut => "cut",
                    Spoil::Stall => "stalled",
                    Spoil::Reset => "reset",
                };
                format!("{line} {spoil}")
            }
            Self::Disk => "nats-server disk full".to_owned(),
            Self::Clock(Turn::Ahead) => "clocks 1 h ahead".to_owned(),
            Self::Clock(Turn::Back) => "clocks 1 h back".to_owned(),
            Self::Pos(Pos::Down) => "POS down".to_owned(),
            Self::Pos(Pos::Slow) => "POS too slow".to_owned(),
            Self::Pos(Pos::Error) => "POS answers 503".to_owned(),
            Self::Pos(Pos::DropReply) => "POS drops replies".to_owned(),
            Self::Pos(Pos::Unreachable) => "POS unreachable".to_owned(),
        };
        f.pad(&text)
    }
}

const fn name(part: Part) -> &'static str {
    match part {
        Part::Api => "api-domicilio",
        Part::Active => "active distribuidor",
        Part::Standby => "standby distribuidor",
        Part::Resolver => "queue-resolver",
    }
}

const fn of_blow(blow: Blow) -> &'static str {
    match blow {
        Blow::Kill => "kill -9",
        Blow::Term => "SIGTERM",
        Blow::Freeze => "SIGSTOP..CONT",
    }
}

impl Serialize for Fault {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_kind_stands_once_in_its_table_and_has_a_name_of_its_own() {
        for nodes in [1, 3] {
            let kinds: BTreeSet<Fault> = Fault::all(nodes).iter().map(|(fault, _)| *fault).collect();
            let names: BTreeSet<String> = kinds.iter().map(Fault::to_string).collect();
            assert_eq!((kinds.len(), names.len()), (Fault::all(nodes).len(), kinds.len()));
            assert!(Fault::all(nodes).iter().all(|(_, weight)| *weight > 0));
        }
    }

    #[test]
    fn what_takes_a_lease_lasts_longer_than_a_lease() {
        for (fault, _) in Fault::all(1) {
            let cut_off = matches!(fault, Fault::Process(..) | Fault::Line(Line::Bus(_), Spoil::Cut | Spoil::Stall));
            assert!(!cut_off || fault.hold_ms().0 > 2_000, "{fault}");
        }
    }
}
