//! The rows of a run, and whether each target is met. Pure. What was not measured is unknown: `–` in the table, `null` in
//! the file, never 0.

use std::fmt;

use chaos::bounds::report::Machine;
use serde::Serialize;

use crate::figures::ratio;

/// What a row is to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Told only.
    None,
    /// The value, at most this.
    Most(f64),
    /// The value, exactly this.
    Exactly(f64),
    /// Ours against the other, at least this.
    RatioLeast(f64),
    /// Ours against the other, at most this.
    RatioMost(f64),
}

/// What stands beside our value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// The limit program's value.
    Limit,
    /// Our own value under other circumstances, which the row names.
    Other,
    /// What another program for the same purpose needs.
    Peer,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// Its unit; empty for a count.
    pub unit: &'static str,
    /// Our value.
    pub ours: Option<f64>,
    /// What the other value is.
    pub beside: Beside,
    /// The other value.
    pub other: Option<f64>,
    /// Ours divided by the other.
    pub ratio: Option<f64>,
    /// What it is to be.
    pub target: Target,
    /// Whether it is; `None` without a target, and when it was not measured.
    pub met: Option<bool>,
}

impl Row {
    /// A value alone.
    pub fn new(what: impl Into<String>, unit: &'static str, ours: Option<f64>) -> Self {
        let (beside, other) = (Beside::Nothing, None);
        Self { what: what.into(), unit, ours, beside, other, ratio: None, target: Target::None, met: None }
    }

    /// With another value beside it.
    #[must_use]
    pub fn beside(mut self, beside: Beside, other: Option<f64>) -> Self {
        (self.beside, self.other, self.ratio) = (beside, other, ratio(self.ours, other));
        self
    }

    /// With a target; given last.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = target;
        self.met = match target {
            Target::None => None,
            Target::Most(most) => self.ours.map(|ours| ours <= most),
            Target::Exactly(exactly) => self.ours.map(|ours| (ours - exactly).abs() < f64::EPSILON),
            Target::RatioLeast(least) => self.ratio.map(|ratio| ratio >= least),
            Target::RatioMost(most) => self.ratio.map(|ratio| ratio <= most),
        };
        self
    }
}

/// The rows of one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Its name, as `--only` takes it.
    pub name: String,
    /// How long it took, in seconds.
    pub seconds: u64,
    /// Why it was not measured, if it was not.
    pub left_out: Option<String>,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Where it was measured.
    pub machine: Machine,
    /// Whether it was a short run, whose figures say nothing but that it works.
    pub short: bool,
    /// How often each group's measurements were repeated at most; rows are medians.
    pub runs: u32,
    /// The groups, in the order in which they were measured.
    pub groups: Vec<Group>,
}

/// A number with about three digits that matter; `–` when unknown.
pub fn number(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value.abs() >= 100.0 || value == 0.0 => format!("{value:.0}"),
        Some(value) if value.abs() >= 10.0 => format!("{value:.1}"),
        Some(value) if value.abs() >= 1.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.3}"),
    }
}

