//! Reads the streams, writes the bucket; the shell around [`super::fold`].

use std::convert::Infallible;
use std::time::Duration;

use bus::read::{Stored, at_leader, extent, follow};
use bus::topology::Profile;
use bus::{Connection, Error, ErrorKind, counters};
use chassis::lease::Tenure;
use contract::counters::{Mark, Source};
use futures::stream::BoxStream;
use futures::{StreamExt as _, stream};

use super::align::{Alignment, Change, Sight, align};
use super::fold::{Item, Projection, Unready};
use super::meaning;

/// How often what was counted is written: what a successor has to read again, and what the console lags behind. Each
/// write holds a whole day.
const FLUSH_PERIOD: Duration = Duration::from_secs(1);

/// Most messages counted without being written, while a long stretch is read: less than a second's worth of reading.
const UNWRITTEN_MAX: usize = 10_000;

/// Counts until something goes wrong; what was not written is read again.
pub async fn project(connection: &Connection, profile: Profile, tenure: &Tenure) -> Result<Infallible, Error> {
    let connects = connection.connects();
    let store = bus::topology::counters(&connection.js, profile).await?;
    let mut projector = Projector {
        connection,
        store,
        tenure,
        projection: Projection::resume(counters::newest(&connection.js).await?),
        missed: [0; Source::ALL.len()],
    };
    let mut readers = Vec::new();
    for source in Source::ALL {
        readers.push(projector.reader(source).await?);
    }
    let mut messages = stream::select_all(readers);
    let mut tick = tokio::time::interval(FLUSH_PERIOD);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = connection.interrupted(connects) => {
                return Err(Error::new(ErrorKind::Unanswered, "counting", "the bus was away"));
            }
            _ = tick.tick() => if tenure.holds() {
                projector.flush().await?;
            },
            message = messages.next(), if tenure.holds() => {
                let ended = || Error::new(ErrorKind::Unanswered, "counting", "the server ended a stream");
                let (source, stored) = message.ok_or_else(ended)??;
                projector.take(source, &stored).await?;
            }
        }
    }
}

struct Projector<'a> {
    connection: &'a Connection,
    store: async_nats::jetstream::kv::Store,
    tenure: &'a Tenure,
    projection: Projection,
    /// Messages gone before the next one of each source.
    missed: [u64; Source::ALL.len()],
}

impl Projector<'_> {
    /// Finds out where to go on in a stream, and reads on from there.
    async fn reader(&mut self, source: Source) -> Result<BoxStream<'static, Result<(Source, Stored), Error>>, Error> {
        let js = &self.connection.js;
        let mark = *self.projection.progress(source);
        let at_mark = match mark.sequence {
            0 => None,
            sequence => at_leader(js, source.stream(), sequence).await?.map(|stored| stored.stored_at),
        };
        let extent = extent(js, source.stream()).await?;
        let sight = Sight { made: extent.made, first: extent.first, last: extent.last, at_mark };
        let Alignment { mark, from, missed, change } = align(mark, &sight);
        let stream = source.stream();
        match change {
            Some(Change::Anew) => tracing::warn!(stream, era = mark.era, "made anew: counted from its start"),
            Some(Change::Cut) => {
                tracing::warn!(stream, era = mark.era, after = %mark.stored_at, "lost its end: counted on by time");
            }
            None => {}
        }
        if missed > 0 {
            tracing::warn!(stream, missed, "messages are gone that were not counted");
        }
        self.missed[source as usize] = missed;
        self.projection.align(source, mark);
        // Of outcomes the body is what counts; the others tell everything in a header.
        let messages = follow(js, stream, from, source != Source::Outcomes).await?;
        let read = move |message: Result<_, _>| {
            let message = message.map_err(|error| Error::new(ErrorKind::Unanswered, "counting", error));
            message.and_then(Stored::delivered).map(|stored| (source, stored))
        };
        Ok(messages.map(read).boxed())
    }

    async fn take(&mut self, source: Source, stored: &Stored) -> Result<(), Error> {
        let mark = Mark { sequence: stored.sequence, stored_at: stored.stored_at, ..*self.projection.progress(source) };
        let deed = meaning::of(source, &stored.subject, |name| stored.header(name), &stored.payload);
        let item = Item { source, mark, missed: std::mem::take(&mut self.missed[source as usize]), deed };
        loop {
            match self.projection.take(&item) {
                Ok(()) => break,
                Err(Unready::Full) => self.flush().await?,
                Err(Unready::Lacks(day)) => {
                    let kept = counters::load(&self.connection.js, day).await?;
                    let opened = self.projection.open(day, kept);
                    opened.map_err(|superseded| Error::new(ErrorKind::Conflict, "counting", superseded))?;
                }
            }
        }
        if self.projection.unwritten() >= UNWRITTEN_MAX { self.flush().await } else { Ok(()) }
    }

    /// Writes everything that is not written.
    async fn flush(&mut self) -> Result<(), Error> {
        if self.projection.unwritten() == 0 {
            return Ok(());
        }
        if !self.tenure.holds() {
            return Err(Error::new(ErrorKind::Conflict, "counting", "the office is not ours at the moment"));
        }
        for source in Source::ALL {
            // A reader may go on in another stream of the same name without a word: what it read then is not counted.
            if extent(&self.connection.js, source.stream()).await?.made != self.projection.progress(source).made {
                let why = format!("{} was made anew", source.stream());
                return Err(Error::new(ErrorKind::Conflict, "counting", why));
            }
        }
        while let Some(write) = self.projection.next_write(chassis::now()) {
            let revision = counters::write(&self.store, write.day, &write.counts, write.expected).await?;
            let conflict = || Error::new(ErrorKind::Conflict, "counting", format!("somebody else wrote {}", write.day));
            self.projection.written(write.day, revision.ok_or_else(conflict)?);
        }
        Ok(())
    }
}
