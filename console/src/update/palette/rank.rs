//! What fits a line, best first: the thing itself, then what begins with it, then the beginnings of words, then what
//! holds it somewhere, then letters in their order.
//!
//! The work of one key is bounded: everything that can be named is bounded itself (some hundred actions and commands,
//! [`crate::state::stores::STORES_MAX`], [`crate::state::orders::ORDERS_MAX`]), and each is looked at once.

use std::cmp::Reverse;

use contract::OrderId;
use neo_frizbee::{CaseMatching, Config, Matcher};

use super::both;
use crate::action::Action;
use crate::filter::fold;
use crate::keys::{self, Group};
use crate::operation::{Kind, OPERATIONS};
use crate::state::palette::{Choice, Hit};
use crate::state::stores::Store;
use crate::state::{Screen, State};
use crate::update::commands::{self, COMMANDS};
use crate::update::plan::{self, Scope};

/// Characters from which orders are looked for: one digit would find them all.
const ORDER_CHARS_MIN: usize = 2;

/// Characters from which letters in their order are enough.
const FUZZY_CHARS_MIN: usize = 3;

/// How well something fits; the smaller the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is just this.
    Exact,
    /// It begins so.
    Prefix,
    /// Every word that was typed begins one of its words.
    Words,
    /// It holds this.
    Inside,
    /// It has the letters in their order; the greater the better.
    Fuzzy(Reverse<u16>),
}

/// What is looked for.
struct Query {
    text: String,
    matcher: Option<Matcher>,
    /// The least that letters in their order must score: half of what the query itself would.
    least: u16,
}

impl Query {
    fn new(typed: &str) -> Self {
        let text = fold(typed.trim());
        let letters: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if letters.chars().count() < FUZZY_CHARS_MIN {
            return Self { text, matcher: None, least: 0 };
        }
        // Everything is folded already.
        let mut matcher = Matcher::new(letters.as_str(), &Config::default().casing(CaseMatching::Respect));
        let least = matcher.match_one(letters.as_str(), 0).map_or(0, |perfect| perfect.score / 2);
        Self { text, matcher: Some(matcher), least }
    }

    /// How well the best of `names` fits; they are folded.
    fn fit<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Option<Fit> {
        names.filter_map(|name| self.fit_one(name)).min()
    }

    fn fit_one(&mut self, name: &str) -> Option<Fit> {
        let text = self.text.as_str();
        if name == text {
            return Some(Fit::Exact);
        }
        if name.starts_with(text) {
            return Some(Fit::Prefix);
        }
        let begins = |word: &str| name.split(|c: char| !c.is_alphanumeric()).any(|own| own.starts_with(word));
        if text.split_whitespace().all(begins) {
            return Some(Fit::Words);
        }
        if name.contains(text) {
            return Some(Fit::Inside);
        }
        let found = self.matcher.as_mut()?.match_one(name, 0)?;
        (found.score >= self.least).then_some(Fit::Fuzzy(Reverse(found.score)))
    }
}

/// Everything that fits `typed`. Nothing typed lists screens, actions and commands.
pub(super) fn hits(state: &State, typed: &str) -> Vec<Hit> {
    let mut query = Query::new(typed);
    let mut found: Vec<(Fit, Hit)> = Vec::new();
    for (names, hit) in doings(state) {
        found.extend(query.fit(names.iter().map(String::as_str)).map(|fit| (fit, hit)));
    }
    if !query.text.is_empty() {
        for store in state.stores.iter() {
            let names = names_of(store);
            let hit = Hit { choice: Choice::Store(store.record.id), possible: true };
            found.extend(query.fit(names.iter().map(String::as_str)).map(|fit| (fit, hit)));
        }
        found.extend(orders(state, &query.text));
    }
    // Equals stay in the order in which they stand above.
    found.sort_by_key(|(fit, hit)| (*fit, !hit.possible));
    found.into_iter().map(|(_, hit)| hit).collect()
}

