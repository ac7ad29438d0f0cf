//! From flags, environment and context to one way to connect: flag > environment > context > default. Each value knows
//! where it came from, so that a screen can tell what the connection is instead of repeating a context's name.

use std::fmt;
use std::path::PathBuf;

use crate::access::{Access, Login, Secret, Tls, Url};
use crate::context::{Context, Folder};
use crate::{Error, ErrorKind};

/// Where the bus is when nobody says.
pub const DEFAULT_URL: &str = "nats://127.0.0.1:4222";

/// Variables that say how to connect. Whoever starts a private deployment takes them from its children.
pub const VARIABLES: &[&str] = &[
    "NATS_URL",
    "NATS_CONTEXT",
    "NATS_CREDS",
    "NATS_USER",
    "NATS_PASSWORD",
    "NATS_NKEY",
    "NATS_TOKEN",
    "NATS_CA",
    "NATS_CERT",
    "NATS_KEY",
    "NATS_INBOX_PREFIX",
];

/// Who said it, the strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Nobody.
    Default,
    /// The context.
    Context,
    /// A variable.
    Env,
    /// The command line.
    Flag,
}

impl Source {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Context => "context",
            Self::Env => "environment",
            Self::Flag => "flag",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One value that decides how we connect, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What it is: `url`, `login`, `ca`, `certificate`, `inbox prefix`.
    pub what: &'static str,
    /// Its value; of what is secret only the kind.
    pub value: String,
    /// Who said it.
    pub source: Source,
    /// The variable, flag or field that it stands in; empty for a default.
    pub named: &'static str,
}

/// Where to connect and how, and how that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where the bus is.
    pub url: Url,
    /// How to be let in.
    pub access: Access,
    /// The context in use.
    pub context: Option<String>,
    /// What its description says.
    pub description: Option<String>,
    /// Where the values came from, the URL first.
    pub origins: Vec<Origin>,
}

impl Target {
    /// A bus that needs nothing but its URL.
    pub fn plain(url: impl Into<String>) -> Self {
        let url = Url::from(url.into());
        let origin = Origin { what: "url", value: url.to_string(), source: Source::Flag, named: "" };
        Self { url, access: Access::default(), context: None, description: None, origins: vec![origin] }
    }

    /// Variables and flags that say otherwise than the context in use, by name.
    pub fn overrides(&self) -> Vec<&'static str> {
        let stronger = self.origins.iter().filter(|origin| origin.source > Source::Context);
        stronger.filter(|_| self.context.is_some()).map(|origin| origin.named).collect()
    }
}

/// What the command line says, the environment folded in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// `--nats-url` or `NATS_URL`.
    pub url: Option<String>,
    /// `--context` or `NATS_CONTEXT`.
    pub context: Option<String>,
}

/// Decides how to connect. Without a `folder` no context is used, not even a selected one.
pub async fn resolve(
    told: &Told,
    var: impl Fn(&str) -> Option<String>,
    folder: Option<&Folder>,
) -> Result<Target, Error> {
    let var = |name: &str| var(name).filter(|value| !value.is_empty());
    let url = told.url.clone().filter(|url| !url.is_empty());
    // An explicit URL is a whole answer: a context that merely happens to be selected has no say then.
    let (name, context) = match (folder, told.context.clone().filter(|name| !name.is_empty())) {
        (Some(folder), Some(name)) => (Some(name.clone()), folder.load(&name).await?),
        (None, Some(_)) => {
            return Err(refused("there is no folder of contexts: neither XDG_CONFIG_HOME nor HOME is set"));
        }
        (Some(folder), None) if url.is_none() => match folder.selected().await? {
            Some(name) => (Some(name.clone()), folder.load(&name).await?),
            None => (None, Context::default()),
        },
        (_, None) => (None, Context::default()),
    };
    decide(url, &var, name, context)
}

fn refused(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Settings, "deciding how to connect", why.into())
}

