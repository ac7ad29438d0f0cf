//! What went wrong outside, in words.

use super::{Lang, Msg, phrases};
use crate::event::Trouble;
use crate::recording::Fault;

impl Trouble {
    /// One sentence in `lang`.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            Self::NotConnected => lang.t(Msg::TroubleNotConnected).to_owned(),
            Self::Unanswered(seconds) => phrases::trouble_unanswered(lang, seconds),
            Self::Denied => lang.t(Msg::TroubleDenied).to_owned(),
            Self::NoService => lang.t(Msg::TroubleNoService).to_owned(),
            Self::Gone => lang.t(Msg::TroubleGone).to_owned(),
            Self::NotRecorded => lang.t(Msg::TroubleNotRecorded).to_owned(),
            Self::Recording(fault) => recording(lang, fault),
            Self::NotJson(line, column) => phrases::trouble_not_json(lang, line, column),
            Self::Unreadable => lang.t(Msg::TroubleUnreadable).to_owned(),
            Self::Forbidden(text) => phrases::trouble_forbidden(lang, text),
            Self::Said(text) => text.clone(),
        }
    }
}

fn recording(lang: Lang, fault: &Fault) -> String {
    match fault {
        Fault::Unreadable(line, why) => phrases::recording_unreadable(lang, line, why),
        Fault::NotOne => lang.t(Msg::RecordingNotOne).to_owned(),
        Fault::Format(format) => phrases::recording_format(lang, format),
        Fault::Wrong(line, _) => phrases::recording_wrong(lang, line),
        Fault::TooLong(line) => phrases::recording_too_long(lang, line),
        Fault::Cut(line) => phrases::recording_cut(lang, line),
    }
}
