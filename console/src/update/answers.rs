//! What effects came back with, and following what was set going until its end shows.

use contract::command::{IntakeReply, Reply, Verb};
use contract::{InstanceId, OrderId, Service};

use super::{facts, input};
use crate::effect::Effect;
use crate::event::{Answer, Trouble};
use crate::state::follow::{FOLLOW_MS, VERIFY_MS};
use crate::state::tree::Tree;
use crate::state::{Notice, OrderState, Payload, State, Tone};

/// Takes an answer.
pub(super) fn take(state: &mut State, answer: Answer) -> Vec<Effect> {
    match answer {
        Answer::Payload { order, payload } => {
            // Only for the order that is still being looked at.
            if let Some((wanted, shown)) = &mut state.payload
                && *wanted == order
            {
                let lang = state.lang;
                state.tree = payload.as_ref().map_or_else(|_| Tree::default(), Tree::new);
                *shown = payload.map_or_else(|why| Payload::Missing(why.text(lang)), Payload::Shown);
            }
            Vec::new()
        }
        Answer::Store { record, .. } => {
            // When it fails, the record stays without a revision, and the screen says so.
            if let Ok((record, revision)) = record {
                facts::store(state, &record, Some(revision));
            }
            Vec::new()
        }
        Answer::Counters(read) => {
            state.counted.take(state.now, read);
            Vec::new()
        }
        Answer::Copied { count, cut } => {
            let tone = if cut { Tone::Bad } else { Tone::Good };
            state.notices.post(state.now, tone, Notice::Copied { count, cut });
            Vec::new()
        }
        Answer::ViewSaved(Ok((name, all))) => {
            state.views.all = all;
            state.notices.post(state.now, Tone::Good, Notice::ViewSaved(name));
            Vec::new()
        }
        Answer::ViewSaved(Err(why)) => {
            state.notices.post(state.now, Tone::Bad, Notice::ViewNotSaved(why));
            Vec::new()
        }
        Answer::Dumped(path) => {
            let tone = if path.is_ok() { Tone::Good } else { Tone::Bad };
            state.notices.post(state.now, tone, Notice::Dumped(path));
            Vec::new()
        }
        Answer::Replay { number, read } => {
            super::replay::read(state, number, read);
            Vec::new()
        }
        Answer::Server(server) => {
            super::wire::server(state, server);
            Vec::new()
        }
        Answer::Injected { order, reply } => injected(state, order, reply),
        Answer::Commanded { service, instance, verb, reply } => {
            commanded(state, service, instance, verb, reply);
            Vec::new()
        }
    }
}

fn injected(state: &mut State, order: OrderId, reply: Result<IntakeReply, Trouble>) -> Vec<Effect> {
    match reply {
        Ok(reply) if matches!(reply.status, 200 | 202) => {
            let notice = Notice::InjectAccepted { order: order.clone(), sequence: reply.sequence };
            state.notices.post(state.now, Tone::Good, notice);
            // Only where the person still is: not over a dialog, a filter being written, or what was turned to meanwhile.
            let here = (state.screen, state.opened.clone());
            let waits = state.following.orders.iter().any(|sent| sent.order == order && sent.sent_from == here);
            if waits && !state.help && state.input_mode() == crate::state::InputMode::Normal {
                return input::show_order(state, &order);
            }
            Vec::new()
        }
        // It may have been taken all the same: what the streams tell of it is still to come.
        Err(why @ Trouble::Unanswered(_)) => {
            let why = why.text(state.lang);
            state.notices.post(state.now, Tone::Bad, Notice::InjectFailed { order, why });
            Vec::new()
        }
        refused => {
            state.following.orders.retain(|followed| followed.order != order);
            let why = match refused {
                Ok(reply) => {
                    let faults: Vec<String> = reply.faults.iter().take(3).map(ToString::to_string).collect();
                    format!("{} {}: {} {}", reply.status, reply.code, reply.message, faults.join("; "))
                }
                Err(why) => why.text(state.lang),
            };
            state.notices.post(state.now, Tone::Bad, Notice::InjectFailed { order, why });
            Vec::new()
        }
    }
}

fn commanded(state: &mut State, service: Service, instance: InstanceId, verb: Verb, reply: Result<Reply, Trouble>) {
    let why = match reply {
        // Done is what the next heartbeat shows, not what was answered.
        Ok(Reply { ok: true, .. }) | Err(Trouble::Unanswered(_)) => return,
        Ok(Reply { fault, .. }) => fault.map_or_else(String::new, |fault| fault.to_string()),
        Err(why) => why.text(state.lang),
    };
    state.following.commands.retain(|command| (command.service, &command.instance) != (service, &instance));
    state.notices.post(state.now, Tone::Bad, Notice::CommandFailed { service, instance, verb, why });
}

/// Tells the steps of followed orders and whether commands took effect.
pub(super) fn follow(state: &mut State) {
    let mut said = Vec::new();
    state.following.orders.retain_mut(|followed| {
        let Some(order) = state.orders.get(&followed.order) else { return true };
        let now_is = order.state();
        if followed.told != Some(now_is) {
            followed.told = Some(now_is);
            if now_is != OrderState::Accepted {
                let tone = match now_is {
                    OrderState::Injected | OrderState::Solved => Tone::Good,
                    OrderState::NotInjected => Tone::Bad,
                    _ => Tone::Info,
                };
                let took_ms = order.age_ms(state.now);
                said.push((tone, Notice::Followed { order: followed.order.clone(), state: now_is, took_ms }));
            }
        }
        !now_is.is_final()
    });
    state.following.commands.retain(|command| {
        let key = (command.service, command.instance.clone());
        let Some(instance) = state.services.get(&key) else { return true };
        let shows = instance.heard_at > command.sent_at && instance.heartbeat.state == command.expected;
        if shows {
            let (service, instance) = key;
            said.push((Tone::Good, Notice::Verified { service, instance, state: command.expected }));
        }
        !shows
    });
    for (tone, notice) in said {
        state.notices.post(state.now, tone, notice);
    }
}

/// Gives up following what takes too long, and says so.
pub(super) fn expire(state: &mut State) {
    let now = state.now;
    let mut said = Vec::new();
    state.following.orders.retain(|followed| {
        let over = now.since(followed.sent_at) >= FOLLOW_MS;
        if over {
            let order = followed.order.clone();
            let state = state.orders.get(&order).map_or(OrderState::Accepted, crate::state::Order::state);
            said.push(Notice::FollowEnded { order, state });
        }
        !over
    });
    state.following.commands.retain(|command| {
        let over = now.since(command.sent_at) >= VERIFY_MS;
        if over {
            let (service, instance, verb) = (command.service, command.instance.clone(), command.verb);
            said.push(Notice::CommandFailed { service, instance, verb, why: String::new() });
        }
        !over
    });
    for notice in said {
        state.notices.post(now, Tone::Bad, notice);
    }
}