fn decide(
    url: Option<String>,
    var: &impl Fn(&str) -> Option<String>,
    name: Option<String>,
    context: Context,
) -> Result<Target, Error> {
    let from_env = url.is_some() && var("NATS_URL") == url;
    let (url, url_from, url_named) = match (url, context.url.clone()) {
        (Some(url), _) if from_env => (url, Source::Env, "NATS_URL"),
        (Some(url), _) => (url, Source::Flag, "--nats-url"),
        (None, Some(url)) => (url, Source::Context, "url"),
        (None, None) => (DEFAULT_URL.to_owned(), Source::Default, ""),
    };
    let url = Url::from(url);
    let mut origins = vec![Origin { what: "url", value: url.to_string(), source: url_from, named: url_named }];

    let login = login(var, &context, &url, (url_from, url_named), &mut origins)?;
    let path = |what, variable, field, own: Option<PathBuf>| {
        let (path, source, named) = match (var(variable), own) {
            (Some(path), _) => (PathBuf::from(path), Source::Env, variable),
            (None, Some(path)) => (path, Source::Context, field),
            (None, None) => return None,
        };
        Some((path.clone(), Origin { what, value: path.display().to_string(), source, named }))
    };
    let ca = path("ca", "NATS_CA", "ca", context.ca);
    let certificate = path("certificate", "NATS_CERT", "cert", context.cert);
    let key = path("key", "NATS_KEY", "key", context.key);
    for found in [&ca, &certificate, &key].into_iter().flatten() {
        origins.push(found.1.clone());
    }
    let identity = match (certificate, key) {
        (Some((certificate, _)), Some((key, _))) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => return Err(refused("a certificate without its key: set NATS_KEY, or `key` in the context")),
        (None, Some(_)) => {
            return Err(refused("a key without its certificate: set NATS_CERT, or `cert` in the context"));
        }
    };
    let inbox_prefix = match (var("NATS_INBOX_PREFIX"), context.inbox_prefix) {
        (Some(prefix), _) => Some((prefix, Source::Env, "NATS_INBOX_PREFIX")),
        (None, prefix) => prefix.map(|prefix| (prefix, Source::Context, "inbox_prefix")),
    };
    let inbox_prefix = match inbox_prefix {
        Some((prefix, source, named)) => {
            // The client would panic on it.
            let whole = |token: &str| !token.is_empty() && !token.contains(['*', '>', ' ', '\t', '\r', '\n']);
            if !prefix.split('.').all(whole) {
                return Err(refused(format!(
                    "{named} is {prefix:?}: expected for example _INBOX.ops, no wildcard, no dot at its end"
                )));
            }
            origins.push(Origin { what: "inbox prefix", value: prefix.clone(), source, named });
            Some(prefix)
        }
        None => None,
    };
    let tls = Tls { ca: ca.map(|(path, _)| path), identity, first: context.tls_first };
    let access = Access { login, tls, inbox_prefix };
    Ok(Target { url, access, context: name, description: context.description, origins })
}

