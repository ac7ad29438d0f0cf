//! Contexts as the `nats` program keeps them: `nats/context/NAME.json` in the configuration folder, and `context.txt`
//! with the name of the one that is selected. Read here, never written.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::access::{self, Secret};
use crate::{Error, ErrorKind};

/// Contexts that are listed: more than anybody keeps.
pub const LISTED_MAX: usize = 200;

/// Fields that say nothing about how to connect.
const BESIDE: &[&str] = &["description", "color_scheme", "jetstream_event_prefix"];

/// How to connect, as one context says it. Absent and empty are the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the fields of the file, under their own names")]
pub struct Context {
    pub description: Option<String>,
    pub url: Option<String>,
    pub token: Option<Secret>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub creds: Option<PathBuf>,
    pub nkey: Option<PathBuf>,
    pub user_jwt: Option<Secret>,
    pub user_seed: Option<Secret>,
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub ca: Option<PathBuf>,
    pub tls_first: bool,
    pub inbox_prefix: Option<String>,
}

/// Where contexts are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    folder: PathBuf,
    home: Option<PathBuf>,
}

impl Folder {
    /// From the environment: `XDG_CONFIG_HOME`, else `HOME/.config`; `None` when there is neither.
    pub fn from_env(var: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name: &str| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = set("HOME");
        let config = set("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")))?;
        Some(Self { folder: config.join("nats"), home })
    }

    /// The file of a context.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join("context").join(format!("{name}.json"))
    }

    /// Name of the context that `nats context select` chose, if one is.
    pub async fn selected(&self) -> Result<Option<String>, Error> {
        let file = self.folder.join("context.txt");
        if !tokio::fs::try_exists(&file).await.unwrap_or(false) {
            return Ok(None);
        }
        let text = access::read("the selected context in", &file).await?;
        Ok(Some(text.trim().to_owned()).filter(|name| !name.is_empty()))
    }

    /// Names of the contexts, in order, at most [`LISTED_MAX`].
    pub async fn list(&self) -> Vec<String> {
        let mut names = Vec::new();
        // A folder that is not there holds none.
        let Ok(mut entries) = tokio::fs::read_dir(self.folder.join("context")).await else { return names };
        while let Ok(Some(entry)) = entries.next_entry().await {
            let name = entry.file_name().to_str().and_then(|name| name.strip_suffix(".json")).map(str::to_owned);
            names.extend(name.filter(|name| is_name(name)));
            if names.len() == LISTED_MAX {
                break;
            }
        }
        names.sort_unstable();
        names
    }

    /// Reads the context `name`.
    pub async fn load(&self, name: &str) -> Result<Context, Error> {
        let refused = |why: String| Error::new(ErrorKind::Settings, format!("opening NATS context {name:?}"), why);
        if !is_name(name) {
            return Err(refused("a name holds no slash and does not begin with a dot".to_owned()));
        }
        let file = self.file(name);
        if !tokio::fs::try_exists(&file).await.unwrap_or(false) {
            let known = self.list().await;
            let known = if known.is_empty() { "there are none".to_owned() } else { known.join(", ") };
            let shown = file.display();
            return Err(refused(format!("{shown} does not exist; contexts here: {known} (`nats context ls`)")));
        }
        let text = access::read("NATS context", &file).await?;
        parse(&text, self.home.as_deref()).map_err(|why| {
            let doing = format!("reading NATS context {}", file.display());
            Error::new(ErrorKind::Settings, doing, format!("{why}; see `nats context edit {name}`"))
        })
    }
}

/// Whether it names a file of the folder and nothing else.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

