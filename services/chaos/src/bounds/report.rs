//! The rows of a run and whether each bound holds. Pure.

use std::fmt;

use serde::Serialize;

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Told only.
    None,
    /// At most this.
    Most(f64),
    /// At least this.
    Least(f64),
}

/// One measured value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Which scenario.
    pub scenario: &'static str,
    /// What was measured.
    pub what: String,
    /// The value.
    pub value: f64,
    /// Its unit; empty for a count.
    pub unit: &'static str,
    /// What it may be.
    pub bound: Bound,
    /// Whether it is.
    pub holds: bool,
}

impl Row {
    /// A value and its bound.
    pub fn new(scenario: &'static str, what: impl Into<String>, value: f64, unit: &'static str, bound: Bound) -> Self {
        let holds = match bound {
            Bound::None => true,
            Bound::Most(most) => value <= most,
            Bound::Least(least) => value >= least,
        };
        Self { scenario, what: what.into(), value, unit, bound, holds }
    }
}

/// Where it was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Processors.
    pub processors: usize,
    /// The first one's name.
    pub model: String,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Whether the programs were built with optimisation.
    pub optimised: bool,
}

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Where.
    pub machine: Machine,
    /// What.
    pub rows: Vec<Row>,
    /// Whether every bound holds.
    pub passed: bool,
    /// How long it took, in seconds.
    pub took_s: u64,
}

impl Report {
    /// Over the rows of all scenarios.
    pub fn new(machine: Machine, rows: Vec<Row>, took_s: u64) -> Self {
        let passed = rows.iter().all(|row| row.holds);
        Self { machine, rows, passed, took_s }
    }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = format!("{} {}", number(self.value), self.unit);
        let bound = match self.bound {
            Bound::None => String::new(),
            Bound::Most(most) => format!("at most {}", number(most)),
            Bound::Least(least) => format!("at least {}", number(least)),
        };
        let mark = match (self.bound, self.holds) {
            (Bound::None, _) => "",
            (_, true) => "holds",
            (_, false) => "BROKEN",
        };
        write!(f, "{:<12} {:<62} {value:>14} {bound:>18} {mark}", self.scenario, self.what)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { processors, model, memory_mib, optimised } = &self.machine;
        let build = if *optimised { "release build" } else { "development build" };
        for row in &self.rows {
            writeln!(f, "{}", row.to_string().trim_end())?;
        }
        writeln!(f, "{processors} x {model}, {memory_mib} MiB, {build}, {} s", self.took_s)?;
        writeln!(f, "{}", if self.passed { "every bound holds" } else { "A BOUND IS BROKEN" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_bound_fails_the_report() {
        let machine = Machine { processors: 2, model: "any".into(), memory_mib: 1, optimised: true };
        for (value, bound, holds) in [
            (5.0, Bound::None, true),
            (5.0, Bound::Most(5.0), true),
            (5.1, Bound::Most(5.0), false),
            (5.0, Bound::Least(5.0), true),
            (4.9, Bound::Least(5.0), false),
        ] {
            let rows = vec![Row::new("any", "any", 0.0, "", Bound::None), Row::new("any", "any", value, "", bound)];
            let report = Report::new(machine.clone(), rows, 1);
            assert_eq!(report.passed, holds, "{bound:?}");
            assert_eq!(report.to_string().contains("BROKEN"), !holds);
        }
    }
}