/// The one way to prove who we are: of the strongest source that names one. Two in the same source are refused, for
/// nobody could say which was meant.
fn login(
    var: &impl Fn(&str) -> Option<String>,
    context: &Context,
    url: &Url,
    url_from: (Source, &'static str),
    origins: &mut Vec<Origin>,
) -> Result<Login, Error> {
    let (env, own) = (Source::Env, Source::Context);
    let mut ways: Vec<(Source, &'static str, String, Login)> = Vec::new();
    let secret = |kind: &str| format!("({kind})");
    if url.names_user() {
        ways.push((url_from.0, url_from.1, secret("in the URL"), Login::Url));
    }
    for (source, named, creds) in
        [(env, "NATS_CREDS", var("NATS_CREDS").map(PathBuf::from)), (own, "creds", context.creds.clone())]
    {
        ways.extend(creds.map(|file| (source, named, file.display().to_string(), Login::Creds(file))));
    }
    for (source, named, nkey) in
        [(env, "NATS_NKEY", var("NATS_NKEY").map(PathBuf::from)), (own, "nkey", context.nkey.clone())]
    {
        ways.extend(nkey.map(|file| (source, named, file.display().to_string(), Login::Nkey(file))));
    }
    for (source, named, token) in
        [(env, "NATS_TOKEN", var("NATS_TOKEN").map(Secret::new)), (own, "token", context.token.clone())]
    {
        ways.extend(token.map(|token| (source, named, secret("token"), Login::Token(token))));
    }
    // User and password may come from different places: a name in the context, its password in a variable.
    let user = var("NATS_USER").map(|user| (env, "NATS_USER", user));
    let user = user.or_else(|| context.user.clone().map(|user| (own, "user", user)));
    let password = var("NATS_PASSWORD").map(|password| (env, "NATS_PASSWORD", Secret::new(password)));
    let password = password.or_else(|| context.password.clone().map(|password| (own, "password", password)));
    match (user, password) {
        (Some((from, named, user)), Some((password_from, password_named, password))) => {
            let (source, named) = if password_from > from { (password_from, password_named) } else { (from, named) };
            ways.push((source, named, user.clone(), Login::User(user, password)));
        }
        // A user alone is a token, as the `nats` program has it.
        (Some((source, named, user)), None) => {
            ways.push((source, named, secret("token"), Login::Token(Secret::new(user))));
        }
        (None, Some(_)) => return Err(refused("a password without its user: set NATS_USER, or `user` in the context")),
        (None, None) => {}
    }
    match (&context.user_jwt, &context.user_seed) {
        (Some(jwt), Some(seed)) => {
            ways.push((own, "user_jwt", secret("JWT"), Login::Jwt(jwt.clone(), seed.clone())));
        }
        (None, None) => {}
        _ => return Err(refused("user_jwt and user_seed go together in a context; or use creds")),
    }
    let Some(strongest) = ways.iter().map(|way| way.0).max() else { return Ok(Login::Url) };
    ways.retain(|way| way.0 == strongest);
    let all: Vec<&str> = ways.iter().map(|way| way.1).collect();
    match ways.pop() {
        Some((source, named, value, login)) if ways.is_empty() => {
            origins.push(Origin { what: "login", value, source, named });
            Ok(login)
        }
        _ => Err(refused(format!("{} say who we are, each in its own way: keep one of them", all.join(" and ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context {
            url: Some("nats://context:4222".into()),
            user: Some("ops".into()),
            password: Some(Secret::new("from-context")),
            ..Context::default()
        }
    }

    fn decided(url: Option<&str>, vars: &[(&str, &str)], context: Context) -> Result<Target, String> {
        let var = |name: &str| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let target = decide(url.map(str::to_owned), &var, Some("ec".into()), context);
        target.map_err(|error| std::error::Error::source(&error).unwrap().to_string())
    }

    fn from(target: &Target, what: &str) -> (Source, &'static str) {
        target.origins.iter().find(|origin| origin.what == what).map(|origin| (origin.source, origin.named)).unwrap()
    }

    #[test]
    fn flag_beats_environment_beats_context_beats_default() {
        let env = ("NATS_URL", "nats://env:1");
        for (url, vars, context, expected, source) in [
            (Some("nats://flag:1"), &[env][..], context(), "nats://flag:1", Source::Flag),
            (Some("nats://env:1"), &[env][..], context(), "nats://env:1", Source::Env),
            (None, &[][..], context(), "nats://context:4222", Source::Context),
            (None, &[][..], Context::default(), DEFAULT_URL, Source::Default),
        ] {
            let target = decided(url, vars, context).unwrap();
            assert_eq!((target.url.to_string().as_str(), from(&target, "url").0), (expected, source));
        }
    }

    #[test]
    fn what_overrides_the_context_is_named() {
        let vars = [("NATS_URL", "nats://env:1"), ("NATS_CREDS", "/run/ops.creds")];
        let target = decided(Some("nats://env:1"), &vars, context()).unwrap();
        assert_eq!(target.access.login, Login::Creds("/run/ops.creds".into()));
        assert_eq!(target.overrides(), ["NATS_URL", "NATS_CREDS"]);
        assert_eq!(decided(None, &[], context()).unwrap().overrides(), [""; 0]);
        assert_eq!(Target::plain("nats://x").overrides(), [""; 0]);
    }

    #[test]
    fn a_password_may_come_from_elsewhere_than_its_user() {
        let target = decided(None, &[("NATS_PASSWORD", "hunter2")], context()).unwrap();
        assert_eq!(target.access.login, Login::User("ops".into(), Secret::new("hunter2")));
        assert_eq!(from(&target, "login"), (Source::Env, "NATS_PASSWORD"));
        assert!(!format!("{target:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_half_or_twice_is_refused() {
        for (url, vars, expected) in [
            (None, &[("NATS_CREDS", "/a"), ("NATS_TOKEN", "hunter2")][..], "NATS_CREDS and NATS_TOKEN"),
            (
                Some("nats://a:hunter2@x"),
                &[("NATS_URL", "nats://a:hunter2@x"), ("NATS_NKEY", "/n")][..],
                "NATS_URL and NATS_NKEY",
            ),
            (None, &[("NATS_CERT", "/c")][..], "without its key"),
            (None, &[("NATS_KEY", "/c")][..], "without its certificate"),
            (None, &[("NATS_INBOX_PREFIX", "a.>")][..], "no wildcard"),
            (None, &[("NATS_INBOX_PREFIX", "a.")][..], "no dot at its end"),
        ] {
            let why = decided(url, vars, context()).unwrap_err();
            assert!(why.contains(expected) && !why.contains("hunter2"), "{why}");
        }
        let alone = Context { password: Some(Secret::new("hunter2")), ..Context::default() };
        assert!(decided(None, &[], alone).unwrap_err().contains("without its user"));
        let jwt = Context { user_jwt: Some(Secret::new("hunter2")), ..Context::default() };
        assert!(decided(None, &[], jwt).unwrap_err().contains("go together"));
    }

    #[tokio::test]
    async fn the_selected_context_is_used_unless_something_else_was_named() {
        let folder = tempfile::tempdir().unwrap();
        let contexts = folder.path().join("nats/context");
        std::fs::create_dir_all(&contexts).unwrap();
        for name in ["ec", "co"] {
            std::fs::write(contexts.join(format!("{name}.json")), format!(r#"{{"url": "nats://{name}:4222"}}"#))
                .unwrap();
        }
        std::fs::write(contexts.join("broken.json"), r#"{"password": "hunter2","#).unwrap();
        std::fs::write(folder.path().join("nats/context.txt"), "ec\n").unwrap();
        let home = folder.path().display().to_string();
        let known = Folder::from_env(|name| (name == "XDG_CONFIG_HOME").then(|| home.clone())).unwrap();
        assert_eq!(known.list().await, ["broken", "co", "ec"]);
        let none = |_: &str| None;
        let told = |url: Option<&str>, context: Option<&str>| Told {
            url: url.map(Into::into),
            context: context.map(Into::into),
        };

        let selected = resolve(&told(None, None), none, Some(&known)).await.unwrap();
        assert_eq!((selected.url.to_string().as_str(), selected.context.as_deref()), ("nats://ec:4222", Some("ec")));
        let named = resolve(&told(None, Some("co")), none, Some(&known)).await.unwrap();
        assert_eq!(named.url.to_string(), "nats://co:4222");
        let url = resolve(&told(Some("nats://flag:1"), None), none, Some(&known)).await.unwrap();
        assert_eq!((url.url.to_string().as_str(), url.context), ("nats://flag:1", None));

        for (name, expected) in
            [("broken", "line 1, column"), ("xx", "contexts here: broken, co, ec"), ("../ec", "no slash")]
        {
            let error = resolve(&told(None, Some(name)), none, Some(&known)).await.unwrap_err();
            let why = format!("{error}: {}", std::error::Error::source(&error).unwrap());
            assert_eq!(error.kind(), ErrorKind::Settings);
            assert!(why.contains(expected) && !why.contains("hunter2"), "{why}");
        }
    }
}