fn target(target: Target) -> String {
    let plain = |value: f64| number(Some(value)).trim_end_matches('0').trim_end_matches('.').to_owned();
    match target {
        Target::None => String::new(),
        Target::Most(most) if most >= 100.0 => format!("<= {most:.0}"),
        Target::Most(most) => format!("<= {}", plain(most)),
        Target::Exactly(exactly) => format!("{exactly:.0}"),
        Target::RatioLeast(least) => format!("ratio >= {}", plain(least)),
        Target::RatioMost(most) => format!("ratio <= {}", plain(most)),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { processors, model, memory_mib, optimised } = &self.machine;
        let build = if *optimised { "release" } else { "development build: no figure means anything" };
        writeln!(f, "{processors} processors, {model}, {memory_mib} MiB; {build}; runs: {}", self.runs)?;
        if self.short {
            writeln!(f, "short run: it shows that everything works, its figures mean nothing")?;
        }
        let rows = self.groups.iter().flat_map(|group| &group.rows);
        let wide = rows.map(|row| row.what.chars().count()).max().unwrap_or(0).max(12);
        for Group { name, seconds, left_out, rows } in &self.groups {
            let head = format!("{name} ({seconds} s)");
            writeln!(f, "\n{head:wide$} {:>10} {:>10} {:>8}  {:<6} target", "ours", "beside", "ratio", "unit")?;
            if let Some(why) = left_out {
                writeln!(f, "  not measured: {why}")?;
            }
            for row in rows {
                let other = match row.beside {
                    Beside::Nothing => String::new(),
                    _ => number(row.other),
                };
                let met = match (row.met, row.target) {
                    (_, Target::None) => "",
                    (None, _) => "unknown",
                    (Some(true), _) => "met",
                    (Some(false), _) => "MISSED",
                };
                let ratio = row.ratio.map_or_else(String::new, |ratio| number(Some(ratio)));
                let line = format!(
                    "{:wide$} {:>10} {other:>10} {ratio:>8}  {:<6} {:<13} {met}",
                    row.what,
                    number(row.ours),
                    row.unit,
                    target(row.target),
                );
                writeln!(f, "{}", line.trim_end())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(rows: Vec<Row>, left_out: Option<&str>) -> Report {
        let machine = Machine { processors: 2, model: "Example".into(), memory_mib: 8_000, optimised: true };
        let group = Group { name: "ingestion".into(), seconds: 7, left_out: left_out.map(str::to_owned), rows };
        Report { machine, short: false, runs: 3, groups: vec![group] }
    }

    #[test]
    fn targets_are_judged_on_what_was_measured_and_on_nothing_else() {
        let row = |ours, other| Row::new("x", "", ours).beside(Beside::Limit, other);
        for (row, target, met) in [
            (row(Some(6.0), Some(10.0)), Target::RatioLeast(0.6), Some(true)),
            (row(Some(5.9), Some(10.0)), Target::RatioLeast(0.6), Some(false)),
            (row(Some(31.0), Some(10.0)), Target::RatioMost(3.0), Some(false)),
            (row(None, Some(10.0)), Target::RatioMost(3.0), None),
            (row(Some(5.0), None), Target::RatioLeast(0.6), None),
            (row(Some(5.0), None), Target::Most(5.0), Some(true)),
            (row(None, None), Target::Exactly(0.0), None),
            (row(Some(1.0), None), Target::Exactly(0.0), Some(false)),
            (row(Some(1.0), None), Target::None, None),
        ] {
            assert_eq!(row.clone().target(target).met, met, "{row:?} {target:?}");
        }
    }

    #[test]
    fn the_table_tells_units_and_what_is_unknown() {
        let rows = vec![
            Row::new("events into state", "1/s", Some(61_234.4))
                .beside(Beside::Limit, Some(100_000.0))
                .target(Target::RatioLeast(0.6)),
            Row::new("lost", "", Some(0.0)).target(Target::Exactly(0.0)),
            Row::new("not known", "ms", None).target(Target::Most(100.0)),
            Row::new("told only", "B", Some(812.5)),
        ];
        let wanted = "\
2 processors, Example, 8000 MiB; release; runs: 3

ingestion (7 s)         ours     beside    ratio  unit   target
events into state      61234     100000    0.612  1/s    ratio >= 0.6  met
lost                       0                             0             met
not known                  –                      ms     <= 100        unknown
told only                812                      B
";
        assert_eq!(report(rows, None).to_string(), wanted);
        let told = report(Vec::new(), Some("not installed")).to_string();
        assert!(told.contains("not measured: not installed"), "{told}");
    }

    #[test]
    fn the_file_says_null_for_what_is_unknown() {
        let report = report(vec![Row::new("x", "ms", None).target(Target::Most(2.0))], None);
        let json = serde_json::to_value(&report).expect("a report");
        let row = &json["groups"][0]["rows"][0];
        assert!(row["ours"].is_null() && row["met"].is_null(), "{row}");
        assert_eq!(row["target"]["most"], 2.0);
    }
}
