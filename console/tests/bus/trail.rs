//! What people did before the console was there: its Log knows it, as far back as it reads.

use contract::audit::{AuditKind, AuditRecord, Place};
use contract::{StoreId, Target, UtcMs, VERSION, subject};
use domicilio::event::Part;
use domicilio::feed::Settings;
use domicilio::feed::history::AUDIT_READ;
use domicilio::state::State;
use domicilio::state::link::PartState;
use domicilio::state::log::Happened;

use crate::access::{ops, world};
use crate::world::{Console, World};

/// `count` intents of `ana`, each a second after the one before.
async fn did(world: &World, count: u64) {
    let begun = domicilio::feed::now();
    for n in 0..count {
        let record = AuditRecord {
            v: VERSION,
            id: format!("a-{n}").parse().unwrap(),
            at: UtcMs::from_millis(begun.as_millis() - i64::try_from(1_000 * (count - n)).unwrap()),
            by: "ana".parse().unwrap(),
            place: Place::default(),
            operation: "reinject".to_owned(),
            reason: None,
            left_out: 0,
            kind: AuditKind::Intent { targets: vec![Target::store(StoreId(72))], preview: None },
        };
        let body = serde_json::to_vec(&record).unwrap();
        world.bus.js.publish(subject::audit("ana"), body.into()).await.unwrap().await.unwrap();
    }
}

/// Ids of the actions that the Log tells of, oldest first.
fn told(state: &State) -> Vec<String> {
    let id = |what: &Happened| match what {
        Happened::Audited { record, .. } => Some(record.id.to_string()),
        _ => None,
    };
    state.log.iter().filter_map(|entry| id(&entry.what)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_knows_what_was_done_before_once_and_within_bounds() {
    const MORE: u64 = 5;
    let world = World::start().await;
    did(&world, AUDIT_READ + MORE).await;
    let mut console = Console::start(&Settings::new(world.server.url())).await;
    console.until("the end of the reading", |state| state.reading.ready).await;
    let newest: Vec<String> = (MORE..AUDIT_READ + MORE).map(|n| format!("a-{n}")).collect();
    assert_eq!(told(&console.state), newest);
    // What is read again is told once.
    console.feed.run(domicilio::effect::Effect::Reread).await;
    console.until("another reading", |state| state.reading.times == 2).await;
    assert_eq!(told(&console.state), newest);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_the_trail_is_told_so_where_it_would_be() {
    let world = world(
        r#"{ publish: { deny: ["$JS.API.STREAM.INFO.AUDIT", "domicilio.>"] },
             subscribe: { allow: [">"], deny: ["domicilio.audit.>"] } }"#,
    )
    .await;
    did(&world, 1).await;
    let mut console = Console::start(&ops(&world)).await;
    console.until("the end of the reading", |state| state.reading.ready).await;
    assert_eq!(console.state.reading.parts[&Part::Audit], PartState::Denied);
    console
        .until("what is denied", |state| {
            state.access.blind_to("AUDIT") == Some("$JS.API.STREAM.INFO.AUDIT")
                && state.access.deaf_to("domicilio.audit.>").is_some()
        })
        .await;
    assert_eq!(told(&console.state), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_trail_on_the_bus_everything_else_is_read_and_that_is_told() {
    let world = World::start().await;
    world.bus.js.delete_stream(contract::stream::AUDIT.name).await.unwrap();
    let mut console = Console::start(&Settings::new(world.server.url())).await;
    console.until("the end of the reading", |state| state.reading.ready).await;
    let parts = &console.state.reading.parts;
    assert!(matches!(parts[&Part::Audit], PartState::Failed(_)), "{parts:?}");
    assert!(parts.iter().all(|(part, now_is)| *part == Part::Audit || *now_is == PartState::Done), "{parts:?}");
}
