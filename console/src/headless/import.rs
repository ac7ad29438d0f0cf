//! `domicilio stores import FILE`: checks everything first, then writes by compare-and-set what differs.

use std::collections::{BTreeMap, HashMap};

use bus::ErrorKind;
use bus::catalogue::{self, Versioned};
use bus::read::{self, Request, Start};
use bus::topology::{self, Profile};
use contract::{StoreId, StoreRecord, store, stream};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Failure, connect, input, may_change, print, print_json, say, settings};
use crate::cli;
use crate::feed::{chain, now};
use crate::sanitise;
use crate::state::stores::STORES_MAX;

/// Longest file, in bytes: ten thousand stores of a kilobyte each, and room.
const FILE_MAX: u64 = 64 * 1_024 * 1_024;

/// Tries for one store when somebody else writes at the same moment.
const TRIES: u32 = 5;

/// Faults told; a file of another kind would have one a line.
const FAULTS_TOLD: usize = 50;

#[derive(Debug, Default, Serialize)]
struct Counts {
    read: usize,
    created: usize,
    changed: usize,
    unchanged: usize,
    failed: usize,
}

pub(super) async fn run(common: &cli::Common, arguments: &cli::Import) -> Result<(), Failure> {
    let text = input::text_within(&arguments.file, FILE_MAX).map_err(Failure::Failed)?;
    let records = parse(&text).map_err(|faults| told(&faults))?;
    may_change(common, &settings(common)?).await?;
    let connection = connect(common).await?;
    let profile = Profile { replicas: arguments.replicas, storage_percent: arguments.storage_percent };
    topology::ensure(&connection.js, profile).await?;
    let known = stored(&connection).await?;
    let moved: Vec<String> = records
        .iter()
        .filter_map(|(line, record)| {
            let known = known.get(&record.id).filter(|known| known.record.country != record.country)?;
            Some(format!("line {line}: store {} is in {} and cannot move", record.id, known.record.country))
        })
        .collect();
    if !moved.is_empty() {
        return Err(told(&moved));
    }
    let counts = write_all(&connection, records, known).await;
    conclude(&counts, arguments.json)
}

fn told(faults: &[String]) -> Failure {
    faults.iter().take(FAULTS_TOLD).for_each(|fault| say(fault));
    Failure::Failed(format!("{} faults; nothing was written", faults.len()))
}

/// Every record with its line, or every fault.
fn parse(text: &str) -> Result<Vec<(usize, StoreRecord)>, Vec<String>> {
    let mut faults = Vec::new();
    let items = if text.trim_start().starts_with('[') {
        array(text).unwrap_or_else(|fault| {
            faults.push(fault);
            Vec::new()
        })
    } else {
        let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(|(_, line)| !line.trim().is_empty()).collect()
    };
    let mut records = Vec::new();
    let mut seen: BTreeMap<StoreId, usize> = BTreeMap::new();
    for (line, item) in items {
        match serde_json::from_str::<StoreRecord>(item) {
            Ok(record) => {
                let wrong = record.faults();
                faults.extend(wrong.iter().map(|fault| format!("line {line}: {fault}")));
                if let Some(first) = seen.insert(record.id, line) {
                    faults.push(format!("line {line}: store {} is in line {first} already", record.id));
                }
                records.push((line, record));
            }
            Err(error) => {
                let error = sanitise::text(&error.to_string(), sanitise::SENTENCE_MAX);
                faults.push(format!("line {line}: {error}"));
            }
        }
    }
    if records.len() > STORES_MAX {
        faults.push(format!("{} stores are more than {STORES_MAX}", records.len()));
    }
    if faults.is_empty() { Ok(records) } else { Err(faults) }
}

/// The items of an array with the lines on which they begin.
fn array(text: &str) -> Result<Vec<(usize, &str)>, String> {
    let items: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|error| format!("line {}: {}", error.line(), sanitise::text(&error.to_string(), 200)))?;
    let start = text.as_ptr() as usize;
    let mut line = 1;
    let mut counted = 0;
    Ok(items
        .into_iter()
        .map(|item| {
            // Raw values are slices of the text: the distance is the place.
            let at = (item.get().as_ptr() as usize).saturating_sub(start).min(text.len());
            line += text[counted..at].matches('\n').count();
            counted = at;
            (line, item.get())
        })
        .collect())
}

