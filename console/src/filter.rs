//! Filters of tables: plain words for now. A row passes when it holds every word, whatever the case or the accents.
//!
//! The room for a grammar with fields (`estado:`, `edad>`) is [`Filter::matches`] and [`Filter::set`].

use contract::heartbeat::RunState;
use contract::store::StoreState;

use crate::state::{Lang, OrderState};
use crate::text::Msg;

/// Characters of a filter.
pub const FILTER_MAX: usize = 80;

/// A filter, as written and as used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    text: String,
    words: Vec<String>,
}

impl Filter {
    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether every row passes.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Takes a new text; characters beyond [`FILTER_MAX`] are left out.
    pub fn set(&mut self, text: &str) {
        self.text = text.chars().filter(|c| !c.is_control()).take(FILTER_MAX).collect();
        self.words = fold(&self.text).split_whitespace().map(str::to_owned).collect();
    }

    /// Whether a row passes whose words are `folded` (by [`fold`]).
    pub fn matches(&self, folded: &str) -> bool {
        self.words.iter().all(|word| folded.contains(word.as_str()))
    }
}

/// Lower case without accents.
pub fn fold(text: &str) -> String {
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

/// The words for a state in both languages, so that a filter works in either.
pub fn order_state_words(state: OrderState) -> String {
    both(match state {
        OrderState::Accepted => Msg::OrderAccepted,
        OrderState::Queued => Msg::OrderQueued,
        OrderState::Retrying => Msg::OrderRetrying,
        OrderState::Injected => Msg::OrderInjected,
        OrderState::NotInjected => Msg::OrderNotInjected,
        OrderState::Solved => Msg::OrderSolved,
    })
}

/// The words for a store's state in both languages.
pub fn store_state_words(state: StoreState) -> String {
    both(match state {
        StoreState::Open => Msg::StoreOpen,
        StoreState::Paused => Msg::StorePaused,
        StoreState::Disabled => Msg::StoreDisabled,
    })
}

/// The words for what an instance is doing in both languages.
pub fn run_state_words(state: RunState) -> String {
    both(match state {
        RunState::Running => Msg::RunRunning,
        RunState::Paused => Msg::RunPaused,
        RunState::Draining => Msg::RunDraining,
        RunState::Stopping => Msg::RunStopping,
        RunState::Unknown => Msg::RunUnknown,
    })
}

fn both(msg: Msg) -> String {
    Lang::ALL.map(|lang| lang.t(msg)).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_must_be_there_whatever_its_accents() {
        let row = fold("K024 EL NORTE Peñón Ecuador RETRYING");
        for (text, passes) in [
            ("", true),
            ("   ", true),
            ("norte", true),
            ("penon k02", true),
            ("PEÑÓN", true),
            ("pen\u{303}o\u{301}n", true),
            ("norte sur", false),
            ("k025", false),
        ] {
            let mut filter = Filter::default();
            filter.set(text);
            assert_eq!(filter.matches(&row), passes, "{text:?}");
        }
    }

    #[test]
    fn control_characters_and_excess_do_not_get_in() {
        let mut filter = Filter::default();
        filter.set(&format!("a\u{1b}b{}", "x".repeat(200)));
        assert_eq!(filter.text().chars().count(), FILTER_MAX);
        assert!(filter.text().starts_with("ab"));
    }
}
