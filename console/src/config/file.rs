//! The shape of the settings file: its tables and keys, with the defaults. Pure.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use contract::StoreId;
use serde::{Deserialize, Serialize};

use crate::keys::{KeyMap, Preset};
use crate::state::Lang;
use crate::state::access::{Marks, TestOrders};
use crate::state::settings::{Alerting, AlertsFrom, Attention, Ms, Settings};
use crate::theme::{Choice, Depth, Ground};

/// The whole file; what it does not name is as by default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct File {
    /// Language of the screen.
    pub language: Language,
    /// How the screen looks.
    pub screen: Screen,
    /// When something asks for attention.
    pub attention: Attention,
    /// What goes to a chat group.
    pub alerts: Alerts,
    /// Keys.
    pub keys: Keys,
    /// What is known of NATS contexts, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub contexts: BTreeMap<String, Context>,
}

/// What goes to a chat group, and where that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Alerts {
    /// Where alerts are posted to; empty: none are sent. `{token}` stands for the token.
    pub url: String,
    /// How they are written.
    pub format: AlertFormat,
    /// The chat, for Telegram.
    pub chat_id: String,
    /// A file with the token; the variable `DOMICILIO_ALERT_TOKEN` goes before it.
    pub token_file: String,
    /// What is sent.
    pub levels: Vec<AlertLevel>,
    /// Shortest time between two messages.
    pub min_interval: Ms,
}

/// How alerts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertFormat {
    /// `sendMessage` of Telegram's bots.
    #[default]
    Telegram,
    /// `{"text": ...}`, as Slack, Mattermost, Google Chat and others take it.
    Text,
    /// All that is known, as JSON.
    Json,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertLevel {
    /// Urgent.
    Critical,
    /// Worth a look.
    Warning,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            url: String::new(),
            format: AlertFormat::default(),
            chat_id: String::new(),
            token_file: String::new(),
            levels: vec![AlertLevel::Critical],
            min_interval: Ms::minutes(1),
        }
    }
}

impl Alerts {
    /// What the state depends on.
    fn settings(&self, from: AlertsFrom) -> Alerting {
        let warnings = self.levels.contains(&AlertLevel::Warning);
        Alerting { from, warnings, min_interval: self.min_interval }
    }
}

/// Keys: a preset, and for each action that is named all of its keys.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Keys {
    /// What own keys are laid over.
    pub preset: Preset,
    /// Own keys, by the name of the action.
    #[serde(flatten)]
    pub own: BTreeMap<String, Vec<String>>,
}

/// What is known of a NATS context.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Context {
    /// Whether orders that people eat run there.
    pub production: bool,
    /// Whether nothing may be changed there; when absent, as `production` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// Whether a person may unlock it for a while; when absent, yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlock: Option<bool>,
    /// Whether test orders may be sent there; when absent, only where `production` is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_orders: Option<bool>,
    /// The stores to which they may go, by id; when absent, every store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_stores: Option<BTreeSet<StoreId>>,
}

/// How the screen looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Screen {
    /// Palette.
    pub theme: ThemeName,
    /// How many colours.
    pub colors: Colors,
    /// Which signs.
    pub signs: Signs,
    /// Whether the mouse chooses rows and tabs from the start.
    pub mouse: bool,
    /// Most frames a second on this machine's own terminal.
    pub frames_per_second: u32,
    /// The same over SSH, whose links are shared and slow.
    pub frames_per_second_ssh: u32,
    /// Most KiB a second to this machine's own terminal for what nobody at it asked for.
    pub kilobytes_per_second: u32,
    /// The same over SSH.
    pub kilobytes_per_second_ssh: u32,
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            theme: ThemeName::Auto,
            colors: Colors::Auto,
            signs: Signs::Auto,
            mouse: false,
            frames_per_second: 30,
            frames_per_second_ssh: 10,
            // A whole screen of 200x60 about twice a second; more is not read, and costs whoever draws it.
            kilobytes_per_second: 32,
            // Under half of what 64 kbit/s carry: packets have heads, some are lost, and keys come on top.
            kilobytes_per_second_ssh: 3,
        }
    }
}

/// Language of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// From `LC_ALL`, `LC_MESSAGES`, `LANG`, else Spanish.
    #[default]
    Auto,
    /// Spanish.
    Es,
    /// English.
    En,
}

/// Palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeName {
    /// From `COLORFGBG`, else dark.
    #[default]
    Auto,
    /// Light text on dark.
    Dark,
    /// Dark text on light.
    Light,
}

/// How many colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
pub enum Colors {
    /// From `NO_COLOR`, `COLORTERM`, `TERM`.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// 24 bits.
    #[serde(rename = "true")]
    True,
    /// The xterm palette of 256.
    #[serde(rename = "256")]
    #[value(name = "256")]
    Indexed,
    /// The terminal's own 16.
    #[serde(rename = "16")]
    #[value(name = "16")]
    Sixteen,
    /// None: bold, dim, underlined and reversed only.
    #[serde(rename = "none")]
    None,
}

/// Which signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Signs {
    /// From the locale's character set.
    #[default]
    Auto,
    /// All of them.
    Unicode,
    /// Plain ASCII only.
    Ascii,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Es => Self::Es,
            Lang::En => Self::En,
        }
    }
}

