//! Runs what changes the world, for the console and for commands without a screen alike: the intent into the audit trail,
//! each request through the guard, the outcome into the trail. What the trail has is told on the bus as well.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use contract::order::Digest;
use tokio::task::JoinSet;

use crate::audit::scribe::{Entry, Scribe};
use crate::effect::{Conclusion, Effect, Intent};
use crate::event::{Answer, Event};
use crate::feed::{self, Feed};
use crate::sanitise;
use crate::state::access::Access;

/// Edited payloads kept until they are sent: one a dialog, and those of jobs under way.
const DRAFTS_MAX: usize = 32;

/// What acting needs besides a connection.
#[derive(Debug)]
pub struct Hands {
    scribe: Scribe,
    /// Edited payloads, the newest last. They are personal data, and so are kept out of the state.
    drafts: Mutex<VecDeque<(Digest, String)>>,
}

impl Hands {
    /// Hands whose deeds `scribe` writes down.
    pub const fn new(scribe: Scribe) -> Self {
        Self { scribe, drafts: Mutex::new(VecDeque::new()) }
    }

    /// Who writes down what is done.
    pub const fn scribe(&self) -> &Scribe {
        &self.scribe
    }

    /// Keeps an edited payload until it is sent; tells what it is known by.
    pub fn keep(&self, payload: String) -> Digest {
        let digest = Digest::of(payload.as_bytes());
        let mut drafts = self.drafts.lock().unwrap_or_else(PoisonError::into_inner);
        if drafts.len() >= DRAFTS_MAX {
            drafts.pop_front();
        }
        drafts.push_back((digest.clone(), payload));
        digest
    }

    fn draft(&self, digest: &Digest) -> Option<String> {
        let drafts = self.drafts.lock().unwrap_or_else(PoisonError::into_inner);
        drafts.iter().rev().find(|(known, _)| known == digest).map(|(_, payload)| payload.clone())
    }

    /// Runs an effect aside, whatever it asks of the bus. Answers come as events of `feed`; `access` is what is known of its
    /// bus.
    pub fn start(
        self: &Arc<Self>,
        feed: &Arc<Feed>,
        access: &Access,
        effect: Effect,
        aside: &mut JoinSet<Option<Event>>,
    ) {
        let (hands, feed) = (Arc::clone(self), Arc::clone(feed));
        // What only reads needs no copy of it.
        let access = effect.changes().then(|| access.clone());
        aside.spawn(async move {
            match access {
                Some(access) => hands.run(&feed, &access, effect).await,
                None => feed.run(effect).await,
            }
            None
        });
    }

    /// Runs an effect that changes something ([`Effect::changes`]).
    async fn run(&self, feed: &Feed, access: &Access, effect: Effect) {
        match effect {
            Effect::Intend(intent) => self.intend(feed, access, &intent).await,
            Effect::Conclude(conclusion) => self.conclude(feed, access, &conclusion).await,
            Effect::Run { job, item, planned } => {
                let payload = planned.draft().and_then(|draft| self.draft(&draft.digest));
                let reply = feed.act(&planned, payload.as_deref()).await;
                feed.answer(Answer::Done { job, item, reply }).await;
            }
            Effect::Unlock(until) => feed.unlock(Some(until)),
            Effect::Lock => feed.unlock(None),
            other => feed.run(other).await,
        }
    }

    async fn intend(&self, feed: &Feed, access: &Access, intent: &Intent) {
        let entry = self.scribe.intent(access, intent, feed::now());
        let written = self.write(entry.as_ref()).await;
        if let Err(why) = &written {
            tracing::error!(why, operation = intent.kind.name(), "the audit trail cannot be written: nothing is done");
        }
        let stands = written.is_ok();
        feed.answer(Answer::Intended { job: intent.job, written }).await;
        if let Some(entry) = entry.filter(|_| stands) {
            tell(feed, &entry).await;
        }
    }

    async fn conclude(&self, feed: &Feed, access: &Access, conclusion: &Conclusion) {
        let entry = self.scribe.outcome(access, conclusion, feed::now());
        let written = self.write(entry.as_ref()).await;
        if let Err(why) = &written {
            tracing::error!(why, operation = conclusion.kind.name(), "the audit trail has no outcome");
        }
        feed.answer(Answer::Concluded { job: conclusion.job, written }).await;
        // The bus hears of it even when the file cannot be written any more.
        if let Some(entry) = entry {
            tell(feed, &entry).await;
        }
    }

    /// Puts an entry on the disk, aside: it may be slow.
    async fn write(&self, entry: Option<&Entry>) -> Result<(), String> {
        let (scribe, entry) = (self.scribe.clone(), entry.cloned());
        let written = tokio::task::spawn_blocking(move || scribe.write(entry.as_ref(), feed::now())).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(sanitise::text(&error.to_string(), sanitise::SENTENCE_MAX)),
            Err(_) => Err("writing broke off".to_owned()),
        }
    }
}

/// Tells the bus what the trail has: as well as it goes.
async fn tell(feed: &Feed, entry: &Entry) {
    let Ok(body) = serde_json::to_vec(&entry.record) else { return };
    if let Err(why) = feed.tell(entry.subject(), body).await {
        tracing::warn!(why = why.code(), "the bus does not keep what was done");
        feed.answer(Answer::Unheard(why)).await;
    }
}
