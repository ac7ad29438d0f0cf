//! A model of the stores' side: idempotent by key, and wrong in many ways for a while.

use std::collections::{BTreeMap, BTreeSet};

use contract::{QueueEntry, StoreId};

use crate::agenda::{MS, S, Us};
use crate::rare::Rare;
use crate::wire::Reply;

/// How a POS behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Takes effect and answers.
    Fine,
    /// Takes effect, perhaps after the deadline.
    Slow,
    /// Answers 503.
    Error,
    /// Closes the connection without an answer, sometimes after it took effect.
    Mute,
    /// Cannot be reached.
    Unreachable,
    /// What is sent to it may take longer than its sender waits.
    Distant,
}

impl Manner {
    /// Those that are faults.
    pub const FAULTS: [Self; 5] = [Self::Slow, Self::Error, Self::Mute, Self::Unreachable, Self::Distant];

    /// How it is counted.
    pub const fn rare(self) -> Option<Rare> {
        match self {
            Self::Fine => None,
            Self::Slow => Some(Rare::PosSlow),
            Self::Error => Some(Rare::PosError),
            Self::Mute => Some(Rare::PosReplyLost),
            Self::Unreachable => Some(Rare::PosUnreachable),
            Self::Distant => Some(Rare::PosDistant),
        }
    }
}

/// What comes of one payload: the effect after a while, and what is answered after another one.
#[derive(Debug)]
pub struct Judgement {
    /// When it takes effect, if it does.
    pub effect: Option<Us>,
    /// When what is answered; a lost answer is [`Reply::Broken`].
    pub reply: (Us, Reply),
    /// It was there before.
    pub repeated: bool,
}

/// The stores' side.
#[derive(Debug, Default)]
pub struct Pos {
    manners: BTreeMap<StoreId, (Manner, Us)>,
    /// Idempotency keys that took effect, or will.
    known: BTreeMap<(StoreId, String), Us>,
    refused: BTreeSet<(StoreId, String)>,
}

impl Pos {
    /// From now until `until`.
    pub fn behave(&mut self, store: StoreId, manner: Manner, until: Us) {
        self.manners.insert(store, (manner, until));
    }

    /// This order will be answered 422.
    pub fn refuse(&mut self, store: StoreId, code: String) {
        self.refused.insert((store, code));
    }

    /// How a store's POS behaves now.
    pub fn manner(&self, store: StoreId, now: Us) -> Manner {
        self.manners.get(&store).filter(|(_, until)| now < *until).map_or(Manner::Fine, |(manner, _)| *manner)
    }

    /// A payload arrives.
    pub fn take(&mut self, entry: &QueueEntry, now: Us, rng: &mut fastrand::Rng) -> Judgement {
        let (store, key) = (entry.order.store, (entry.order.store, entry.order.code.to_string()));
        let answer = now + rng.u64(MS..20 * MS);
        let nothing = |reply| Judgement { effect: None, reply, repeated: false };
        let manner = self.manner(store, now);
        match manner {
            Manner::Unreachable => return nothing((now + MS, Reply::Unreachable)),
            Manner::Error => {
                let after = rng.bool().then_some(1_000);
                return nothing((answer, Reply::Status(503, after)));
            }
            Manner::Mute if rng.bool() => return nothing((answer, Reply::Broken)),
            Manner::Fine | Manner::Slow | Manner::Distant | Manner::Mute => {}
        }
        if self.refused.contains(&key) {
            return nothing((answer, Reply::Status(422, None)));
        }
        if let Some(at) = self.known.get(&key) {
            // One that is still being worked on is answered "busy": the key is taken, the effect is to come.
            let status = if *at <= now { 409 } else { 429 };
            return Judgement { effect: None, reply: (answer, Reply::Status(status, None)), repeated: true };
        }
        let effect = if manner == Manner::Slow { now + rng.u64(S / 10..6 * S) } else { now };
        self.known.insert(key, effect);
        let reply = if manner == Manner::Mute { Reply::Broken } else { Reply::Status(201, None) };
        Judgement { effect: Some(effect), reply: (answer.max(effect + MS), reply), repeated: false }
    }
}
