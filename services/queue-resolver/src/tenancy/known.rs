//! What the bucket of leases last said of each partition, decided without I/O.
//!
//! It is told by one watch after the other, each of which may be served by a replica that is behind. So an older writing
//! from another watch is doubted: either that replica lags, or the bucket has lost its end and counts its revisions on
//! from an earlier one. Only its leader knows.

use std::collections::HashMap;

use contract::Partition;
use contract::lease::PartitionLease;

/// A partition's key as it was last written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Writing {
    /// What was written; a lease of nobody when nothing can be read.
    pub(super) lease: PartitionLease,
    /// At which revision.
    pub(super) revision: u64,
}

impl Writing {
    /// Reads the value of a key.
    pub(super) fn read(value: &[u8], revision: u64) -> Self {
        let lease = serde_json::from_slice(value).ok();
        Self { lease: lease.unwrap_or(PartitionLease::vacant()), revision }
    }
}

/// Whether what a watch tells is to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It is, or says nothing new.
    Settled,
    /// It contradicts the writing at this revision: the leader is to be asked, then [`Known::settle`] called.
    Doubtful(u64),
}

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    partitions: HashMap<Partition, (Writing, u64)>,
    /// Watches are counted.
    watch: u64,
}

impl Known {
    /// From here on another watch tells.
    pub(super) const fn watched_anew(&mut self) {
        self.watch += 1;
    }

    /// A watch tells of a writing.
    pub(super) fn hear(&mut self, partition: Partition, told: Writing) -> Told {
        match self.partitions.get_mut(&partition) {
            Some((known, watch)) if told.revision == known.revision => *watch = self.watch,
            Some((known, watch)) if told.revision < known.revision => {
                return if *watch == self.watch { Told::Settled } else { Told::Doubtful(known.revision) };
            }
            _ => drop(self.partitions.insert(partition, (told, self.watch))),
        }
        Told::Settled
    }

    /// The leader's word, asked for because the writing at `doubted` was. Something newer may have been told since.
    pub(super) fn settle(&mut self, partition: Partition, doubted: u64, last: Writing) {
        let known = self.partitions.get(&partition).map_or(0, |(known, _)| known.revision);
        // The same writing stays as it is: it may be on its way to be given back.
        if known != last.revision && (known == doubted || known < last.revision) {
            self.partitions.insert(partition, (last, self.watch));
        }
    }

    /// What the key of `partition` says, to be put right by whoever wrote it.
    pub(super) fn get_mut(&mut self, partition: Partition) -> Option<&mut Writing> {
        self.partitions.get_mut(&partition).map(|(known, _)| known)
    }

    /// All that is known now.
    pub(super) fn all(&self) -> Vec<(Partition, Writing)> {
        self.partitions.iter().map(|(partition, (known, _))| (*partition, known.clone())).collect()
    }

    /// Nothing is known any more.
    pub(super) fn clear(&mut self) {
        self.partitions.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(revision: u64) -> Writing {
        Writing::read(format!(r#"{{"v":1,"term":{revision}}}"#).as_bytes(), revision)
    }

    fn partition() -> Partition {
        Partition::try_from(7).unwrap()
    }

    fn known(revision: u64) -> Known {
        let mut known = Known::default();
        assert_eq!(known.hear(partition(), at(revision)), Told::Settled);
        known
    }

    fn revision(known: &mut Known) -> u64 {
        known.get_mut(partition()).unwrap().revision
    }

    #[test]
    fn an_older_writing_from_another_watch_is_doubted_and_changes_nothing() {
        for (told, anew, settled, then) in [
            (6, false, true, 6),
            (5, false, true, 5),
            (4, false, true, 5),
            (6, true, true, 6),
            (5, true, true, 5),
            (4, true, false, 5),
        ] {
            let mut known = known(5);
            if anew {
                known.watched_anew();
            }
            let expected = if settled { Told::Settled } else { Told::Doubtful(5) };
            assert_eq!((known.hear(partition(), at(told)), revision(&mut known)), (expected, then), "{told} {anew}");
        }
    }

    #[test]
    fn the_leader_settles_a_doubt_unless_something_newer_came() {
        // A replica lags; the bucket has lost its end; and has gone on since.
        for (newer, last, then) in [(None, 76, 76), (None, 23, 23), (Some(80), 76, 80), (Some(80), 81, 81)] {
            let mut known = known(76);
            known.watched_anew();
            assert_eq!(known.hear(partition(), at(22)), Told::Doubtful(76));
            newer.map(|newer| known.hear(partition(), at(newer)));
            known.settle(partition(), 76, at(last));
            assert_eq!(revision(&mut known), then, "{newer:?} {last}");
        }
    }

    #[test]
    fn a_bucket_that_counts_on_from_an_earlier_revision_is_followed() {
        let mut known = known(76);
        known.watched_anew();
        known.hear(partition(), at(23));
        known.hear(partition(), at(24));
        // Asked twice; the answers come in whatever order.
        known.settle(partition(), 76, at(24));
        known.settle(partition(), 76, at(23));
        assert_eq!((revision(&mut known), known.hear(partition(), at(25))), (24, Told::Settled));
        assert_eq!(revision(&mut known), 25);
    }
}
