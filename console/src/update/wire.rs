//! The bus itself: what passed, what is tailed, what the server says; and asking for it only while somebody looks.

use contract::subject;

use crate::effect::Effect;
use crate::event::{Heard, Trouble};
use crate::filter::fold;
use crate::state::wire::clients::{Client, Clients};
use crate::state::wire::server::{PATIENCE_MS, READ_MS, Server};
use crate::state::wire::subjects::ROOT;
use crate::state::wire::tail::{Gap, Raw};
use crate::state::wire::{Pane, UNFOLDED_MAX};
use crate::state::{Lang, Opened, Screen, State};
use crate::text::told;

/// Takes what passed.
pub(super) fn heard(state: &mut State, heard: Heard) {
    let held = state.frozen.is_some() || state.opened.iter().any(|opened| matches!(opened, Opened::Raw(_)));
    let wire = &mut state.wire;
    for count in &heard.counts {
        wire.subjects.count(heard.at, &count.subject, count.messages, count.bytes);
    }
    let lost = heard.lost.saturating_sub(wire.tail.lost);
    wire.tail.lost = heard.lost;
    // Copies of what was tailed before are of no use.
    if heard.tail.as_ref() != wire.tail.told.as_ref() || heard.tail.is_none() {
        return;
    }
    // Rows that a person holds, or one of which is being read, must not be pushed out by what comes: that is counted.
    let (kept, passed_by) = if held { (Vec::new(), heard.kept.len()) } else { (heard.kept, 0) };
    for raw in kept {
        let words = words(&raw);
        wire.tail.message(raw, words);
    }
    let skipped = heard.skipped + u64::try_from(passed_by).unwrap_or(u64::MAX);
    if skipped > 0 {
        wire.tail.gap(heard.at, Gap::Skipped(skipped));
    }
    if lost > 0 {
        wire.tail.gap(heard.at, Gap::Lost(lost));
    }
}

/// What a person sees of it, in both languages.
fn words(raw: &Raw) -> String {
    let said = Lang::ALL.map(|lang| told::line(lang, raw.fact.as_ref()));
    fold(&format!("{} {}", raw.subject, said.join(" ")))
}

/// Takes what the server said.
pub(super) fn server(state: &mut State, answer: Result<Box<Server>, Trouble>) {
    state.wire.asked_at = None;
    match answer {
        Ok(server) => {
            state.wire.server = Some((state.now, *server));
            state.wire.failed = None;
        }
        Err(why) => state.wire.failed = Some(why),
    }
}

/// Takes who is connected.
pub(super) fn clients(state: &mut State, mut told: Option<Clients>) {
    let wire = &mut state.wire;
    wire.clients_asked_at = None;
    let before = wire.clients.take();
    if let (Some(clients), Some((at, Some(before)))) = (&mut told, &before) {
        clients.compare(before, state.now.since(*at));
    }
    wire.clients = Some((state.now, told));
}

/// The connection is back: what passed meanwhile was not seen.
pub(super) fn back(state: &mut State, away_ms: i64) {
    if state.wire.tail.told.is_some() {
        state.wire.tail.gap(state.now, Gap::Away(away_ms));
    }
    state.wire.asked_at = None;
    state.wire.clients_asked_at = None;
}

/// Asks for copies and for the server's account while the screen is shown, and for neither otherwise.
pub(super) fn follow(state: &mut State) -> Vec<Effect> {
    let mut effects = Vec::new();
    // The past has no wire, and while it is shown nobody looks at this one.
    let looks = state.screen == Screen::Bus && state.replay.is_none() && state.playing.is_none();
    let now = state.now;
    let tail = &mut state.wire.tail;
    let wanted = looks.then(|| tail.subject.clone());
    if tail.told != wanted {
        match (&tail.told, &wanted) {
            (Some(_), None) => tail.left_at = Some(now),
            (None, Some(_)) if !tail.is_empty() => {
                if let Some(left_at) = tail.left_at {
                    tail.gap(now, Gap::Unwatched(now.since(left_at).max(0)));
                }
            }
            _ => {}
        }
        tail.told.clone_from(&wanted);
        super::rows::follow(state);
        effects.push(Effect::Tail(wanted));
    }
    let due = |at: Option<contract::UtcMs>, ms| at.is_none_or(|at| now.since(at) >= ms);
    let is_up = looks && state.link.is_up();
    let wanted = |told, asked| is_up && due(told, READ_MS) && due(asked, PATIENCE_MS);
    let wire = &mut state.wire;
    if wanted(wire.server.as_ref().map(|(at, _)| *at), wire.asked_at) {
        wire.asked_at = Some(now);
        effects.push(Effect::ReadServer);
    }
    // What the server has denied is not asked for again on the same connection.
    let may = state.access.may_not_publish(subject::CONNECTIONS).is_none();
    let shown = wire.pane == Pane::Clients && may;
    if shown && wanted(wire.clients.as_ref().map(|(at, _)| *at), wire.clients_asked_at) {
        wire.clients_asked_at = Some(now);
        effects.push(Effect::ReadClients);
    }
    effects
}

