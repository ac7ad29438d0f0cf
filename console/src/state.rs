//! Everything the console knows and shows, as plain data. Changed only by `update`, read only by `draw`.
//!
//! No I/O, no clock, no async, no randomness in here: time and seeds come in with events. Every collection
//! is bounded by a named constant. A selection is an id, never a row number.

pub mod access;
pub mod aim;
pub mod attention;
pub mod columns;
pub mod counted;
pub mod dialog;
pub mod form;
pub mod invalid;
pub mod jobs;
pub mod link;
pub mod log;
pub mod notices;
pub mod orders;
pub mod palette;
pub mod plan;
pub mod pointing;
pub mod pulse;
pub mod queues;
pub mod replay;
pub mod reveal;
pub mod ring;
pub mod services;
pub mod settings;
pub mod sort;
pub mod stores;
pub mod table;
pub mod today;
pub mod tree;
pub mod views;
pub mod wire;

use contract::{OrderId, StoreId, UtcMs};

pub use self::dialog::Dialog;
pub use self::link::{Link, Reading, Traffic};
use self::notices::Notices;
pub use self::notices::{Notice, Refusal, Tone};
pub use self::orders::{Order, OrderState, Orders};
pub use self::queues::Queues;
use self::services::InstanceKey;
pub use self::services::Services;
pub use self::settings::Settings;
pub use self::stores::Stores;
pub use self::table::{Listed, Table};
use crate::filter::Filter;
use crate::keys::Key;
use crate::mask::Masked;

/// Details that may lie on top of each other: a store's queue, an order in it, its store, one to spare.
pub const OPENED_MAX: usize = 4;

/// The screens, in the order of their number keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Screen {
    /// What needs a person now.
    Overview,
    /// Orders, newest first.
    Orders,
    /// What waits, per store.
    Queues,
    /// Orders that wait for a person.
    NotInjected,
    /// The store catalogue.
    Stores,
    /// Instances of the services.
    Services,
    /// The bus itself: subjects, messages, streams.
    Bus,
    /// What happened, newest first.
    Log,
}

impl Screen {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Overview,
        Self::Orders,
        Self::Queues,
        Self::NotInjected,
        Self::Stores,
        Self::Services,
        Self::Bus,
        Self::Log,
    ];

    /// Its number key.
    pub const fn number(self) -> char {
        match self {
            Self::Overview => '1',
            Self::Orders => '2',
            Self::Queues => '3',
            Self::NotInjected => '4',
            Self::Stores => '5',
            Self::Services => '6',
            Self::Bus => '7',
            Self::Log => '8',
        }
    }

    /// The one after, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|screen| *screen == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    /// The one before, round and round.
    #[must_use]
    pub fn previous(self) -> Self {
        let at = Self::ALL.iter().position(|screen| *screen == self).unwrap_or(0);
        Self::ALL[(at + Self::ALL.len() - 1) % Self::ALL.len()]
    }
}

/// The language of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// Spanish.
    #[default]
    Es,
    /// English.
    En,
}

/// In which zone times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Times {
    /// A store's times in its own zone, the others in the zone of whoever looks.
    #[default]
    Local,
    /// All of them in UTC.
    Utc,
}

/// Which ground the palette is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum GroundSeen {
    /// The one that was chosen or found at start.
    #[default]
    AsFound,
    /// The other one.
    Other,
}

/// A detail that was drilled into; it covers the screen's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// An order: timeline and masked payload.
    Order(OrderId),
    /// A store's queue in order.
    Queue(StoreId),
    /// A store's record, and who has taken it up.
    Store(StoreId),
    /// An instance.
    Instance(InstanceKey),
    /// What was done from here, newest first.
    Jobs,
    /// One of these, item by item.
    Job(jobs::JobId),
    /// Recent refused payloads with their faults.
    Invalid,
    /// A message of the tail, by its row.
    Raw(u64),
    /// A stream, by its name.
    Stream(String),
}

/// An order's payload, as far as it was fetched.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// Asked for.
    Loading,
    /// Here, masked.
    Shown(Masked),
    /// Not to be had, with why.
    Missing(String),
}

/// Rows stay where they are while a person reads; what they show of themselves goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frozen {
    /// Since when.
    pub since: UtcMs,
    /// Orders that were known then, forgotten ones included.
    pub known: u64,
}

