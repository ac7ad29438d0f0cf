//! Where to go on in a stream that may not be the one that was counted. Pure.

use bus::read::Start;
use contract::UtcMs;
use contract::counters::Mark;

/// A stream as it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// When it was made.
    pub made: UtcMs,
    /// Sequence of its oldest message; one above `last` when it is empty.
    pub first: u64,
    /// Sequence of its newest message.
    pub last: u64,
    /// When the message under the mark's sequence was stored; `None` when it is not there (any more).
    pub at_mark: Option<UtcMs>,
}

/// What happened to a stream since it was last counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was made anew: nothing of it was counted.
    Anew,
    /// It lost its end (a power cut, an old backup): what was lost was counted, what came since was not.
    Cut,
}

/// How to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alignment {
    /// The mark to go on from.
    pub mark: Mark,
    /// The first message to read.
    pub from: Start,
    /// Messages between the mark and the stream's beginning, gone without having been counted.
    pub missed: u64,
    /// What has to be told.
    pub change: Option<Change>,
}

/// Where to go on after `mark`. Depends only on what is stored, so that whoever asks comes to the same answer.
pub fn align(mark: Mark, sight: &Sight) -> Alignment {
    let never_seen = mark == Mark { era: mark.era, ..Mark::default() };
    if never_seen || mark.made != sight.made {
        let era = if never_seen { mark.era } else { mark.era.saturating_add(1) };
        return Alignment {
            mark: Mark { era, made: sight.made, ..Mark::default() },
            from: Start::Sequence(1),
            missed: sight.first.saturating_sub(1),
            change: (!never_seen).then_some(Change::Anew),
        };
    }
    let is_cut = match sight.at_mark {
        _ if mark.sequence == 0 => false,
        Some(stored_at) => stored_at != mark.stored_at,
        None => sight.last < mark.sequence,
    };
    if is_cut || (mark.sequence == 0 && mark.stored_at > UtcMs::default()) {
        // Sequences say nothing any more; the moment of the last message counted still does.
        let era = if is_cut { mark.era.saturating_add(1) } else { mark.era };
        return Alignment {
            mark: Mark { era, sequence: 0, ..mark },
            from: Start::Time(mark.stored_at.plus_millis(1)),
            missed: 0,
            change: is_cut.then_some(Change::Cut),
        };
    }
    Alignment {
        mark,
        from: Start::Sequence(mark.sequence + 1),
        missed: sight.first.saturating_sub(mark.sequence + 1),
        change: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> UtcMs {
        UtcMs::from_millis(ms)
    }

    const fn sight(made: UtcMs, first: u64, last: u64, at_mark: Option<UtcMs>) -> Sight {
        Sight { made, first, last, at_mark }
    }

    #[test]
    fn an_unseen_stream_is_counted_from_its_start() {
        let found = align(Mark::default(), &sight(at(10), 1, 40, None));
        let mark = Mark { made: at(10), ..Mark::default() };
        assert_eq!(found, Alignment { mark, from: Start::Sequence(1), missed: 0, change: None });
        assert_eq!(align(Mark::default(), &sight(at(10), 31, 40, None)).missed, 30);
    }

    #[test]
    fn the_same_stream_goes_on_after_the_mark() {
        let mark = Mark { era: 2, made: at(10), sequence: 40, stored_at: at(90) };
        for (first, last, at_mark, missed) in [
            (1, 40, Some(at(90)), 0),
            (1, 55, Some(at(90)), 0),
            // Removed for age or by a person: no sign of a cut.
            (41, 40, None, 0),
            (1, 55, None, 0),
            (46, 55, None, 5),
        ] {
            let found = align(mark, &sight(at(10), first, last, at_mark));
            assert_eq!(found, Alignment { mark, from: Start::Sequence(41), missed, change: None });
        }
    }

    #[test]
    fn a_stream_made_anew_is_counted_from_its_start_in_a_later_era() {
        let mark = Mark { era: 0, made: at(10), sequence: 40, stored_at: at(90) };
        // Longer than before: the sequence alone would not tell.
        for last in [3, 400] {
            let found = align(mark, &sight(at(95), 1, last, None));
            assert_eq!((found.from, found.change), (Start::Sequence(1), Some(Change::Anew)));
            assert_eq!(found.mark, Mark { era: 1, made: at(95), ..Mark::default() });
            assert!(found.mark.place() > mark.place());
            let again = align(found.mark, &sight(at(95), 1, last, None));
            assert_eq!((again.mark, again.from, again.change), (found.mark, Start::Sequence(1), None));
        }
    }

    #[test]
    fn a_stream_that_lost_its_end_goes_on_by_time_in_a_later_era() {
        let mark = Mark { era: 0, made: at(10), sequence: 40, stored_at: at(90) };
        for cut in [sight(at(10), 1, 35, None), sight(at(10), 1, 70, Some(at(97)))] {
            let found = align(mark, &cut);
            assert_eq!((found.from, found.change), (Start::Time(at(91)), Some(Change::Cut)));
            assert_eq!(found.mark, Mark { era: 1, sequence: 0, ..mark });
            // Whoever dies now and comes back goes on at the same place, and does not call it another cut.
            let again = align(found.mark, &sight(at(10), 1, 71, None));
            assert_eq!((again.mark, again.from, again.change), (found.mark, Start::Time(at(91)), None));
        }
    }
}
