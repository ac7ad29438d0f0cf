//! What a message says, in one line.

use contract::order::Ending;

use super::{Lang, Msg, happened, phrases};
use crate::event::Fact;
use crate::state::log::Happened;
use crate::view::label::run_msg;

/// The line; nothing that a stranger wrote but what was sanitised, no personal data.
pub fn line(lang: Lang, fact: Option<&Fact>) -> String {
    let of = |code: &dyn std::fmt::Display, msg| format!("{code}: {}", lang.t(msg));
    match fact {
        Some(Fact::Accepted { head, .. }) => {
            of(&head.code, if head.again > 0 { Msg::OrderReinjected } else { Msg::OrderAccepted })
        }
        Some(Fact::Solved { order, .. }) => of(&order.code, Msg::OrderSolved),
        Some(Fact::Queued(entry)) => of(&entry.order.code, Msg::OrderQueued),
        Some(Fact::Ended(outcome)) => match outcome.ending {
            Ending::Injected { .. } => of(&outcome.order.code, Msg::OrderInjected),
            Ending::NotInjected { .. } => of(&outcome.order.code, Msg::OrderNotInjected),
        },
        Some(Fact::Step(event)) => {
            let order = match &event.kind {
                contract::EventKind::AttemptFailed { order, .. } => format!("{}: ", order.code),
                _ => String::new(),
            };
            format!("{order}{}", happened::step(lang, &event.kind))
        }
        Some(Fact::Store { record, .. }) => phrases::told_store(lang, &record.code, &record.name),
        Some(Fact::Invalid(head)) => happened::sentence(lang, &Happened::Invalid(head.clone())),
        Some(Fact::Heartbeat { heartbeat, .. }) => of(&heartbeat.instance, run_msg(heartbeat.state)),
        Some(Fact::Audited { record, .. }) => of(&record.by, happened::audit_msg(&record.kind)),
        Some(Fact::Unreadable { why, .. }) => phrases::told_unreadable(lang, why),
        None => lang.t(Msg::ToldCommand).to_owned(),
    }
}