/// How an order's way is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Telling {
    /// Of what was said about an attempt, as much as there is room for in a row.
    #[default]
    Short,
    /// All of it.
    Whole,
}

/// How keys are meant right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputMode {
    /// Keys are bound to actions.
    Normal,
    /// Keys write text; they become [`crate::event::Edit`].
    Text,
    /// A dialog with buttons is open: only moving, Enter and Escape act.
    Buttons,
    /// A dialog with a list of choices is open: moving, marking and closing act.
    List,
}

/// The whole state.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The time, as the last tick told it.
    pub now: UtcMs,
    /// When the console started.
    pub started_at: UtcMs,
    /// What was set from outside at start.
    pub settings: Settings,
    /// Language of the screen.
    pub lang: Lang,
    /// In which zone times are shown.
    pub times: Times,
    /// Which palette is drawn.
    pub ground: GroundSeen,
    /// Columns of the terminal.
    pub width: u16,
    /// Rows of the terminal.
    pub height: u16,

    /// The connection.
    pub link: Link,
    /// The way to the bus, and what it lets us do.
    pub access: access::Access,
    /// When the connection was lost before it came back, until state is read anew.
    pub stale_since: Option<UtcMs>,
    /// Since when no heartbeat can have been missed: the link is up, state was read, nothing was lost and the feed is
    /// not behind. Silence counts from here at the earliest.
    pub hearing_since: UtcMs,
    /// Loss and rate.
    pub traffic: Traffic,
    /// What has been read from the streams.
    pub reading: Reading,

    /// Orders.
    pub orders: Orders,
    /// Queues.
    pub queues: Queues,
    /// Stores.
    pub stores: Stores,
    /// Instances.
    pub services: Services,
    /// Refused payloads.
    pub invalid: invalid::Invalid,
    /// Orders counted by the hour, for sums of days.
    pub counted: counted::Counted,
    /// Counts for plots and sums.
    pub pulse: pulse::Pulse,
    /// What needs a person now, worst first.
    pub attention: Vec<attention::Item>,
    /// What persons did about it, and the bell.
    pub handled: attention::handled::Handled,
    /// What goes to the chat group.
    pub alerts: crate::alerts::Desk,

    /// The screen.
    pub screen: Screen,
    /// Details on top of the screen's table, the topmost last.
    pub opened: Vec<Opened>,
    /// The row that the last frame showed as selected in a table where nobody has moved; `None` once a person has done what may
    /// change the rows.
    pub seen_first: Option<pointing::RowId>,
    /// Rows scrolled down in the topmost detail.
    pub scroll: u16,
    /// The payload of the opened order.
    pub payload: Option<(OrderId, Payload)>,
    /// Whose personal data is on the screen; [`State::revealed`] tells whether it still may be.
    pub revealed: Option<reveal::Revealed>,
    /// How that payload is looked at.
    pub tree: tree::Tree,
    /// Saved views.
    pub views: views::Views,
    /// How an order's way is told.
    pub telling: Telling,
    /// Rows of the overview's list.
    pub attention_table: Table<attention::Subject>,
    /// Rows of the orders' table.
    pub order_table: Table<OrderId>,
    /// Rows of the queues' table.
    pub queue_table: Table<StoreId>,
    /// Rows of an opened queue: its orders as known, first to be injected on top.
    pub entry_table: Table<OrderId>,
    /// Rows of the stores' table.
    pub store_table: Table<StoreId>,
    /// Rows of the table of orders that were not injected.
    pub case_table: Table<OrderId>,
    /// Rows of the services' table.
    pub service_table: Table<InstanceKey>,
    /// What happened.
    pub log: log::Log,
    /// Rows of the log's table.
    pub log_table: Table<u64>,
    /// The bus itself.
    pub wire: wire::Wire,

    /// The first of two keys, and when it was pressed.
    pub begun: Option<(Key, UtcMs)>,
    /// Rows are held as they were.
    pub frozen: Option<Frozen>,
    /// Whether the filter of the screen's table is being written.
    pub filtering: bool,
    /// What that filter was before it was written: it comes back when the writing is given up.
    pub filter_before: String,
    /// Whether help is open.
    pub help: bool,
    /// Whose the mouse is.
    pub mouse: pointing::Mouse,
    /// The open dialog.
    pub dialog: Option<Dialog>,
    /// Short messages.
    pub notices: Notices,
    /// What was confirmed, and what became of it.
    pub jobs: jobs::Jobs,
    /// The next seed for generated ids.
    pub seed: u64,
    /// The zone in which a person writes times.
    pub zone: jiff::tz::TimeZone,
    /// The past that is being played, beside this state; keys go there and it is what is shown.
    pub replay: Option<Box<replay::Replay>>,
    /// How many replays there were.
    pub replays: u64,
    /// This state is the past, replayed.
    pub playing: Option<replay::Playing>,
    /// Whether the person wants to leave.
    pub leaving: bool,
}

