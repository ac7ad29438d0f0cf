//! Where the bus is and who we are to it. What is secret never shows: not in `Debug`, not in an error, not in a log.

use std::fmt;
use std::path::{Path, PathBuf};

use async_nats::{ConnectOptions, ServerAddr};

use crate::{Error, ErrorKind};

/// Largest file of credentials, seed or context that is read, in bytes: real ones are some thousand.
pub const FILE_BYTES_MAX: u64 = 64 * 1_024;

/// Text that nobody may read on a screen or in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the client of the bus only.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// One URL, or several of one cluster separated by commas. User and password in it are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(String);

impl From<String> for Url {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Url {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<&String> for Url {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

/// Where one server of the bus is, for whoever looks at the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the URL asks for TLS.
    pub tls: bool,
}

impl Url {
    /// Where each server is.
    pub fn endpoints(&self) -> Result<Vec<Endpoint>, Error> {
        let endpoint = |server: &ServerAddr| Endpoint {
            host: server.host().to_owned(),
            port: server.port(),
            tls: server.tls_required(),
        };
        Ok(self.servers()?.iter().map(endpoint).collect())
    }

    /// Each server's URL.
    fn each(&self) -> impl Iterator<Item = &str> {
        self.0.split(',').map(str::trim).filter(|url| !url.is_empty())
    }

    /// What stands before the `@` of each URL.
    fn users(&self) -> impl Iterator<Item = &str> {
        self.each().filter_map(|url| split(url).1)
    }

    /// Whether a user, or a token, stands in it.
    pub fn names_user(&self) -> bool {
        self.users().next().is_some()
    }

