//! The terminal is lent to an editor while the person edits a payload.

use std::pin::Pin;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::{MissedTickBehavior, interval};

use super::pace::Asked;
use super::{Console, TICK_MS};
use crate::editing::Editing;
use crate::effect::Draft;
use crate::event::{Event, Trouble};
use crate::mask::Difference;
use crate::term;

/// What a person made of a payload.
pub(super) type Edited = Result<Option<(Draft, Vec<Difference>)>, Trouble>;

impl Console {
    /// Lets the person edit a payload. What happens meanwhile is taken in, and nothing is drawn. `None` when the console is
    /// asked to end: then the editor is ended, too, and what was edited is gone.
    pub(super) async fn edit(
        &mut self,
        screen: &mut term::Screen,
        payload: Result<Vec<u8>, Trouble>,
        mut asked_to_end: Pin<&mut impl Future<Output = std::io::Result<()>>>,
    ) -> anyhow::Result<Option<Edited>> {
        let editing = match payload.and_then(|payload| Editing::begin(&payload)) {
            Ok(editing) => editing,
            Err(why) => return Ok(Some(Err(why))),
        };
        self.take(Event::Unattended);
        screen.lend();
        let mut ticks = interval(Duration::from_millis(TICK_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut editor = editing.start();
        let ended = loop {
            let Ok(running) = &mut editor else { break None };
            tokio::select! {
                biased;
                signal = &mut asked_to_end => {
                    signal.context("waiting for signals")?;
                    tracing::warn!("asked to end while a payload was edited: it was dropped, nothing was sent");
                    self.dropped = true;
                    break None;
                }
                ended = running.wait() => break Some(ended),
                _ = ticks.tick() => self.tick(),
                event = self.source.next() => match event {
                    Some(event) => self.take(event),
                    None => anyhow::bail!("the feed ended"),
                },
                Some(done) = self.effects.join_next() => {
                    if let Ok(Some(event)) = done {
                        self.take(event);
                    }
                }
            }
        };
        let ended = match (ended, editor) {
            (Some(ended), _) => ended,
            (None, Err(error)) => Err(error),
            (None, Ok(editor)) => {
                Editing::stop(editor).await;
                // The terminal may be gone: that is a reason to be asked to end.
                let _ = screen.retake();
                return Ok(None);
            }
        };
        screen.retake().context("taking the terminal again")?;
        self.asked = Asked::ByPerson;
        let edited = match ended {
            Ok(status) if status.success() => editing.end(),
            Ok(status) => Err(Trouble::Said(format!("the editor: {status}"))),
            Err(error) => Err(Trouble::Said(format!("the editor: {error}"))),
        };
        Ok(Some(edited.map(|edited| {
            edited.map(|(text, draft, differences)| {
                self.hands.keep(text);
                (draft, differences)
            })
        })))
    }
}
