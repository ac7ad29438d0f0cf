//! Each message as it is on the wire today. These files only ever grow in number: what was once published must
//! parse for as long as a stream keeps it, and whoever reads it in another language relies on its shape.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::path::Path;

use contract::audit::AuditKind;
use contract::command::{IntakeReply, Move, MoveReply, PingPos, PingPosReply, Reinject, Release, Reply, Solve};
use contract::counters::DayCounts;
use contract::lease::{OfficeLease, PartitionLease, ResolverLease};
use contract::order::InvalidHead;
use contract::{AuditRecord, Decision, Event, EventKind, Heartbeat, OrderHead, Outcome, QueueEntry, StoreRecord};
use serde_json::Value;

fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Reads the file as `T`, with a field of a later version added, and writes it again.
fn round_trip<T: serde::Serialize + serde::de::DeserializeOwned>(mut value: Value) -> Value {
    value.as_object_mut().unwrap().insert("of_a_later_version".into(), Value::Bool(true));
    let read: T = serde_json::from_value(value).unwrap();
    serde_json::to_value(read).unwrap()
}

#[test]
fn every_message_reads_and_writes_as_it_always_did() {
    let mut seen = BTreeSet::new();
    let mut check = |name: &str, again: fn(Value) -> Value| {
        let file = format!("{name}.json");
        let mut again = again(golden(&file));
        // A store's record keeps what it does not know; nobody else has to.
        again.as_object_mut().unwrap().remove("of_a_later_version");
        assert_eq!(again, golden(&file), "{name}");
        seen.insert(file);
    };
    check("order_head", round_trip::<OrderHead>);
    check("order_head_least", round_trip::<OrderHead>);
    check("order_head_again", round_trip::<OrderHead>);
    check("decision_reinjected", round_trip::<Decision>);
    check("decision_solved", round_trip::<Decision>);
    check("invalid_head", round_trip::<InvalidHead>);
    check("queue_entry", round_trip::<QueueEntry>);
    check("outcome_injected", round_trip::<Outcome>);
    check("outcome_not_injected", round_trip::<Outcome>);
    check("outcome_released", round_trip::<Outcome>);
    for kind in [
        "attempt_failed",
        "pos",
        "partition_assigned",
        "partition_moved",
        "resolver_lost",
        "took_office",
        "hand_over_anew",
    ] {
        check(&format!("event_{kind}"), round_trip::<Event>);
    }
    check("store_record", round_trip::<StoreRecord>);
    for service in ["api", "distribuidor", "resolver"] {
        check(&format!("heartbeat_{service}"), round_trip::<Heartbeat>);
    }
    check("office_lease", round_trip::<OfficeLease>);
    check("resolver_lease", round_trip::<ResolverLease>);
    check("partition_lease", round_trip::<PartitionLease>);
    check("partition_lease_moved", round_trip::<PartitionLease>);
    check("reinject", round_trip::<Reinject>);
    check("solve", round_trip::<Solve>);
    check("release", round_trip::<Release>);
    check("move", round_trip::<Move>);
    check("move_reply", round_trip::<MoveReply>);
    check("ping_pos", round_trip::<PingPos>);
    check("ping_pos_reply", round_trip::<PingPosReply>);
    check("audit_intent", round_trip::<AuditRecord>);
    check("audit_outcome", round_trip::<AuditRecord>);
    check("day_counts", round_trip::<DayCounts>);
    check("reply", round_trip::<Reply>);
    check("intake_reply", round_trip::<IntakeReply>);

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(files.collect::<BTreeSet<_>>(), seen, "each file is checked");
}

#[test]
fn kinds_and_words_of_a_later_version_survive_as_unknown() {
    let mut event = golden("event_pos.json");
    event["kind"] = "of_a_later_version".into();
    let event: Event = serde_json::from_value(event).unwrap();
    assert_eq!(event.kind, EventKind::Unknown);

    let mut outcome = golden("outcome_not_injected.json");
    outcome["reason"] = "of_a_later_version".into();
    assert!(serde_json::from_value::<Outcome>(outcome).is_ok());

    let mut audit = golden("audit_intent.json");
    audit["kind"] = "of_a_later_version".into();
    let audit: AuditRecord = serde_json::from_value(audit).unwrap();
    assert_eq!(audit.kind, AuditKind::Unknown);

    let mut heartbeat = golden("heartbeat_api.json");
    heartbeat["state"] = "of_a_later_version".into();
    assert!(serde_json::from_value::<Heartbeat>(heartbeat).is_ok());
}

#[test]
fn no_head_outgrows_a_message_header() {
    // Heads travel as one header each; nats-server counts headers into max_payload (1 MiB), and people read them.
    let longest = serde_json::to_string(&golden("order_head.json")).unwrap();
    assert!(longest.len() < 1_024, "{} bytes", longest.len());
}
