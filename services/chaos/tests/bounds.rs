//! What is bounded, on real processes, in a short version.

use std::process::Command;

use serde_json::Value;

#[test]
fn what_is_called_bounded_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bounds.json");
    let output = Command::new(env!("CARGO_BIN_EXE_bounds"))
        .args(["--backlog", "2000", "--steady-s", "4", "--away-s", "20", "--flood", "1000", "--flood-stores", "40"])
        .arg("--report")
        .arg(&file)
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");

    let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(report["passed"], true);
    // A scenario in which nothing happened would hold every bound.
    for (scenario, least) in [("backlog", 2_000.0), ("outage", 500.0), ("flood", 900.0)] {
        let rows = report["rows"].as_array().unwrap();
        let promised = rows.iter().find(|row| row["scenario"] == scenario && row["what"] == "orders promised");
        assert!(promised.unwrap()["value"].as_f64().unwrap() >= least, "{scenario}: {out}");
    }
}
