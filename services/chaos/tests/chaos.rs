//! A short plan against real processes: one round, the faults that move most.

use std::process::Command;

use serde_json::Value;

/// The plan of this seed holds kill and freeze of a resolver, a fault of the active distribuidor, the death of the bus
/// and a fault of POS; the test sees to it.
const SEED: &str = "1";

#[test]
fn a_short_plan_breaks_no_promise_and_every_fault_of_it_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_chaos"))
        .args(["--seed", SEED, "--rounds", "1", "--faults", "5", "--orders", "50", "--stores", "24", "--report-dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");

    let report = std::fs::read(folder.path().join(format!("{SEED}.json"))).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["passed"], true);
    let rows = report["rows"].as_array().unwrap();
    let faults: Vec<&str> = rows.iter().map(|row| row["fault"].as_str().unwrap()).collect();
    for part in ["queue-resolver", "active distribuidor", "nats-server", "POS"] {
        assert!(faults.iter().any(|fault| fault.starts_with(part)), "no fault of {part} in {faults:?}");
    }
    assert!(rows.iter().all(|row| row["seen"] == row["times"]), "{out}");
    assert!(report["judgement"]["promised"].as_u64() > Some(300), "{out}");
    assert!(report["happenings"]["took_office"].as_u64() > Some(1), "{out}");
}
