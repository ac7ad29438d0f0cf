//! The loop: keys, the feed and the clock become events, `update` says what to do, frames are drawn when something
//! changed, and not more often than the terminal's link bears.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use contract::OrderId;
use crossterm::event::{Event as TerminalEvent, EventStream};
use futures::StreamExt as _;
use jiff::tz::TimeZone;
use tokio::signal::unix::Signal;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::audit::Scribe;
use crate::event::{Answer, Done, Event, Meter, Said, Trouble};
use crate::feed::guard::Policy;
use crate::feed::{self, Feed, route};
use crate::hands::Hands;
use crate::mask::Clear;
use crate::state::access::{Access, Marks};
use crate::state::pointing::Mouse;
use crate::state::{self, Lang, State};
use crate::text::Msg;
use crate::theme::Theme;
use crate::update::update;
use crate::view::{self, Memory};
use crate::{alerting, keys, log, recording, term, views};

mod edit;
mod effects;
mod pace;
mod shown;

pub use self::shown::Shown;

use self::effects::OnScreen;
use self::pace::{Asked, Pace};

/// How often the clock ticks, in milliseconds: ages are shown in seconds.
const TICK_MS: u64 = 500;

/// An event moves the clock on when the last tick is older than this, in milliseconds.
const CLOCK_MS: i64 = 100;

/// How long the terminal may take for what is still to be written when the console leaves; one that takes nothing, behind a
/// line that is dead, say, must not keep it.
const LEAVE_LIMIT: Duration = Duration::from_secs(3);

/// How long the feed may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(1);

/// Where what the console shows comes from.
#[derive(Debug)]
pub enum Origin {
    /// The bus that this leads to.
    Bus(bus::Target),
    /// A recording.
    Recording(Shown),
}

/// How the console runs.
#[derive(Debug)]
pub struct Settings {
    /// What is shown.
    pub origin: Origin,
    /// What the settings say of contexts, by name.
    pub contexts: BTreeMap<String, Marks>,
    /// Language of the screen.
    pub lang: Lang,
    /// Look of the terminal.
    pub theme: Theme,
    /// Time zone of whoever looks.
    pub zone: TimeZone,
    /// Shortest time between two frames.
    pub frame: Duration,
    /// Bytes a second to the terminal that may be used for what nobody at it asked for.
    pub bytes_per_second: u64,
    /// What state and screen depend on.
    pub state: state::Settings,
    /// Where alerts go, if anywhere.
    pub alerts: Option<alerting::Post>,
}

/// Runs the console until the person leaves, a signal comes, or the terminal is gone.
///
/// `said` tells what this program itself warns of.
pub async fn run(settings: Settings, said: mpsc::Receiver<Said>) -> anyhow::Result<()> {
    let (mut state, source, start) = match settings.origin {
        Origin::Bus(target) => {
            let marks = route::marks(&target, &settings.contexts);
            let mut state = State::new(feed::now(), settings.lang, fastrand::u64(..));
            state.access = Access {
                contexts: route::contexts().await,
                start: route::start(&target),
                ..route::access(&target, &marks)
            };
            let (feed, events) = open(target.clone(), &marks).await?;
            (state, Source::Bus(Arc::new(feed), events), Some(target))
        }
        Origin::Recording(shown) => (shown.state(settings.lang), Source::Recording(shown), None),
    };
    // Before the terminal is taken over: from the first frame on every way out must be known.
    let ended = term::asked_to_end();
    let continued = term::continued().context("waiting for signals")?;
    let mut screen = term::Screen::enter().context("this is no terminal that can be drawn on")?;
    state.mouse = Mouse::of(settings.state.mouse);
    state.settings = settings.state;
    let views = log::folder().map_or_else(|| Ok(Vec::new()), |folder| views::load(&folder));
    update(&mut state, Event::Views(views.map_err(|error| feed::chain(&error))));
    let hands = Arc::new(Hands::new(Scribe::of_process()));
    state.access.operator = hands.scribe().operator().cloned();
    state.zone = settings.zone.clone();
    if let Ok((width, height)) = screen.size() {
        update(&mut state, Event::Resized { width, height });
    }
    let mut console = Console {
        state,
        memory: Memory::new(settings.theme, settings.zone),
        source,
        said,
        hands,
        contexts: settings.contexts,
        alerts: settings.alerts,
        start,
        switch_to: None,
        effects: JoinSet::new(),
        fetched: mpsc::channel(1),
        on_screen: VecDeque::new(),
        pace: Pace::new(Instant::now().into_std(), settings.frame, settings.bytes_per_second),
        asked: Asked::ByPerson,
        clear: None,
        editing: None,
        dropped: false,
        change: None,
    };
    let outcome = console.turn(&mut screen, ended, continued).await;
    if tokio::time::timeout(LEAVE_LIMIT, console.finish(&mut screen)).await.is_ok() {
        drop(screen);
        if console.dropped {
            // Standard error may be gone with the terminal; the log has it, too.
            let _ = writeln!(std::io::stderr(), "domicilio: {}", console.state.lang.t(Msg::EditDropped));
        }
    } else {
        tracing::warn!("the terminal takes nothing: left as it is");
        screen.abandon();
    }
    let Meter { received, taken, lost } = console.state.traffic.meter;
    tracing::info!(received, taken, lost, "leaves; messages on the observing connection");
    console.effects.shutdown().await;
    if let Source::Bus(feed, _) = console.source
        && let Ok(feed) = Arc::try_unwrap(feed)
    {
        feed.stop(STOP_LIMIT).await;
    }
    outcome
}

