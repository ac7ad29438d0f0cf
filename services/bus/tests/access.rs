//! Who may come in, and how, against a real nats-server: users, nkeys, tokens, TLS, permissions, inboxes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "corpus/certificates.rs"]
mod certificates;
#[path = "access/operator.rs"]
mod operator;

use std::time::Duration;

use bus::access::{Access, Login, Secret, Tls};
use bus::server::Server;
use bus::{Connection, ErrorKind, Settings, Verb, connect};

use crate::certificates::certificates;

const LIMIT: Duration = Duration::from_secs(20);

async fn come_in(url: String, access: Access) -> Connection {
    connect(&Settings { access, ..Settings::new(url, "test") }).await.unwrap()
}

/// Waits for the link, and for a round trip on it.
async fn is_in(connection: &Connection) {
    let told = tokio::time::timeout(LIMIT, connection.up()).await;
    assert!(told.is_ok(), "not in: {:?}", *connection.last_refusal().borrow());
    connection.js.query_account().await.unwrap();
}

/// Waits until the server has refused; what the client says of it.
async fn is_refused(connection: &Connection) -> String {
    let mut refusal = connection.last_refusal();
    let told = tokio::time::timeout(LIMIT, refusal.wait_for(Option::is_some)).await.unwrap().unwrap().clone();
    assert!(!connection.is_up());
    told.unwrap()
}

fn login(login: Login) -> Access {
    Access { login, ..Access::default() }
}

#[tokio::test]
async fn a_user_comes_in_with_the_right_password_and_a_wrong_one_is_not_repeated_to_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "authorization { users: [{ user: ops, password: hunter2 }] }";
    let server = Server::start_configured(folder.path(), settings).await.unwrap();
    let user = |password: &str| login(Login::User("ops".into(), Secret::new(password)));
    is_in(&come_in(server.url(), user("hunter2")).await).await;
    is_in(&come_in(server.url().replace("://", "://ops:hunter2@"), Access::default()).await).await;

    for (url, access) in [
        (server.url(), user("s3cr3t")),
        (server.url().replace("://", "://ops:s3cr3t@"), Access::default()),
        (server.url(), Access::default()),
    ] {
        let connection = come_in(url, access).await;
        let why = is_refused(&connection).await;
        assert!(why.contains("authorization violation"), "{why}");
        assert!(!format!("{why} {connection:?}").contains("s3cr3t"), "{why} {connection:?}");
    }
}

#[tokio::test]
async fn a_token_in_a_variable_or_in_the_url_opens() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_configured(folder.path(), "authorization { token: hunter2 }").await.unwrap();
    is_in(&come_in(server.url(), login(Login::Token(Secret::new("hunter2")))).await).await;
    is_in(&come_in(server.url().replace("://", "://hunter2@"), Access::default()).await).await;
}

#[tokio::test]
async fn an_nkey_opens_and_its_file_is_looked_at_before() {
    let folder = tempfile::tempdir().unwrap();
    let pair = nkeys::KeyPair::new_user();
    let settings = format!("authorization {{ users: [{{ nkey: {} }}] }}", pair.public_key());
    let server = Server::start_configured(folder.path(), &settings).await.unwrap();
    let seed = folder.path().join("ops.nk");
    std::fs::write(&seed, format!("# the seed of ops\n{}\n", pair.seed().unwrap())).unwrap();
    is_in(&come_in(server.url(), login(Login::Nkey(seed))).await).await;

    let other = folder.path().join("other.nk");
    std::fs::write(&other, "hunter2").unwrap();
    let large = folder.path().join("large.creds");
    std::fs::write(&large, vec![b'x'; 100_000]).unwrap();
    for (login, expected) in [
        (Login::Nkey(other), "begins with SU"),
        (Login::Nkey(folder.path().join("none.nk")), "No such file"),
        (Login::Creds(large), "larger than"),
        (Login::Jwt(Secret::new("hunter2"), Secret::new("hunter2")), "no credentials"),
    ] {
        let access = Access { login, ..Access::default() };
        let error = connect(&Settings { access, ..Settings::new(server.url(), "test") }).await.unwrap_err();
        let why = bus::error::chain(&error);
        assert_eq!(error.kind(), ErrorKind::Settings);
        assert!(why.contains(expected) && !why.contains("hunter2"), "{why}");
    }
}

#[tokio::test]
async fn tls_is_spoken_with_an_authority_and_a_certificate_of_our_own() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path(), &["localhost", "127.0.0.1"]);
    let file = |name: &str| folder.path().join(name);
    let settings = format!(
        "tls {{ cert_file: {:?}, key_file: {:?}, ca_file: {:?}, verify: true }}",
        file("server.pem"),
        file("server.key"),
        file("ca.pem")
    );
    let server = Server::start_configured(folder.path(), &settings).await.unwrap();
    let tls = |ca, identity| Access { tls: Tls { ca, identity, first: false }, ..Access::default() };
    let ours = Some((file("client.pem"), file("client.key")));
    let connection = come_in(server.url(), tls(Some(file("ca.pem")), ours.clone())).await;
    is_in(&connection).await;
    assert!(connection.is_tls());

    // An authority that is not trusted, and nobody's certificate.
    is_refused(&come_in(server.url(), tls(None, ours)).await).await;
    is_refused(&come_in(server.url(), tls(Some(file("ca.pem")), None)).await).await;

    // A server without TLS is not spoken to when TLS was asked for.
    let plain = tempfile::tempdir().unwrap();
    let plain = Server::start(plain.path()).await.unwrap();
    is_refused(&come_in(plain.url(), tls(Some(file("ca.pem")), None)).await).await;
    let open = come_in(plain.url(), Access::default()).await;
    is_in(&open).await;
    assert!(!open.is_tls());
}

#[tokio::test]
async fn what_is_denied_is_told_and_an_inbox_prefix_is_honoured() {
    let folder = tempfile::tempdir().unwrap();
    let settings = r#"authorization { users: [{ user: ops, password: p, permissions: {
        publish: { allow: ["$JS.API.INFO"] }, subscribe: { allow: ["domicilio.events.>", "_INBOX.ops.>"] } } }] }"#;
    let server = Server::start_configured(folder.path(), settings).await.unwrap();
    let access =
        Access { inbox_prefix: Some("_INBOX.ops".into()), ..login(Login::User("ops".into(), Secret::new("p"))) };
    let connection = come_in(server.url(), access).await;
    is_in(&connection).await;
    assert!(connection.client.new_inbox().starts_with("_INBOX.ops."));

    let _silent = connection.client.subscribe("domicilio.orders.>").await.unwrap();
    let _allowed = connection.client.subscribe("domicilio.events.>").await.unwrap();
    connection.client.publish("domicilio.orders.ec.1.x", "body".into()).await.unwrap();
    let mut denials = connection.denials();
    let both =
        tokio::time::timeout(LIMIT, denials.wait_for(|denials| denials.len() >= 2)).await.unwrap().unwrap().clone();
    let mut both: Vec<_> = both.iter().map(|denial| (denial.verb, denial.subject.as_str())).collect();
    both.sort_unstable();
    assert_eq!(both, [(Verb::Publish, "domicilio.orders.ec.1.x"), (Verb::Subscribe, "domicilio.orders.>")]);
}
