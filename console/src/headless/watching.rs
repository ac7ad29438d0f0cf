//! The engine without a screen: what the feed tells and the clock go through `update`, as in the console's loop, until
//! what a command needs is known. Effects run as they do there; those of a terminal have no meaning here.

use std::sync::Arc;
use std::time::Duration;

use contract::heartbeat::{RunState, SILENT_MS};
use contract::{Service, UtcMs};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout_at};

use super::{CONNECT_LIMIT, Failure, env};
use crate::alerting::Post;
use crate::audit::Scribe;
use crate::cli::Common;
use crate::config::Config;
use crate::effect::Effect;
use crate::event::{Answer, Done, Event, Part};
use crate::feed::guard::Policy;
use crate::feed::{self, Feed, route};
use crate::hands::Hands;
use crate::mask::Clear;
use crate::state::link::PartState;
use crate::state::{Link, State};
use crate::update::update;

/// How often the clock ticks, in milliseconds; as on the screen.
const TICK_MS: u64 = 500;

/// How long the streams may take to be read: thousands of messages over a slow link.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);

/// How long a part that cannot be read is waited for, in milliseconds: it is tried again every two seconds.
const FAILING_LIMIT_MS: i64 = 5_000;

/// How long it is waited until somebody tells who is there, in milliseconds; who may not ask does not hear.
const ASK_MS: i64 = SILENT_MS + 1_500;

/// How long heartbeats are listened to at least, in milliseconds: one of everybody and half of the next.
const LISTEN_MS: i64 = 1_600;

/// Effects under way; beyond it what only reads is left out.
const EFFECTS_MAX: usize = 256;

/// How long the feed may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(1);

/// What a command needs to know before it tells anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// What the streams hold.
    Streams,
    /// That, and whether a service is there that would take a command.
    Served(Service),
    /// That, and who is there.
    Services,
    /// That, and the day's counts.
    Everything,
}

/// What happened, and when.
pub(super) type Heard = (UtcMs, Event);

/// A console without a screen.
pub(super) struct Watching {
    /// What is known, as `update` made it; large, and passed through several futures.
    pub(super) state: Box<State>,
    feed: Arc<Feed>,
    hands: Arc<Hands>,
    events: mpsc::Receiver<Event>,
    effects: JoinSet<Option<Event>>,
    /// Where alerts go, if anywhere.
    pub(super) alerts: Option<Post>,
    ticks: Interval,
    /// What happened since it was asked for last, kept from the start until [`Watching::open`] has connected.
    heard: Vec<Heard>,
    keeps: bool,
    /// What is masked of the order that was revealed last.
    pub(super) clear: Option<Clear>,
}

/// Connects and watches until what `need` says is known. Reading that takes too long or fails is no error: the state
/// tells which part of it is missing ([`unread`]).
pub(super) async fn settled(common: &Common, config: &Config, need: Need) -> Result<Watching, Failure> {
    let mut watching = Watching::open(common, config).await?;
    watching.until(SETTLE_LIMIT, |state| is_settled(state, need) || is_failing(state)).await?;
    Ok(watching)
}

