//! Many values become one. Pure.

/// The middle one, or the mean of the two in the middle; `None` of none.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => sorted.get(middle).copied(),
        _ => Some(f64::midpoint(*sorted.get(middle - 1)?, *sorted.get(middle)?)),
    }
}

/// The median of those that were measured; `None` unless all were.
pub fn median_of_all(values: &[Option<f64>]) -> Option<f64> {
    median(&values.iter().copied().collect::<Option<Vec<_>>>()?)
}

/// The smallest value that so many per cent of all do not exceed (nearest rank); `None` of none.
pub fn percentile(values: &[f64], percent: u32) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * usize::try_from(percent.min(100)).ok()?).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied()
}

/// `part / whole`; `None` when either is unknown or the whole is nothing.
pub fn ratio(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    let (part, whole) = (part?, whole?);
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_odd_and_of_an_even_number() {
        for (values, wanted) in
            [(&[][..], None), (&[7.0], Some(7.0)), (&[9.0, 1.0, 5.0], Some(5.0)), (&[4.0, 1.0, 2.0, 9.0], Some(3.0))]
        {
            assert_eq!(median(values), wanted, "{values:?}");
        }
        assert_eq!(median_of_all(&[Some(1.0), None]), None, "one run that failed is not left out");
        assert_eq!(median_of_all(&[Some(1.0), Some(3.0)]), Some(2.0));
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        for (percent, wanted) in [(0, 1.0), (1, 1.0), (50, 50.0), (99, 99.0), (100, 100.0), (200, 100.0)] {
            assert_eq!(percentile(&hundred, percent), Some(wanted), "{percent}");
        }
        assert_eq!(percentile(&[3.0], 99), Some(3.0));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn a_ratio_needs_both() {
        assert_eq!(ratio(Some(1.0), Some(4.0)), Some(0.25));
        for (part, whole) in [(None, Some(1.0)), (Some(1.0), None), (Some(1.0), Some(0.0))] {
            assert_eq!(ratio(part, whole), None);
        }
    }
}
