//! Every word that the console shows, in Spanish and in English.
//!
//! The catalogue is complete by construction: a [`Msg`] or a phrase cannot be written with one language only.
//! Fixed texts are in `text/words.rs`, sentences with figures in `text/phrases.rs` and, where one has other words than several, `text/counts.rs`, words for what others say in
//! `text/said.rs`. Nothing else in the console
//! holds text for people, save the command line's help and the logs, which are in English.

pub mod attention;
pub mod counts;
pub mod done;
pub mod happened;
pub mod phrases;
mod refused;
pub mod said;
pub mod told;
mod trouble;
mod words;

pub use crate::state::Lang;
pub use words::Msg;

impl Lang {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Es, Self::En];

    /// Its two letters, as `--lang` takes them.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }

    /// The one that its first two letters name, whatever follows (`es_EC.UTF-8`).
    pub fn parse(text: &str) -> Option<Self> {
        let letters = text.get(..2)?.to_ascii_lowercase();
        let ends = text.get(2..).is_none_or(|rest| rest.is_empty() || rest.starts_with(['_', '-', '.', '@']));
        Self::ALL.into_iter().find(|lang| ends && lang.as_str() == letters)
    }

    /// The first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set decides, as in every program; one that names
    /// neither language leaves Spanish.
    pub fn from_env(var: impl Fn(&str) -> Option<String>) -> Self {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| var(name).filter(|value| !value.is_empty()))
            .and_then(|value| Self::parse(&value))
            .unwrap_or_default()
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Es => Self::En,
            Self::En => Self::Es,
        }
    }

    /// `msg` in this language.
    pub const fn t(self, msg: Msg) -> &'static str {
        msg.text(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that are the same in both languages, and why that is right.
    const SAME: &[(Msg, &str)] = &[
        (Msg::ColumnTotal, "the same word"),
        (Msg::TabBus, "the same word"),
        (Msg::No, "the same word"),
        (Msg::ColumnRoundTrip, "a figure's name and its unit"),
        (Msg::PaneServer, "JetStream's own word"),
        (Msg::ColumnStream, "JetStream's own word"),
        (Msg::ColumnBytes, "the same word"),
        (Msg::ColumnBytesPerSecond, "a unit"),
        (Msg::ColumnConsumers, "an abbreviation of both words"),
        (Msg::ColumnOwner, "the service's name"),
        (Msg::ColumnPos, "an abbreviation that both use"),
        (Msg::ColumnRevision, "an abbreviation of both words"),
        (Msg::ColumnMedian, "a figure's name"),
        (Msg::ColumnNinetyNine, "a figure's name"),
    ];

    #[test]
    fn no_message_is_empty_and_languages_differ() {
        for msg in Msg::ALL {
            let (es, en) = (Lang::Es.t(*msg), Lang::En.t(*msg));
            assert!(!es.trim().is_empty() && !en.trim().is_empty(), "{msg:?}");
            let excused = SAME.iter().any(|(same, _)| same == msg);
            assert_eq!(es == en, excused, "{msg:?}: {es:?} / {en:?}");
        }
    }

    #[test]
    fn no_phrase_is_empty_and_languages_differ() {
        for (name, es, en) in phrases::TEMPLATES {
            assert!(!es.trim().is_empty() && !en.trim().is_empty(), "{name}");
            let excused = phrases::SAME.contains(name);
            assert_eq!(es == en, excused, "{name}: {es:?} / {en:?}");
            let holes = |text: &str| {
                let mut holes: Vec<String> = text
                    .split('{')
                    .skip(1)
                    .filter_map(|rest| rest.split(['}', ':']).next())
                    .map(str::to_owned)
                    .collect();
                holes.sort();
                holes
            };
            assert_eq!(holes(es), holes(en), "{name}: both languages must tell the same figures");
        }
    }

    #[test]
    fn the_locale_decides_and_spanish_is_the_default() {
        let env = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(Lang::from_env(env(&[("LANG", "en_US.UTF-8")])), Lang::En);
        assert_eq!(Lang::from_env(env(&[("LC_ALL", "es_EC.UTF-8"), ("LANG", "en_US.UTF-8")])), Lang::Es);
        assert_eq!(Lang::from_env(env(&[("LC_ALL", ""), ("LC_MESSAGES", "en"), ("LANG", "es")])), Lang::En);
        assert_eq!(Lang::from_env(env(&[("LANG", "C")])), Lang::Es);
        assert_eq!(Lang::from_env(env(&[("LANG", "escape")])), Lang::Es);
        assert_eq!(Lang::parse("english"), None);
        assert_eq!(Lang::from_env(env(&[])), Lang::Es);
    }
}
