//! What `update` asks for, on its way: to the bus, to a file, to the terminal.

use std::sync::Arc;

use anyhow::Context as _;
use contract::OrderId;

use super::{Console, Source};
use crate::effect::Effect;
use crate::event::{Answer, Event};
use crate::state::views::View;
use crate::{dump, feed, log, sanitise, term, view, views};

/// Effects under way; beyond it what only reads is left out (it shows as missing), changes of the world never.
const EFFECTS_MAX: usize = 256;

/// Folder of the screens that were written to files, in the state folder.
const DUMPS: &str = "dumps";

/// What is for the terminal and is no frame.
pub(super) enum OnScreen {
    /// Its bell.
    Bell,
    /// A text for its clipboard.
    Copy(String),
}

impl Console {
    /// Does what `update` asks for, or begins it.
    pub(super) fn start(&mut self, effect: Effect) {
        if let Effect::Switch(name) = effect {
            self.switch_to = Some(name);
            return;
        }
        let reads = matches!(
            effect,
            Effect::FetchPayload(_)
                | Effect::FetchStore { .. }
                | Effect::ReadCounters(..)
                | Effect::ReadServer
                | Effect::ReadClients
        );
        match effect {
            Effect::Quit => return, // The loop looks at the state.
            Effect::SaveView(view) => return self.save(view),
            Effect::Alert(message) => {
                let Some(post) = &self.alerts else { return };
                return post.start(message, &mut self.effects);
            }
            Effect::EditPayload(order) => return self.fetch(order),
            Effect::Bell => return self.for_screen(OnScreen::Bell),
            Effect::Copy(text) => return self.for_screen(OnScreen::Copy(text)),
            Effect::CopyDetail => {
                let text = view::text_of_aimed(&self.state, &self.memory);
                return self.for_screen(OnScreen::Copy(text));
            }
            Effect::Dump => return self.dump(),
            _ => {}
        }
        if reads && self.effects.len() >= EFFECTS_MAX {
            tracing::warn!(?effect, "too much under way: left out");
            return;
        }
        // There is nobody to ask behind a recording; `update` asks for nothing there.
        let Source::Bus(feed, _) = &self.source else { return };
        self.hands.start(feed, &self.state.access, effect, &mut self.effects);
    }

    /// Fetches a payload to be edited, unless another one is.
    fn fetch(&mut self, order: OrderId) {
        let Source::Bus(feed, _) = &self.source else { return };
        if self.editing.is_some() {
            return;
        }
        self.editing = Some(order.clone());
        let (feed, tell) = (Arc::clone(feed), self.fetched.0.clone());
        self.effects.spawn(async move {
            let payload = feed.payload(&order).await;
            // There is room for one. Whoever waits for it is there as long as the terminal is ours.
            let _ = tell.send((order, payload)).await;
            None
        });
    }

    /// Writes a view to its file, aside.
    fn save(&mut self, view: View) {
        self.effects.spawn_blocking(move || {
            let name = view.name.clone();
            let folder = log::folder().ok_or_else(|| std::io::Error::other("there is no home folder").into());
            let all = folder.and_then(|folder| views::save(&folder, view));
            let saved = all.map(|all| (name, all)).map_err(|error| feed::chain(&error));
            Some(Event::Answer(Answer::ViewSaved(saved)))
        });
    }

    /// Runs what needs the terminal, as soon as that has taken what was written before.
    pub(super) fn on_screen(&mut self, screen: &mut term::Screen) -> anyhow::Result<()> {
        while screen.is_free()
            && let Some(wanted) = self.on_screen.pop_front()
        {
            let text = match wanted {
                OnScreen::Bell => {
                    screen.ring().context("ringing the bell")?;
                    continue;
                }
                OnScreen::Copy(text) => text,
            };
            let sent = screen.copy(&text).context("writing to the terminal")?;
            let answer = Answer::Copied { count: sent.chars().count(), cut: sent.len() < text.len() };
            self.take(Event::Answer(answer));
        }
        Ok(())
    }

    /// Leaves something for the terminal, instead of what waits for it of the same kind: one bell is heard, and a clipboard
    /// holds one text.
    fn for_screen(&mut self, wanted: OnScreen) {
        let same = |waiting: &OnScreen| std::mem::discriminant(waiting) == std::mem::discriminant(&wanted);
        self.on_screen.retain(|waiting| !same(waiting));
        self.on_screen.push_back(wanted);
    }

    /// Writes the screen to a file, aside: the disk may be slow.
    fn dump(&mut self) {
        let shot = dump::shot(&self.state, &mut self.memory);
        self.effects.spawn_blocking(move || {
            let folder = log::folder().ok_or_else(|| std::io::Error::other("there is no home folder"));
            let saved = folder.and_then(|folder| dump::save(&shot, &folder.join(DUMPS), feed::now()));
            let path = saved.map(|path| sanitise::text(&path.display().to_string(), sanitise::SENTENCE_MAX));
            let path = path.map_err(|error| sanitise::text(&error.to_string(), sanitise::SENTENCE_MAX));
            Some(Event::Answer(Answer::Dumped(path)))
        });
    }
}