/// Reads a context's JSON. What it asks for and we cannot do is refused, for connecting otherwise than told would be
/// worse than not at all.
fn parse(text: &str, home: Option<&Path>) -> Result<Context, String> {
    // Only place and kind of the mistake: the text around it may be a secret.
    let broken = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        format!("it is no JSON object, from line {line}, column {column} on")
    };
    let fields: Map<String, Value> = serde_json::from_str(text).map_err(broken)?;
    let mut context = Context::default();
    for (name, value) in fields {
        let name = name.as_str();
        let is_empty = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            _ => false,
        };
        if is_empty || (BESIDE.contains(&name) && name != "description") {
            continue;
        }
        if name == "tls_first" {
            context.tls_first = value.as_bool().ok_or("tls_first must be true or false")?;
            continue;
        }
        let text = || value.as_str().map(str::to_owned).ok_or_else(|| format!("{name} must be a text"));
        let path = || text().map(|text| expanded(&text, home));
        match name {
            "description" => context.description = Some(text()?),
            "url" => context.url = Some(text()?),
            "token" => context.token = Some(Secret::new(text()?)),
            "user" => context.user = Some(text()?),
            "password" => context.password = Some(Secret::new(text()?)),
            "creds" => context.creds = Some(path()?),
            "nkey" => context.nkey = Some(path()?),
            "user_jwt" => context.user_jwt = Some(Secret::new(text()?)),
            "user_seed" => context.user_seed = Some(Secret::new(text()?)),
            "cert" => context.cert = Some(path()?),
            "key" => context.key = Some(path()?),
            "ca" => context.ca = Some(path()?),
            "inbox_prefix" => context.inbox_prefix = Some(text()?),
            _ => return Err(format!("it sets {name}, which is not supported here: empty it")),
        }
    }
    Ok(context)
}

/// `~/` is the home folder, as the `nats` program has it.
fn expanded(text: &str, home: Option<&Path>) -> PathBuf {
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `nats context add` writes: every field, most of them empty.
    const SAVED: &str = r#"{
        "description": "Ecuador", "url": "tls://bus:4222", "socks_proxy": "", "token": "", "user": "ops",
        "password": "hunter2", "creds": "", "nkey": "~/keys/ops.nk", "cert": "", "key": "", "ca": "/etc/ca.pem",
        "nsc": "", "jetstream_domain": "", "jetstream_api_prefix": "", "jetstream_event_prefix": "x",
        "inbox_prefix": "_INBOX.ops", "user_jwt": "", "color_scheme": "green", "tls_first": true,
        "windows_cert_store": "", "windows_ca_certs_match": null
    }"#;

    #[test]
    fn a_saved_context_is_read_and_its_secrets_do_not_show() {
        let context = parse(SAVED, Some(Path::new("/home/ops"))).unwrap();
        assert_eq!(context.nkey.as_deref(), Some(Path::new("/home/ops/keys/ops.nk")));
        assert_eq!(context.inbox_prefix.as_deref(), Some("_INBOX.ops"));
        assert_eq!((context.creds.clone(), context.tls_first), (None, true));
        assert!(!format!("{context:?}").contains("hunter2"));
    }

    #[test]
    fn what_cannot_be_done_is_refused_and_not_ignored() {
        for (text, expected) in [
            (r#"{"jetstream_domain": "hub"}"#, "it sets jetstream_domain"),
            (r#"{"socks_proxy": "socks5://p:1"}"#, "it sets socks_proxy"),
            (r#"{"something_new": 7}"#, "it sets something_new"),
            (r#"{"url": 7}"#, "url must be a text"),
            (r#"{"tls_first": "yes"}"#, "tls_first must be"),
            (r#"{"password": "hunter2" "#, "line 1, column 23"),
            (r#""hunter2""#, "no JSON object"),
        ] {
            let why = parse(text, None).unwrap_err();
            assert!(why.contains(expected) && !why.contains("hunter2"), "{text}: {why}");
        }
    }

    #[test]
    fn a_name_never_leaves_the_folder() {
        assert!(["../x", ".hidden", "a/b", ""].iter().all(|name| !is_name(name)));
        assert!(is_name("ec-prod") && is_name("Ecuador 1"));
    }
}
