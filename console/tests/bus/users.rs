//! Every operation as every user of the configuration that we ship, on a real server: what a user's row of
//! docs/permissions.md allows arrives, everything else is told as denied and arrives nowhere.

#[path = "../../../services/bus/tests/permissions/shipped.rs"]
#[expect(dead_code, reason = "the servers serve other tests, too")]
mod shipped;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bus::access::{Access, Login, Secret};
use bus::server::Server;
use bus::topology::{self, Profile};
use contract::command::Verb;
use contract::permission::USERS;
use contract::{Service, StoreId, UtcMs, stream};
use domicilio::effect::{Decide, Draft, Fence, Moving, Planned, Releasing, Revealing, Verdict};
use domicilio::event::Trouble;
use domicilio::feed::Settings;
use domicilio::operation::{Kind, OPERATIONS};
use domicilio::state::{Lang, Refusal};
use domicilio::template;
use futures::StreamExt as _;

use crate::looking::{beat_by, heartbeats};
use crate::world::{Console, LIMIT, World, record};

/// The people of docs/permissions.md, each with the operations that its row allows beyond those of the one before it.
const PEOPLE: [(&str, &[Kind]); 4] = [
    ("ops-read", &[]),
    ("ops-payload", &[Kind::Reveal]),
    (
        "ops-act",
        &[
            Kind::Inject,
            Kind::Reinject,
            Kind::ReinjectEdited,
            Kind::Solve,
            Kind::Release,
            Kind::Ping,
            Kind::PingPos,
            Kind::Unlock,
        ],
    ),
    (
        "ops-admin",
        &[
            Kind::Pause,
            Kind::Resume,
            Kind::Drain,
            Kind::LogLevel,
            Kind::Move,
            Kind::PauseStore,
            Kind::ResumeStore,
            Kind::DisableStore,
            Kind::CreateStore,
            Kind::EditStore,
        ],
    ),
];

const PAYLOAD: &str = "{\"edited\":1}";

fn password(user: &str) -> String {
    format!("hunter2-of-{user}")
}

fn access(user: &str) -> Access {
    Access { login: Login::User(user.to_owned(), Secret::new(password(user))), ..Access::default() }
}

async fn come_in(server: &Server, user: &str) -> bus::Connection {
    let settings = bus::Settings { access: access(user), ..bus::Settings::new(server.url(), user) };
    let connection = bus::connect(&settings).await.unwrap();
    connection.up().await;
    connection
}

/// What a service answers, whatever it is told: every kind of reply finds what it needs in it.
const DONE: &[u8] = br#"{"v":1,"ok":true,"state":"running","status":202,"code":"done","message":""}"#;

/// How often each subject was heard by the services.
type Heard = Arc<Mutex<BTreeMap<String, usize>>>;

/// Answers everything that `service` is told, as the service that it is to the server.
async fn serve(server: &Server, service: Service, heard: &Heard) {
    let connection = come_in(server, service.as_str()).await;
    let user = USERS.iter().find(|user| user.name == service.as_str()).unwrap();
    let mut commands = futures::stream::SelectAll::new();
    for pattern in user.subjects().subscribe.into_iter().filter(|pattern| pattern.starts_with("domicilio.cmd.")) {
        commands.push(connection.client.subscribe(pattern).await.unwrap());
    }
    assert!(!commands.is_empty(), "{service}");
    // Answered after the server has the subscription.
    connection.js.get_stream(stream::QUEUES.name).await.unwrap();
    let heard = Arc::clone(heard);
    tokio::spawn(async move {
        while let Some(command) = commands.next().await {
            *heard.lock().unwrap().entry(command.subject.to_string()).or_default() += 1;
            connection.client.publish(command.reply.unwrap(), DONE.into()).await.unwrap();
        }
    });
}

