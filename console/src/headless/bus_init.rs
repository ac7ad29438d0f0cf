//! `domicilio bus init`: the streams and buckets, created or enlarged, one line each.

use bus::ErrorKind;
use bus::enlarge::{self, Done, Standing};
use bus::topology::Profile;
use contract::permission::Held;
use serde::Serialize;

use super::{Failure, connect, may_change, or_dash, print_columns, print_json, say, settings};
use crate::cli;
use crate::feed::chain;

#[derive(Serialize)]
struct Row {
    name: &'static str,
    kind: &'static str,
    done: &'static str,
    /// Copies; unknown when it could not be seen to.
    replicas: Option<usize>,
    bytes_max: Option<i64>,
    larger_than_asked: bool,
    smaller_than_asked: bool,
    unfit: Vec<&'static str>,
    error: Option<String>,
}

impl Row {
    fn new(held: Held, seen_to: Result<Standing, bus::Error>) -> Self {
        let kind = match held {
            Held::Stream(_) => "stream",
            Held::Bucket(_) => "bucket",
        };
        let name = held.name();
        match seen_to {
            Ok(standing) => Self {
                name,
                kind,
                done: word(standing.done),
                replicas: Some(standing.replicas),
                bytes_max: Some(standing.bytes_max),
                larger_than_asked: standing.larger,
                smaller_than_asked: standing.smaller,
                unfit: standing.unfit,
                error: None,
            },
            Err(error) => Self {
                name,
                kind,
                done: "failed",
                replicas: None,
                bytes_max: None,
                larger_than_asked: false,
                smaller_than_asked: false,
                unfit: Vec::new(),
                error: Some(crate::sanitise::text(&chain(&error), 300)),
            },
        }
    }

    fn tell(&self) {
        let (kind, name) = (self.kind, self.name);
        if let Some(error) = &self.error {
            say(&format!("{kind} {name}: {error}"));
        }
        if self.larger_than_asked {
            say(&format!("{kind} {name} is larger than asked and stays so"));
        }
        if self.smaller_than_asked {
            say(&format!("{kind} {name} is smaller than asked and stays so: no user of the deployment may change it"));
        }
        if !self.unfit.is_empty() {
            say(&format!("{kind} {name} is not as it must be, and was left so: {}", self.unfit.join(", ")));
        }
    }
}

pub(super) async fn run(common: &cli::Common, arguments: &cli::Init) -> Result<(), Failure> {
    may_change(common, &settings(common)?).await?;
    let connection = connect(common).await?;
    let profile = Profile { replicas: arguments.replicas, storage_percent: arguments.storage_percent };
    let mut rows = Vec::new();
    for held in Held::all() {
        let seen_to = enlarge::see_to(&connection.js, held, profile).await;
        // One that nobody answers for would be followed by seven more waits for the same reason.
        let silent = seen_to.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unanswered);
        rows.push(Row::new(held, seen_to));
        if silent {
            break;
        }
    }
    if arguments.json {
        print_json(&rows)?;
    } else {
        print_columns(&table(&rows))?;
    }
    rows.iter().for_each(Row::tell);
    conclude(&rows)
}

fn table(rows: &[Row]) -> Vec<Vec<String>> {
    let mut table = vec![["KIND", "NAME", "DONE", "REPLICAS", "MIB"].map(str::to_owned).to_vec()];
    table.extend(rows.iter().map(|row| {
        // No limit is told by the server as -1.
        let mebibytes = row.bytes_max.filter(|bytes| *bytes > 0).map(|bytes| bytes / (1_024 * 1_024));
        vec![row.kind.to_owned(), row.name.to_owned(), row.done.to_owned(), or_dash(row.replicas), or_dash(mebibytes)]
    }));
    table
}

fn conclude(rows: &[Row]) -> Result<(), Failure> {
    let all = Held::all().count();
    let failed = all - rows.iter().filter(|row| row.error.is_none()).count();
    let unfit = rows.iter().filter(|row| !row.unfit.is_empty()).count();
    match (failed, unfit) {
        (0, 0) => Ok(()),
        (failed, _) if failed == all => Err(Failure::Failed("no stream and no bucket could be seen to".to_owned())),
        _ => Err(Failure::Partly(format!(
            "of {all} streams and buckets {failed} could not be seen to, {unfit} are unfit"
        ))),
    }
}

const fn word(done: Done) -> &'static str {
    match done {
        Done::Created => "created",
        Done::Enlarged => "enlarged",
        Done::Unchanged => "unchanged",
    }
}
