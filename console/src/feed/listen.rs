//! Listening to everything; where that is denied, to as much of it as is allowed.

use async_nats::{Client, Message, SubscribeError, Subscriber};
use contract::subject;
use futures::StreamExt as _;
use futures::stream::SelectAll;

use crate::event::Part;

/// Heartbeats: of what is published, the only thing that no stream keeps.
pub(super) const HEARTBEATS: &str = "domicilio.services.>";

/// The subscriptions of the observing connection.
pub(super) struct Listening {
    /// To the whole, unless that was denied.
    all: Option<Subscriber>,
    /// To the parts, once it was.
    parts: SelectAll<Subscriber>,
}

impl Listening {
    /// Listens to everything under `domicilio.>`.
    pub(super) async fn to_all(client: &Client) -> Result<Self, SubscribeError> {
        let all = client.subscribe(subject::ALL).await?;
        Ok(Self { all: Some(all), parts: SelectAll::new() })
    }

    /// How many subscriptions there are; each has a buffer of its own.
    pub(super) fn count(&self) -> usize {
        self.all.iter().len() + self.parts.len()
    }

    /// The next message; `None` when the client is gone.
    pub(super) async fn next(&mut self) -> Option<Message> {
        match &mut self.all {
            Some(all) => all.next().await,
            None => self.parts.next().await,
        }
    }

    /// Listens to the parts, each by itself, once listening to the whole was denied. Which of them are denied too, the
    /// server says in the same way.
    pub(super) async fn fall_back(&mut self, client: &Client) -> Result<(), SubscribeError> {
        // The denied one goes with what it held: nothing ever came to it.
        if self.all.take().is_none() {
            return Ok(());
        }
        for subjects in Part::ALL.map(Part::live).into_iter().chain([HEARTBEATS.to_owned()]) {
            self.parts.push(client.subscribe(subjects).await?);
        }
        Ok(())
    }
}