impl Watching {
    /// Connects, or says why not. The settings are those of the console.
    pub(super) async fn open(common: &Common, config: &Config) -> Result<Self, Failure> {
        let target = route::target(common).await?;
        let marks = route::marks(&target, &config.file.marks());
        let mut state = Box::new(State::new(feed::now(), config.file.language.resolve(env), fastrand::u64(..)));
        state.settings = config.file.settings();
        state.access = route::access(&target, &marks);
        let hands = Arc::new(Hands::new(Scribe::of_process()));
        state.access.operator = hands.scribe().operator().cloned();
        state.zone = jiff::tz::TimeZone::system();
        let (tell, events) = mpsc::channel(feed::EVENTS_MAX);
        let settings = feed::Settings { policy: Policy::of(&marks), ..feed::Settings::to(target) };
        let feed = Arc::new(Box::pin(Feed::start(&settings, tell)).await?);
        let mut ticks = interval(Duration::from_millis(TICK_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let effects = JoinSet::new();
        let mut watching = Self {
            state,
            feed,
            hands,
            events,
            effects,
            alerts: None,
            ticks,
            heard: Vec::new(),
            keeps: true,
            clear: None,
        };
        if watching.until(CONNECT_LIMIT, |state| state.link.is_up()).await? {
            watching.keeps = false;
            return Ok(watching);
        }
        let why = match &watching.state.link {
            Link::Connecting { last_failure, .. } => last_failure.clone(),
            Link::Up { .. } | Link::Lost { .. } => None,
        };
        Err(super::not_connected(why.as_deref()))
    }

    /// Goes on until the state is as wanted; tells whether it became so within `limit`. An error means that the feed
    /// ended.
    pub(super) async fn until(&mut self, limit: Duration, wanted: impl Fn(&State) -> bool) -> Result<bool, Failure> {
        let end = Instant::now() + limit;
        while !wanted(&self.state) {
            match timeout_at(end, self.turn()).await {
                Ok(turned) => turned?,
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Waits for the next thing to happen, and takes it.
    pub(super) async fn turn(&mut self) -> Result<(), Failure> {
        tokio::select! {
            _ = self.ticks.tick() => {
                self.tick();
                self.note(|| Event::Tick(feed::now()));
            }
            event = self.events.recv() => match event {
                Some(event) => self.take(event),
                None => return Err(Failure::Failed("the feed ended".to_owned())),
            },
            Some(done) = self.effects.join_next() => {
                if let Ok(Some(event)) = done {
                    self.take(event);
                }
            }
        }
        Ok(())
    }

    /// Moves the clock on.
    pub(super) fn tick(&mut self) {
        self.happen(Event::Tick(feed::now()));
    }

    /// Takes an event at its time.
    pub(super) fn take(&mut self, event: Event) {
        self.tick();
        self.note(|| event.clone());
        self.happen(event);
    }

    /// From now on keeps what happens until it is asked for, and says what has happened by then.
    pub(super) fn keep(&mut self) -> Vec<Heard> {
        self.keeps = true;
        self.heard()
    }

    /// What has happened since this was asked last; to be asked after each turn.
    pub(super) fn heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }

    fn note(&mut self, event: impl FnOnce() -> Event) {
        if self.keeps {
            self.heard.push((self.state.now, event()));
        }
    }

    fn happen(&mut self, event: Event) {
        if let Event::Answer(Answer::Done { reply: Ok(Done::Revealed(_, clear)), .. }) = &event {
            self.clear = Some(clear.clone());
        }
        for effect in update(&mut self.state, event) {
            self.start(effect);
        }
    }

    /// Runs an effect aside.
    pub(super) fn start(&mut self, effect: Effect) {
        if !effect.changes() && self.effects.len() >= EFFECTS_MAX {
            tracing::warn!(?effect, "too much under way: left out");
            return;
        }
        if let Effect::Alert(message) = effect {
            let Some(post) = &self.alerts else { return };
            tracing::info!(entries = message.entries.len(), more = message.more, lost = message.lost, "sends an alert");
            return post.start(message, &mut self.effects);
        }
        self.hands.start(&self.feed, &self.state.access, effect, &mut self.effects);
    }

    /// Goes on until no effect is under way any more, for as long as `limit` at most.
    pub(super) async fn drain(&mut self, limit: Duration) -> Result<(), Failure> {
        let end = Instant::now() + limit;
        while !self.effects.is_empty() {
            match timeout_at(end, self.turn()).await {
                Ok(turned) => turned?,
                Err(_) => break,
            }
        }
        // Answers that came with the last of them.
        while let Ok(event) = self.events.try_recv() {
            self.take(event);
        }
        Ok(())
    }

    /// What talks to the bus.
    pub(super) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// What acts.
    pub(super) fn hands(&self) -> &Hands {
        &self.hands
    }

    /// Leaves the bus; what is under way is given up.
    pub(super) async fn close(mut self) -> Box<State> {
        self.effects.shutdown().await;
        if let Ok(feed) = Arc::try_unwrap(self.feed) {
            feed.stop(STOP_LIMIT).await;
        }
        self.state
    }
}

/// When that moment is reached; never, when there is none.
pub(super) async fn reached(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Parts of the streams that could not be read, each with why; `None` when it just was not read in time.
pub(super) fn unread(state: &State) -> Vec<(&'static str, Option<&str>)> {
    let missing = |part: &PartState| !matches!(part, PartState::Done | PartState::Denied);
    let parts = state.reading.parts.iter().filter(|(_, part)| !state.reading.ready && missing(part));
    parts
        .map(|(which, part)| match part {
            PartState::Failed(why) => (which.stream(), Some(why.as_str())),
            _ => (which.stream(), None),
        })
        .collect()
}

/// Streams that this user may not read, of those that anything here is told from: who did what is the screen's alone.
pub(super) fn denied(state: &State) -> impl Iterator<Item = &'static str> {
    let denied = |(which, part): &(&Part, &PartState)| **part == PartState::Denied && **which != Part::Audit;
    state.reading.parts.iter().filter(denied).map(|(which, _)| which.stream())
}

fn is_settled(state: &State, need: Need) -> bool {
    state.reading.ready
        && match need {
            Need::Streams => true,
            Need::Served(service) => {
                let told = state.services.is_served(service, state.now, state.hearing_since).is_some();
                told || state.now.since(state.hearing_since) > ASK_MS
            }
            Need::Services => has_listened(state),
            Need::Everything => {
                let counted = state.counted.read_at.is_some() || state.counted.trouble.is_some();
                counted && has_listened(state)
            }
        }
}

/// Whether everybody who is there was heard: when somebody of each service works that is soon known, else silence must
/// last for as long as it takes to mean something.
fn has_listened(state: &State) -> bool {
    let listened_ms = state.now.since(state.hearing_since);
    let works = |service: &Service| match service {
        Service::Distribuidor => state.services.active_at().is_some(),
        Service::Api | Service::Resolver => {
            state.services.of(*service).any(|instance| instance.heartbeat.state == RunState::Running)
        }
    };
    let all = state.services.asked_at().is_some() && Service::ALL.iter().all(works);
    listened_ms > SILENT_MS || all && listened_ms >= LISTEN_MS
}

/// Whether a part cannot be read, and was tried for long enough.
fn is_failing(state: &State) -> bool {
    let failed = |(which, part): (&Part, &PartState)| *which != Part::Audit && matches!(part, PartState::Failed(_));
    state.link.is_up()
        && state.now.since(state.link.since()) > FAILING_LIMIT_MS
        && state.reading.parts.iter().any(failed)
}