/// Unfolds the selected subject, or folds it; one that has nothing below it is tailed.
pub(super) fn open(state: &mut State) {
    let Some(subject) = state.wire.subject_table.current().cloned() else { return };
    if state.wire.subjects.get(&subject).is_none_or(|node| node.children.is_empty()) {
        tail(state);
    } else if !state.wire.unfolded.remove(&subject) {
        if state.wire.unfolded.len() >= UNFOLDED_MAX {
            // Never the root: without it nothing is seen at all.
            let other = state.wire.unfolded.iter().find(|subject| *subject != ROOT).cloned();
            state.wire.unfolded.retain(|subject| Some(subject) != other.as_ref());
        }
        state.wire.unfolded.insert(subject);
    }
}

/// Tails the selected subject.
pub(super) fn tail(state: &mut State) {
    let Some(subject) = state.wire.subject_table.current().cloned() else { return };
    // The row of what had no room stands for its parent.
    let subject = subject.strip_suffix(".…").unwrap_or(&subject);
    state.wire.tail.choose(subject);
    state.wire.tail_table.selected = None;
    state.wire.pane = Pane::Tail;
}

/// Refills the tables of the screen.
pub(super) fn refill(state: &mut State) {
    let wire = &mut state.wire;
    let filter = &wire.subject_table.filter;
    let mut rows = Vec::new();
    // A filter looks everywhere, folded or not.
    let unfolded = |subject: &str| !filter.is_empty() || wire.unfolded.contains(subject);
    wire.subjects.walk(&unfolded, &mut |subject, node| {
        let words = || Name(subject);
        if filter.is_empty() || filter.matches(&words()) {
            rows.push(subject.to_owned());
        }
        if unfolded(subject) && node.beyond.messages > 0 && filter.is_empty() {
            rows.push(format!("{subject}.…"));
        }
    });
    let total = wire.subjects.len() + 1;
    let total = if wire.subjects.is_empty() { 0 } else { total };
    wire.subject_table.refill(rows, total);

    let filter = &wire.tail_table.filter;
    let shown = |words: &str| filter.is_empty() || filter.matches(&Name(words));
    let rows = wire.tail.iter().filter(|row| shown(&row.words)).map(|row| row.id).collect();
    let total = wire.tail.iter().len();
    wire.tail_table.refill(rows, total);

    let filter = &wire.stream_table.filter;
    let streams = wire.server.as_ref().map_or(&[][..], |(_, server)| &server.streams);
    let shown = |name: &str| filter.is_empty() || filter.matches(&Name(&fold(name)));
    let rows = streams.iter().filter(|stream| shown(&stream.name)).map(|stream| stream.name.clone()).collect();
    let total = streams.len();
    wire.stream_table.refill(rows, total);

    let filter = &wire.client_table.filter;
    let clients = wire.clients.as_ref().and_then(|(_, clients)| clients.as_ref());
    let clients = clients.map_or(&[][..], |clients| &clients.list);
    let words = |client: &Client| {
        fold(&format!("{} {} {}", client.name, client.user.as_deref().unwrap_or_default(), client.address))
    };
    let shown = |client: &&Client| filter.is_empty() || filter.matches(&Name(&words(client)));
    let rows = clients.iter().filter(shown).map(|client| client.key.clone()).collect();
    wire.client_table.refill(rows, clients.len());
}

/// Something that is found by its words alone.
struct Name<'a>(&'a str);

impl crate::filter::Row for Name<'_> {
    fn words(&self) -> std::borrow::Cow<'_, str> {
        std::borrow::Cow::Borrowed(self.0)
    }

    fn text(&self, _field: crate::filter::Field) -> Option<std::borrow::Cow<'_, str>> {
        None
    }

    fn number(&self, _field: crate::filter::Field) -> Option<f64> {
        None
    }
}
