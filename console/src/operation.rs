//! Everything that a person can do to the world from here, as data: [`OPERATIONS`]. Keys, palette, preview, help, the
//! audit trail and the commands without a screen are made from it or held against it.
//!
//! All of them go one way: a plan that names each thing by its id, a preview to the last byte, a confirmation that
//! grows with the danger, the intent in the audit trail, a last look at each thing before its request goes out, the proof
//! in what comes back, and the outcome in the trail. `update/plan` and `state/jobs.rs` are that way.

use contract::command::Verb;
use contract::permission::{Held, Right, USERS};
use contract::{Service, stream};

use crate::action::Action;
use crate::text::Msg;

/// Which operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A test order that no kitchen cooks.
    Inject,
    /// An order that was not injected goes to its store once more, as it was.
    Reinject,
    /// The same, with another payload.
    ReinjectEdited,
    /// Nothing more is to be done about an order that was not injected.
    Solve,
    /// The order at the head of its store's queue is given up.
    Release,
    /// Whether an instance answers.
    Ping,
    /// An instance begins nothing new.
    Pause,
    /// An instance goes on.
    Resume,
    /// An instance finishes and hands over what it holds.
    Drain,
    /// How much an instance writes to its log.
    LogLevel,
    /// The partition of a store goes to another resolver.
    Move,
    /// Whether a store's POS can be reached, from where its orders are injected.
    PingPos,
    /// A store takes no orders for now.
    PauseStore,
    /// A store takes orders again.
    ResumeStore,
    /// A store takes no orders any more. Records are never removed: this is what takes a store out of service.
    DisableStore,
    /// A new store.
    CreateStore,
    /// What is known of a store.
    EditStore,
    /// An order's personal data is shown to whoever asks, for a while. Nothing is changed.
    Reveal,
    /// Acting in a context that opens read-only, for a while.
    Unlock,
}

/// What an operation is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// Orders: several at once.
    Orders,
    /// An instance of a service.
    Instance,
    /// A store.
    Store,
    /// The connection as a whole.
    Context,
}

/// How bad a mistake would be, and so how a plan is confirmed.
///
/// Whatever it is: more than one thing at once, and anything in production, is confirmed by typing country and count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Danger {
    /// Changes nothing.
    Harmless,
    /// Can be put right, or does nothing that is not wanted twice.
    Ordinary,
    /// Stops or gives up something: its name is typed.
    Grave,
}

/// Whether a reason is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No.
    None,
    /// It may be left empty.
    Optional,
    /// Without one nothing is sent.
    Required,
}

/// The right on the bus without which the server denies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// To give a command to any service that takes it.
    Command(&'static [(Service, Verb)]),
    /// To write store records.
    Stores,
    /// To read payloads.
    Payloads,
    /// To give any command at all.
    Acting,
}

/// One operation.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// Which.
    pub kind: Kind,
    /// Its stable name: in the audit trail and in what scripts read.
    pub name: &'static str,
    /// What it does, in a word or two, as an infinitive.
    pub text: Msg,
    /// What follows from it, in a sentence.
    pub means: Msg,
    /// What it is done to.
    pub object: Object,
    /// How it is confirmed.
    pub danger: Danger,
    /// Whether a reason is asked for.
    pub reason: Reason,
    /// What it needs.
    pub needs: Needs,
    /// The action of the table of keys that prepares it, where it has one; the palette offers all of them.
    pub action: Option<Action>,
    /// The command that does it without a screen, by its names in the order of the words; none where only a person at a screen
    /// may.
    pub command: &'static [&'static str],
}

const API: Service = Service::Api;
const RESOLVER: Service = Service::Resolver;

/// Every service, each told `verb`.
macro_rules! each {
    ($verb:ident) => {
        Needs::Command(&[
            (Service::Api, Verb::$verb),
            (Service::Distribuidor, Verb::$verb),
            (Service::Resolver, Verb::$verb),
        ])
    };
}

