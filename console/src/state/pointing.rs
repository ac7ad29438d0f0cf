//! What a mouse can point at. Rows are named by their ids: by the time of a click they may have moved on.

use contract::{OrderId, StoreId};

use super::Screen;
use super::attention::Subject;
use super::services::InstanceKey;
use super::wire::clients::ClientKey;

/// Whose the mouse is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mouse {
    /// The terminal's: it selects text.
    #[default]
    Terminal,
    /// Ours: it chooses rows and tabs.
    Console,
}

impl Mouse {
    /// The one that settings name.
    pub const fn of(console: bool) -> Self {
        if console { Self::Console } else { Self::Terminal }
    }

    /// Whether it is ours.
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::Console)
    }
}

/// The id of a row, whichever table it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowId {
    /// An item of the overview.
    Item(Subject),
    /// An order.
    Order(OrderId),
    /// A store, or its queue.
    Store(StoreId),
    /// An instance.
    Instance(InstanceKey),
    /// An entry of the log, or a message of the bus.
    Entry(u64),
    /// A subject or a stream.
    Name(String),
    /// A connection to a server.
    Client(ClientKey),
}

/// Makes each kind of id one.
macro_rules! from {
    ($($of:ty => $variant:ident),*) => {
        $(impl From<$of> for RowId {
            fn from(id: $of) -> Self {
                Self::$variant(id)
            }
        })*
    };
}

from!(Subject => Item, OrderId => Order, StoreId => Store, InstanceKey => Instance, u64 => Entry, String => Name,
    ClientKey => Client);

/// Something on the screen that a click means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// The tab of a screen.
    Tab(Screen),
    /// A row of the table that has the keys.
    Row(RowId),
}

/// What a mouse did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pointed {
    /// The main button was pressed on something.
    Click(Spot),
    /// The wheel was turned down by one notch.
    WheelDown,
    /// The wheel was turned up by one notch.
    WheelUp,
}
