//! `domicilio stores`: the catalogue as it stands.

use bus::read::{self, Request, Start};
use contract::stream;
use serde::Serialize;

use super::{Failure, connect, print_columns, print_json};
use crate::cli;
use crate::event::Fact;
use crate::feed::{decode, now};
use crate::state::Stores;
use crate::state::stores::STORES_MAX;

#[derive(Serialize)]
struct Row<'a> {
    revision: Option<u64>,
    /// The state right now: a pause whose end has passed is over.
    state_now: &'static str,
    #[serde(flatten)]
    record: &'a contract::StoreRecord,
}

pub(super) async fn run(common: &cli::Common, json: bool) -> Result<(), Failure> {
    let connection = connect(common).await?;
    let stores = read(&connection).await?;
    let at = now();
    if json {
        let row = |store: &crate::state::stores::Store| {
            serde_json::to_value(Row {
                revision: store.revision,
                state_now: store.record.state_at(at).as_str(),
                record: &store.record,
            })
        };
        let rows: Result<Vec<_>, _> = stores.iter().map(row).collect();
        return print_json(&rows.map_err(|error| Failure::Failed(format!("writing JSON: {error}")))?);
    }
    let mut rows = vec![["ID", "CODE", "NAME", "CC", "STATE", "REVISION", "POS"].map(str::to_owned).to_vec()];
    rows.extend(stores.iter().map(|store| {
        let record = &store.record;
        vec![
            record.id.to_string(),
            record.code.clone(),
            record.name.clone(),
            record.country.to_string(),
            record.state_at(at).as_str().to_owned(),
            super::or_dash(store.revision),
            record.pos_url.clone(),
        ]
    }));
    print_columns(&rows)
}

/// The catalogue from the stream, sanitised.
pub(super) async fn read(connection: &bus::Connection) -> Result<Stores, Failure> {
    let request = Request {
        stream: stream::STORES.name,
        filter: "",
        from: Start::LastPerSubject,
        headers_only: false,
        limit: STORES_MAX,
    };
    let mut stores = Stores::default();
    read::read(&connection.js, &request, |message| {
        if let Some(Fact::Store { record, revision }) = decode::stored(&message) {
            stores.take(&record, revision);
        }
    })
    .await?;
    Ok(stores)
}
