//! What happened, in a sentence.

use contract::event::{Misfit, PosState};
use contract::{EventKind, InstanceId};

use super::{Lang, Msg, phrases, said};
use crate::state::log::Happened;

/// The sentence; details in English stay out of it.
pub fn sentence(lang: Lang, what: &Happened) -> String {
    match what {
        Happened::Step(kind, _) => step(lang, kind),
        Happened::Invalid(head) => {
            let codes: Vec<&str> = head.faults.iter().map(|fault| fault.code.as_str()).take(3).collect();
            let known = |code: &str| said::fault(code).map_or_else(|| code.to_owned(), |msg| lang.t(msg).to_owned());
            phrases::refused_payload(lang, codes.into_iter().map(known).collect::<Vec<_>>().join(", "))
        }
        Happened::Said { text, .. } => phrases::console_said(lang, text),
        Happened::LinkLost => lang.t(Msg::HappenedLinkLost).to_owned(),
        Happened::LinkBack(away_ms) => phrases::back_after(lang, crate::view::when::age(*away_ms)),
    }
}

pub(super) fn step(lang: Lang, kind: &EventKind) -> String {
    match kind {
        EventKind::AttemptFailed { attempt, attempts_max, reason, retry_at, .. } => {
            let (number, why) = (phrases::attempt_of(lang, attempt, attempts_max), lang.t(said::reason(*reason)));
            let last =
                if retry_at.is_none() { format!(" · {}", lang.t(Msg::OrderNotInjected)) } else { String::new() };
            format!("{number}: {why}{last}")
        }
        EventKind::Pos { state, .. } => {
            format!("POS {}", lang.t(if *state == PosState::Down { Msg::PosDown } else { Msg::PosUp }))
        }
        EventKind::PartitionAssigned { partition, owner, epoch, .. } => {
            let owner = owner.as_ref().map_or("–", InstanceId::as_str);
            phrases::partition_goes(lang, partition, owner, epoch)
        }
        EventKind::ResolverLost { resolver, partitions, .. } => phrases::resolver_lost(lang, resolver, partitions),
        EventKind::TookOffice { term, .. } => phrases::took_office(lang, term),
        EventKind::HandOverAnew { why, .. } => {
            let why = match why {
                Misfit::First => Msg::MisfitFirst,
                Misfit::Foreign => Msg::MisfitForeign,
                Misfit::Rewound => Msg::MisfitRewound,
                Misfit::OrdersRewound => Msg::MisfitOrdersRewound,
                Misfit::Unknown => Msg::StepUnknown,
            };
            phrases::hand_over_anew(lang, lang.t(why))
        }
        EventKind::Unknown => lang.t(Msg::StepUnknown).to_owned(),
    }
}
