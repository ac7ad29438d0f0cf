//! What happened, in a sentence.

use contract::audit::{AuditKind, AuditRecord, Ended};
use contract::event::{Misfit, PosState};
use contract::{EventKind, InstanceId, Target};

use super::{Lang, Msg, counts, phrases, said};
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
        Happened::Audited { record, .. } => audited(lang, record),
        Happened::LinkLost => lang.t(Msg::HappenedLinkLost).to_owned(),
        Happened::LinkBack(away_ms) => phrases::back_after(lang, crate::view::when::age(*away_ms)),
    }
}

/// What was done and to what; of an outcome, how many ended how.
fn audited(lang: Lang, record: &AuditRecord) -> String {
    let (by, what) = (&record.by, &record.operation);
    let all = |listed: usize| listed + usize::try_from(record.left_out).unwrap_or(usize::MAX);
    let (mut text, shown) = match &record.kind {
        AuditKind::Intent { targets, .. } => {
            (phrases::audit_intent(lang, by, what), things(lang, targets.first(), all(targets.len())))
        }
        AuditKind::Outcome { results } => {
            let first = results.first().map(|one| &one.target);
            (phrases::audit_outcome(lang, by, what), things(lang, first, all(results.len())))
        }
        AuditKind::Unknown => (format!("{by}: {}", lang.t(Msg::StepUnknown)), String::new()),
    };
    text.push_str(&shown);
    if let AuditKind::Outcome { results } = &record.kind {
        let counts = ENDS.iter().filter_map(|(ended, told)| {
            let ended: Vec<_> = results.iter().filter(|one| one.result == *ended).collect();
            let code = ended.first().and_then(|one| one.code.as_deref()).filter(|_| ended.len() == 1);
            let code = code.map_or_else(String::new, |code| format!(" ({code})"));
            (!ended.is_empty()).then(|| format!("{}{code}", told(lang, ended.len())))
        });
        text = format!("{text} · {}", counts.collect::<Vec<_>>().join(", "));
    }
    match &record.reason {
        Some(reason) => format!("{text} · {reason}"),
        None => text,
    }
}

/// Words for so many things.
type Counted = fn(Lang, usize) -> String;

/// How things end, and the words for so many that did.
const ENDS: [(Ended, Counted); 5] = [
    (Ended::Done, counts::audit_done),
    (Ended::Unverified, counts::audit_unverified),
    (Ended::Skipped, counts::audit_skipped),
    (Ended::Failed, counts::audit_failed),
    (Ended::Unknown, counts::audit_unknown),
];

/// One thing by its name, several by their number.
fn things(lang: Lang, first: Option<&Target>, count: usize) -> String {
    match first {
        Some(target) if count == 1 => {
            format!(" {}", target.as_str().split_once(':').map_or(target.as_str(), |(_, name)| name))
        }
        _ => format!(" {}", counts::audit_things(lang, count)),
    }
}

/// Before, after, or neither that is known.
pub(super) const fn audit_msg(kind: &AuditKind) -> Msg {
    match kind {
        AuditKind::Intent { .. } => Msg::AuditIntent,
        AuditKind::Outcome { .. } => Msg::AuditOutcome,
        AuditKind::Unknown => Msg::StepUnknown,
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
        EventKind::ResolverLost { resolver, partitions, .. } => counts::resolver_lost(lang, partitions, resolver),
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
