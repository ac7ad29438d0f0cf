//! What keeps an instance from working, told once in the log and in every heartbeat until it is over.

use std::sync::{Arc, Mutex, PoisonError};

/// The trouble of the moment, if any. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Trouble {
    sentence: Arc<Mutex<Option<String>>>,
}

impl Trouble {
    /// Something does not work: `sentence` says what, without personal data. Logged when it is news.
    pub fn tell(&self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        let mut current = self.lock();
        if current.as_ref() != Some(&sentence) {
            tracing::error!(trouble = sentence, "cannot work");
            *current = Some(sentence);
        }
    }

    /// It works again.
    pub fn over(&self) {
        if let Some(sentence) = self.lock().take() {
            tracing::info!(trouble = sentence, "over");
        }
    }

    /// For the heartbeat.
    pub fn sentence(&self) -> Option<String> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.sentence.lock().unwrap_or_else(PoisonError::into_inner)
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
}
