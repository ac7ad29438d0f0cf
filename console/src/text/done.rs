//! What became of something that was done, in words.

use contract::command::PingPart;

use super::{Lang, Msg, phrases};
use crate::effect::Target;
use crate::state::State;
use crate::state::jobs::{Counts, Fault, Step};

impl Step {
    /// Its word in `lang`.
    pub const fn word(&self) -> Msg {
        match self {
            Self::Waiting => Msg::StepWaiting,
            Self::Sent => Msg::StepSent,
            Self::Answered => Msg::StepAnswered,
            Self::Verified => Msg::StepVerified,
            Self::Unverified(_) => Msg::StepUnverified,
            Self::Skipped(_) => Msg::StepSkipped,
            Self::Failed(_) => Msg::StepFailed,
        }
    }

    /// Why it ended so, where there is something to tell.
    pub fn why(&self, lang: Lang) -> Option<String> {
        match self {
            Self::Waiting | Self::Sent | Self::Answered | Self::Verified => None,
            Self::Unverified(trouble) => Some(match trouble {
                Some(trouble) => trouble.text(lang),
                None => lang.t(Msg::NotSeen).to_owned(),
            }),
            Self::Skipped(refusal) => Some(refusal.text(lang)),
            Self::Failed(fault) => Some(fault.text(lang)),
        }
    }
}

impl Fault {
    /// One sentence in `lang`; what a service said stays in its own words.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            Self::Trouble(trouble) => trouble.text(lang),
            Self::Said { code, message } if message.is_empty() => code.clone(),
            Self::Said { code, message } => format!("{code}: {message}"),
            Self::Stale => lang.t(Msg::FaultStale).to_owned(),
            Self::NotInjected => lang.t(Msg::OrderNotInjected).to_owned(),
            Self::Unreachable => lang.t(Msg::FaultUnreachable).to_owned(),
        }
    }
}

/// The word for a part of calling a POS.
pub const fn part(part: PingPart) -> Msg {
    match part {
        PingPart::Resolve => Msg::PartResolve,
        PingPart::Connect => Msg::PartConnect,
        PingPart::Tls => Msg::PartTls,
        PingPart::Http => Msg::PartHttp,
        PingPart::Unknown => Msg::FailUnknown,
    }
}

impl Counts {
    /// `comprobados: 45 · omitidos: 3 · fallidos: 2`: what there is none of is left out.
    pub fn text(self, lang: Lang) -> String {
        let told = [
            (self.open, phrases::count_open(lang, self.open)),
            (self.verified, phrases::count_verified(lang, self.verified)),
            (self.unverified, phrases::count_unverified(lang, self.unverified)),
            (self.skipped, phrases::count_skipped(lang, self.skipped)),
            (self.failed, phrases::count_failed(lang, self.failed)),
        ];
        told.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text).collect::<Vec<_>>().join(" · ")
    }
}

/// A target as people call it: an order's code with its store's, a store's code and name, an instance's name.
pub fn target(state: &State, target: &Target) -> String {
    match target {
        Target::Order(id) => match state.stores.get(id.store) {
            Some(store) => format!("{} {}", store.record.code, id.code),
            None => id.to_string(),
        },
        Target::Store(id) => {
            let place = state.stores.place(*id);
            if place.is_empty() { id.to_string() } else { place }
        }
        Target::Instance(_, instance) => instance.to_string(),
    }
}
