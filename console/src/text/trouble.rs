//! What went wrong outside, in words.

use super::{Lang, Msg, phrases};
use crate::event::Trouble;

impl Trouble {
    /// One sentence in `lang`.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            Self::NotConnected => lang.t(Msg::TroubleNotConnected).to_owned(),
            Self::Unanswered(seconds) => phrases::trouble_unanswered(lang, seconds),
            Self::Denied => lang.t(Msg::TroubleDenied).to_owned(),
            Self::NoService => lang.t(Msg::TroubleNoService).to_owned(),
            Self::Gone => lang.t(Msg::TroubleGone).to_owned(),
            Self::NotJson(line, column) => phrases::trouble_not_json(lang, line, column),
            Self::Unreadable => lang.t(Msg::TroubleUnreadable).to_owned(),
            Self::Forbidden(text) => phrases::trouble_forbidden(lang, text),
            Self::Said(text) => text.clone(),
        }
    }
}