/// Opens the bus that `target` leads to.
async fn open(target: bus::Target, marks: &Marks) -> Result<(Feed, mpsc::Receiver<Event>), bus::Error> {
    let (tell, events) = mpsc::channel(feed::EVENTS_MAX);
    let settings = feed::Settings { policy: Policy::of(marks), ..feed::Settings::to(target) };
    Ok((Box::pin(Feed::start(&settings, tell)).await?, events))
}

/// Where events come from.
enum Source {
    /// A bus, and what it tells.
    Bus(Arc<Feed>, mpsc::Receiver<Event>),
    /// A recording, with its own clock.
    Recording(Shown),
}

impl Source {
    /// The next event of the bus; never one of a recording, whose events are due with the clock.
    async fn next(&mut self) -> Option<Event> {
        match self {
            Self::Bus(_, events) => events.recv().await,
            Self::Recording(_) => std::future::pending().await,
        }
    }

    /// How often the clock ticks.
    const fn tick(&self) -> Duration {
        match self {
            Self::Bus(..) => Duration::from_millis(TICK_MS),
            Self::Recording(_) => Duration::from_millis(recording::player::TICK_MS),
        }
    }
}

struct Console {
    state: State,
    memory: Memory,
    source: Source,
    said: mpsc::Receiver<Said>,
    hands: Arc<Hands>,
    contexts: BTreeMap<String, Marks>,
    /// The bus that the console was started on; a recording has none.
    start: Option<bus::Target>,
    /// Where alerts go, if anywhere.
    alerts: Option<alerting::Post>,
    /// The context whose bus is to be opened next.
    switch_to: Option<String>,
    effects: JoinSet<Option<Event>>,
    /// Payloads that were fetched to be edited, or why not; the loop has the terminal.
    fetched: (mpsc::Sender<Fetched>, mpsc::Receiver<Fetched>),
    /// What is for the terminal besides frames; one of each kind at most.
    on_screen: VecDeque<OnScreen>,
    pace: Pace,
    /// Who asks for the next frame.
    asked: Asked,
    /// What is masked of the order that the state reveals; dropped as soon as it no longer does.
    clear: Option<(OrderId, Clear)>,
    /// The order whose payload is fetched or edited: one at a time.
    editing: Option<OrderId>,
    /// Whether a payload was being edited when the console was asked to end.
    dropped: bool,
    /// How the terminal is to change hands, once it has taken what is being written.
    change: Option<Change>,
}

/// How the terminal changes hands.
#[derive(Debug, Clone, Copy)]
enum Change {
    /// It is given back, and the job stops.
    Suspend,
    /// It is taken again, after a stop.
    Retake,
}

