//! Words that a filter can find: folded, and for states in both languages.

use std::sync::LazyLock;

use contract::heartbeat::RunState;
use contract::store::StoreState;

use crate::state::{Lang, OrderState};
use crate::text::Msg;

/// Lower case without accents.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_lowercase).filter(|c| !is_combining(*c)).map(base).collect()
}

/// Combining diacritical marks, as decomposed text carries them.
const fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// The letter without its accent, for the letters of the languages that our stores' names use.
const fn base(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        c => c,
    }
}

/// The word for a state.
pub const fn order_state(state: OrderState) -> Msg {
    match state {
        OrderState::Accepted => Msg::OrderAccepted,
        OrderState::Queued => Msg::OrderQueued,
        OrderState::Retrying => Msg::OrderRetrying,
        OrderState::Injected => Msg::OrderInjected,
        OrderState::NotInjected => Msg::OrderNotInjected,
        OrderState::Solved => Msg::OrderSolved,
    }
}

/// The words for a state in both languages, so that a filter works in either; `error` stands for what went wrong.
pub fn order_state_words(state: OrderState) -> String {
    let words = both(order_state(state));
    match state {
        OrderState::NotInjected | OrderState::Retrying => format!("{words} error"),
        _ => words,
    }
}

/// As [`order_state_words`], folded; made once, for a filter asks it of each of many thousand rows.
pub fn order_state_folded(state: OrderState) -> &'static str {
    const ALL: [OrderState; 6] = [
        OrderState::Accepted,
        OrderState::Queued,
        OrderState::Retrying,
        OrderState::Injected,
        OrderState::NotInjected,
        OrderState::Solved,
    ];
    static FOLDED: LazyLock<[String; 6]> = LazyLock::new(|| ALL.map(|state| fold(&order_state_words(state))));
    let place = ALL.iter().position(|known| *known == state);
    place.map_or("", |place| FOLDED[place].as_str())
}

/// The word for a store's state.
pub const fn store_state(state: StoreState) -> Msg {
    match state {
        StoreState::Open => Msg::StoreOpen,
        StoreState::Paused => Msg::StorePaused,
        StoreState::Disabled => Msg::StoreDisabled,
    }
}

/// The words for a store's state in both languages.
pub fn store_state_words(state: StoreState) -> String {
    both(store_state(state))
}

/// The word for what an instance is doing.
pub const fn run_state(state: RunState) -> Msg {
    match state {
        RunState::Running => Msg::RunRunning,
        RunState::Paused => Msg::RunPaused,
        RunState::Draining => Msg::RunDraining,
        RunState::Stopping => Msg::RunStopping,
        RunState::Unknown => Msg::RunUnknown,
    }
}

/// The words for what an instance is doing in both languages.
pub fn run_state_words(state: RunState) -> String {
    both(run_state(state))
}

fn both(msg: Msg) -> String {
    Lang::ALL.map(|lang| lang.t(msg)).join(" ")
}
