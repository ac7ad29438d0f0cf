//! What `update` asks the outside world to do. The runtime runs effects; answers come back as events.

use contract::command::Verb;
use contract::counters::Day;
use contract::{Country, InstanceId, OrderId, Service, StoreId, subject};

use crate::state::replay::Cursor;
use crate::state::views::View;
use crate::template::Kind;

/// Something to do outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Fetch an order's payload and mask it.
    FetchPayload(OrderId),
    /// Fetch a store's record with its revision.
    FetchStore {
        /// Its country.
        country: Country,
        /// The store.
        store: StoreId,
    },
    /// Leave this bus and open the one that a NATS context leads to.
    Switch(String),
    /// Read the counts of the days from the first to the second, both included.
    ReadCounters(Day, Day),
    /// Send a text to the terminal, for its clipboard.
    Copy(String),
    /// Send what is looked at to the terminal as text, as it is shown: masked.
    CopyDetail,
    /// Write what is on the screen to a file.
    Dump,
    /// Add a view to the saved ones, or put it in the place of the one of the same name.
    SaveView(View),
    /// Read the streams anew: live messages were lost.
    Reread,
    /// Copy the messages at and below this subject; `None` = no longer copy any.
    Tail(Option<String>),
    /// Read the next stretch of the past.
    ReadReplay {
        /// For which replay.
        number: u64,
        /// Where it begins.
        cursor: Cursor,
    },
    /// Ask the server for its streams and our connection.
    ReadServer,
    /// Publish something that changes the world. Made only from a confirmed [`Planned`].
    Run(Planned),
    /// Ring the terminal's bell.
    Bell,
    /// Leave.
    Quit,
}

/// A change of the world, complete to the last byte, as the preview shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planned {
    /// A test order.
    Inject(PlannedOrder),
    /// A command to an instance.
    Command {
        /// The service.
        service: Service,
        /// The instance.
        instance: InstanceId,
        /// What it is told.
        verb: Verb,
    },
}

/// A test order, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedOrder {
    /// What it is made from.
    pub template: Kind,
    /// Identity of the order.
    pub order: OrderId,
    /// Country of its store.
    pub country: Country,
    /// The store's code and name, for people.
    pub place: String,
    /// The payload, byte for byte.
    pub body: Vec<u8>,
}

impl Planned {
    /// The exact subject of the request.
    pub fn subject(&self) -> String {
        match self {
            Self::Inject(_) => subject::command_any(Service::Api, Verb::Inject),
            Self::Command { service, instance, verb } => subject::command(*service, instance, *verb),
        }
    }

    /// Length of the request's body, in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Inject(order) => order.body.len(),
            Self::Command { .. } => 0,
        }
    }
}