    /// The servers as the client takes them.
    pub(crate) fn servers(&self) -> Result<Vec<ServerAddr>, Error> {
        let unusable = |why: String| Error::new(ErrorKind::Settings, "reading the URL of the bus", why);
        let servers: Result<Vec<_>, _> = self
            .each()
            .map(|url| {
                let shown = Self::from(url);
                url.parse::<ServerAddr>().map_err(|error| unusable(format!("{shown}: {error}")))
            })
            .collect();
        let servers = servers?;
        if servers.is_empty() {
            return Err(unusable("none given; expected for example nats://127.0.0.1:4222".to_owned()));
        }
        Ok(servers)
    }
}

/// Scheme, what stands before the `@`, and the rest.
fn split(url: &str) -> (&str, Option<&str>, &str) {
    let (scheme, rest) = url.find("://").map_or(("", url), |at| url.split_at(at + 3));
    match rest.rsplit_once('@') {
        Some((user, rest)) => (scheme, Some(user), rest),
        None => (scheme, None, rest),
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, url) in self.each().enumerate() {
            let (scheme, user, rest) = split(url);
            let comma = if place > 0 { "," } else { "" };
            let hidden = if user.is_some() { "***@" } else { "" };
            write!(f, "{comma}{scheme}{hidden}{rest}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How we prove who we are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Login {
    /// Not at all, or by what stands in the URL.
    #[default]
    Url,
    /// A token.
    Token(Secret),
    /// User and password.
    User(String, Secret),
    /// A file of credentials: a JWT and its seed.
    Creds(PathBuf),
    /// A file with the seed of an nkey.
    Nkey(PathBuf),
    /// A JWT and the seed that belongs to it.
    Jwt(Secret, Secret),
}

/// What the client trusts and shows when it speaks TLS. Any of it makes TLS required.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// File of the authorities that are trusted; the system's when absent.
    pub ca: Option<PathBuf>,
    /// Files of our own certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Whether TLS begins before the server's first word (`handshake_first`).
    pub first: bool,
}

/// How to be let in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Who we are.
    pub login: Login,
    /// How the connection is protected.
    pub tls: Tls,
    /// What our inboxes begin with; when absent, `_INBOX` and the name of the user if we know it.
    pub inbox_prefix: Option<String>,
}

impl Access {
    /// Puts all of it into the client's options; reads the files that it names.
    pub(crate) async fn apply(
        &self,
        mut options: ConnectOptions,
        servers: &[ServerAddr],
    ) -> Result<ConnectOptions, Error> {
        if let Some(prefix) = self.inboxes(servers) {
            options = options.custom_inbox_prefix(prefix);
        }
        let Tls { ca, identity, first } = &self.tls;
        if ca.is_some() || identity.is_some() {
            options = options.require_tls(true);
        }
        if let Some(ca) = ca {
            readable("certificates that are trusted", ca).await?;
            options = options.add_root_certificates(ca.clone());
        }
        if let Some((certificate, key)) = identity {
            readable("our certificate", certificate).await?;
            readable("the key of our certificate", key).await?;
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        if *first {
            options = options.tls_first();
        }
        let bad_credentials = |doing: String, error: std::io::Error| {
            // The client's own sentence may quote the file.
            Error::new(ErrorKind::Settings, doing, format!("these are no credentials ({:?})", error.kind()))
        };
        Ok(match &self.login {
            Login::Url => match servers.first().map(|first| (first.username(), first.password())) {
                Some((Some(user), Some(password))) => options.user_and_password(user.to_owned(), password.to_owned()),
                Some((Some(token), None)) if !token.is_empty() => options.token(token.to_owned()),
                _ => options,
            },
            Login::Token(token) => options.token(token.reveal().to_owned()),
            Login::User(user, password) => options.user_and_password(user.clone(), password.reveal().to_owned()),
            Login::Creds(file) => {
                let text = read("credentials", file).await?;
                let doing = || format!("reading credentials {}", file.display());
                options.credentials(&text).map_err(|error| bad_credentials(doing(), error))?
            }
            Login::Jwt(jwt, seed) => {
                let text = format!(
                    "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
                     -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
                    jwt.reveal().trim(),
                    seed.reveal().trim()
                );
                let doing = "reading user_jwt and user_seed".to_owned();
                options.credentials(&text).map_err(|error| bad_credentials(doing, error))?
            }
            Login::Nkey(file) => {
                let text = read("the nkey", file).await?;
                let seed = text.lines().map(str::trim).find(|line| line.starts_with("SU")).ok_or_else(|| {
                    let doing = format!("reading the nkey {}", file.display());
                    Error::new(ErrorKind::Settings, doing, "no line of it begins with SU: expected the seed of a user")
                })?;
                options.nkey(seed.to_owned())
            }
        })
    }

    /// What our inboxes begin with: what was told, else the prefix of the user as whom we log in. So a server can keep users
    /// from hearing what others are answered, and one that lets everybody hear `_INBOX.>` need not know.
    fn inboxes(&self, servers: &[ServerAddr]) -> Option<String> {
        let user = match (&self.login, servers.first()) {
            (Login::User(user, _), _) => Some(user.as_str()),
            (Login::Url, Some(first)) => first.username().filter(|_| first.password().is_some()),
            _ => None,
        };
        self.inbox_prefix.clone().or_else(|| contract::permission::inbox_prefix(user?))
    }

    /// `text` without any of our secrets, whoever wrote it.
    pub(crate) fn hide(&self, url: &Url, text: String) -> String {
        let mut secrets: Vec<&str> = url.users().collect();
        match &self.login {
            Login::Token(secret) | Login::User(_, secret) => secrets.push(secret.reveal()),
            Login::Jwt(jwt, seed) => secrets.extend([jwt.reveal(), seed.reveal()]),
            Login::Url | Login::Creds(_) | Login::Nkey(_) => {}
        }
        secrets.iter().filter(|secret| !secret.is_empty()).fold(text, |text, secret| text.replace(secret, "***"))
    }
}

/// Refuses a file that is not there or not a file, before the client says so in fewer words.
async fn readable(what: &str, file: &Path) -> Result<(), Error> {
    read(what, file).await.map(drop)
}

/// Reads a small file.
pub(crate) async fn read(what: &str, file: &Path) -> Result<String, Error> {
    use tokio::io::AsyncReadExt as _;
    let failed = |why: String| Error::new(ErrorKind::Settings, format!("reading {what} {}", file.display()), why);
    let opened = tokio::fs::File::open(file).await.map_err(|error| failed(error.to_string()))?;
    let mut text = String::new();
    let count = opened.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).await;
    let count = count.map_err(|error| failed(error.to_string()))?;
    if u64::try_from(count).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(failed(format!("it is larger than {FILE_BYTES_MAX} bytes, which no such file is")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_shows() {
        let url = Url::from("nats://ops:s3cr3t@bus-1:4222, tls://tok@bus-2");
        assert_eq!(url.to_string(), "nats://***@bus-1:4222,tls://***@bus-2");
        assert!(url.names_user() && !Url::from("nats://bus:4222").names_user());
        let access = Access { login: Login::User("ops".into(), Secret::new("hunter2")), ..Access::default() };
        let shown = format!("{access:?} {url:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("s3cr3t") && shown.contains("ops"), "{shown}");
        assert_eq!(access.hide(&url, "ops:s3cr3t with hunter2".into()), "*** with ***");
    }

    #[test]
    fn inboxes_are_named_after_the_user() {
        let user = |name: &str| Login::User(name.into(), Secret::new("p"));
        for (login, told, url, expected) in [
            (user("ops-read"), None, "nats://bus", Some("_INBOX.ops-read")),
            (user("ops-read"), Some("_INBOX.mine"), "nats://bus", Some("_INBOX.mine")),
            (user("ops.read"), None, "nats://bus", None),
            (Login::Url, None, "nats://ops-act:p@bus", Some("_INBOX.ops-act")),
            (Login::Url, None, "nats://token@bus", None),
            (Login::Url, None, "nats://bus", None),
            (Login::Token(Secret::new("t")), None, "nats://bus", None),
        ] {
            let access = Access { login, inbox_prefix: told.map(str::to_owned), ..Access::default() };
            assert_eq!(access.inboxes(&Url::from(url).servers().unwrap()).as_deref(), expected, "{url} {access:?}");
        }
    }

    #[test]
    fn a_bad_url_is_told_without_its_user() {
        let error = Url::from("nats://ops:s3cr3t@bus:no-port").servers().unwrap_err();
        let why = std::error::Error::source(&error).unwrap().to_string();
        assert!(why.contains("***@bus:no-port") && !why.contains("s3cr3t"), "{why}");
        assert_eq!(Url::from(" , ").servers().unwrap_err().kind(), ErrorKind::Settings);
    }
}