/// Every operation, in the order in which the palette lists them.
pub static OPERATIONS: &[Operation] = &[
    Operation {
        kind: Kind::Reinject,
        name: "reinject",
        text: Msg::OpReinject,
        means: Msg::OpReinjectMeans,
        object: Object::Orders,
        danger: Danger::Ordinary,
        reason: Reason::Optional,
        needs: Needs::Command(&[(API, Verb::Reinject)]),
        action: Some(Action::Reinject),
        command: &["reinject"],
    },
    Operation {
        kind: Kind::ReinjectEdited,
        name: "reinject-edited",
        text: Msg::OpReinjectEdited,
        means: Msg::OpReinjectEditedMeans,
        object: Object::Orders,
        danger: Danger::Grave,
        reason: Reason::Required,
        needs: Needs::Command(&[(API, Verb::Reinject)]),
        action: Some(Action::Edit),
        command: &["reinject"],
    },
    Operation {
        kind: Kind::Solve,
        name: "solve",
        text: Msg::OpSolve,
        means: Msg::OpSolveMeans,
        object: Object::Orders,
        danger: Danger::Ordinary,
        reason: Reason::Required,
        needs: Needs::Command(&[(API, Verb::Solve)]),
        action: Some(Action::Solve),
        command: &["solve"],
    },
    Operation {
        kind: Kind::Release,
        name: "release",
        text: Msg::OpRelease,
        means: Msg::OpReleaseMeans,
        object: Object::Store,
        danger: Danger::Grave,
        reason: Reason::Optional,
        needs: Needs::Command(&[(RESOLVER, Verb::Release)]),
        action: Some(Action::Release),
        command: &["release"],
    },
    Operation {
        kind: Kind::Inject,
        name: "inject",
        text: Msg::OpInject,
        means: Msg::TestMarker,
        object: Object::Store,
        danger: Danger::Ordinary,
        reason: Reason::None,
        needs: Needs::Command(&[(API, Verb::Inject)]),
        action: Some(Action::Inject),
        command: &["inject"],
    },
    Operation {
        kind: Kind::PingPos,
        name: "ping-pos",
        text: Msg::OpPingPos,
        means: Msg::OpPingPosMeans,
        object: Object::Store,
        danger: Danger::Harmless,
        reason: Reason::None,
        needs: Needs::Command(&[(RESOLVER, Verb::PingPos)]),
        action: Some(Action::Ping),
        command: &["store", "ping"],
    },
    Operation {
        kind: Kind::PauseStore,
        name: "pause-store",
        text: Msg::OpPauseStore,
        means: Msg::OpPauseStoreMeans,
        object: Object::Store,
        danger: Danger::Grave,
        reason: Reason::Required,
        needs: Needs::Stores,
        action: Some(Action::Pause),
        command: &["store", "pause"],
    },
    Operation {
        kind: Kind::ResumeStore,
        name: "resume-store",
        text: Msg::OpResumeStore,
        means: Msg::OpResumeStoreMeans,
        object: Object::Store,
        danger: Danger::Ordinary,
        reason: Reason::Optional,
        needs: Needs::Stores,
        action: Some(Action::Resume),
        command: &["store", "resume"],
    },
    Operation {
        kind: Kind::DisableStore,
        name: "disable-store",
        text: Msg::OpDisableStore,
        means: Msg::OpDisableStoreMeans,
        object: Object::Store,
        danger: Danger::Grave,
        reason: Reason::Required,
        needs: Needs::Stores,
        action: None,
        command: &["store", "disable"],
    },
    Operation {
        kind: Kind::CreateStore,
        name: "create-store",
        text: Msg::OpCreateStore,
        means: Msg::OpCreateStoreMeans,
        object: Object::Store,
        danger: Danger::Ordinary,
        reason: Reason::Optional,
        needs: Needs::Stores,
        action: None,
        command: &["store", "create"],
    },
    Operation {
        kind: Kind::EditStore,
        name: "edit-store",
        text: Msg::OpEditStore,
        means: Msg::OpEditStoreMeans,
        object: Object::Store,
        danger: Danger::Grave,
        reason: Reason::Optional,
        needs: Needs::Stores,
        action: Some(Action::Edit),
        command: &["store", "edit"],
    },
    Operation {
        kind: Kind::Move,
        name: "move",
        text: Msg::OpMove,
        means: Msg::OpMoveMeans,
        object: Object::Store,
        danger: Danger::Grave,
        reason: Reason::Optional,
        needs: Needs::Command(&[(Service::Distribuidor, Verb::Move)]),
        action: None,
        command: &["cmd", "move"],
    },
    Operation {
        kind: Kind::Pause,
        name: "pause",
        text: Msg::OpPause,
        means: Msg::PauseMeans,
        object: Object::Instance,
        danger: Danger::Grave,
        reason: Reason::Optional,
        needs: each!(Pause),
        action: Some(Action::Pause),
        command: &["cmd", "pause"],
    },
    Operation {
        kind: Kind::Resume,
        name: "resume",
        text: Msg::OpResume,
        means: Msg::ResumeMeans,
        object: Object::Instance,
        danger: Danger::Ordinary,
        reason: Reason::Optional,
        needs: each!(Resume),
        action: Some(Action::Resume),
        command: &["cmd", "resume"],
    },
    Operation {
        kind: Kind::Drain,
        name: "drain",
        text: Msg::OpDrain,
        means: Msg::OpDrainMeans,
        object: Object::Instance,
        danger: Danger::Grave,
        reason: Reason::Optional,
        needs: each!(Drain),
        action: None,
        command: &["cmd", "drain"],
    },
    Operation {
        kind: Kind::LogLevel,
        name: "log-level",
        text: Msg::OpLogLevel,
        means: Msg::OpLogLevelMeans,
        object: Object::Instance,
        danger: Danger::Ordinary,
        reason: Reason::Optional,
        needs: each!(LogLevel),
        action: None,
        command: &["cmd", "log-level"],
    },
    Operation {
        kind: Kind::Ping,
        name: "ping",
        text: Msg::OpPing,
        means: Msg::OpPingMeans,
        object: Object::Instance,
        danger: Danger::Harmless,
        reason: Reason::None,
        needs: each!(Ping),
        action: Some(Action::Ping),
        command: &["cmd", "ping"],
    },
    Operation {
        kind: Kind::Reveal,
        name: "reveal",
        text: Msg::OpReveal,
        means: Msg::OpRevealMeans,
        object: Object::Orders,
        danger: Danger::Harmless,
        reason: Reason::Required,
        needs: Needs::Payloads,
        action: Some(Action::Reveal),
        command: &["order"],
    },
    Operation {
        kind: Kind::Unlock,
        name: "unlock",
        text: Msg::OpUnlock,
        means: Msg::OpUnlockMeans,
        object: Object::Context,
        danger: Danger::Grave,
        reason: Reason::Required,
        needs: Needs::Acting,
        action: None,
        // A script would unlock in nobody's sight: there policy is settled by the settings file alone.
        command: &[],
    },
];

