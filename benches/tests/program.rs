//! The program itself, on a real nats-server: a short run that takes every message and tells what it did not measure.

use std::process::Command;

use serde_json::Value;

#[test]
fn a_short_run_takes_every_message_and_writes_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made/report.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    let run = command.args(["--short", "--only", "ingestion", "--report"]).arg(&file).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}{err}");
    assert!(out.contains("messages into the console's state") && out.contains("short run"), "{out}");
    let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let [group] = report["groups"].as_array().unwrap().as_slice() else { panic!("{report}") };
    let rows = group["rows"].as_array().unwrap();
    let missing = rows.iter().find(|row| row["what"].as_str().unwrap().contains("not in its state")).unwrap();
    assert_eq!((&missing["ours"], &missing["met"]), (&Value::from(0.0), &Value::from(true)), "{out}");
    for row in rows {
        assert!(row["ours"].is_f64(), "every row was measured: {row}");
    }
}
