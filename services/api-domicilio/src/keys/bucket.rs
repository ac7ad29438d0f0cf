//! The pace of one key: a bucket that fills evenly and that each request takes from. Whole numbers, no clock of its own.

/// Most requests a second, and most at once, that can be set: above what one instance does, and far from overflow.
const PACE_MAX: u32 = 100_000;

/// How fast a key may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    rate: u32,
    burst: u32,
}

impl Pace {
    /// `rate` requests a second in the long run, `burst` at once; each 1 to 100,000.
    pub fn new(rate: u32, burst: u32) -> Result<Self, &'static str> {
        let fits = |number| (1..=PACE_MAX).contains(&number);
        if fits(rate) && fits(burst) {
            Ok(Self { rate, burst })
        } else {
            Err("rate and burst are whole numbers from 1 to 100000")
        }
    }

    /// What a full bucket holds, in thousandths of a request: `rate` a second is as many thousandths a millisecond.
    fn capacity(self) -> u64 {
        u64::from(self.burst) * 1_000
    }
}

/// How much is left.
#[derive(Debug)]
pub(super) struct Bucket {
    pace: Pace,
    /// In thousandths of a request.
    level: u64,
    at_ms: u64,
}

impl Bucket {
    /// With the whole burst to spend.
    pub(super) const fn full(pace: Pace, now_ms: u64) -> Self {
        Self { pace, level: pace.burst as u64 * 1_000, at_ms: now_ms }
    }

    /// Takes one request, or tells in how many milliseconds there is one.
    pub(super) fn take(&mut self, now_ms: u64) -> Result<(), u64> {
        let rate = u64::from(self.pace.rate);
        let gained = now_ms.saturating_sub(self.at_ms).saturating_mul(rate);
        self.level = self.level.saturating_add(gained).min(self.pace.capacity());
        self.at_ms = self.at_ms.max(now_ms);
        match self.level.checked_sub(1_000) {
            Some(left) => {
                self.level = left;
                Ok(())
            }
            None => Err((1_000 - self.level).div_ceil(rate)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_burst_at_once_then_the_rate() {
        let mut bucket = Bucket::full(Pace::new(4, 3).unwrap(), 1_000);
        let mut take = |now_ms| bucket.take(now_ms);
        assert_eq!([take(1_000), take(1_000), take(1_000)], [Ok(()); 3]);
        assert_eq!(take(1_000), Err(250));
        assert_eq!((take(1_100), take(1_249)), (Err(150), Err(1)));
        assert_eq!((take(1_250), take(1_250)), (Ok(()), Err(250)));
        // However long the pause, no more than the burst; and a clock that goes back gives nothing.
        assert_eq!([take(u64::MAX), take(0), take(u64::MAX)], [Ok(()); 3]);
        assert_eq!(take(u64::MAX), Err(250));
        for (rate, burst) in [(0, 1), (1, 0), (PACE_MAX + 1, 1), (1, PACE_MAX + 1)] {
            assert!(Pace::new(rate, burst).is_err(), "{rate} {burst}");
        }
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_rate_and_the_wait_told_is_true(
            rate in 1_u32..50, burst in 1_u32..20, steps in proptest::collection::vec(0_u64..400, 1..200)
        ) {
            let mut bucket = Bucket::full(Pace::new(rate, burst).unwrap(), 0);
            let (mut now_ms, mut taken) = (0, 0_u64);
            for step in steps {
                now_ms += step;
                match bucket.take(now_ms) {
                    Ok(()) => taken += 1,
                    Err(wait_ms) => {
                        prop_assert!(wait_ms >= 1);
                        now_ms += wait_ms;
                        prop_assert_eq!(bucket.take(now_ms), Ok(()));
                        taken += 1;
                    }
                }
                prop_assert!(taken * 1_000 <= u64::from(burst) * 1_000 + now_ms * u64::from(rate));
            }
        }
    }
}
