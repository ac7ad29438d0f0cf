//! What needs a person, in words: what it is about, and its sentence, fact by fact. For the overview and for alerts alike.

use contract::UtcMs;

use super::{Lang, Msg, counts, phrases, said};
use crate::state::State;
use crate::state::attention::{Item, Severity, Subject, What};
use crate::theme::Meaning;
use crate::view::{label, when};

/// A fact in words, and how it is meant.
pub type Fact = (Meaning, String);

/// What an item is about, in a few words.
pub fn subject(lang: Lang, state: &State, subject: &Subject) -> String {
    match subject {
        Subject::NotInjected => lang.t(Msg::SubjectNotInjected).to_owned(),
        Subject::Undistributed => lang.t(Msg::SubjectUndistributed).to_owned(),
        Subject::Invalid => lang.t(Msg::SubjectInvalid).to_owned(),
        Subject::Queue(store) => match state.stores.get(*store) {
            Some(_) => state.stores.place(*store),
            None => format!("#{store}"),
        },
        Subject::NoService(service) => service.as_str().to_owned(),
        Subject::Clock(None) => lang.t(Msg::SubjectOwnClock).to_owned(),
        Subject::Clock(Some((_, instance)))
        | Subject::Troubled(_, instance)
        | Subject::Silent(_, instance)
        | Subject::Halted(_, instance) => instance.to_string(),
    }
}

/// The sentence of an item, the most urgent fact first.
pub fn sentence(lang: Lang, state: &State, item: &Item) -> String {
    let facts = facts(lang, state, item, UNKNOWN, false);
    facts.into_iter().map(|(_, fact)| fact).collect::<Vec<_>>().join(" · ")
}

/// What is not known, where there are no signs but those of a message.
const UNKNOWN: &str = "–";

/// The facts of an item's sentence, the most urgent first; `unknown` stands for what is not known. Where room is short, words that
/// go without saying are left out.
pub fn facts(lang: Lang, state: &State, item: &Item, unknown: &str, brief: bool) -> Vec<Fact> {
    let age = |at: UtcMs| when::age(state.now.since(at));
    let plain = |text: String| (Meaning::Text, text);
    vec![match &item.what {
        What::NotInjected { count, since, .. } => plain(phrases::not_injected_orders(lang, count, age(*since))),
        What::Undistributed { count, oldest } => {
            plain(counts::undistributed_orders(lang, count, age(oldest.received_at)))
        }
        What::Invalid { within_ms, count, newest_at, code } => {
            let fault = said::fault(code).map_or(code.as_str(), |msg| lang.t(msg));
            plain(phrases::invalid_payloads(lang, count, within_ms / 60_000, age(*newest_at), fault))
        }
        What::NoService => (Meaning::AlertCritical, lang.t(Msg::NobodyServes).to_owned()),
        What::Silent { heard_at } => plain(phrases::no_heartbeat_for(lang, age(*heard_at))),
        What::Troubled { sentence } => (Meaning::AlertCritical, sentence.clone()),
        What::Halted => {
            let run = match &item.subject {
                Subject::Halted(service, instance) => state.services.get(&(*service, instance.clone())),
                _ => None,
            };
            match run {
                Some(run) => plain(lang.t(label::run_msg(run.heartbeat.state)).to_owned()),
                None => (Meaning::Muted, unknown.to_owned()),
            }
        }
        What::Clock { ahead_ms } if *ahead_ms > 0 => plain(phrases::clock_ahead(lang, when::age(*ahead_ms))),
        What::Clock { ahead_ms } => plain(phrases::clock_behind(lang, when::age(-ahead_ms))),
        What::Queue { .. } => return queue(lang, state, item, unknown, brief),
    }]
}

fn queue(lang: Lang, state: &State, item: &Item, unknown: &str, brief: bool) -> Vec<Fact> {
    let What::Queue { depth, oldest_age_ms, aged, pos_down, growth } = &item.what else { return Vec::new() };
    let mut facts = Vec::new();
    if *pos_down {
        let down = lang.t(Msg::PosDown);
        facts.push((Meaning::AlertCritical, if brief { down.to_owned() } else { format!("POS {down}") }));
    }
    // The age first: where room is short, the worst figure is not the one that is cut.
    if let Some(ms) = oldest_age_ms {
        facts.push((loudness(*aged), phrases::oldest(lang, when::age(*ms))));
    }
    let depth = depth.map_or_else(|| unknown.to_owned(), when::count);
    facts.push((Meaning::Text, phrases::in_queue(lang, depth)));
    if *growth > 0 {
        facts.push((Meaning::Text, phrases::growth(lang, growth)));
    }
    if let Subject::Queue(store) = &item.subject
        && let Some(retry) = state.queues.get(*store).and_then(|queue| queue.retry.as_ref())
    {
        facts.push(next_attempt(lang, state.now, retry.attempts, retry.next_at, *pos_down));
    }
    facts
}

/// How loud something is.
pub const fn loudness(severity: Option<Severity>) -> Meaning {
    match severity {
        Some(Severity::Critical) => Meaning::AlertCritical,
        Some(Severity::Warning) => Meaning::AlertWarn,
        None => Meaning::Text,
    }
}

/// When the head of a queue is tried next: `int. 4 en 18s`, due, or under way. While its POS is down what comes next
/// is a probe, which is none of the order's attempts: `sondeo en 18s`.
pub fn next_attempt(lang: Lang, now: UtcMs, attempts: u32, next_at: Option<UtcMs>, pos_down: bool) -> Fact {
    let number = attempts + 1;
    let left = next_at.map(|at| at.since(now));
    let meaning = if left.is_some() { Meaning::AlertWarn } else { Meaning::Busy };
    let text = match (left, pos_down) {
        (Some(left @ 1..), true) => phrases::probe_in(lang, when::age(left)),
        (Some(_), true) => lang.t(Msg::ProbeDue).to_owned(),
        (None, true) => lang.t(Msg::ProbeNow).to_owned(),
        (Some(left @ 1..), false) => phrases::attempt_in(lang, number, when::age(left)),
        (Some(_), false) => phrases::attempt_overdue(lang, number),
        (None, false) => phrases::attempt_now(lang, number),
    };
    (meaning, text)
}
