//! `domicilio check`: how things are as Nagios and its kin take it: one line, figures behind a bar, an exit code of 0 to 3.

use std::fmt::Write as _;

use super::watching::{self, Need};
use super::{Failure, print, settings, status};
use crate::cli;
use crate::state::State;
use crate::state::attention::Severity;
use crate::view::{self, Memory};

/// Items that are told one by one; the others are counted. Older monitors keep a kilobyte of the line.
const TOLD_MAX: usize = 3;

/// How things are, by the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Ok,
    Warning,
    Critical,
    /// It cannot be said.
    Unknown,
}

impl Level {
    const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

pub(super) async fn run(common: &cli::Common, arguments: &cli::Check) -> Result<(), Failure> {
    match judged(common, arguments).await {
        Ok((level, line)) => tell(level, &line),
        Err(failure) => unknown(&failure.to_string()),
    }
}

/// Says that it cannot be said how things are, and why.
pub fn unknown(why: &str) -> Result<(), Failure> {
    tell(Level::Unknown, &one_line(Level::Unknown, why))
}

async fn judged(common: &cli::Common, arguments: &cli::Check) -> Result<(Level, String), Failure> {
    let config = settings(common)?;
    let mut watching = watching::settled(common, &config, Need::Everything).await?;
    status::watch(&mut watching, arguments.watch).await?;
    let state = watching.close().await;
    Ok(judge(&state, &status::memory(&state, &config)))
}

/// The code tells more than the line: it stands even when nobody reads.
fn tell(level: Level, line: &str) -> Result<(), Failure> {
    let printed = print(&format!("{line}\n"));
    if level == Level::Ok { printed } else { Err(Failure::Told(level.code())) }
}

/// How things are, by what the overview's list holds.
fn judge(state: &State, memory: &Memory) -> (Level, String) {
    let count = |severity| state.attention.iter().filter(|item| item.severity == severity).count();
    let (critical, warning) = (count(Severity::Critical), count(Severity::Warning));
    let unread: Vec<&str> = watching::unread(state).into_iter().map(|(stream, _)| stream).collect();
    let deaf = state.access.deaf_to(contract::subject::HEARTBEATS);
    // The list tells of services that went; to a monitor those that never were are as bad.
    let nobody = state.link.is_up() && state.services.is_empty() && deaf.is_none();
    let level = match (critical, warning) {
        // What is known to be bad is bad, whatever else is not known.
        (1.., _) => Level::Critical,
        _ if nobody => Level::Critical,
        _ if !state.link.is_up() || !unread.is_empty() => Level::Unknown,
        (0, 1..) => Level::Warning,
        (0, 0) => Level::Ok,
    };
    let mut facts: Vec<String> = view::attention(state, memory)
        .into_iter()
        .take(TOLD_MAX)
        .map(|words| words.get(1..).unwrap_or_default().join(": "))
        .collect();
    let more = state.attention.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        facts.push(format!("{more} more"));
    }
    if nobody {
        facts.insert(0, "no service was heard".to_owned());
    }
    if facts.is_empty() && level == Level::Ok {
        facts.push("nothing needs attention".to_owned());
    }
    if !state.link.is_up() {
        facts.push("the connection was lost".to_owned());
    }
    if !unread.is_empty() {
        facts.push(format!("not read: {}", unread.join(", ")));
    }
    let mut denied: Vec<&str> = watching::denied(state).collect();
    denied.extend(deaf);
    if !denied.is_empty() {
        facts.push(format!("denied to this user: {}", denied.join(", ")));
    }
    (level, format!("{} | {}", one_line(level, &facts.join("; ")), figures(state, critical, warning)))
}

fn one_line(level: Level, text: &str) -> String {
    // A bar begins the figures.
    let text = text.replace('|', "/");
    format!("DOMICILIO {} - {}", level.as_str(), crate::sanitise::text(&text, crate::sanitise::SENTENCE_MAX * 4))
}

/// `label=value[unit];warn;crit;min`; `U` is what these programs call unknown.
fn figures(state: &State, critical: usize, warning: usize) -> String {
    let settings = state.settings.attention;
    let (delivery, pickup) = (settings.delivery, settings.pickup);
    let seconds = |one: crate::state::settings::Ms, other: crate::state::settings::Ms| one.min(other).0 / 1_000;
    let or_u =
        |figure: Option<i64>, unit: &str| figure.map_or_else(|| "U".to_owned(), |figure| format!("{figure}{unit}"));
    let waiting = state.queues.total.and_then(|total| i64::try_from(total).ok());
    let oldest_ms = state.queues.iter().filter_map(|queue| queue.oldest_age_ms(state.now)).max();
    // Nothing waits: the oldest of nothing is no age, and no unknown one either.
    let oldest = if waiting == Some(0) { Some(0) } else { oldest_ms.map(|ms| ms / 1_000) };
    let heard = state.services.iter().filter(|instance| !state.is_silent(instance)).count();
    let mut text = format!("critical={critical};;0;0 warning={warning};0;;0");
    // Writing to a String cannot fail.
    let _ = write!(text, " waiting={};;;0", or_u(waiting, ""));
    let _ = write!(
        text,
        " oldest={};{};{};0",
        or_u(oldest, "s"),
        seconds(delivery.warn, pickup.warn),
        seconds(delivery.critical, pickup.critical)
    );
    let _ = write!(text, " not_injected={};;0;0", state.orders.not_injected_len());
    let _ = write!(text, " instances={heard};;;0 lost={};;;0", state.traffic.meter.lost);
    text
}

