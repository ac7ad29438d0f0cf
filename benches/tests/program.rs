//! The program itself, on a real nats-server: short runs that take every message and tell what they did not measure.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::process::Command;

use serde_json::Value;

/// A short run of one group; its table and its part of the report.
fn short(group: &str, args: &[&str]) -> (String, Value) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made/report.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    let run = command.args(["--short", "--only", group, "--report"]).arg(&file).args(args).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}{err}");
    assert!(out.contains("short run"), "{out}");
    let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let [group] = report["groups"].as_array().unwrap().as_slice() else { panic!("{report}") };
    (out.into_owned(), group.clone())
}

fn rows(group: &Value) -> &[Value] {
    group["rows"].as_array().unwrap()
}

#[test]
fn a_short_run_takes_every_message_and_writes_its_report() {
    let (out, group) = short("ingestion", &[]);
    assert!(out.contains("messages into the console's state"), "{out}");
    let missing = rows(&group).iter().find(|row| row["what"].as_str().unwrap().contains("not in its state")).unwrap();
    assert_eq!((&missing["ours"], &missing["met"]), (&Value::from(0.0), &Value::from(true)), "{out}");
    for row in rows(&group) {
        assert!(row["ours"].is_f64(), "every row was measured: {row}");
    }
}

#[test]
fn an_evening_by_a_clock_of_its_own_keeps_every_order_that_there_is_room_for() {
    let (out, group) = short("hours", &[]);
    let kept = rows(&group).iter().find(|row| row["what"].as_str().unwrap().starts_with("orders kept after 8 min"));
    // One of each of 2 000 stores, then ten a second for eight minutes, and for half of that.
    assert_eq!(
        (&kept.unwrap()["ours"], &kept.unwrap()["other"]),
        (&Value::from(6_800.0), &Value::from(4_400.0)),
        "{out}"
    );
}

#[test]
fn peers_that_nobody_can_find_are_told_and_hold_nothing_up() {
    let (out, group) = short("peers", &[]);
    assert!(rows(&group).is_empty() && out.contains("not measured: nobody says where they are"), "{out}");
}
