//! Where the hand-over leaves its checkpoint and the renewals pick it up.

use tokio::sync::{Notify, watch};

use crate::chain::Checkpoint;

/// The desk between the hand-over and the renewals of the office's lease.
#[derive(Debug)]
pub struct Desk {
    /// To be written with the next renewal.
    latest: watch::Sender<Checkpoint>,
    /// What the lease is known to hold.
    kept: watch::Sender<Checkpoint>,
    /// A renewal is wanted before its time.
    hurry: Notify,
}

impl Desk {
    /// With the checkpoint that the lease holds.
    pub fn new(kept: Checkpoint) -> Self {
        Self { latest: watch::Sender::new(kept), kept: watch::Sender::new(kept), hurry: Notify::new() }
    }

    /// The checkpoint that the lease is known to hold.
    pub fn kept(&self) -> Checkpoint {
        *self.kept.borrow()
    }

    /// The checkpoint to be written with the next renewal.
    pub fn latest(&self) -> Checkpoint {
        *self.latest.borrow()
    }

    /// This far the hand-over has come; written with the next renewal.
    pub fn hand_in(&self, checkpoint: Checkpoint) {
        self.latest.send_replace(checkpoint);
    }

    /// Has `checkpoint` written now, and returns once the lease holds it. For as long as the lease cannot be written
    /// this waits; it ends with the office.
    pub async fn keep(&self, checkpoint: Checkpoint) {
        self.hand_in(checkpoint);
        let mut kept = self.kept.subscribe();
        self.hurry.notify_one();
        // The sender lives as long as we do.
        let _ = kept.wait_for(|kept| *kept == checkpoint).await;
    }

    /// A renewal wrote `checkpoint`.
    pub fn wrote(&self, checkpoint: Checkpoint) {
        self.kept.send_replace(checkpoint);
    }

    /// Ends when somebody waits for a renewal. Cancel-safe.
    pub async fn hurried(&self) {
        self.hurry.notified().await;
    }
}
