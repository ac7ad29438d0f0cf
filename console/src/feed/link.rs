//! The truth about the link, from both connections and the probes. Changes become events.

use std::time::Duration;

use bus::Verb;
use contract::UtcMs;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, watch};

use super::identity::{self, User};
use super::now;
use super::observe::Health;
use crate::event::{Event, LinkChange, Outage};
use crate::sanitise;
use crate::state::access::{DENIALS_MAX, Identity, Tried};

/// What a sentence of the client is about.
enum Said {
    /// Something about a standing connection.
    Change(LinkChange),
    /// An attempt to connect failed, with why.
    Refused(String),
}

/// How long the server may take to say who we are: it knows.
const IDENTITY_LIMIT: Duration = Duration::from_secs(2);

/// Follows both connections until the loop is gone.
pub(super) async fn run(
    observing: bus::Connection,
    requests: bus::Connection,
    mut health: watch::Receiver<Health>,
    events: mpsc::Sender<Event>,
    up: watch::Sender<Option<u64>>,
) {
    let (mut observing_link, mut requests_link) = (observing.link(), requests.link());
    let (mut denied, mut denied_too) = (observing.denials(), requests.denials());
    let mut refused = observing.last_refusal();
    let mut identity: Option<BoxFuture<'static, Option<Identity>>> = None;
    let mut told: Option<u64> = None;
    loop {
        let heard = *health.borrow_and_update();
        let truth = heard.answers.then_some(heard.lives);
        let links = [*observing_link.borrow_and_update(), *requests_link.borrow_and_update()];
        let connected = links.iter().all(|link| *link == bus::LinkState::Up);
        let now_is = truth.filter(|_| connected);
        if now_is != told {
            let change = match now_is {
                Some(_) => {
                    identity = Some(who_we_are(requests.client.clone()).boxed());
                    connected_to(&requests, now())
                }
                None => LinkChange::Lost { at: now(), why: why(links) },
            };
            // The loss is told before the tasks that depend on the link learn of it, and the return after: so that
            // on the way to the screen nothing overtakes it.
            if events.send(Event::Link(change)).await.is_err() {
                return;
            }
            told = now_is;
            up.send_replace(now_is);
        }
        let said = tokio::select! {
            changed = health.changed() => {
                if changed.is_err() {
                    return;
                }
                None
            }
            changed = observing_link.changed() => {
                if changed.is_err() {
                    return;
                }
                None
            }
            changed = requests_link.changed() => {
                if changed.is_err() {
                    return;
                }
                None
            }
            Ok(()) = denied.changed() => Some(Said::Change(denials(&mut denied, &mut denied_too))),
            Ok(()) = denied_too.changed() => Some(Said::Change(denials(&mut denied, &mut denied_too))),
            Ok(()) = refused.changed() => refused.borrow_and_update().clone().map(Said::Refused),
            known = maybe(&mut identity) => {
                identity = None;
                Some(Said::Change(LinkChange::Known { tls: requests.is_tls(), identity: known }))
            }
        };
        if let Some(said) = said {
            let change = match said {
                Said::Change(change) => change,
                Said::Refused(why) => LinkChange::Refused { why: sanitise::text(&why, sanitise::SENTENCE_MAX) },
            };
            if events.send(Event::Link(change)).await.is_err() {
                return;
            }
        }
    }
}

/// What both connections were denied, each thing once.
fn denials(
    observing: &mut watch::Receiver<Vec<bus::Denial>>,
    requests: &mut watch::Receiver<Vec<bus::Denial>>,
) -> LinkChange {
    let mut all: Vec<(Tried, String)> = Vec::new();
    for denials in [observing, requests] {
        for denial in denials.borrow_and_update().iter().filter(|denial| denial.subject != identity::SUBJECT) {
            let tried = match denial.verb {
                Verb::Publish => Tried::Publishing,
                Verb::Subscribe => Tried::Listening,
            };
            let told = (tried, sanitise::text(&denial.subject, sanitise::SENTENCE_MAX));
            if !all.contains(&told) {
                all.push(told);
            }
        }
    }
    LinkChange::Denied { at: now(), all }
}

/// The outcome of what is under way; never, when nothing is.
async fn maybe<T>(work: &mut Option<BoxFuture<'static, T>>) -> T {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// Asks the server who we are to it.
async fn who_we_are(client: async_nats::Client) -> Option<Identity> {
    let User { name, account, permissions } = identity::ask(&client, IDENTITY_LIMIT).await?;
    let text = |text: String| sanitise::text(&text, sanitise::NAME_MAX);
    let withheld = permissions.map_or_else(Vec::new, |permissions| permissions.subscribe.deny);
    Some(Identity {
        user: name.map(text).filter(|user| !user.is_empty()),
        account: account.map(text).filter(|account| !account.is_empty()),
        withheld: withheld.into_iter().take(DENIALS_MAX).map(text).collect(),
    })
}

fn connected_to(connection: &bus::Connection, at: UtcMs) -> LinkChange {
    let info = connection.client.server_info();
    LinkChange::Connected {
        at,
        server: sanitise::text(&info.server_name, sanitise::NAME_MAX),
        version: sanitise::text(&info.version, sanitise::NAME_MAX),
        address: sanitise::text(&format!("{}:{}", info.host, info.port), sanitise::NAME_MAX),
    }
}

const fn why(links: [bus::LinkState; 2]) -> Outage {
    match links {
        [bus::LinkState::Up, bus::LinkState::Up] => Outage::Silent,
        _ => Outage::Closed,
    }
}
