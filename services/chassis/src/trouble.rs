//! What keeps an instance from working, or needs somebody's hand, told once in the log and in every heartbeat until it is over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The troubles of the moment, one for each topic at most. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Trouble {
    topic: &'static str,
    /// Topics are our own words, so there are few.
    sentences: Arc<Mutex<BTreeMap<&'static str, String>>>,
}

impl Trouble {
    /// The same troubles, to be told about `topic`: what is over elsewhere is not over here.
    #[must_use]
    pub fn about(&self, topic: &'static str) -> Self {
        Self { topic, sentences: Arc::clone(&self.sentences) }
    }

    /// Something does not work: `sentence` says what, without personal data. Logged as an error when it is news.
    pub fn tell(&self, sentence: impl Into<String>) {
        if let Some(news) = self.note(sentence.into()) {
            tracing::error!(trouble = news, "cannot work");
        }
    }

    /// Work goes on, but somebody must see to it: `sentence` says to what. Logged as a warning when it is news.
    pub fn warn(&self, sentence: impl Into<String>) {
        if let Some(news) = self.note(sentence.into()) {
            tracing::warn!(trouble = news, "needs a hand");
        }
    }

    /// It works again.
    pub fn over(&self) {
        if let Some(sentence) = self.lock().remove(self.topic) {
            tracing::info!(trouble = sentence, "over");
        }
    }

    /// For the heartbeat.
    pub fn sentence(&self) -> Option<String> {
        let sentences: Vec<String> = self.lock().values().cloned().collect();
        (!sentences.is_empty()).then(|| sentences.join("; "))
    }

    /// Keeps it; returns it when it was another one before.
    fn note(&self, sentence: String) -> Option<String> {
        let before = self.lock().insert(self.topic, sentence.clone());
        (before.as_ref() != Some(&sentence)).then_some(sentence)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.sentences.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_until_it_is_over() {
        let trouble = Trouble::default();
        assert_eq!(trouble.sentence(), None);
        trouble.tell("full");
        trouble.tell("fuller");
        assert_eq!(trouble.clone().sentence().as_deref(), Some("fuller"));
        trouble.over();
        assert_eq!(trouble.sentence(), None);
    }

    #[test]
    fn what_is_over_in_one_place_is_not_in_another() {
        let trouble = Trouble::default();
        let keys = trouble.about("keys");
        trouble.tell("full");
        keys.warn("broken file");
        assert_eq!(trouble.sentence().as_deref(), Some("full; broken file"));
        trouble.over();
        assert_eq!(keys.sentence().as_deref(), Some("broken file"));
        keys.over();
        assert_eq!(trouble.sentence(), None);
    }
}
