//! What an answer makes of an item: accepted, refused, to be repeated, or in doubt.

use contract::UtcMs;
use contract::command::{IntakeReply, MoveReply, PingPosReply, Reply};

use crate::effect::Planned;
use crate::event::{Done, Trouble};
use crate::state::Refusal;
use crate::state::jobs::{Answered, Fault, JobItem, REPEAT_AFTER_MS, Step, TRIES_MAX};
use crate::update::plan::guard;

/// Faults of a payload that are told with its refusal.
const FAULTS_SHOWN: usize = 3;

/// The answer after which nobody knows whether it took effect.
const UNCONFIRMED: &str = "unconfirmed";

/// What an answer makes of an item.
pub(super) fn judge(item: &mut JobItem, reply: Result<Done, Trouble>, now: UtcMs) {
    match reply {
        Ok(Done::Reply(Reply { ok: true, .. })) => {
            let shows = matches!(&item.planned, Planned::Command { verb, .. } if guard::expected(*verb).is_some());
            if shows { accept(item, now) } else { item.step = Step::Verified }
        }
        Ok(Done::Reply(Reply { fault, .. })) => {
            let (code, message) = fault.map_or_else(Default::default, |fault| (fault.code, fault.message));
            fail(item, Fault::Said { code, message }, now);
        }
        Ok(Done::Stored(_)) => accept(item, now),
        Ok(Done::Order(IntakeReply { status, code, message, faults, sequence, .. })) => {
            said(item, (code, message), Answered { status, sequence, faults }, now);
        }
        Ok(Done::Stale) => fail(item, Fault::Stale, now),
        Ok(Done::Pos(reply)) if reply.status == 200 => {
            item.step = if reply.code == "pos_answered" { Step::Verified } else { Step::Failed(Fault::Unreachable) };
            item.found = reply.steps;
        }
        Ok(
            Done::Move(MoveReply { status, code, message, faults, .. })
            | Done::Pos(PingPosReply { status, code, message, faults, .. }),
        ) => {
            said(item, (code, message), Answered { status, sequence: None, faults }, now);
        }
        // Nothing comes of it but what is shown.
        Ok(Done::Revealed(..)) => item.step = Step::Verified,
        Err(trouble @ (Trouble::Unanswered(_) | Trouble::Unreadable)) => {
            item.doubt = Some(trouble.clone());
            repeat(item, Fault::Trouble(trouble), now);
        }
        Err(Trouble::NotConnected) => repeat(item, Fault::Trouble(Trouble::NotConnected), now),
        Err(trouble) => fail(item, Fault::Trouble(trouble), now),
    }
}

/// What a service said, with the status that HTTP has for it.
fn said(item: &mut JobItem, (code, message): (String, String), reply: Answered, now: UtcMs) {
    let status = reply.status;
    let faults = reply.faults.iter().take(FAULTS_SHOWN).map(ToString::to_string);
    let message = [message].into_iter().chain(faults).collect::<Vec<_>>().join(" ");
    item.reply = Some(reply);
    match status {
        200 | 202 => accept(item, now),
        503 => {
            if code == UNCONFIRMED {
                item.doubt = Some(Trouble::Said(message.clone()));
            }
            repeat(item, Fault::Said { code, message }, now);
        }
        _ => fail(item, Fault::Said { code, message }, now),
    }
}

fn accept(item: &mut JobItem, now: UtcMs) {
    item.doubt = None;
    wait_for_proof(item, now);
}

/// The same request once more, a while later; after the last time it has failed.
fn repeat(item: &mut JobItem, fault: Fault, now: UtcMs) {
    if item.tries >= TRIES_MAX {
        return fail(item, fault, now);
    }
    item.step = Step::Waiting;
    item.not_before = now.plus_millis(REPEAT_AFTER_MS << (item.tries.saturating_sub(1).min(TRIES_MAX)));
}

/// It has failed, unless an earlier try may have taken effect: then what comes back tells.
fn fail(item: &mut JobItem, fault: Fault, now: UtcMs) {
    if item.doubt.is_some() { wait_for_proof(item, now) } else { item.step = Step::Failed(fault) }
}

/// Not sent, or not once more: what was sent before may still show. What the server denied never arrived.
pub(super) fn skip(item: &mut JobItem, refusal: Refusal, now: UtcMs) {
    if item.doubt.is_some() && !matches!(refusal, Refusal::Denied(_)) {
        wait_for_proof(item, now);
    } else {
        item.step = Step::Skipped(refusal);
    }
}

/// What was sent may have taken effect: what comes back tells.
pub(super) fn wait_for_proof(item: &mut JobItem, now: UtcMs) {
    item.step = Step::Answered;
    item.answered_at.get_or_insert(now);
}
