//! What was set going and is followed until its end shows.

use contract::command::Verb;
use contract::heartbeat::RunState;
use contract::{InstanceId, OrderId, Service, UtcMs};

use super::orders::OrderState;
use super::{Opened, Screen};

/// How long a test order is followed, in milliseconds; beyond the whole retry schedule it would only be noise.
pub const FOLLOW_MS: i64 = 10 * 60 * 1_000;

/// How long the heartbeats may take to show a command's effect, in milliseconds: several of them.
pub const VERIFY_MS: i64 = 6_000;

/// Things followed at the same time.
pub const FOLLOWED_MAX: usize = 20;

/// A test order under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedOrder {
    /// The order.
    pub order: OrderId,
    /// When it was sent.
    pub sent_at: UtcMs,
    /// What was looked at then: the screen, and the details on top of it.
    pub sent_from: (Screen, Vec<Opened>),
    /// The last state that was told.
    pub told: Option<OrderState>,
}

/// A command under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedCommand {
    /// The service.
    pub service: Service,
    /// The instance.
    pub instance: InstanceId,
    /// What it was told.
    pub verb: Verb,
    /// When.
    pub sent_at: UtcMs,
    /// The state that the heartbeats should show.
    pub expected: RunState,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Following {
    /// Test orders, oldest first.
    pub orders: Vec<FollowedOrder>,
    /// Commands, oldest first.
    pub commands: Vec<FollowedCommand>,
}
