//! What processes, broker and POS say to each other.

use contract::lease::{OfficeLease, PartitionLease, ResolverLease};
use contract::{EventKind, OrderHead, Outcome, Partition, QueueEntry, StoreId};
use queue_resolver::lane::Mark;

/// A run of a process, and its connection: what was sent to an earlier one reaches nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Which process.
    pub process: usize,
    /// Which run of it.
    pub run: u32,
    /// Which of the run's connections.
    pub link: u32,
}

/// A key of the bucket of leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The office.
    Office,
    /// A resolver, by its process.
    Resolver(usize),
    /// A partition.
    Partition(Partition),
}

/// The value of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of [`Key::Office`].
    Office(OfficeLease),
    /// Of [`Key::Resolver`].
    Resolver(ResolverLease),
    /// Of [`Key::Partition`].
    Partition(PartitionLease),
}

/// What is asked of the broker.
#[derive(Debug, Clone)]
pub enum Request {
    /// Read a key.
    Read(Key),
    /// Write a key if its revision is the expected one.
    Write(Key, Value, u64),
    /// All keys, then every change; under this number.
    Watch(u64),
    /// `ORDERS` from this sequence on, under this number.
    Orders(u64, u64),
    /// Publish to `QUEUES`, expecting it to end here.
    Queue(Box<QueueEntry>, Option<u64>),
    /// Where `QUEUES` ends.
    QueuesEnd,
    /// Which orders are in `QUEUES` from here to there.
    Entries(u64, u64),
    /// Where `ORDERS` ends.
    OrdersEnd,
    /// The names of a partition's consumers.
    Consumers(Partition),
    /// Delete a consumer.
    Delete(Name),
    /// Make a consumer and pull from it; strictly, or whatever is there.
    Create(Name, bool),
    /// A store's mark.
    Mark(StoreId),
    /// An entry of `QUEUES`.
    Entry(u64),
    /// An order's payload.
    Payload(u64),
    /// Publish an outcome.
    Outcome(Box<Outcome>, Option<u64>),
    /// Acknowledge an entry.
    Ack(Name, u64),
    /// Publish an event.
    Tell(EventKind),
}

/// A consumer's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Its partition.
    pub partition: Partition,
    /// Its owner's epoch.
    pub epoch: u64,
    /// How many times the owner has made it.
    pub generation: u32,
}

/// An answer.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A key's value and revision.
    Value(Option<(Value, u64)>),
    /// Written at this revision; not, when the expected one was wrong.
    Written(Option<u64>),
    /// Stored at this sequence.
    Stored(u64),
    /// The stream or the subject does not end where it was expected to.
    WrongLast,
    /// Where a stream ends.
    End(u64),
    /// Sequences of `QUEUES`, and of `ORDERS` in the entries there.
    Entries(Vec<(u64, u64)>),
    /// Consumers.
    Names(Vec<Name>),
    /// Done.
    Done,
    /// Not done: the server says no.
    Refused,
    /// A mark.
    Mark(Mark),
    /// An entry.
    Entry(Option<Box<QueueEntry>>),
    /// From a POS: its status and how long it wants us to wait.
    Status(u16, Option<u64>),
    /// No connection to the POS.
    Unreachable,
    /// The connection to the POS broke.
    Broken,
}

/// What the broker sends unasked.
#[derive(Debug, Clone)]
pub enum Push {
    /// A key was written.
    Key(u64, Key, Value, u64),
    /// Everything that was there when the watch began has been sent.
    Complete(u64),
    /// An entry of `ORDERS`; without an order when it cannot be read.
    Order(u64, u64, Option<Box<OrderHead>>),
    /// A delivery.
    Delivery {
        /// By which consumer.
        name: Name,
        /// Its sequence in the consumer, from 1.
        consumer_seq: u64,
        /// How often it was delivered.
        count: u32,
        /// Its sequence in `QUEUES`.
        queue_seq: u64,
        /// The entry.
        entry: Box<QueueEntry>,
    },
    /// The server ended the deliveries of a consumer.
    Ended(Name),
}
