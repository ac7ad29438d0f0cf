//! Real nats-servers with the configurations that we ship: they let each user do what the table of users says, and nothing else.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "permissions/shipped.rs"]
#[expect(dead_code, reason = "the servers serve other tests, too")]
mod shipped;

use std::collections::BTreeSet;
use std::time::Duration;

use bus::access::{Access, Login, Secret};
use bus::denial::DENIALS_MAX;
use bus::server::Server;
use bus::{Connection, Settings, Verb, connect};
use contract::permission::{USERS, User};

const LIMIT: Duration = Duration::from_secs(20);

/// Subjects that nobody may use: what is denied last tells that everything before it was judged.
const NOBODYS: &str = "nobody.may";

/// Digits alone, which a configuration may take for a number.
fn password(user: &str) -> String {
    format!("{:08}", 4_711 + user.len())
}

async fn come_in(server: &Server, user: &User) -> Connection {
    let login = Login::User(user.name.to_owned(), Secret::new(password(user.name)));
    let access = Access { login, ..Access::default() };
    let connection = connect(&Settings { access, ..Settings::new(server.url(), user.name) }).await.unwrap();
    let up = tokio::time::timeout(LIMIT, connection.up()).await;
    assert!(up.is_ok(), "{} is not let in: {:?}", user.name, *connection.last_refusal().borrow());
    connection
}

/// A subject or pattern of the table as somebody would use it.
fn concrete(pattern: &str) -> String {
    pattern.replace('*', "x").replace('>', "x.y")
}

/// Tries everything on connections of their own and returns what the server denied.
async fn denied(server: &Server, user: &User, tries: &[(Verb, String)]) -> BTreeSet<(Verb, String)> {
    let mut all = BTreeSet::new();
    // A connection keeps a bounded number of denials.
    for some in tries.chunks(DENIALS_MAX - 1) {
        let connection = come_in(server, user).await;
        let mut subscriptions = Vec::new();
        for (verb, subject) in some {
            match verb {
                Verb::Publish => connection.client.publish(subject.clone(), "".into()).await.unwrap(),
                Verb::Subscribe => subscriptions.push(connection.client.subscribe(subject.clone()).await.unwrap()),
            }
        }
        connection.client.publish(NOBODYS, "".into()).await.unwrap();
        let mut denials = connection.denials();
        let judged = denials.wait_for(|denials| denials.iter().any(|denial| denial.subject == NOBODYS));
        let judged = tokio::time::timeout(LIMIT, judged).await.unwrap().unwrap().clone();
        all.extend(judged.into_iter().map(|denial| (denial.verb, denial.subject)));
    }
    all.remove(&(Verb::Publish, NOBODYS.to_owned()));
    all
}

#[tokio::test]
async fn the_server_lets_each_user_do_what_the_table_says_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = shipped::single(folder.path(), &password).await;
    holds(&[server]).await;
}

#[tokio::test]
async fn the_nodes_of_the_chart_do_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = shipped::Cluster::start(folder.path(), &password).await;
    holds(&cluster.nodes).await;
}

/// Tries everything as every user, each on one of the servers.
async fn holds(servers: &[Server]) {
    // Everything that anybody may, and some that nobody may.
    let mut tries = BTreeSet::new();
    for user in &USERS {
        let subjects = user.subjects();
        tries.extend(subjects.publish.iter().map(|subject| (Verb::Publish, concrete(subject))));
        tries.extend(subjects.denied.iter().map(|subject| (Verb::Publish, subject.clone())));
        tries.extend(subjects.subscribe.iter().map(|subject| (Verb::Subscribe, concrete(subject))));
        tries.extend(subjects.subscribe.into_iter().map(|subject| (Verb::Subscribe, subject)));
    }
    for subject in [
        "domicilio.new.x",
        "$JS.API.SERVER.REMOVE",
        "$JS.ACK.ORDERS",
        "$KV.other.key",
        "_INBOX.x",
        "$SYS.REQ.SERVER.PING",
    ] {
        tries.insert((Verb::Publish, subject.to_owned()));
    }
    for subject in [">", "domicilio.>", "_INBOX.>", "$JS.>", "$SYS.>", "$KV.>", "domicilio.cmd.>"] {
        tries.insert((Verb::Subscribe, subject.to_owned()));
    }
    let tries: Vec<_> = tries.into_iter().collect();
    for (user, server) in USERS.iter().zip(servers.iter().cycle()) {
        let subjects = user.subjects();
        let may = |(verb, subject): &&(Verb, String)| match verb {
            Verb::Publish => subjects.may_publish(subject),
            Verb::Subscribe => subjects.may_subscribe(subject),
        };
        let expected: BTreeSet<_> = tries.iter().filter(|tried| !may(tried)).cloned().collect();
        let denied = denied(server, user, &tries).await;
        let (more, less) = (denied.difference(&expected), expected.difference(&denied));
        let (more, less): (Vec<_>, Vec<_>) = (more.collect(), less.collect());
        assert!(more.is_empty() && less.is_empty(), "{}: denied {more:?}, allowed {less:?}", user.name);
        assert!(!expected.is_empty() && expected.len() < tries.len(), "{}", user.name);
    }
}

#[tokio::test]
async fn a_service_answers_once_wherever_it_was_asked_from_and_says_nothing_there_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let server = shipped::single(folder.path(), &password).await;
    let user = |name: &str| USERS.iter().find(|user| user.name == name).unwrap();
    let service = come_in(&server, user("queue-resolver")).await;
    let asking = come_in(&server, user("ops-act")).await;
    let subject = "domicilio.cmd.queue-resolver.queue-resolver-1.ping";
    let mut commands = service.client.subscribe(subject).await.unwrap();
    // Its own inbox answers: the subscription before it has come to the server.
    service.js.get_stream("QUEUES").await.unwrap_err();

    let inbox = asking.client.new_inbox();
    assert!(inbox.starts_with("_INBOX.ops-act."), "{inbox}");
    let answer = asking.client.request(subject, "".into());
    let serving = async {
        let command = futures::StreamExt::next(&mut commands).await.unwrap();
        let reply = command.reply.unwrap();
        service.client.publish(reply.clone(), "done".into()).await.unwrap();
        reply
    };
    let (answer, reply) = tokio::time::timeout(LIMIT, futures::future::join(answer, serving)).await.unwrap();
    assert_eq!(answer.unwrap().payload, "done");

    // The second answer is one too many, and an inbox of which nobody asked is closed.
    service.client.publish(reply.clone(), "again".into()).await.unwrap();
    service.client.publish(inbox.clone(), "unasked".into()).await.unwrap();
    let mut denials = service.denials();
    let told =
        tokio::time::timeout(LIMIT, denials.wait_for(|denials| denials.len() >= 2)).await.unwrap().unwrap().clone();
    let told: Vec<&str> = told.iter().map(|denial| denial.subject.as_str()).collect();
    assert_eq!(told, [reply.as_str(), inbox.as_str()]);
}
