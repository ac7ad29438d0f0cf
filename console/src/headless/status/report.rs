//! The overview as JSON: stable names.

use std::collections::BTreeMap;

use contract::counters::{Counts, Tally};
use contract::heartbeat::RunState;
use contract::{Cloud, Country, InstanceId, OrderId, Service, StoreId, UtcMs};
use serde::Serialize;

use crate::counters::{self, Window};
use crate::state::attention::{Item, Severity, Subject, What};
use crate::state::link::PartState;
use crate::state::services::Instance;
use crate::state::{Link, State};
use crate::view::{self, Memory};

/// What the overview shows.
#[derive(Debug, Serialize)]
pub(in crate::headless) struct Status<'a> {
    at: UtcMs,
    connection: Connection<'a>,
    /// Whether every stream that may be read was read.
    complete: bool,
    /// How far each stream was read: `read`, `denied`, `failed`, `reading`, `waiting`.
    streams: BTreeMap<&'static str, &'static str>,
    /// Orders accepted before this moment may be missing.
    orders_since: Option<UtcMs>,
    messages: Messages,
    /// What needs a person, worst first.
    pub(in crate::headless) attention: Vec<Row>,
    services: Vec<Serving<'a>>,
    queues: Waiting,
    /// Orders of the local day; `None` when nobody counted them.
    today: Option<Today>,
}

#[derive(Debug, Serialize)]
struct Connection<'a> {
    state: &'static str,
    since: UtcMs,
    context: Option<&'a str>,
    production: bool,
    read_only: bool,
    server: Option<&'a str>,
    version: Option<&'a str>,
    address: Option<&'a str>,
    user: Option<&'a str>,
    account: Option<&'a str>,
    tls: Option<bool>,
    /// What the server denied us.
    denied: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct Messages {
    received: u64,
    lost: u64,
    unreadable: u64,
}

/// An item of the list.
#[derive(Debug, Serialize)]
pub(in crate::headless) struct Row {
    severity: &'static str,
    kind: &'static str,
    acknowledged: bool,
    /// About what, in the words of the screen.
    pub(in crate::headless) subject: String,
    /// The sentence of the screen.
    pub(in crate::headless) sentence: String,
    #[serde(flatten)]
    figures: Option<Figures>,
}

/// The figures of an item, by its kind.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Figures {
    /// Of orders not injected, and of those not handed over.
    NotInjected {
        count: usize,
        oldest_order: OrderId,
        since: UtcMs,
    },
    Queue {
        store: StoreId,
        code: Option<String>,
        name: Option<String>,
        country: Option<Country>,
        depth: Option<u64>,
        oldest_age_s: Option<i64>,
        growth: i64,
        pos_down: bool,
    },
    NoService {
        service: Service,
    },
    Silent {
        service: Service,
        instance: InstanceId,
        heard_at: UtcMs,
    },
    Troubled {
        service: Service,
        instance: InstanceId,
        trouble: String,
    },
    Halted {
        service: Service,
        instance: InstanceId,
    },
    Invalid {
        count: usize,
        within_s: i64,
        newest_at: UtcMs,
        code: String,
    },
    Clock {
        service: Option<Service>,
        instance: Option<InstanceId>,
        ahead_ms: i64,
    },
}

#[derive(Debug, Serialize)]
struct Serving<'a> {
    service: Service,
    instance: &'a InstanceId,
    cloud: &'a Cloud,
    country: Country,
    state: RunState,
    /// Whether its heartbeat stays away.
    silent: bool,
    heard_at: UtcMs,
    trouble: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Waiting {
    /// Entries in all queues; `None` before they were counted.
    entries: Option<u64>,
    /// Stores with something waiting.
    stores: usize,
    oldest_age_s: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Today {
    from: UtcMs,
    #[serde(flatten)]
    counts: BTreeMap<&'static str, u64>,
}

impl<'a> Status<'a> {
    /// What the overview of `state` shows; sentences as `memory` has them told.
    pub(in crate::headless) fn new(state: &'a State, memory: &Memory) -> Self {
        let state = state.shown();
        let waits = |queue: &&crate::state::queues::Queue| queue.depth.is_some_and(|depth| depth > 0);
        let oldest_ms = state.queues.iter().filter_map(|queue| queue.oldest_age_ms(state.now)).max();
        Self {
            at: state.now,
            connection: Connection::new(state),
            complete: state.reading.ready,
            streams: state.reading.parts.iter().map(|(which, part)| (which.stream(), part_name(part))).collect(),
            orders_since: state.reading.since,
            messages: Messages {
                received: state.traffic.meter.received,
                lost: state.traffic.meter.lost,
                unreadable: state.traffic.unreadable,
            },
            attention: attention(state, memory),
            services: state.services.iter().map(|instance| Serving::new(state, instance)).collect(),
            queues: Waiting {
                entries: state.queues.total,
                stores: state.queues.iter().filter(waits).count(),
                oldest_age_s: oldest_ms.map(|ms| ms / 1_000),
            },
            today: today(state),
        }
    }
}

impl<'a> Connection<'a> {
    fn new(state: &'a State) -> Self {
        let access = &state.access;
        let up = match &state.link {
            Link::Up { server, version, address, .. } => Some((server.as_str(), version.as_str(), address.as_str())),
            Link::Connecting { .. } | Link::Lost { .. } => None,
        };
        Self {
            state: match state.link {
                Link::Up { .. } => "up",
                Link::Connecting { .. } => "connecting",
                Link::Lost { .. } => "lost",
            },
            since: state.link.since(),
            context: access.context.as_deref(),
            production: access.production,
            read_only: access.read_only,
            server: up.map(|(server, ..)| server),
            version: up.map(|(_, version, _)| version),
            address: up.map(|(.., address)| address),
            user: access.identity.as_ref().and_then(|identity| identity.user.as_deref()),
            account: access.identity.as_ref().and_then(|identity| identity.account.as_deref()),
            tls: access.tls,
            denied: access.denied.iter().map(|denied| denied.subject.as_str()).collect(),
        }
    }
}

impl<'a> Serving<'a> {
    fn new(state: &State, instance: &'a Instance) -> Self {
        let heartbeat = &instance.heartbeat;
        Self {
            service: heartbeat.service,
            instance: &heartbeat.instance,
            cloud: &heartbeat.cloud,
            country: heartbeat.country,
            state: heartbeat.state,
            silent: state.is_silent(instance),
            heard_at: instance.heard_at,
            trouble: heartbeat.trouble.as_deref(),
        }
    }
}

const fn part_name(part: &PartState) -> &'static str {
    match part {
        PartState::Waiting => "waiting",
        PartState::Reading { .. } => "reading",
        PartState::Done => "read",
        PartState::Denied => "denied",
        PartState::Failed(_) => "failed",
    }
}

