//! Who may come in where the server knows nobody and takes an operator's word: credentials of a decentralised set-up, as
//! `nsc` makes them, against a real nats-server.

use std::path::Path;

use bus::Connection;
use bus::access::{Login, Secret};
use bus::server::Server;
use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use serde_json::{Value, json};

use crate::{LIMIT, come_in, is_in, is_refused, login};

/// Seconds since 1970 of a day long past, and of one long to come.
const PAST: i64 = 1_700_000_000;
const FUTURE: i64 = 4_000_000_000;

/// A token of version 2: <https://docs.nats.io/running-a-nats-service/configuration/securing_nats/jwt>.
fn token(issuer: &KeyPair, subject: &KeyPair, name: &str, expires: Option<i64>, mut claims: Value) -> String {
    claims["version"] = json!(2);
    let mut body = json!({
        "jti": name, "iat": PAST, "iss": issuer.public_key(), "name": name, "sub": subject.public_key(), "nats": claims,
    });
    if let Some(expires) = expires {
        body["exp"] = json!(expires);
    }
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&json!({ "typ": "JWT", "alg": "ed25519-nkey" })), part(&body));
    let signature = issuer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

fn account_claims() -> Value {
    let all =
        ["subs", "data", "payload", "imports", "exports", "conn", "leaf", "mem_storage", "disk_storage", "streams"];
    let mut limits: Value = all.into_iter().chain(["consumer"]).map(|limit| (limit.to_owned(), json!(-1))).collect();
    limits["wildcards"] = json!(true);
    json!({ "type": "account", "limits": limits, "default_permissions": { "pub": {}, "sub": {} } })
}

/// A server that trusts an operator, and the account in which everybody is.
struct Trusting {
    server: Server,
    account: KeyPair,
}

impl Trusting {
    async fn start(folder: &Path) -> Self {
        let (operator, system, account) = (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_account());
        let settings = format!(
            "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {}: {}, {}: {} }}\n",
            token(&operator, &operator, "domicilio", None, json!({ "type": "operator" })),
            system.public_key(),
            system.public_key(),
            // The system's account stores nothing, and a server that finds limits for storing in it does not start.
            token(
                &operator,
                &system,
                "SYS",
                None,
                json!({ "type": "account", "limits": { "subs": -1, "data": -1,
                "payload": -1, "imports": -1, "exports": -1, "conn": -1, "leaf": -1, "wildcards": true } })
            ),
            account.public_key(),
            token(&operator, &account, "DOMICILIO", None, account_claims()),
        );
        let server = Server::start_configured(folder, &settings).await.unwrap();
        Self { server, account }
    }

    /// A user's token and its seed.
    fn user(&self, expires: i64) -> (String, String) {
        let user = KeyPair::new_user();
        let claims = json!({ "type": "user", "pub": { "deny": ["nobody.may"] }, "sub": {}, "subs": -1, "data": -1, "payload": -1 });
        (token(&self.account, &user, "ops", Some(expires), claims), user.seed().unwrap())
    }

    async fn come_in(&self, with: Login) -> Connection {
        come_in(self.server.url(), login(with)).await
    }
}

#[tokio::test]
async fn credentials_open_whether_they_lie_in_a_file_or_in_a_context() {
    let folder = tempfile::tempdir().unwrap();
    let trusting = Trusting::start(folder.path()).await;
    let (jwt, seed) = trusting.user(FUTURE);
    let file = folder.path().join("ops.creds");
    let text = format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    );
    std::fs::write(&file, text).unwrap();
    let connection = trusting.come_in(Login::Creds(file)).await;
    is_in(&connection).await;

    // What the token forbids is denied, and told.
    connection.client.publish("nobody.may", "".into()).await.unwrap();
    let mut denials = connection.denials();
    let told = denials.wait_for(|denials| denials.iter().any(|denial| denial.subject == "nobody.may"));
    assert!(tokio::time::timeout(LIMIT, told).await.unwrap().is_ok());

    is_in(&trusting.come_in(Login::Jwt(Secret::new(jwt), Secret::new(seed))).await).await;
}

#[tokio::test]
async fn what_has_expired_or_is_anothers_does_not_open_and_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let trusting = Trusting::start(folder.path()).await;
    let (expired, its_seed) = trusting.user(PAST + 1);
    let (good, _) = trusting.user(FUTURE);
    let (_, another_seed) = trusting.user(FUTURE);
    for (jwt, seed) in [(expired, its_seed), (good, another_seed)] {
        let connection = trusting.come_in(Login::Jwt(Secret::new(jwt.clone()), Secret::new(seed.clone()))).await;
        let why = is_refused(&connection).await;
        assert!(why.contains("authorization violation") || why.contains("expired"), "{why}");
        let said = format!("{why} {connection:?}");
        assert!(!said.contains(&jwt) && !said.contains(&seed), "{said}");
    }
}
