//! The bus itself, for screen 7: what passes by subject, what the server says of its streams and of our connection, and
//! copies of the messages of one subtree of subjects.
//!
//! Copies and accounts of the server are asked for only while somebody looks at them (`update/wire.rs`).

pub mod clients;
pub mod server;
pub mod subjects;
pub mod tail;

use std::collections::BTreeSet;

use contract::UtcMs;

use self::clients::{ClientKey, Clients};
use self::server::{Account, Server};
use self::subjects::Subjects;
use self::tail::Tail;
use crate::event::Trouble;
use crate::state::{Opened, Table};

/// Subjects that may be unfolded at the same time: more than anybody opens by hand; the oldest names give way.
pub const UNFOLDED_MAX: usize = 500;

/// What has the keys on the screen of the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The tree of subjects.
    #[default]
    Subjects,
    /// Messages of a subtree.
    Tail,
    /// Streams, and the connection.
    Server,
    /// Who else is connected.
    Clients,
}

impl Pane {
    /// All of them, in the order of [`Self::next`].
    pub const ALL: [Self; 4] = [Self::Subjects, Self::Tail, Self::Server, Self::Clients];

    /// The one after, round and round.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Subjects => Self::Tail,
            Self::Tail => Self::Server,
            Self::Server => Self::Clients,
            Self::Clients => Self::Subjects,
        }
    }
}

/// The bus itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Wire {
    /// What has the keys.
    pub pane: Pane,
    /// What passed, by subject.
    pub subjects: Subjects,
    /// Subjects whose children are shown.
    pub unfolded: BTreeSet<String>,
    /// Rows of the tree.
    pub subject_table: Table<String>,
    /// Messages of a subtree.
    pub tail: Tail,
    /// Rows of the messages, the newest last.
    pub tail_table: Table<u64>,
    /// What the server said last, and when; `None` before the first answer.
    pub server: Option<(UtcMs, Server)>,
    /// Why the streams could not be read last time.
    pub failed: Option<Trouble>,
    /// When the server was asked, while its answer is awaited.
    pub asked_at: Option<UtcMs>,
    /// Rows of the streams.
    pub stream_table: Table<String>,
    /// Who is connected, and when that was told; `None` before the first answer, and in it `None` when no server tells.
    pub clients: Option<(UtcMs, Option<Clients>)>,
    /// When the servers were asked for it, while their answers are awaited.
    pub clients_asked_at: Option<UtcMs>,
    /// Rows of the clients.
    pub client_table: Table<ClientKey>,
}

impl Default for Wire {
    fn default() -> Self {
        Self {
            pane: Pane::default(),
            subjects: Subjects::default(),
            unfolded: BTreeSet::from([subjects::ROOT.to_owned()]),
            subject_table: Table::default(),
            tail: Tail::default(),
            tail_table: Table { newest_last: true, ..Table::default() },
            server: None,
            failed: None,
            asked_at: None,
            stream_table: Table::default(),
            clients: None,
            clients_asked_at: None,
            client_table: Table::default(),
        }
    }
}

impl Wire {
    /// What the selected row can be opened as.
    pub fn aimed(&self) -> Option<Opened> {
        match self.pane {
            Pane::Subjects | Pane::Clients => None,
            Pane::Tail => {
                let id = *self.tail_table.current()?;
                self.tail.message_at(id).map(|_| Opened::Raw(id))
            }
            Pane::Server => self.stream_table.current().cloned().map(Opened::Stream),
        }
    }

    /// The stream with this name, as the server told it last.
    pub fn stream(&self, name: &str) -> Option<&server::Stream> {
        self.server.as_ref()?.1.streams.iter().find(|stream| stream.name == name)
    }

    /// Our connection, as it was told last.
    pub fn account(&self) -> Option<&Account> {
        self.server.as_ref().map(|(_, server)| &server.account)
    }
}
