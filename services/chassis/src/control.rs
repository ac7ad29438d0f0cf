//! What the instance is doing, as its operators want it.

use std::sync::Arc;

use contract::heartbeat::RunState;
use tokio::sync::watch;

/// The run state: set by commands, followed by the work. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    state: Arc<watch::Sender<RunState>>,
}

impl Control {
    /// Begins as running.
    pub fn new() -> Self {
        Self { state: Arc::new(watch::Sender::new(RunState::Running)) }
    }

    /// What it is now.
    pub fn state(&self) -> RunState {
        *self.state.borrow()
    }

    /// Whether new work may be started.
    pub fn is_running(&self) -> bool {
        self.state() == RunState::Running
    }

    /// Follows changes.
    pub fn follow(&self) -> watch::Receiver<RunState> {
        self.state.subscribe()
    }

    /// Sets it. Stopping is final: nothing can be resumed after it.
    pub fn set(&self, state: RunState) {
        self.state.send_if_modified(|current| {
            let changes = *current != state && *current != RunState::Stopping;
            if changes {
                *current = state;
            }
            changes
        });
    }
}

impl Default for Control {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopping_is_final() {
        let control = Control::new();
        control.set(RunState::Paused);
        assert!(!control.is_running());
        control.set(RunState::Stopping);
        control.set(RunState::Running);
        assert_eq!(control.state(), RunState::Stopping);
    }
}
