//! Invented orders, as the services tell of them: three messages a life, each on its own subject. By number, so that the
//! same numbers are the same orders.

use async_nats::{HeaderMap, Message};
use bytes::Bytes;
use contract::event::FailReason;
use contract::order::{Channel, Digest, Ending, Format, Origin, Total};
use contract::store::StoreState;
use contract::{Country, OrderHead, Outcome, QueueEntry, StoreId, StoreRecord, UtcMs, VERSION, header, subject};
use domicilio::event::Fact;
use domicilio::feed::decode;

/// Messages a life has.
pub const LIFE: u32 = 3;

/// A payload of ordinary size; only its size matters, for nobody but a point of sale reads it.
const PAYLOAD: usize = 1_000;

/// Everything that is told of order `number` of as many `stores`, accepted at `at`.
pub fn life(number: u32, stores: u32, at: UtcMs) -> anyhow::Result<[Message; 3]> {
    let order = head(number, stores, at)?;
    let intake = u64::from(number) + 1;
    let distribuidor = by("distribuidor-1")?;
    let entry = QueueEntry {
        v: VERSION,
        order: order.clone(),
        intake,
        queued_at: at.plus_millis(2),
        by: distribuidor.clone(),
        term: 1,
    };
    let outcome = Outcome {
        v: VERSION,
        order: order.clone(),
        intake,
        watermark: intake,
        queue_seq: intake,
        partition: order.store.partition(),
        epoch: 1,
        queued_at: entry.queued_at,
        queued_by: distribuidor,
        attempts: 1,
        first_attempt_at: Some(at.plus_millis(4)),
        last_attempt_at: Some(at.plus_millis(4)),
        pos_ms: Some(12),
        at: at.plus_millis(16),
        by: by("queue-resolver-1")?,
        ending: match number % 500 {
            // One in five hundred waits for a person: the attention list is not empty, as in life.
            7 => Ending::NotInjected {
                reason: FailReason::PosError,
                detail: "POS answered 503".to_owned(),
                command: None,
            },
            _ => Ending::Injected { already: false },
        },
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::ORDER_HEAD, serde_json::to_string(&order)?);
    let payload = Bytes::from(vec![b' '; PAYLOAD]);
    Ok([
        message(subject::order(&order), Some(headers), payload),
        message(subject::queue(order.store), None, serde_json::to_vec(&entry)?.into()),
        message(subject::outcome(order.country, order.store), None, serde_json::to_vec(&outcome)?.into()),
    ])
}

/// The record of store `number`, counted from 0, whose POS is at `pos`.
pub fn record(number: u32, pos: &str, at: UtcMs) -> anyhow::Result<StoreRecord> {
    Ok(StoreRecord {
        v: VERSION,
        id: StoreId(number + 1),
        code: format!("K{number:04}"),
        name: format!("Ejemplo {} {number}", pick(&["Norte", "Plaza", "Ñandú", "Río", "Almendros", "Andino"], number)),
        country: country(number)?,
        pos_url: format!("{pos}/stores/{}/orders", number + 1),
        time_zone: None,
        state: StoreState::Open,
        reason: None,
        until: None,
        labels: std::collections::BTreeMap::new(),
        changed_at: Some(at),
        changed_by: None,
        extra: std::collections::BTreeMap::new(),
    })
}

/// What the console reads from a message, as its feed does.
pub fn fact(message: &Message, at: UtcMs) -> Option<Fact> {
    decode::live(message, at)
}

fn country(store: u32) -> anyhow::Result<Country> {
    Ok(pick(&["ec", "co", "cl", "ve"], store).parse()?)
}

fn pick(list: &[&'static str], number: u32) -> &'static str {
    list.get(number as usize % list.len().max(1)).copied().unwrap_or_default()
}

fn by(instance: &str) -> anyhow::Result<Origin> {
    Ok(Origin { instance: instance.parse()?, cloud: "aws".parse()? })
}

fn head(number: u32, stores: u32, at: UtcMs) -> anyhow::Result<OrderHead> {
    let store = number % stores.max(1);
    Ok(OrderHead {
        v: VERSION,
        country: country(store)?,
        store: StoreId(store + 1),
        code: format!("{:010}-{:06}", 900_000 + u64::from(number), number % 1_000_000).parse()?,
        channel: if number.is_multiple_of(3) { Channel::Pickup } else { Channel::Delivery },
        format: Format::Delivery,
        received_at: at,
        by: by("api-domicilio-1")?,
        total: Some(Total { amount: f64::from(number % 90) + 0.5, currency: Some("USD".to_owned()) }),
        lines: number % 7 + 1,
        loyalty: None,
        test: false,
        again: 0,
        sha256: Digest::of(&number.to_be_bytes()),
        bytes: u32::try_from(PAYLOAD)?,
    })
}

fn message(subject: String, headers: Option<HeaderMap>, payload: Bytes) -> Message {
    let length = payload.len();
    Message { subject: subject.into(), reply: None, payload, headers, status: None, description: None, length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_reads_every_message_and_each_order_is_one_of_its_own() {
        let at = UtcMs::from_millis(1_795_485_857_000);
        let mut orders = std::collections::BTreeSet::new();
        for number in [0, 1, 7, 41, 3_000_000] {
            let life = life(number, 40, at).expect("a life");
            let facts: Vec<Fact> = life.iter().filter_map(|message| fact(message, at)).collect();
            assert!(matches!(facts.as_slice(), [Fact::Accepted { .. }, Fact::Queued(_), Fact::Ended(_)]), "{facts:?}");
            let Fact::Accepted { head, .. } = &facts[0] else { continue };
            assert!(head.store.0 <= 40 && orders.insert(head.id()), "{head:?}");
        }
    }
}
