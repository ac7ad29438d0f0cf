//! Who may come in over HTTP: the keys in force, taken from their file and taken again when it changes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context as _;
use chassis::Chassis;
use chassis::clock::monotonic_ms;

use crate::keys::{FILE_BYTES_MAX, KeyId, Keys, Refusal, Scope};
use crate::metrics::Metrics;
use crate::reply::ReplyCode;
use crate::reread;
use crate::settings::Access;

/// The door: open to all, or guarded by keys.
#[derive(Debug)]
pub struct Door {
    guard: Option<Guard>,
}

#[derive(Debug)]
struct Guard {
    file: PathBuf,
    metrics_need_key: bool,
    keys: RwLock<Arc<Keys>>,
}

impl Door {
    /// As the settings say. Reads the keys, which must be there and right.
    pub(crate) async fn open(access: &Access) -> anyhow::Result<Self> {
        let Some(file) = access.keys.clone() else { return Ok(Self { guard: None }) };
        let guard = Guard { file, metrics_need_key: access.metrics_need_key, keys: RwLock::default() };
        guard.read().await?;
        Ok(Self { guard: Some(guard) })
    }

    /// Whether `token` may do what needs `scope`, now. No name when nobody needs a token for it.
    pub(crate) fn check(&self, token: Option<&str>, scope: Scope) -> Result<Option<KeyId>, Refusal> {
        let Some(guard) = &self.guard else { return Ok(None) };
        if scope == Scope::Operations && !guard.metrics_need_key {
            return Ok(None);
        }
        let token = token.ok_or(ReplyCode::TokenMissing)?;
        guard.keys().check(token, scope, chassis::now(), monotonic_ms()).cloned().map(Some)
    }

    /// Takes the keys again whenever their file changes, until the process is told to stop.
    pub(crate) async fn keep(&self, metrics: &Metrics, chassis: &Chassis) {
        let Some(guard) = &self.guard else { return };
        tracing::info!(keys = guard.keys().ids().count(), "keys are needed");
        let trouble = chassis.trouble.about("keys");
        let take = async || {
            for gone in guard.read().await? {
                metrics.forget(&gone);
            }
            tracing::info!(keys = guard.keys().ids().count(), "keys read again");
            Ok(())
        };
        tokio::select! {
            () = chassis.stop.cancelled() => {}
            () = reread::follow(std::slice::from_ref(&guard.file), &trouble, take) => {}
        }
    }
}

impl Guard {
    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts what the file says into force; returns the keys that are no more.
    async fn read(&self) -> anyhow::Result<BTreeSet<KeyId>> {
        let text = reread::text(&self.file, FILE_BYTES_MAX).await?;
        let before = self.keys();
        let keys = Keys::read(&text, &before, monotonic_ms())
            .with_context(|| format!("the keys in {} are not taken", self.file.display()))?;
        let mut gone: BTreeSet<KeyId> = before.ids().cloned().collect();
        keys.ids().for_each(|id| {
            gone.remove(id);
        });
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(gone)
    }
}