/// Records as stored, with fields that this version does not know.
async fn stored(connection: &bus::Connection) -> Result<HashMap<StoreId, Versioned>, Failure> {
    let request = Request {
        stream: stream::STORES.name,
        filter: "",
        from: Start::LastPerSubject,
        headers_only: false,
        limit: STORES_MAX,
    };
    let mut known = HashMap::new();
    read::read(&connection.js, &request, |message| {
        if let Ok(record) = serde_json::from_slice::<StoreRecord>(&message.payload) {
            known.insert(record.id, Versioned { record, revision: message.sequence });
        }
    })
    .await?;
    Ok(known)
}

/// The record without what every writing changes.
fn content(record: &StoreRecord) -> StoreRecord {
    StoreRecord { v: contract::VERSION, changed_at: None, changed_by: None, ..record.clone() }
}

async fn write_all(
    connection: &bus::Connection,
    records: Vec<(usize, StoreRecord)>,
    mut known: HashMap<StoreId, Versioned>,
) -> Counts {
    let user = std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    let by = store::by_operator(&sanitise::text(&user, 40));
    let mut counts = Counts { read: records.len(), ..Counts::default() };
    for (line, record) in records {
        let id = record.id;
        let mut tries = 0;
        loop {
            tries += 1;
            let before = known.get(&id);
            if before.is_some_and(|before| content(&before.record) == content(&record)) {
                counts.unchanged += 1;
                break;
            }
            let revision = before.map_or(0, |before| before.revision);
            let record = StoreRecord { changed_at: Some(now()), changed_by: Some(by.clone()), ..content(&record) };
            match catalogue::write(&connection.js, &record, revision).await {
                Ok(_) if revision == 0 => counts.created += 1,
                Ok(_) => counts.changed += 1,
                // Somebody wrote first: look again at what is there now.
                Err(error) if error.kind() == ErrorKind::Conflict && tries < TRIES => {
                    if let Ok(now_stored) = stored(connection).await {
                        known = now_stored;
                    }
                    continue;
                }
                Err(error) => {
                    counts.failed += 1;
                    say(&format!("line {line}: store {id}: {}", chain(&error)));
                }
            }
            break;
        }
    }
    counts
}

fn conclude(counts: &Counts, json: bool) -> Result<(), Failure> {
    if json {
        print_json(counts)?;
    } else {
        let Counts { read, created, changed, unchanged, failed } = counts;
        print(&format!("read {read}, created {created}, changed {changed}, unchanged {unchanged}, failed {failed}\n"))?;
    }
    match counts.failed {
        0 => Ok(()),
        failed if failed == counts.read => Err(Failure::Failed("nothing was written".to_owned())),
        failed => Err(Failure::Partly(format!("{failed} of {} stores were not written", counts.read))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        r#"{"id":72,"code":"K024","name":"EL NORTE","country":"ec","pos_url":"http://127.0.0.1:9/o","kiosk":true}"#;

    fn ids(text: &str) -> Vec<(usize, u32)> {
        parse(text).unwrap().into_iter().map(|(line, record)| (line, record.id.0)).collect()
    }

    #[test]
    fn lines_and_arrays_are_read_with_their_lines() {
        let other = GOOD.replace("72", "73");
        assert_eq!(ids(&format!("{GOOD}\n\n{other}\n")), [(1, 72), (3, 73)]);
        assert_eq!(ids(&format!("[\n  {GOOD},\n\n  {other}\n]")), [(2, 72), (4, 73)]);
        assert_eq!(ids("[]"), []);
        assert_eq!(ids(""), []);
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let text = format!(
            "{GOOD}\n{{\"id\":\nno json\n{}\n{GOOD}\n",
            GOOD.replace("72", "74").replace("EL NORTE", "").replace("http:", "ftp:")
        );
        let faults = parse(&text).unwrap_err();
        let starts = |prefix: &str| faults.iter().filter(|fault| fault.starts_with(prefix)).count();
        assert_eq!((starts("line 2:"), starts("line 3:"), starts("line 4:")), (1, 1, 2), "{faults:?}");
        assert!(faults.contains(&"line 5: store 72 is in line 1 already".to_owned()), "{faults:?}");
        assert!(parse("[{\"id\": 1,]").is_err());
    }

    #[test]
    fn who_wrote_when_is_no_difference_but_unknown_fields_are() {
        let record: StoreRecord = serde_json::from_str(GOOD).unwrap();
        let stamped = StoreRecord { changed_by: Some("ops:x".into()), changed_at: Some(now()), ..record.clone() };
        assert_eq!(content(&record), content(&stamped));
        let mut other = record.clone();
        other.extra.clear();
        assert_ne!(content(&record), content(&other));
    }
}
