//! Short messages in a box at the lower right, the newest at the bottom. They cover the screen, never the footer.

use ratatui::layout::Rect;

use super::fit;
use super::pen::{Look, Pen};
use super::{label, when};
use crate::action::Action;
use crate::keys;
use crate::state::notices::Posted;
use crate::state::{Notice, State, Tone};
use crate::text::{Msg, counts, done, phrases};
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
        let mut lines = fit::wrap(&notice(look, state, &posted.notice), room);
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

fn notice(look: &Look, state: &State, notice: &Notice) -> String {
    let lang = look.lang;
    match notice {
        Notice::Injecting(order) => phrases::injecting(lang, &order.code),
        Notice::InjectAccepted { order } => phrases::inject_accepted(lang, &order.code),
        Notice::InjectFailed { order, step } => {
            phrases::inject_failed(lang, &order.code, step.why(lang).unwrap_or_default())
        }
        Notice::Followed { order, state, took_ms } => {
            phrases::followed(lang, &order.code, look.t(label::order_state(*state)), when::took(*took_ms))
        }
        Notice::FollowEnded { order, state } => {
            phrases::follow_ended(lang, &order.code, look.t(label::order_state(*state)))
        }
        Notice::JobBegan { kind, target, count } => {
            let what = look.t(kind.operation().text);
            match target {
                Some(target) => phrases::job_began(lang, done::target(state, target), what),
                None => phrases::jobs_began(lang, what, count, jobs_key(look, state)),
            }
        }
        Notice::JobEnded { kind, target, counts, step } => {
            let what = look.t(kind.operation().text);
            match (target, step) {
                (Some(target), Some(step)) => {
                    let why = step.why(lang).unwrap_or_default();
                    phrases::job_not(lang, done::target(state, target), what, look.t(step.word()), why)
                }
                (Some(target), None) => phrases::job_verified(lang, done::target(state, target), what),
                (None, _) => phrases::jobs_ended(lang, what, counts.text(lang), jobs_key(look, state)),
            }
        }
        Notice::NotAudited(why) => phrases::not_audited(lang, why),
        Notice::NotRecorded(why) => phrases::not_recorded(lang, why),
        Notice::Unheard(why) => phrases::unheard(lang, why),
        Notice::Unlocked(ms) => phrases::unlocked(lang, phrases::minutes(lang, ms / 60_000)),
        Notice::Locked => look.t(Msg::Locked).to_owned(),
        Notice::Concealed => look.t(Msg::Concealed).to_owned(),
        Notice::NotEdited(order) => phrases::not_edited(lang, &order.code),
        Notice::EditFailed { order, why } => phrases::edit_failed(lang, &order.code, why.text(lang)),
        Notice::Back { away_ms } => phrases::back_after(lang, when::age(*away_ms)),
        Notice::SwitchFailed { name, why } => phrases::switch_failed(lang, name, why),
        Notice::Denied(what) => phrases::denied(lang, what),
        Notice::Copied { count, cut: false } => counts::copied(lang, when::count(*count as u64)),
        Notice::Copied { count, cut: true } => phrases::copied_cut(lang, when::count(*count as u64)),
        Notice::Dumped(Ok(path)) => phrases::dumped(lang, path),
        Notice::Dumped(Err(why)) => phrases::dump_failed(lang, why),
        Notice::AlertFailed(why) => phrases::alert_failed(lang, why),
        Notice::ViewSaved(name) => phrases::view_saved(lang, name),
        Notice::ViewNotSaved(why) => phrases::view_not_saved(lang, why),
        Notice::ViewsUnreadable(why) => phrases::views_unreadable(lang, why),
        Notice::MarksGone(count) => counts::marks_gone(lang, count),
        Notice::MarksFull => look.t(Msg::MarksFull).to_owned(),
        Notice::Mouse(mouse) => look.t(if mouse.is_ours() { Msg::MouseOn } else { Msg::MouseOff }).to_owned(),
        Notice::Refused(why) => why.text(lang),
    }
}

/// The key that shows what was done.
fn jobs_key(look: &Look, state: &State) -> String {
    let binding = keys::BINDINGS.iter().find(|binding| binding.action == Action::Jobs);
    let first = binding.and_then(|binding| state.settings.keys.of(binding).first().copied());
    first.map_or_else(String::new, |key| key.name(look.theme.is_ascii()))
}