impl Kind {
    /// Its row of the table.
    pub fn operation(self) -> &'static Operation {
        // A test finds every kind in the table; the first row could only stand in for one that is missing there.
        OPERATIONS.iter().find(|operation| operation.kind == self).unwrap_or(&OPERATIONS[0])
    }

    /// Its stable name.
    pub fn name(self) -> &'static str {
        self.operation().name
    }

    /// Whether it only reads: what must not be changed right now may still be looked at.
    pub const fn only_reads(self) -> bool {
        matches!(self, Self::Reveal)
    }

    /// Whether the reason goes out with the request, and not into the audit trail alone.
    pub const fn gives_reason(self) -> bool {
        matches!(self, Self::Reinject | Self::ReinjectEdited | Self::Solve | Self::PauseStore | Self::DisableStore)
    }
}

impl Operation {
    /// The rights without which the server denies it, one of which is enough for one target.
    pub fn rights(&self) -> Vec<Right> {
        match self.needs {
            Needs::Command(_) => self.commands().collect(),
            Needs::Stores => vec![Right::Write(&stream::STORES)],
            Needs::Payloads => vec![Right::Look(Held::Stream(&stream::ORDERS))],
            Needs::Acting => OPERATIONS.iter().flat_map(Self::commands).collect(),
        }
    }

    /// The commands that it gives.
    fn commands(&self) -> impl Iterator<Item = Right> {
        let told = if let Needs::Command(told) = self.needs { told } else { &[] };
        told.iter().map(|(service, verb)| Right::Command(*service, *verb))
    }

    /// The first user of the table of permissions, people first and the least of them before the others, that may.
    pub fn user(&self) -> &'static str {
        let rights = self.rights();
        let may = |user: &&contract::permission::User| user.every_right().iter().any(|right| rights.contains(right));
        USERS.iter().find(may).map_or("", |user| user.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_one_row_with_a_name_of_its_own() {
        let names: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
        let kinds: BTreeSet<Kind> = OPERATIONS.iter().map(|operation| operation.kind).collect();
        assert_eq!((names.len(), kinds.len()), (OPERATIONS.len(), OPERATIONS.len()));
        assert_eq!(OPERATIONS.len(), Kind::Unlock as usize + 1, "a kind without a row");
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
    }

    #[test]
    fn somebody_may_do_each() {
        for (kind, user) in [
            (Kind::Reinject, "ops-act"),
            (Kind::Solve, "ops-act"),
            (Kind::Release, "ops-act"),
            (Kind::Inject, "ops-act"),
            (Kind::Unlock, "ops-act"),
            (Kind::Reveal, "ops-payload"),
            (Kind::Drain, "ops-admin"),
            (Kind::EditStore, "ops-admin"),
        ] {
            assert_eq!(kind.operation().user(), user, "{}", kind.name());
        }
        assert!(OPERATIONS.iter().all(|operation| !operation.user().is_empty()));
    }

    #[test]
    fn what_stops_something_is_grave_and_what_decides_for_good_has_a_reason() {
        for operation in OPERATIONS {
            let stops = matches!(
                operation.kind,
                Kind::Pause | Kind::Drain | Kind::Release | Kind::PauseStore | Kind::DisableStore | Kind::Move
            );
            assert!(!stops || operation.danger == Danger::Grave, "{}", operation.name);
        }
        assert_eq!(Kind::Solve.operation().reason, Reason::Required);
    }
}