#[cfg(test)]
mod tests {
    use contract::{Heartbeat, UtcMs};
    use jiff::tz::TimeZone;

    use super::*;
    use crate::event::{Event, Fact, History, LinkChange, Meter, Part};
    use crate::state::Lang;
    use crate::state::attention::{Item, Subject, What};
    use crate::theme::{Choice, Theme};
    use crate::update::update;

    fn judged(state: &State) -> (Level, String) {
        judge(state, &Memory::new(Theme::detect(Choice::default(), |_| None), TimeZone::UTC))
    }

    /// A heartbeat.
    fn alive(received_at: UtcMs) -> Fact {
        let sample = include_str!("../../../services/contract/tests/golden/heartbeat_api.json");
        let heartbeat = Heartbeat { at: received_at, ..serde_json::from_str(sample).unwrap() };
        Fact::Heartbeat { heartbeat, received_at }
    }

    /// Connected, with everything read, and somebody there.
    fn calm() -> State {
        let now = UtcMs::from_millis(1_000_000);
        let mut state = State::new(now, Lang::En, 1);
        let up = |text: &str| text.to_owned();
        let change = LinkChange::Connected { at: now, server: up("n1"), version: up("2.15"), address: up("h:1") };
        let alive = Event::Live { facts: vec![alive(now)], meter: Meter::default() };
        let ready = History::Ready { since: None };
        for event in [Event::Link(change), Event::History(History::Began), Event::History(ready), alive] {
            update(&mut state, event);
        }
        state
    }

    fn item(severity: Severity) -> Item {
        let what = What::Troubled { sentence: "the stream | is full".to_owned() };
        let subject = Subject::Troubled(contract::Service::Api, "api-1".parse().unwrap());
        Item { severity, subject, acknowledged: false, what }
    }

    #[test]
    fn each_state_of_things_has_its_word_and_its_code() {
        let (level, line) = judged(&calm());
        assert_eq!((level, level.code()), (Level::Ok, 0));
        assert!(line.starts_with("DOMICILIO OK - nothing needs attention | critical=0;;0;0 warning=0;0;;0"), "{line}");

        let mut state = calm();
        state.attention = vec![item(Severity::Warning)];
        let (level, line) = judged(&state);
        assert_eq!((level, level.code()), (Level::Warning, 1));
        assert!(line.starts_with("DOMICILIO WARNING - api-1: the stream / is full | critical=0"), "{line}");

        state.attention = (0..5).map(|_| item(Severity::Critical)).collect();
        let (level, line) = judged(&state);
        assert_eq!((level, level.code()), (Level::Critical, 2));
        assert!(line.contains("; 2 more | critical=5;;0;0 "), "{line}");
        assert_eq!((line.matches('|').count(), line.lines().count()), (1, 1), "{line}");
    }

    #[test]
    fn what_is_not_known_is_neither_well_nor_zero() {
        // Nothing was counted yet.
        let (_, line) = judged(&calm());
        assert!(line.contains(" waiting=U;;;0 oldest=U;120;300;0 "), "{line}");

        let mut state = calm();
        update(&mut state, Event::History(History::Began));
        update(&mut state, Event::History(History::Failed { part: Part::Orders, why: "no such stream".to_owned() }));
        let (level, line) = judged(&state);
        assert_eq!((level, level.code()), (Level::Unknown, 3));
        assert!(line.contains("not read: ") && line.contains("ORDERS"), "{line}");
        // What is known to be bad stays so.
        state.attention = vec![item(Severity::Critical)];
        assert_eq!(judged(&state).0, Level::Critical);

        let state = State::new(UtcMs::from_millis(1), Lang::En, 1);
        assert_eq!(judged(&state).0, Level::Unknown, "never connected");
    }

    #[test]
    fn a_bus_without_a_single_service_is_critical() {
        let state = State { services: crate::state::Services::default(), ..calm() };
        let (level, line) = judged(&state);
        assert_eq!(level, Level::Critical);
        assert!(line.starts_with("DOMICILIO CRITICAL - no service was heard | critical=0"), "{line}");
    }

    #[test]
    fn what_is_denied_is_told_and_the_rest_judged() {
        let mut state = calm();
        update(&mut state, Event::History(History::Began));
        update(&mut state, Event::History(History::Denied { part: Part::Orders }));
        update(&mut state, Event::History(History::Ready { since: None }));
        let (level, line) = judged(&state);
        assert_eq!(level, Level::Ok);
        assert!(line.contains("denied to this user: ORDERS |"), "{line}");
    }
}