impl State {
    /// The state before anything is known: not connected, nothing read.
    ///
    /// `seed` makes the ids of test orders; it comes from outside because nothing in here is random.
    pub fn new(now: UtcMs, lang: Lang, seed: u64) -> Self {
        Self {
            now,
            started_at: now,
            settings: Settings::default(),
            lang,
            times: Times::default(),
            ground: GroundSeen::default(),
            width: 80,
            height: 24,
            link: Link::Connecting { since: now, last_failure: None },
            access: access::Access::default(),
            stale_since: None,
            hearing_since: now,
            traffic: Traffic::default(),
            reading: Reading::default(),
            orders: Orders::default(),
            queues: Queues::default(),
            stores: Stores::default(),
            services: Services::default(),
            invalid: invalid::Invalid::default(),
            counted: counted::Counted::default(),
            pulse: pulse::Pulse::default(),
            attention: Vec::new(),
            handled: attention::handled::Handled::default(),
            alerts: crate::alerts::Desk::default(),
            screen: Screen::Overview,
            opened: Vec::new(),
            seen_first: None,
            scroll: 0,
            payload: None,
            revealed: None,
            tree: tree::Tree::default(),
            telling: Telling::default(),
            views: views::Views::default(),
            attention_table: Table::default(),
            order_table: Table::default(),
            queue_table: Table::default(),
            entry_table: Table::default(),
            store_table: Table::default(),
            case_table: Table::default(),
            service_table: Table::default(),
            log: log::Log::default(),
            log_table: Table::default(),
            wire: wire::Wire::default(),
            begun: None,
            frozen: None,
            filtering: false,
            filter_before: String::new(),
            help: false,
            mouse: pointing::Mouse::default(),
            dialog: None,
            notices: Notices::default(),
            jobs: jobs::Jobs::default(),
            seed,
            zone: jiff::tz::TimeZone::UTC,
            replay: None,
            replays: 0,
            playing: None,
            leaving: false,
        }
    }

    /// The state at the start on another bus: nothing is known of it, and what belongs to the person stays. A dialog that
    /// was open is gone, for what it was about is.
    #[must_use]
    pub fn elsewhere(&self, access: access::Access) -> Self {
        let (seed, _) = crate::template::next_seed(self.seed);
        Self {
            times: self.times,
            ground: self.ground,
            width: self.width,
            height: self.height,
            mouse: self.mouse,
            settings: self.settings.clone(),
            zone: self.zone.clone(),
            views: self.views.clone(),
            screen: self.screen,
            access: access::Access {
                contexts: self.access.contexts.clone(),
                start: self.access.start.clone(),
                ..access
            },
            ..Self::new(self.now, self.lang, seed)
        }
    }

    /// What is on screen: the replayed past, or this state itself.
    pub fn shown(&self) -> &Self {
        self.replay.as_ref().map_or(self, |replay| &replay.shown)
    }

    /// Whether what is on screen may be out of date: no connection, or not read anew since it came back.
    pub fn is_stale(&self) -> bool {
        self.stale_at().is_some()
    }

    /// Since when it may be out of date. The past, replayed, never is: what was read of it stays so.
    pub fn stale_at(&self) -> Option<UtcMs> {
        match &self.link {
            _ if self.is_from_streams() => None,
            Link::Lost { since, .. } => Some(self.stale_since.unwrap_or(*since)),
            _ => self.stale_since,
        }
    }

    /// Whether an instance is silent, as far as this console could have heard it.
    pub fn is_silent(&self, instance: &services::Instance) -> bool {
        instance.is_silent(self.now) && self.now.since(self.hearing_since) > contract::heartbeat::SILENT_MS
    }

    /// Test orders and commands that are followed until their end shows; while the past is shown, those of the present.
    pub fn under_way(&self) -> usize {
        self.playing.as_ref().map_or_else(|| self.jobs.open(), |playing| playing.under_way)
    }