/// What an operation asks for: of each service, where several take it; `revision` is that of store 72.
fn requests(kind: Kind, revision: u64) -> Vec<Planned> {
    let resolver = || "queue-resolver-1".parse().unwrap();
    let decide = |verdict| {
        let (id, order, by) = ("c-1".parse().unwrap(), "72.A-1".parse().unwrap(), "ana".parse().unwrap());
        vec![Planned::Decide(Decide { id, order, country: record(72).country, by, reason: Some("x".into()), verdict })]
    };
    let each =
        |of: &dyn Fn(Service) -> Planned| [Service::Api, Service::Distribuidor, Service::Resolver].map(of).into();
    let tell =
        |verb| each(&|service| Planned::Command { service, instance: format!("{service}-1").parse().unwrap(), verb });
    let store = |id, fence| vec![Planned::Store { record: Box::new(record(id)), fence }];
    match kind {
        Kind::Inject => template::Kind::ALL
            .map(|kind| {
                let code = "PRUEBA-1".parse().unwrap();
                Planned::Inject(template::build(kind, &record(72), code, UtcMs::from_millis(0)))
            })
            .into(),
        Kind::Reinject => decide(Verdict::Reinject(None)),
        Kind::ReinjectEdited => decide(Verdict::Reinject(Some(Draft::of(PAYLOAD)))),
        Kind::Solve => decide(Verdict::Solve),
        Kind::Release => {
            let (id, order, by) = ("c-1".parse().unwrap(), "72.A-1".parse().unwrap(), "ana".parse().unwrap());
            let country = record(72).country;
            vec![Planned::Release(Releasing { id, instance: resolver(), order, country, intake: 1, by })]
        }
        Kind::Ping => tell(Verb::Ping),
        Kind::Pause => tell(Verb::Pause),
        Kind::Resume => tell(Verb::Resume),
        Kind::Drain => tell(Verb::Drain),
        Kind::LogLevel => each(&|service| Planned::LogLevel {
            service,
            instance: format!("{service}-1").parse().unwrap(),
            filter: "debug".into(),
        }),
        Kind::Move => vec![Planned::Move(Moving {
            id: "c-1".parse().unwrap(),
            instance: "distribuidor-1".parse().unwrap(),
            store: StoreId(72),
            epoch: None,
            to: resolver(),
            by: "ana".parse().unwrap(),
        })],
        Kind::PingPos => vec![Planned::PingPos { instance: resolver(), store: StoreId(72) }],
        Kind::CreateStore => store(99, Fence::Catalogue(revision)),
        Kind::PauseStore | Kind::ResumeStore | Kind::DisableStore | Kind::EditStore => {
            store(72, Fence::Record(revision))
        }
        Kind::Reveal => {
            let (order, country) = ("72.A-1".parse().unwrap(), record(72).country);
            vec![Planned::Reveal(Revealing { order, country })]
        }
        // Told to nobody but the trail.
        Kind::Unlock => Vec::new(),
    }
}

async fn revision(bus: &bus::Connection) -> u64 {
    bus::read::last(&bus.js, stream::STORES.name, "domicilio.stores.ec.72").await.unwrap().unwrap().sequence
}