/// A payload that was fetched to be edited, or why it was not.
type Fetched = (OrderId, Result<Vec<u8>, Trouble>);

impl Console {
    async fn turn(
        &mut self,
        screen: &mut term::Screen,
        ended: impl Future<Output = std::io::Result<()>>,
        mut continued: Signal,
    ) -> anyhow::Result<()> {
        let mut ended = std::pin::pin!(ended);
        let mut terminal = EventStream::new();
        let mut ticks = interval(self.source.tick());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while !self.state.leaving {
            let frame_at = self.pace.next(self.asked).map(Instant::from_std);
            tokio::select! {
                biased;
                signal = &mut ended => {
                    signal.context("waiting for signals")?;
                    tracing::info!("asked to end");
                    return Ok(());
                }
                _ = continued.recv() => self.change_hands(Change::Retake),
                event = terminal.next() => match event {
                    Some(Ok(event)) => self.on_terminal(screen, event),
                    Some(Err(error)) => return Err(error).context("reading the keys"),
                    None => return Ok(()), // The terminal is gone.
                },
                _ = ticks.tick() => self.tick(),
                written = screen.written() => {
                    let took = written.context("writing to the terminal")?;
                    self.pace.written(Instant::now().into_std(), took);
                }
                () = sleep_until(frame_at.unwrap_or_else(Instant::now)), if frame_at.is_some() && screen.is_free() => {
                    let (state, memory) = (&self.state, &mut self.memory);
                    let clear = self.clear.as_ref().map(|(_, clear)| clear);
                    let bytes = screen.draw(|frame| view::draw_clear(state, memory, clear, frame)).context("drawing")?;
                    let reach = self.memory.reach();
                    update(&mut self.state, Event::Drawn { reach });
                    self.asked = Asked::No;
                    self.pace.drawn(Instant::now().into_std(), bytes);
                }
                event = self.source.next() => match event {
                    Some(event) => self.take(event),
                    None => anyhow::bail!("the feed ended"),
                },
                Some(said) = self.said.recv() => self.take(Event::Said(said)),
                Some(done) = self.effects.join_next() => {
                    if let Ok(Some(event)) = done {
                        self.take(event);
                    }
                }
                Some((order, payload)) = self.fetched.1.recv(), if screen.is_free() => {
                    // Whoever went to another bus meanwhile no longer wants it.
                    if self.editing.as_ref() == Some(&order) {
                        // Keys are the editor's now.
                        drop(terminal);
                        let edited = self.edit(screen, payload, ended.as_mut()).await?;
                        self.editing = None;
                        let Some(edited) = edited else { return Ok(()) };
                        terminal = EventStream::new();
                        self.take(Event::Answer(Answer::Edited { order, edited }));
                    }
                }
            }
            if screen.is_free()
                && let Some(change) = self.change.take()
            {
                // An answer may have revealed something since it was asked for.
                self.take(Event::Unattended);
                let changed = match change {
                    Change::Suspend => screen.suspend(),
                    Change::Retake => screen.retake(),
                };
                changed.context("giving the terminal back or taking it again")?;
            }
            self.on_screen(screen)?;
            if screen.is_free() {
                screen.mouse(self.state.shown().mouse.is_ours()).context("asking for the mouse")?;
            }
            if let Some(name) = self.switch_to.take() {
                self.switch(name).await;
            }
        }
        Ok(())
    }

    /// Writes what is still to be written, but no more frames.
    async fn finish(&mut self, screen: &mut term::Screen) {
        loop {
            // A terminal that is gone has no use for it.
            if !screen.is_free() && screen.written().await.is_err() {
                return;
            }
            if self.on_screen.is_empty() || self.on_screen(screen).is_err() {
                return;
            }
        }
    }

    /// The terminal is to change hands: not before it has taken what is being written, for one that takes nothing must not
    /// keep the loop from whoever asks it to end.
    fn change_hands(&mut self, change: Change) {
        tracing::info!(?change, "the terminal is to change hands");
        self.take(Event::Unattended);
        // The terminal is taken again after a stop, too.
        if !matches!(self.change, Some(Change::Suspend)) {
            self.change = Some(change);
        }
    }