    /// How keys are meant right now.
    pub fn input_mode(&self) -> InputMode {
        match &self.dialog {
            Some(Dialog::Inject(_) | Dialog::Palette(_) | Dialog::Form(_)) => InputMode::Text,
            Some(Dialog::Confirm(confirm)) if confirm.writes() => InputMode::Text,
            Some(Dialog::Columns(_)) => InputMode::List,
            Some(Dialog::Confirm(_) | Dialog::PutOff(_) | Dialog::Switch(_)) => InputMode::Buttons,
            None if self.filtering || self.tree.searching => InputMode::Text,
            None => InputMode::Normal,
        }
    }

    /// The table on screen, whatever lies on top of it.
    pub fn table(&self) -> &dyn Listed {
        match self.screen {
            Screen::Overview => &self.attention_table,
            Screen::Orders => &self.order_table,
            Screen::Queues => &self.queue_table,
            Screen::NotInjected => &self.case_table,
            Screen::Stores => &self.store_table,
            Screen::Services => &self.service_table,
            Screen::Bus => match self.wire.pane {
                wire::Pane::Subjects => &self.wire.subject_table,
                wire::Pane::Tail => &self.wire.tail_table,
                wire::Pane::Server => &self.wire.stream_table,
                wire::Pane::Clients => &self.wire.client_table,
            },
            Screen::Log => &self.log_table,
        }
    }

    /// The table on screen, to be changed.
    pub fn table_mut(&mut self) -> &mut dyn Listed {
        match self.screen {
            Screen::Overview => &mut self.attention_table,
            Screen::Orders => &mut self.order_table,
            Screen::Queues => &mut self.queue_table,
            Screen::NotInjected => &mut self.case_table,
            Screen::Stores => &mut self.store_table,
            Screen::Services => &mut self.service_table,
            Screen::Bus => match self.wire.pane {
                wire::Pane::Subjects => &mut self.wire.subject_table,
                wire::Pane::Tail => &mut self.wire.tail_table,
                wire::Pane::Server => &mut self.wire.stream_table,
                wire::Pane::Clients => &mut self.wire.client_table,
            },
            Screen::Log => &mut self.log_table,
        }
    }

    /// The table that has the keys: that of an opened queue, or the one on screen.
    pub fn keyed_table(&self) -> &dyn Listed {
        match self.opened.last() {
            Some(Opened::Queue(_)) => &self.entry_table,
            Some(Opened::Jobs) => &self.jobs.table,
            _ => self.table(),
        }
    }

    /// The table that has the keys, to be changed.
    pub fn keyed_table_mut(&mut self) -> &mut dyn Listed {
        match self.opened.last() {
            Some(Opened::Queue(_)) => &mut self.entry_table,
            Some(Opened::Jobs) => &mut self.jobs.table,
            _ => self.table_mut(),
        }
    }

    /// The payload of the order that is opened on top, once it is there.
    pub fn opened_payload(&self) -> Option<&Masked> {
        match (self.opened.last(), &self.payload) {
            (Some(Opened::Order(id)), Some((of, Payload::Shown(payload)))) if of == id => Some(payload),
            _ => None,
        }
    }

    /// The table of orders that has the keys, if it is one: rows of such tables can be marked.
    pub fn marking(&mut self) -> Option<&mut Table<OrderId>> {
        match (self.opened.last(), self.screen) {
            (Some(Opened::Queue(_)), _) => Some(&mut self.entry_table),
            (None, Screen::Orders) => Some(&mut self.order_table),
            (None, Screen::NotInjected) => Some(&mut self.case_table),
            _ => None,
        }
    }

    /// As [`State::marking`], to be read.
    pub fn marks(&self) -> Option<&Table<OrderId>> {
        match (self.opened.last(), self.screen) {
            (Some(Opened::Queue(_)), _) => Some(&self.entry_table),
            (None, Screen::Orders) => Some(&self.order_table),
            (None, Screen::NotInjected) => Some(&self.case_table),
            _ => None,
        }
    }

    /// Text of the filter of the table on screen.
    pub fn filter_text(&self) -> &str {
        self.filter().text()
    }

    /// The filter of the table on screen.
    pub fn filter(&self) -> &Filter {
        self.table().filter()
    }

    /// Rows shown and rows there are, of the table on screen.
    pub fn row_counts(&self) -> (usize, usize) {
        self.table().counts()
    }
}
