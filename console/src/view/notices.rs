//! Short messages in a box at the lower right, the newest at the bottom. They cover the screen, never the footer.

use contract::command::Verb;
use ratatui::layout::Rect;

use super::fit;
use super::pen::{Look, Pen};
use super::{label, when};
use crate::state::notices::Posted;
use crate::state::{Notice, Refusal, State, Tone};
use crate::text::{Msg, phrases};
use crate::theme::Meaning;

/// Most messages on screen.
const SHOWN_MAX: usize = 3;
/// Most columns of the box.
const COLUMNS_MAX: u16 = 72;
/// Most rows of one message.
const ROWS_MAX: usize = 3;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State) {
    let look = pen.look;
    let skip = state.notices.shown.len().saturating_sub(SHOWN_MAX);
    let shown: Vec<&Posted> = state.notices.shown.iter().skip(skip).collect();
    let room = usize::from(area.width.min(COLUMNS_MAX).saturating_sub(6));
    if shown.is_empty() || room < 10 || area.height < 6 {
        return;
    }
    let mut rows: Vec<(Meaning, String)> = Vec::new();
    for posted in shown {
        let (meaning, glyph) = tone(look, posted.tone);
        let mut lines = fit::wrap(&notice(look, &posted.notice), room);
        if lines.len() > ROWS_MAX {
            lines.truncate(ROWS_MAX);
            if let Some(last) = lines.last_mut() {
                *last = fit::cut(&format!("{last}{}", " ".repeat(room)), room, look.glyphs().ellipsis);
            }
        }
        let marks = std::iter::once(glyph).chain(std::iter::repeat(" "));
        rows.extend(lines.into_iter().zip(marks).map(|(line, mark)| (meaning, format!("{mark} {line}"))));
    }
    let columns = rows.iter().map(|(_, text)| fit::width(text)).max().unwrap_or(0);
    let width = u16::try_from(columns).unwrap_or(u16::MAX).saturating_add(4).min(area.width);
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    let frame = Rect { x: area.right() - width, y: area.bottom() - height, width, height };
    let inner = super::dialog::frame(pen, frame, "");
    pen.lines(inner, rows.into_iter().map(|(meaning, text)| look.line(meaning, text)).collect());
}

fn tone(look: &Look, tone: Tone) -> (Meaning, &'static str) {
    match tone {
        Tone::Info => (Meaning::Busy, look.glyphs().busy),
        Tone::Good => (Meaning::Good, look.glyphs().good),
        Tone::Bad => (Meaning::AlertCritical, look.glyphs().critical),
    }
}

fn notice(look: &Look, notice: &Notice) -> String {
    let lang = look.lang;
    match notice {
        Notice::Injecting(order) => phrases::injecting(lang, &order.code),
        Notice::InjectAccepted { order, sequence } => match sequence {
            Some(sequence) => phrases::inject_accepted_at(lang, &order.code, sequence),
            None => phrases::inject_accepted(lang, &order.code),
        },
        Notice::InjectFailed { order, why } => phrases::inject_failed(lang, &order.code, why),
        Notice::Followed { order, state, took_ms } => {
            phrases::followed(lang, &order.code, look.t(label::order_state(*state)), when::took(*took_ms))
        }
        Notice::FollowEnded { order, state } => {
            phrases::follow_ended(lang, &order.code, look.t(label::order_state(*state)))
        }
        Notice::Commanding { instance, verb, .. } => phrases::commanding(lang, command(look, *verb), instance),
        Notice::Verified { instance, state, .. } => phrases::verified(lang, instance, look.t(label::run_msg(*state))),
        Notice::CommandFailed { instance, verb, why, .. } if why.is_empty() => {
            phrases::command_unseen(lang, command(look, *verb), instance)
        }
        Notice::CommandFailed { instance, verb, why, .. } => {
            phrases::command_failed(lang, command(look, *verb), instance, why)
        }
        Notice::Back { away_ms } => phrases::back_after(lang, when::age(*away_ms)),
        Notice::SwitchFailed { name, why } => phrases::switch_failed(lang, name, why),
        Notice::Denied(what) => phrases::denied(lang, what),
        Notice::Copied { count, cut: false } => phrases::copied(lang, when::count(*count as u64)),
        Notice::Copied { count, cut: true } => phrases::copied_cut(lang, when::count(*count as u64)),
        Notice::Dumped(Ok(path)) => phrases::dumped(lang, path),
        Notice::Dumped(Err(why)) => phrases::dump_failed(lang, why),
        Notice::ViewSaved(name) => phrases::view_saved(lang, name),
        Notice::ViewNotSaved(why) => phrases::view_not_saved(lang, why),
        Notice::ViewsUnreadable(why) => phrases::views_unreadable(lang, why),
        Notice::MarksGone(count) => phrases::marks_gone(lang, count),
        Notice::MarksFull => look.t(Msg::MarksFull).to_owned(),
        Notice::Mouse(mouse) => look.t(if mouse.is_ours() { Msg::MouseOn } else { Msg::MouseOff }).to_owned(),
        Notice::Refused(why) => refusal(look, why),
    }
}

/// What an instance is told, as a noun.
pub(super) fn command(look: &Look, verb: Verb) -> &'static str {
    look.t(match verb {
        Verb::Pause => Msg::CommandPause,
        Verb::Resume => Msg::CommandResume,
        Verb::Drain => Msg::CommandDrain,
        Verb::Ping => Msg::CommandPing,
        Verb::LogLevel => Msg::CommandLogLevel,
        Verb::Inject => Msg::CommandInject,
        Verb::Reinject => Msg::CommandReinject,
        Verb::Solve => Msg::CommandSolve,
        Verb::Release => Msg::CommandRelease,
        Verb::PingPos => Msg::CommandPingPos,
        Verb::Move => Msg::CommandMove,
    })
}

/// Why something is not possible.
pub(super) fn refusal(look: &Look, refusal: &Refusal) -> String {
    let lang = look.lang;
    match refusal {
        Refusal::NoContext(name) => phrases::refused_no_context(lang, name),
        Refusal::ReadOnly => look.t(Msg::RefusedReadOnly).to_owned(),
        Refusal::NotConnected => look.t(Msg::RefusedNotConnected).to_owned(),
        Refusal::NothingSelected => look.t(Msg::RefusedNothingSelected).to_owned(),
        Refusal::OnlyOnServices => look.t(Msg::RefusedOnlyOnServices).to_owned(),
        Refusal::Silent(instance) => phrases::refused_silent(lang, instance),
        Refusal::AlreadyThere(instance, state) => {
            phrases::refused_already(lang, instance, look.t(label::run_msg(*state)))
        }
        Refusal::NoStore(text) if text.trim().is_empty() => look.t(Msg::RefusedStoreMissing).to_owned(),
        Refusal::NoStore(text) => phrases::refused_no_store(lang, text),
        Refusal::StoreClosed(store) => phrases::refused_store_closed(lang, store),
        Refusal::NoView(name) => phrases::refused_no_view(lang, name),
        Refusal::NoViewName => look.t(Msg::RefusedNoViewName).to_owned(),
        Refusal::ViewsUnreadable(why) => phrases::views_unreadable(lang, why),
        Refusal::NoSort => look.t(Msg::RefusedNoSort).to_owned(),
        Refusal::Busy => look.t(Msg::RefusedBusy).to_owned(),
        Refusal::Replaying => look.t(Msg::RefusedReplaying).to_owned(),
        Refusal::NotReplaying => look.t(Msg::RefusedNotReplaying).to_owned(),
        Refusal::ReplayTime => look.t(Msg::RefusedReplayTime).to_owned(),
    }
}
