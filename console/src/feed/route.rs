//! From the command line to the bus, and what a person is told of the way.

use std::collections::BTreeMap;

use bus::context::Folder;
use bus::target::{self, Source, Told};

use crate::cli::Common;
use crate::sanitise;
use crate::state::access::{Access, Marks, Said, Setting};

fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// How to connect, from flags, environment and contexts.
pub async fn target(common: &Common) -> Result<bus::Target, bus::Error> {
    let told = Told { url: common.nats_url.clone(), context: common.context.clone() };
    target::resolve(&told, var, Folder::from_env(var).as_ref()).await
}

/// How to connect by the context `name`, whatever the process was started with. Variables other than the URL's still
/// count, as they do at start.
pub async fn switch(name: &str) -> Result<bus::Target, bus::Error> {
    let told = Told { url: None, context: Some(name.to_owned()) };
    target::resolve(&told, var, Folder::from_env(var).as_ref()).await
}

/// Names of the contexts that could be switched to.
pub async fn contexts() -> Vec<String> {
    match Folder::from_env(var) {
        Some(folder) => folder.list().await.iter().map(|name| sanitise::text(name, sanitise::NAME_MAX)).collect(),
        None => Vec::new(),
    }
}

/// What the bus is called that `target` leads to, when no context alone does: by what named it, else by its URL.
pub fn start(target: &bus::Target) -> Option<String> {
    let url = target.origins.first().filter(|origin| origin.source != Source::Context)?;
    let name = if url.named.is_empty() { url.value.as_str() } else { url.named };
    Some(format!("({})", sanitise::text(name, sanitise::NAME_MAX)))
}

/// What the settings say of the context that `target` uses.
pub fn marks(target: &bus::Target, contexts: &BTreeMap<String, Marks>) -> Marks {
    target.context.as_ref().and_then(|name| contexts.get(name)).cloned().unwrap_or_default()
}

/// What a screen shows of `target`.
pub fn access(target: &bus::Target, marks: &Marks) -> Access {
    let text = |text: &str| sanitise::text(text, sanitise::NAME_MAX);
    let settings = target.origins.iter().map(|origin| Setting {
        what: origin.what,
        value: sanitise::text(&origin.value, sanitise::SENTENCE_MAX),
        said: match origin.source {
            Source::Default => Said::Nobody,
            Source::Context => Said::Context,
            Source::Env => Said::Environment,
            Source::Flag => Said::Flag,
        },
        named: origin.named,
    });
    Access {
        context: target.context.as_deref().map(text),
        description: target.description.as_deref().map(text),
        settings: settings.collect(),
        production: marks.production,
        read_only: marks.read_only,
        unlock: marks.unlock,
        test_orders: marks.test_orders.clone(),
        ..Access::default()
    }
}