impl Language {
    /// The language; what is left open is found in the environment.
    pub fn resolve(self, var: impl Fn(&str) -> Option<String>) -> Lang {
        match self {
            Self::Auto => Lang::from_env(var),
            Self::Es => Lang::Es,
            Self::En => Lang::En,
        }
    }
}

impl Screen {
    /// What is chosen of the look; the rest is found in the environment.
    pub fn look(&self) -> Choice {
        Choice {
            ground: match self.theme {
                ThemeName::Auto => None,
                ThemeName::Dark => Some(Ground::Dark),
                ThemeName::Light => Some(Ground::Light),
            },
            depth: match self.colors {
                Colors::Auto => None,
                Colors::True => Some(Depth::True),
                Colors::Indexed => Some(Depth::Indexed),
                Colors::Sixteen => Some(Depth::Sixteen),
                Colors::None => Some(Depth::None),
            },
            ascii: match self.signs {
                Signs::Auto => None,
                Signs::Unicode => Some(false),
                Signs::Ascii => Some(true),
            },
        }
    }

    /// Shortest time between two frames, in milliseconds; `remote` when the terminal is at the other end of a network.
    pub fn frame_ms(&self, remote: bool) -> u64 {
        let frames = if remote { self.frames_per_second_ssh } else { self.frames_per_second };
        1_000 / u64::from(frames.max(1))
    }

    /// Bytes a second to the terminal for what nobody at it asked for.
    pub fn bytes_per_second(&self, remote: bool) -> u64 {
        u64::from(if remote { self.kilobytes_per_second_ssh } else { self.kilobytes_per_second }) * 1_024
    }
}

impl File {
    /// How contexts are marked, by name.
    pub fn marks(&self) -> BTreeMap<String, Marks> {
        let marks = |context: &Context| Marks {
            production: context.production,
            read_only: context.read_only.unwrap_or(context.production),
            unlock: context.unlock.unwrap_or(true),
            test_orders: match &context.test_stores {
                _ if !context.test_orders.unwrap_or(!context.production) => TestOrders::Off,
                Some(stores) => TestOrders::To(stores.clone()),
                None => TestOrders::Anywhere,
            },
        };
        self.contexts.iter().map(|(name, context)| (name.clone(), marks(context))).collect()
    }

    /// What state and screen depend on.
    pub fn settings(&self) -> Settings {
        // A file that was read has no clash; without one the table counts.
        let keys = KeyMap::build(self.keys.preset, &self.keys.own).unwrap_or_default();
        Settings {
            attention: self.attention,
            alerts: self.alerts.settings(AlertsFrom::Nobody),
            keys,
            mouse: self.screen.mouse,
        }
    }

    /// The same for whoever sends alerts.
    pub fn alerting(&self, from: AlertsFrom) -> Alerting {
        self.alerts.settings(from)
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::read;
    use super::*;

    /// The example of the documentation.
    fn documented() -> &'static str {
        let page = include_str!("../../../docs/settings.md");
        let (_, rest) = page.split_once("```toml\n").unwrap();
        rest.split_once("```").unwrap().0
    }

    fn keys(table: &toml::Table, prefix: &str) -> Vec<String> {
        let of = |(key, value): (&String, &toml::Value)| match value {
            toml::Value::Table(inner) => keys(inner, &format!("{prefix}{key}.")),
            _ => vec![format!("{prefix}{key}")],
        };
        table.iter().flat_map(of).collect()
    }

    #[test]
    fn the_documented_example_is_the_defaults_and_leaves_no_key_out() {
        let (file, mut named) = read(documented()).unwrap();
        assert_eq!(file, File::default());
        let mut known = keys(&toml::Table::try_from(File::default()).unwrap(), "");
        named.sort();
        known.sort();
        assert_eq!(named, known);
    }

    #[test]
    fn a_production_context_is_read_only_unless_it_says_otherwise() {
        let (file, _) =
            read("[contexts.a]\nproduction = true\n[contexts.b]\nproduction = true\nread-only = false\n[contexts.c]\n")
                .unwrap();
        let all = file.marks();
        let locked = |name: &str| (all[name].production, all[name].read_only, all[name].unlock);
        assert_eq!(
            [locked("a"), locked("b"), locked("c")],
            [(true, true, true), (true, false, true), (false, false, true)]
        );
        assert!(read("[contexts.a]\nprodction = true\n").is_err());
    }

    #[test]
    fn test_orders_go_to_production_only_where_the_file_says_so() {
        let (file, _) = read(
            "[contexts.a]\nproduction = true\n[contexts.b]\nproduction = true\ntest-orders = true\ntest-stores = [72, 9]\n\
             unlock = false\n[contexts.c]\n",
        )
        .unwrap();
        let all = file.marks();
        let some = TestOrders::To([StoreId(9), StoreId(72)].into());
        let expected = [&TestOrders::Off, &some, &TestOrders::Anywhere];
        assert_eq!(["a", "b", "c"].map(|name| &all[name].test_orders), expected);
        assert!(!all["b"].unlock);
        // A context that the file does not name is as one without marks.
        assert_eq!(Marks::default(), all["c"]);
        assert!(read("[contexts.a]\ntest-stores = [0, -1]\n").is_err());
    }

    #[test]
    fn frames_and_bytes_depend_on_where_the_terminal_is() {
        let screen = Screen::default();
        assert_eq!((screen.frame_ms(false), screen.frame_ms(true)), (33, 100));
        assert_eq!((screen.bytes_per_second(false), screen.bytes_per_second(true)), (32_768, 3_072));
    }
}
