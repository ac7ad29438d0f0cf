//! Reading a stretch of the past from several streams, in the order of time. Leaves nothing behind: what reads is
//! gone when the stretch is told.

use bus::read::{self, Request, Start, Stored};
use contract::{UtcMs, stream};

use super::{chain, decode};
use crate::event::{Fact, Trouble};
use crate::state::replay::{Cursor, STREAMS, Stretch};
use crate::state::stores::STORES_MAX;

/// Messages read of each stream for one stretch.
const CHUNK: usize = 500;

/// What was read of one stream.
struct Chunk {
    /// Sequence, time and meaning of each message, in stream order.
    messages: Vec<(u64, UtcMs, Option<Fact>)>,
    /// Whether there may be more.
    full: bool,
}

/// Reads the next stretch.
pub(super) async fn read(connection: &bus::Connection, cursor: Cursor) -> Result<Stretch, Trouble> {
    let said = |error: bus::Error| Trouble::Said(chain(&error));
    let first = cursor.next.iter().all(Option::is_none);
    let catalogue = if first { catalogue(connection).await.map_err(said)? } else { Vec::new() };
    let mut chunks = Vec::with_capacity(STREAMS.len());
    for (name, next) in STREAMS.into_iter().zip(cursor.next) {
        let request = Request {
            stream: name,
            filter: "",
            from: next.map_or(Start::Time(cursor.from), Start::Sequence),
            // Bodies of these are payloads: nothing of them is shown.
            headers_only: name == stream::ORDERS.name || name == stream::INVALID.name,
            limit: CHUNK,
        };
        let mut messages = Vec::new();
        let each = |message: Stored| messages.push((message.sequence, message.stored_at, decode::stored(&message)));
        let taken = read::read(&connection.js, &request, each).await.map_err(said)?;
        chunks.push(Chunk { messages, full: taken >= CHUNK });
    }
    Ok(Stretch { catalogue, ..merge(chunks, &cursor) })
}

/// The stores as they are now: names and zones, for what happened is told by number.
async fn catalogue(connection: &bus::Connection) -> Result<Vec<Fact>, bus::Error> {
    let request = Request {
        stream: stream::STORES.name,
        filter: "",
        from: Start::LastPerSubject,
        headers_only: false,
        limit: STORES_MAX,
    };
    let mut facts = Vec::new();
    read::read(&connection.js, &request, |message| facts.extend(decode::stored(&message))).await?;
    Ok(facts)
}

/// Puts the chunks in the order of time, as far as all of them reach; what lies beyond is read again with the next
/// stretch.
fn merge(chunks: Vec<Chunk>, cursor: &Cursor) -> Stretch {
    // Clocks of servers differ a little: the latest time, so that a full chunk is always used up and the next stretch
    // begins further on.
    let reach = |chunk: &Chunk| chunk.messages.iter().map(|(_, at, _)| *at).max();
    let limit = chunks.iter().filter(|chunk| chunk.full).filter_map(reach).min();
    let known_to = limit.map_or(cursor.until, |limit| limit.min(cursor.until));
    let mut next = cursor.next;
    let mut facts = Vec::new();
    for (chunk, next) in chunks.into_iter().zip(&mut next) {
        for (sequence, at, fact) in chunk.messages.into_iter().take_while(|(_, at, _)| *at <= known_to) {
            *next = Some(sequence + 1);
            facts.extend(fact.map(|fact| (at, fact)));
        }
    }
    // Stable: at the same moment the order of the streams counts.
    facts.sort_by_key(|(at, _)| *at);
    let rest = (known_to < cursor.until).then(|| Cursor { next, ..cursor.clone() });
    Stretch { catalogue: Vec::new(), facts, known_to, rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(until: i64) -> Cursor {
        Cursor { from: UtcMs::from_millis(0), until: UtcMs::from_millis(until), next: [None; STREAMS.len()] }
    }

    fn chunk(full: bool, messages: &[(u64, i64)]) -> Chunk {
        let fact = |sequence: u64| Fact::Unreadable { subject: sequence.to_string(), why: String::new() };
        let messages = messages.iter().map(|(seq, ms)| (*seq, UtcMs::from_millis(*ms), Some(fact(*seq)))).collect();
        Chunk { messages, full }
    }

    fn told(stretch: &Stretch) -> Vec<i64> {
        stretch.facts.iter().map(|(at, _)| at.as_millis()).collect()
    }

    #[test]
    fn a_stretch_ends_where_the_first_full_chunk_does() {
        let none = || chunk(false, &[]);
        let chunks =
            vec![chunk(true, &[(1, 10), (2, 30)]), chunk(false, &[(7, 5), (8, 30), (9, 31)]), none(), none(), none()];
        let stretch = merge(chunks, &cursor(100));
        assert_eq!(told(&stretch), [5, 10, 30, 30]);
        assert_eq!(stretch.known_to.as_millis(), 30);
        assert_eq!(stretch.rest.unwrap().next, [Some(3), Some(9), None, None, None]);
    }

    #[test]
    fn the_last_stretch_reaches_the_end_and_no_further() {
        let none = || chunk(false, &[]);
        let stretch = merge(vec![chunk(true, &[(1, 10), (2, 130)]), none(), none(), none(), none()], &cursor(100));
        assert_eq!((told(&stretch), stretch.known_to.as_millis(), stretch.rest), (vec![10], 100, None));
        let nothing = merge(vec![none(), none(), none(), none(), none()], &cursor(100));
        assert_eq!((nothing.known_to.as_millis(), nothing.rest), (100, None));
    }

    #[test]
    fn clocks_that_went_back_do_not_hold_it_up() {
        let none = || chunk(false, &[]);
        let stretch = merge(vec![chunk(true, &[(1, 50), (2, 20)]), none(), none(), none(), none()], &cursor(100));
        assert_eq!(told(&stretch), [20, 50]);
        assert_eq!(stretch.rest.unwrap().next[0], Some(3));
    }
}
