//! Messages for these tests, of invented orders.

use contract::decision::DecisionKind;
use contract::event::FailReason;
use contract::heartbeat::{ApiLoad, DistribuidorLoad, Load, ResolverLoad, Role, RunState};
use contract::order::{Channel, Digest, Ending, Format, Origin};
use contract::{
    Decision, Event, EventKind, Heartbeat, OrderHead, Outcome, QueueEntry, Service, StoreId, StoreRecord, UtcMs,
    VERSION,
};
use domicilio::event::{Event as Happening, Fact, LinkChange, Meter};
use domicilio::state::{Lang, State};
use domicilio::update::update;

/// When these tests begin.
pub(crate) const START: i64 = 1_795_472_957_000;

pub(crate) fn at(ms: i64) -> UtcMs {
    UtcMs::from_millis(START + ms)
}

pub(crate) fn by(instance: &str) -> Origin {
    Origin { instance: instance.parse().unwrap(), cloud: "aws".parse().unwrap() }
}

/// The `n`th order; its store is one of seven.
pub(crate) fn head(n: u32) -> OrderHead {
    OrderHead {
        v: VERSION,
        country: "ec".parse().unwrap(),
        store: StoreId(70 + n % 7),
        code: format!("A-{n:04}").parse().unwrap(),
        channel: if n.is_multiple_of(3) { Channel::Pickup } else { Channel::Delivery },
        format: Format::Delivery,
        received_at: at(i64::from(n) * 10),
        by: by("api-1"),
        total: None,
        lines: 2,
        loyalty: None,
        test: false,
        again: 0,
        sha256: Digest::of(&n.to_be_bytes()),
        bytes: 100,
    }
}

pub(crate) fn accepted(n: u32) -> Fact {
    Fact::Accepted { head: head(n), intake: None, decision: None }
}

pub(crate) fn queued(n: u32) -> Fact {
    Fact::Queued(QueueEntry {
        v: VERSION,
        order: head(n),
        intake: u64::from(n) + 1,
        queued_at: head(n).received_at.plus_millis(3),
        by: by("distribuidor-1"),
        term: 1,
    })
}

pub(crate) fn failed(n: u32, attempt: u32) -> Fact {
    let happened = head(n).received_at.plus_millis(i64::from(attempt) * 3_000);
    Fact::Step(Event {
        v: VERSION,
        at: happened,
        by: by("queue-resolver-1"),
        kind: EventKind::AttemptFailed {
            order: head(n),
            intake: u64::from(n) + 1,
            attempt,
            attempts_max: 7,
            reason: FailReason::PosError,
            detail: "POS answered 503".into(),
            took_ms: 40,
            retry_at: Some(happened.plus_millis(3_000)),
        },
    })
}

pub(crate) fn ended(n: u32, attempts: u32, injected: bool) -> Fact {
    let ending = if injected {
        Ending::Injected { already: false }
    } else {
        Ending::NotInjected { reason: FailReason::Refused, detail: "POS answered 400".into(), command: None }
    };
    Fact::Ended(Outcome {
        v: VERSION,
        order: head(n),
        intake: u64::from(n) + 1,
        watermark: u64::from(n) + 1,
        queue_seq: u64::from(n) + 1,
        partition: head(n).store.partition(),
        epoch: 1,
        queued_at: head(n).received_at.plus_millis(3),
        queued_by: by("distribuidor-1"),
        attempts,
        first_attempt_at: None,
        last_attempt_at: None,
        pos_ms: Some(12),
        at: head(n).received_at.plus_millis(60_000),
        by: by("queue-resolver-1"),
        ending,
    })
}

fn decision(n: u32, kind: DecisionKind) -> Decision {
    Decision {
        v: VERSION,
        command: format!("c-{n}").parse().unwrap(),
        by: "turno.noche".parse().unwrap(),
        reason: None,
        at: head(n).received_at.plus_millis(70_000),
        via: by("api-2"),
        of: u64::from(n) + 1,
        kind,
    }
}

/// A person says that nothing more is to be done about the `n`th order.
pub(crate) fn solved(n: u32) -> Fact {
    Fact::Solved { order: head(n).id(), decision: decision(n, DecisionKind::Solved) }
}

/// The reinjection of the `n`th order, its hand-over and its injection.
pub(crate) fn reinjected(n: u32) -> [Fact; 3] {
    let head = OrderHead { again: 1, received_at: head(n).received_at.plus_millis(70_000), ..head(n) };
    let intake = u64::from(n) + 1_001;
    let Fact::Queued(entry) = queued(n) else { unreachable!() };
    let queued_at = head.received_at.plus_millis(4);
    let entry = QueueEntry { order: head.clone(), intake, queued_at, ..entry };
    let Fact::Ended(outcome) = ended(n, 1, true) else { unreachable!() };
    let at = head.received_at.plus_millis(500);
    let outcome =
        Outcome { order: head.clone(), intake, watermark: intake, queue_seq: intake, queued_at, at, ..outcome };
    let decision = Some(decision(n, DecisionKind::Reinjected { edited: true }));
    [Fact::Accepted { head, intake: None, decision }, Fact::Queued(entry), Fact::Ended(outcome)]
}

pub(crate) fn store(id: u32, state: &str) -> StoreRecord {
    serde_json::from_value(serde_json::json!({
        "id": id, "code": format!("K{id:03}"), "name": "EL NORTE", "country": "ec",
        "pos_url": "http://127.0.0.1:9/", "state": state,
    }))
    .unwrap()
}

pub(crate) fn heartbeat(service: Service, instance: &str, state: RunState, said_ms: i64) -> Fact {
    let load = match service {
        Service::Resolver => Load::Resolver(ResolverLoad::default()),
        Service::Distribuidor => Load::Distribuidor(DistribuidorLoad { role: Role::Active, ..Default::default() }),
        Service::Api => Load::Api(ApiLoad::default()),
    };
    let heartbeat = Heartbeat {
        v: VERSION,
        service,
        instance: instance.parse().unwrap(),
        version: "0.1.0".into(),
        cloud: "aws".parse().unwrap(),
        country: "ec".parse().unwrap(),
        started_at: at(-1_000_000),
        at: at(said_ms),
        state,
        trouble: None,
        stores_revision: Some(3),
        load,
    };
    Fact::Heartbeat { heartbeat, received_at: at(said_ms) }
}

pub(crate) fn live(facts: Vec<Fact>) -> Happening {
    Happening::Live { facts, meter: Meter::default() }
}

pub(crate) fn connected(ms: i64) -> Happening {
    Happening::Link(LinkChange::Connected {
        at: at(ms),
        server: "n1".into(),
        version: "2.15.1".into(),
        address: "127.0.0.1:4222".into(),
    })
}

/// A connected console that knows one open store, 72, and one paused one, 73.
pub(crate) fn console() -> State {
    let mut state = State::new(at(0), Lang::Es, 7);
    state.access.operator = Some("turno.noche".parse().unwrap());
    update(&mut state, connected(0));
    let facts = [store(72, "open"), store(73, "paused")];
    let facts = facts.map(|record| Fact::Store { record, revision: Some(1) }).to_vec();
    update(&mut state, live(facts));
    state
}
