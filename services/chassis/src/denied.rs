//! What the server denies to us is said in the log: a denied request is never answered, and seems to be a slow server.

use bus::{Connection, Denial};

/// Says each denial once for each time the link comes up, until the client is gone.
pub(crate) fn tell(bus: &Connection) {
    let mut denials = bus.denials();
    tokio::spawn(async move {
        let mut told: Vec<Denial> = Vec::new();
        while denials.changed().await.is_ok() {
            let now = denials.borrow_and_update().clone();
            for denial in now.iter().filter(|denial| !told.contains(denial)) {
                tracing::error!(%denial, "denied by the server");
            }
            told = now;
        }
    });
}