fn attention(state: &State, memory: &Memory) -> Vec<Row> {
    let words = view::attention(state, memory);
    let row = |(item, words): (&Item, Vec<String>)| {
        let mut words = words.into_iter().skip(1);
        Row {
            severity: match item.severity {
                Severity::Critical => "critical",
                Severity::Warning => "warning",
            },
            kind: kind(&item.subject),
            acknowledged: item.acknowledged,
            subject: words.next().unwrap_or_default(),
            sentence: words.next().unwrap_or_default(),
            figures: figures(state, item),
        }
    };
    state.attention.iter().zip(words).map(row).collect()
}

const fn kind(subject: &Subject) -> &'static str {
    match subject {
        Subject::NotInjected => "not_injected",
        Subject::Queue(_) => "queue",
        Subject::NoService(_) => "no_service",
        Subject::Silent(..) => "silent",
        Subject::Troubled(..) => "troubled",
        Subject::Halted(..) => "halted",
        Subject::Undistributed => "undistributed",
        Subject::Invalid => "invalid",
        Subject::Clock(_) => "clock",
    }
}

fn figures(state: &State, item: &Item) -> Option<Figures> {
    Some(match (&item.subject, &item.what) {
        (Subject::NotInjected, What::NotInjected { count, oldest, since }) => {
            Figures::NotInjected { count: *count, oldest_order: oldest.clone(), since: *since }
        }
        (Subject::Undistributed, What::Undistributed { count, oldest }) => {
            Figures::NotInjected { count: *count, oldest_order: oldest.id(), since: oldest.received_at }
        }
        (Subject::Invalid, What::Invalid { within_ms, count, newest_at, code }) => {
            let code = code.clone();
            Figures::Invalid { count: *count, within_s: within_ms / 1_000, newest_at: *newest_at, code }
        }
        (Subject::Queue(store), What::Queue { depth, oldest_age_ms, pos_down, growth, .. }) => {
            let record = state.stores.get(*store).map(|store| &store.record);
            Figures::Queue {
                store: *store,
                code: record.map(|record| record.code.clone()),
                name: record.map(|record| record.name.clone()),
                country: record.map(|record| record.country),
                depth: *depth,
                oldest_age_s: oldest_age_ms.map(|ms| ms / 1_000),
                growth: *growth,
                pos_down: *pos_down,
            }
        }
        (Subject::Silent(service, instance), What::Silent { heard_at }) => {
            Figures::Silent { service: *service, instance: instance.clone(), heard_at: *heard_at }
        }
        (Subject::Troubled(service, instance), What::Troubled { sentence }) => {
            Figures::Troubled { service: *service, instance: instance.clone(), trouble: sentence.clone() }
        }
        (Subject::Clock(key), What::Clock { ahead_ms }) => {
            let (service, instance) = key.clone().unzip();
            Figures::Clock { service, instance, ahead_ms: *ahead_ms }
        }
        (Subject::Halted(service, instance), _) => Figures::Halted { service: *service, instance: instance.clone() },
        (Subject::NoService(service), _) => Figures::NoService { service: *service },
        _ => return None,
    })
}

fn today(state: &State) -> Option<Today> {
    // Without a single day nobody has counted, which is not zero.
    state.counted.since?;
    let from = Window::Today.begins(state.now, &state.zone);
    let places = counters::sum(&state.counted.days, from);
    let total: Counts = counters::total(counters::by_cloud(&places).values());
    Some(Today { from, counts: Tally::ALL.map(|tally| (tally.as_str(), total.get(tally))).into() })
}
