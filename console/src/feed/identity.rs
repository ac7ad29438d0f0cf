//! Who we are to the server, by its own word.

use std::time::Duration;

use serde::Deserialize;

/// Where the server says it. Whoever may not ask simply does not know.
pub const SUBJECT: &str = "$SYS.REQ.USER.INFO";

#[derive(Deserialize)]
struct Answer {
    data: User,
}

/// A user as the server knows it; names may be empty.
#[derive(Debug, Deserialize)]
pub struct User {
    /// Its name.
    #[serde(rename = "user")]
    pub name: Option<String>,
    /// Its account.
    pub account: Option<String>,
    /// What it is kept to; `None` when to nothing.
    pub permissions: Option<Permissions>,
}

/// What the server keeps a user to; what is absent is not kept.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Permissions {
    /// Where it may send.
    pub publish: Lists,
    /// Where it may listen.
    pub subscribe: Lists,
}

/// Subjects, wildcards included.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Lists {
    /// Nothing in it allows everything.
    pub allow: Vec<String>,
    /// Stronger than `allow`.
    pub deny: Vec<String>,
}

/// Asks the server; `None` when it does not say within `limit`. Nothing of the answer is sanitised.
pub async fn ask(client: &async_nats::Client, limit: Duration) -> Option<User> {
    let asked = tokio::time::timeout(limit, client.request(SUBJECT, bytes::Bytes::new())).await;
    Some(serde_json::from_slice::<Answer>(&asked.ok()?.ok()?.payload).ok()?.data)
}
