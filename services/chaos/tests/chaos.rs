//! A short plan against real processes, on one node and on three: the faults that move most.

use std::process::Command;

use serde_json::Value;

const SEED: &str = "1";

/// The death of a leader, of both kinds of process, alone and together, a spoilt network, and a fault of POS.
const ONLY: &str = "leader QUEUES,active distribuidor kill,queue-resolver SIGSTOP,queue-resolver - NATS stalled,\
                    resolver + nats-server,POS drops";

#[test]
fn a_short_plan_breaks_no_promise_and_every_fault_of_it_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_chaos"))
        // Other tests run beside this one: the bounds are for a machine of its own.
        .args(["--seed", SEED, "--nodes", "both", "--orders", "50", "--stores", "24", "--slack", "4"])
        .args(["--only", ONLY, "--report-dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");

    let report = std::fs::read(folder.path().join(format!("{SEED}.json"))).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["passed"], true);
    let parts = report["parts"].as_array().unwrap();
    for (part, nodes, faults) in [(&parts[0], 1, 6), (&parts[1], 3, 7)] {
        assert_eq!(part["nodes"], nodes);
        let rows = part["rows"].as_array().unwrap();
        assert_eq!(rows.len(), faults, "one of them is none: {out}");
        assert!(rows.iter().all(|row| row["seen"] == row["times"]), "{out}");
        assert!(part["judgement"]["promised"].as_u64() > Some(300), "{out}");
        assert!(part["happenings"]["took_office"].as_u64() > Some(1), "{out}");
    }
}
