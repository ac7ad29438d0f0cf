//! The truth about the link, from both connections and the probes. Changes become events.

use contract::UtcMs;
use tokio::sync::{mpsc, watch};

use super::now;
use super::observe::Health;
use crate::event::{Event, LinkChange, Outage};
use crate::sanitise;

/// What a sentence of the client is about.
enum Said {
    /// Something that the server denied on a standing connection.
    Denied,
    /// An attempt to connect.
    Refused,
}

/// Follows both connections until the loop is gone.
pub(super) async fn run(
    observing: bus::Connection,
    requests: bus::Connection,
    mut health: watch::Receiver<Health>,
    events: mpsc::Sender<Event>,
    up: watch::Sender<Option<u64>>,
) {
    let (mut observing_link, mut requests_link) = (observing.link(), requests.link());
    let mut denied = observing.last_server_error();
    let mut denied_too = requests.last_server_error();
    let mut refused = observing.last_refusal();
    let mut told: Option<u64> = None;
    loop {
        let heard = *health.borrow_and_update();
        let truth = heard.answers.then_some(heard.lives);
        let links = [*observing_link.borrow_and_update(), *requests_link.borrow_and_update()];
        let connected = links.iter().all(|link| *link == bus::LinkState::Up);
        let now_is = truth.filter(|_| connected);
        if now_is != told {
            let change = match now_is {
                Some(_) => connected_to(&requests, now()),
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
            Ok(()) = denied.changed() => denied.borrow_and_update().clone().map(|what| (Said::Denied, what)),
            Ok(()) = denied_too.changed() => denied_too.borrow_and_update().clone().map(|what| (Said::Denied, what)),
            Ok(()) = refused.changed() => refused.borrow_and_update().clone().map(|what| (Said::Refused, what)),
        };
        if let Some((said, what)) = said {
            let what = sanitise::text(&what, sanitise::SENTENCE_MAX);
            let change = match said {
                Said::Denied => LinkChange::Denied { what },
                Said::Refused => LinkChange::Refused { why: what },
            };
            if events.send(Event::Link(change)).await.is_err() {
                return;
            }
        }
    }
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