/// A bus with the shipped users and store 72, and what its services will have heard.
async fn stage() -> (World, Heard) {
    let folder = tempfile::tempdir().unwrap();
    let server = shipped::single(folder.path(), &password).await;
    let admin = come_in(&server, "ops-admin").await;
    topology::ensure(&admin.js, Profile { replicas: 1, storage_percent: 1 }).await.unwrap();
    let world = World::on(server, admin, folder);
    world.store_record(&record(72)).await;
    (world, Heard::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_user_does_what_its_row_allows_and_is_told_of_everything_else_that_it_may_not() {
    let (world, heard) = stage().await;
    for service in [Service::Api, Service::Distribuidor, Service::Resolver] {
        serve(&world.server, service, &heard).await;
    }

    let mut arrived = BTreeMap::new();
    let (mut may, mut written, mut kept) = (Vec::new(), 1, 0);
    for (user, more) in PEOPLE {
        may.extend(more);
        let mut settings = Settings::new(world.server.url());
        settings.target.access = access(user);
        let mut console = Console::start(&settings).await;
        console.until("the connection", |state| state.link.is_up()).await;
        let mut denied = Vec::new();
        for operation in OPERATIONS {
            let allowed = may.contains(&operation.kind);
            let least = PEOPLE.iter().find(|(_, more)| more.contains(&operation.kind)).unwrap().0;
            assert_eq!(operation.user(), least, "{}", operation.name);
            let mut judge = |subject: String, answer: Result<(), Trouble>| match answer {
                // Who may read is told that there is no such order.
                Ok(()) | Err(Trouble::Gone) if allowed => {}
                Err(Trouble::Denied) if !allowed => denied.push(subject),
                other => panic!("{user}, {}, {subject}: {other:?}", operation.name),
            };
            for planned in requests(operation.kind, revision(&world.bus).await) {
                let payload = planned.draft().map(|_| PAYLOAD);
                let answer = tokio::time::timeout(LIMIT, console.feed.act(&planned, payload)).await.unwrap();
                judge(planned.subject(), answer.map(drop));
                match planned {
                    Planned::Store { .. } => written += usize::from(allowed),
                    Planned::Reveal(_) => {}
                    _ if allowed => *arrived.entry(planned.subject()).or_insert(0) += 1,
                    _ => {}
                }
            }
            // Whoever may do anything that is told to the trail may tell it.
            if operation.kind == Kind::Reveal {
                let subject = format!("domicilio.audit.{user}");
                judge(subject.clone(), console.feed.tell(subject, b"{}".into()).await);
                kept += usize::from(allowed);
            }
        }
        // The screen has learnt it, and says who may.
        console
            .until("what is denied is known", |state| {
                denied.iter().all(|subject| state.access.may_not_publish(subject).is_some())
            })
            .await;
        let known = |subject: &String| console.state.access.may_not_publish(subject).is_some();
        assert!(!arrived.keys().any(|subject| known(subject) && !denied.contains(subject)), "{user}");
        console.feed.stop(LIMIT).await;
    }
    assert_eq!(*heard.lock().unwrap(), arrived, "what the services heard is what was allowed, and no more");
    for (stream, expected) in [(stream::STORES.name, written), (stream::AUDIT.name, kept)] {
        let mut stream = world.bus.js.get_stream(stream).await.unwrap();
        let last = stream.info().await.unwrap().state.last_sequence;
        assert_eq!(last, expected as u64, "what was stored is what was allowed");
    }
    assert!(Refusal::Denied("ops-admin").text(Lang::Es).contains("ops-admin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_told_that_its_user_may_not_and_ends_with_the_code_of_policy() {
    let (world, heard) = stage().await;
    serve(&world.server, Service::Api, &heard).await;
    let api = come_in(&world.server, "api-domicilio").await;
    let beats = heartbeats().into_iter().filter(|beat| beat.service == Service::Api).collect();
    let _beating = beat_by(api.client.clone(), beats);
    let inject = ["inject", "--template", "both", "--store", "72", "--yes", "--wait", "0"];
    let pause = ["store", "pause", "72", "--reason", "x", "--yes"];
    for (user, arguments, code) in [
        ("ops-read", &inject[..], 5),
        ("ops-payload", &inject, 5),
        ("ops-act", &inject, 0),
        ("ops-act", &pause, 5),
        ("ops-admin", &pause, 0),
    ] {
        let mut command = crate::acting::program(&world);
        command.args(arguments).env("NATS_USER", user).env("NATS_PASSWORD", password(user));
        let (ended, _, told) = crate::acting::finish(command).await;
        assert_eq!(ended, code, "{user} {arguments:?}: {told}");
        assert!(code == 0 || told.contains("may not") || told.contains("ops-a"), "{user}: {told}");
    }
    assert_eq!(heard.lock().unwrap().values().sum::<usize>(), 1);
    assert_eq!(world.bus.js.get_stream(stream::STORES.name).await.unwrap().cached_info().state.last_sequence, 2);
}
