//! Sending alerts: one HTTP POST, tried again a bounded number of times. What is secret comes from a file or a variable, and
//! neither the address nor an answer is ever logged: a token may stand in one and in the other.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::alerts::{Entry, Message, Turn};
use crate::config::file::{AlertFormat, Alerts};
use crate::event::{Answer, Event};
use crate::state::Lang;
use crate::state::attention::Severity;

/// The variable with the token.
pub const TOKEN: &str = "DOMICILIO_ALERT_TOKEN";

/// Stands in the address where the token belongs.
const TOKEN_HERE: &str = "{token}";

/// How long an answer is waited for: chat services take a second.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// How long is waited after each attempt but the last; what comes meanwhile is folded into the next message.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(15)];

/// Longest pause that a server may ask for: beyond it the next message is worth more than this one.
const PAUSE_MAX: Duration = Duration::from_mins(5);

/// Longest token, in bytes.
const TOKEN_MAX: usize = 1_024;

/// Why alerts cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file with the token cannot be read.
    #[error("alerts.token-file {0}: {1}")]
    TokenFile(PathBuf, #[source] std::io::Error),
    /// The token is none.
    #[error("the token for alerts is empty, longer than {TOKEN_MAX} bytes, or has characters that no token has")]
    Token,
    /// The address has a place for a token and there is none.
    #[error("alerts.url needs a token: alerts.token-file or {TOKEN}")]
    TokenMissing,
    /// The address is none.
    #[error("alerts.url is no http:// or https:// address")]
    Address,
    /// Telegram wants to know which chat.
    #[error("alerts.format telegram needs alerts.chat-id")]
    ChatId,
    /// The certificates that the system trusts cannot be read.
    #[error("the system's certificates")]
    Roots(#[source] std::io::Error),
}

/// Where alerts go.
#[derive(Clone)]
pub struct Post {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: Uri,
    bearer: Option<String>,
    format: AlertFormat,
    chat_id: String,
    lang: Lang,
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("format", &self.format).finish_non_exhaustive()
    }
}

/// What an attempt came to.
enum Attempt {
    Done,
    /// It may go better later: not before this, if the server says so.
    Later(String, Option<Duration>),
    /// It will not.
    Never(String),
}