    fn on_terminal(&mut self, screen: &mut term::Screen, event: TerminalEvent) {
        match event {
            // Nobody sees what keys would do until the terminal has changed hands.
            TerminalEvent::Key(_) | TerminalEvent::Paste(_) | TerminalEvent::Mouse(_) if self.change.is_some() => {}
            TerminalEvent::Key(key) if term::is_suspend(key) => self.change_hands(Change::Suspend),
            TerminalEvent::Key(key) => {
                if let Some(event) = keys::event(&self.state, key) {
                    self.take(event);
                }
            }
            TerminalEvent::Paste(text) => {
                for event in keys::paste(&self.state, &text) {
                    self.take(event);
                }
            }
            TerminalEvent::Mouse(mouse) => {
                if let Some(pointed) = self.memory.pointed(mouse) {
                    self.take(Event::Pointed(pointed));
                }
            }
            TerminalEvent::Resize(width, height) => {
                // What is on it now is the terminal's choice.
                screen.forget();
                self.take(Event::Resized { width, height });
            }
            _ => {}
        }
    }

    /// Moves the clock on; the screen shows seconds, so only a new second asks for a frame.
    fn tick(&mut self) {
        let second = |state: &State| state.now.as_millis().div_euclid(1_000);
        let before = second(&self.state);
        let events = match &mut self.source {
            Source::Bus(..) => vec![Event::Tick(feed::now())],
            Source::Recording(shown) => shown.due(feed::now(), &self.state),
        };
        // A recording tells besides how late it is for whoever looks.
        let told = events.len() > 1;
        for event in events {
            for effect in update(&mut self.state, event) {
                self.start(effect);
            }
        }
        self.forget();
        // A replay has a clock of its own.
        if told || second(&self.state) != before || self.state.replay.is_some() {
            self.asked = self.asked.max(Asked::ByData);
        }
    }

    fn take(&mut self, event: Event) {
        let live = matches!(self.source, Source::Bus(..));
        if live && feed::now().since(self.state.now) >= CLOCK_MS {
            self.tick();
        }
        self.asked = self.asked.max(Asked::by(&event));
        let read = match &event {
            Event::Answer(Answer::Done { reply: Ok(Done::Revealed(order, clear)), .. }) => {
                Some((order.clone(), clear.clone()))
            }
            _ => None,
        };
        for effect in update(&mut self.state, event) {
            self.start(effect);
        }
        // An answer about an order that the person has left comes too late to be kept.
        let wanted = read.filter(|(order, _)| self.state.revealed().is_some_and(|revealed| revealed.order == *order));
        if wanted.is_some() {
            self.clear = wanted;
        }
        self.forget();
    }

    /// Drops the personal data of an order that is no longer revealed.
    fn forget(&mut self) {
        let revealed = self.state.revealed().map(|revealed| &revealed.order);
        if self.clear.as_ref().is_some_and(|(order, _)| revealed != Some(order)) {
            self.clear = None;
        }
    }

    /// Leaves this bus and opens that of context `name`, or the one of the start by its name; when that cannot be,
    /// everything stays as it is. What was sent already runs to its end; its answer is nobody's any more.
    async fn switch(&mut self, name: String) {
        let opened = async {
            let home = self.start.as_ref().filter(|_| self.state.access.start.as_ref() == Some(&name));
            let target = match home {
                Some(target) => target.clone(),
                None => route::switch(&name).await?,
            };
            let marks = route::marks(&target, &self.contexts);
            let access = route::access(&target, &marks);
            Ok::<_, bus::Error>((access, open(target, &marks).await?))
        };
        match Box::pin(opened).await {
            Ok((access, (feed, events))) => {
                tracing::info!(context = name, "another bus");
                // The last one that uses the old feed stops it.
                self.source = Source::Bus(Arc::new(feed), events);
                let access = Access { operator: self.state.access.operator.clone(), ..access };
                self.state = self.state.elsewhere(access);
                self.editing = None;
                self.forget();
                self.asked = Asked::ByPerson;
            }
            Err(error) => self.take(Event::SwitchFailed { name, why: feed::chain(&error) }),
        }
    }
}