/// Screens, then commands and what keys do; what only moves comes last.
fn doings(state: &State) -> Vec<(Vec<String>, Hit)> {
    let mut all = Vec::new();
    for screen in Screen::ALL {
        let Some(binding) = keys::BINDINGS.iter().find(|binding| binding.action == Action::Show(screen)) else {
            continue;
        };
        let mut names = both(binding.text).map(fold).to_vec();
        names.push(screen.number().to_string());
        all.push((names, Hit { choice: Choice::Screen(screen), possible: true }));
    }
    let acting = |(binding, possible): (&keys::Binding, bool)| {
        let mut names = both(binding.text).map(fold).to_vec();
        names.push(binding.action.name().to_owned());
        (names, Hit { choice: Choice::Act(binding.action, binding.text), possible })
    };
    let offered = |moving: bool| {
        keys::offered(state)
            // Leaving is a command: it makes sense from anywhere.
            .filter(|(binding, _)| !matches!(binding.action, Action::Show(_) | Action::Palette | Action::Quit))
            // What prepares an operation is listed as that.
            .filter(|(binding, _)| !OPERATIONS.iter().any(|operation| operation.action == Some(binding.action)))
            .filter(move |(binding, _)| (binding.group == Group::Moving) == moving)
    };
    all.extend(offered(false).map(acting));
    all.extend(operations(state));
    for command in COMMANDS {
        let words = command.words;
        let mut names = vec![words.es.to_owned(), words.en.to_owned()];
        names.extend(both(words.text).map(fold));
        names.extend(commands::also(words.en).map(str::to_owned));
        all.push((names, Hit { choice: Choice::Command { name: words.en, argument: None }, possible: true }));
    }
    all.extend(offered(true).map(acting));
    all
}

/// Every operation; what is done to orders can be done to every row shown as well.
fn operations(state: &State) -> Vec<(Vec<String>, Hit)> {
    let mut all = Vec::new();
    for operation in OPERATIONS {
        let mut scopes = vec![Scope::Chosen];
        let several = matches!(operation.kind, Kind::Reinject | Kind::Solve);
        scopes.extend((several && state.marks().is_some_and(|table| table.rows.len() > 1)).then_some(Scope::Shown));
        for scope in scopes {
            let mut names = both(operation.text).map(fold).to_vec();
            names.push(operation.name.to_owned());
            let possible = plan::is_possible(state, operation.kind, scope);
            all.push((names, Hit { choice: Choice::Operate(operation.kind, scope), possible }));
        }
    }
    all
}

/// What a store is found by: code, number, code and name, and its labels (its city, say).
fn names_of(store: &Store) -> Vec<String> {
    let record = &store.record;
    let named = [fold(&record.code), record.id.to_string(), fold(&format!("{} {}", record.code, record.name))];
    named.into_iter().chain(record.labels.values().map(|label| fold(label))).collect()
}

/// Orders whose code or id holds `text`, newest first; people read a code's last digits to each other.
fn orders<'a>(state: &'a State, text: &'a str) -> impl Iterator<Item = (Fit, Hit)> + 'a {
    let enough = text.chars().count() >= ORDER_CHARS_MIN;
    let fit = move |id: &OrderId| {
        let (code, whole) = (id.code.as_str(), text.contains('.').then(|| id.to_string().to_lowercase()));
        let code = whole.as_deref().unwrap_or(code);
        // Codes are compared whatever the case; most have no letters at all.
        let folded = code.bytes().any(|b| b.is_ascii_uppercase()).then(|| code.to_lowercase());
        let code = folded.as_deref().unwrap_or(code);
        Some(match () {
            () if code == text => Fit::Exact,
            () if code.starts_with(text) => Fit::Prefix,
            () if code.ends_with(text) => Fit::Words,
            () if code.contains(text) => Fit::Inside,
            () => return None,
        })
    };
    let ids = state.orders.newest_first().filter(move |_| enough).map(|order| order.pass.head.id());
    ids.filter_map(move |id| Some((fit(&id)?, Hit { choice: Choice::Order(id), possible: true })))
}