impl Post {
    /// What the settings say; `None` when they say nothing of alerts.
    pub fn new(settings: &Alerts, lang: Lang, var: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, Error> {
        if settings.url.is_empty() {
            return Ok(None);
        }
        let token = token(settings, var)?;
        let has_place = settings.url.contains(TOKEN_HERE);
        let address = match (&token, has_place) {
            (None, true) => return Err(Error::TokenMissing),
            (Some(token), true) => settings.url.replace(TOKEN_HERE, token),
            (_, false) => settings.url.clone(),
        };
        let url: Uri = address.parse().map_err(|_| Error::Address)?;
        if !matches!(url.scheme_str(), Some("http" | "https")) || url.host().is_none() {
            return Err(Error::Address);
        }
        if settings.format == AlertFormat::Telegram && settings.chat_id.is_empty() {
            return Err(Error::ChatId);
        }
        let roots = HttpsConnectorBuilder::new().with_native_roots().map_err(Error::Roots)?;
        let http = Client::builder(TokioExecutor::new()).build(roots.https_or_http().enable_http1().build());
        let bearer = token.filter(|_| !has_place);
        Ok(Some(Self { http, url, bearer, format: settings.format, chat_id: settings.chat_id.clone(), lang }))
    }

    /// Sends a message aside; the answer comes as an event.
    pub fn start(&self, message: Message, aside: &mut JoinSet<Option<Event>>) {
        let post = self.clone();
        aside.spawn(async move { Some(Event::Answer(Answer::Alerted(post.send(&message).await))) });
    }

    /// Sends a message, and tries again for a while; why it did not arrive is one sentence without a secret.
    pub async fn send(&self, message: &Message) -> Result<(), String> {
        let body = self.body(message);
        let mut failed = 0;
        loop {
            let (why, asked) = match self.attempt(&body).await {
                Attempt::Done => return Ok(()),
                Attempt::Never(why) => return Err(why),
                Attempt::Later(why, asked) => (why, asked),
            };
            tracing::warn!(why, "an alert did not arrive");
            failed += 1;
            let Some(pause) = pause(failed, asked) else { return Err(why) };
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, body: &Value) -> Attempt {
        let mut request = Request::post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.bearer {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let Ok(request) = request.body(Full::new(Bytes::from(body.to_string()))) else {
            return Attempt::Never("the request cannot be made".to_owned());
        };
        // Redirects are not followed: the token goes where the settings say, and nowhere else.
        let Ok(answer) = tokio::time::timeout(ANSWER_LIMIT, self.http.request(request)).await else {
            return Attempt::Later("no answer in time".to_owned(), None);
        };
        match answer {
            Ok(answer) => {
                let status = answer.status();
                let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                let after = after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
                let why = format!("HTTP {}", status.as_u16());
                match status {
                    _ if status.is_success() => Attempt::Done,
                    StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Attempt::Later(why, after),
                    _ if status.is_server_error() => Attempt::Later(why, after),
                    _ => Attempt::Never(why),
                }
            }
            // The error's own words hold the address.
            Err(error) if error.is_connect() => Attempt::Later("not reachable".to_owned(), None),
            Err(_) => Attempt::Later("the connection broke".to_owned(), None),
        }
    }

    fn body(&self, message: &Message) -> Value {
        let text = message.text(self.lang);
        match self.format {
            AlertFormat::Telegram => {
                json!({ "chat_id": self.chat_id, "text": text, "disable_web_page_preview": true })
            }
            AlertFormat::Text => json!({ "text": text }),
            AlertFormat::Json => {
                let entry = |entry: &Entry| {
                    let state = match entry.turn {
                        Turn::New(Severity::Critical) => "critical",
                        Turn::New(Severity::Warning) => "warning",
                        Turn::Over => "over",
                    };
                    json!({ "state": state, "text": entry.text })
                };
                let entries: Vec<Value> = message.entries.iter().map(entry).collect();
                json!({
                    "at": message.at, "context": message.place, "items": entries, "more": message.more, "lost": message.lost,
                    "text": text,
                })
            }
        }
    }
}

/// How long is waited after so many attempts that failed, where the server may have asked for more; `None` = no longer.
fn pause(failed: usize, asked: Option<Duration>) -> Option<Duration> {
    let usual = *PAUSES.get(failed.checked_sub(1)?)?;
    Some(asked.map_or(usual, |asked| asked.max(usual))).filter(|pause| *pause <= PAUSE_MAX)
}

/// The token: from the variable, else from the file; `None` when neither is set.
fn token(settings: &Alerts, var: impl Fn(&str) -> Option<String>) -> Result<Option<String>, Error> {
    let token = match var(TOKEN) {
        Some(token) => token,
        None if settings.token_file.is_empty() => return Ok(None),
        None => {
            let path = PathBuf::from(&settings.token_file);
            std::fs::read_to_string(&path).map_err(|error| Error::TokenFile(path, error))?
        }
    };
    let token = token.trim().to_owned();
    let plain = |c: char| c.is_ascii_graphic();
    if token.is_empty() || token.len() > TOKEN_MAX || !token.chars().all(plain) {
        return Err(Error::Token);
    }
    Ok(Some(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_bounded_and_a_server_may_ask_for_patience_within_reason() {
        let seconds =
            |failed, asked: Option<u64>| pause(failed, asked.map(Duration::from_secs)).map(|pause| pause.as_secs());
        let usual: Vec<_> = (1..=6).map(|failed| seconds(failed, None)).collect();
        assert_eq!(usual, [Some(1), Some(2), Some(5), Some(15), None, None]);
        for (asked, waited) in
            [(0, Some(1)), (1, Some(1)), (30, Some(30)), (300, Some(300)), (301, None), (u64::MAX, None)]
        {
            assert_eq!(seconds(1, Some(asked)), waited, "{asked}");
        }
        assert_eq!(seconds(5, Some(1)), None, "patience makes no more attempts");
    }
}
