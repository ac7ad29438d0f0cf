//! Amounts of money and points, compared without the noise of binary fractions.
//!
//! An amount is read as the nearest ten-thousandth (`0.0001`), the finest that payloads use, and added up as
//! an integer: `0.1 + 0.2` is `0.3` here, and `139.76000000000002` is `139.76`.

use super::json::Node;

/// Ten-thousandths in one unit of a currency.
const SCALE: f64 = 10_000.0;

/// Largest amount, in units of its currency: far beyond any order, also in pesos or bolívares, and small
/// enough that every ten-thousandth below it is exact in a double.
pub(super) const AMOUNT_MAX: f64 = 10_000_000_000.0;

/// How much payments may fall short of a total, in ten-thousandths: half a cent, because apps round lines,
/// taxes and payments each on their own.
const TOLERANCE: i64 = 50;

/// A sane amount: from 0 to [`AMOUNT_MAX`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Amount {
    /// As the payload has it.
    pub(super) value: f64,
    /// In ten-thousandths.
    units: i64,
}

/// Why a value is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoAmount {
    /// Neither a number nor a text with a decimal number.
    NotANumber,
    /// Negative or above [`AMOUNT_MAX`].
    OutOfRange,
}

impl Amount {
    /// Reads a number, or a text like `"0.0000"`.
    pub(super) fn read(node: &Node<'_>) -> Result<Self, NoAmount> {
        let value = number(node).ok_or(NoAmount::NotANumber)?;
        if !(0.0..=AMOUNT_MAX).contains(&value) {
            return Err(NoAmount::OutOfRange);
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 10^14, by the range checked above")]
        let units = (value * SCALE).round() as i64;
        Ok(Self { value, units })
    }
}

/// Whether `paid` covers `total`, give or take half a cent.
pub(super) fn covers(paid: &[Amount], total: Amount) -> bool {
    let paid: i64 = paid.iter().map(|amount| amount.units).sum();
    paid + TOLERANCE >= total.units
}

/// The number that a node stands for, if it does.
pub(super) fn number(node: &Node<'_>) -> Option<f64> {
    match node {
        Node::Integer(value) => Some(*value as f64),
        Node::Decimal(value) => Some(*value),
        Node::Text(text) => decimal(text),
        _ => None,
    }
}

/// `-?digits(.digits)?`, at most 32 characters: no exponent, no blanks, no thousands separators.
fn decimal(text: &str) -> Option<f64> {
    let plain = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() <= 32 && digits(whole) && digits(fraction) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(values: &[f64]) -> Vec<Amount> {
        values.iter().map(|value| Amount::read(&Node::Decimal(*value)).expect("an amount")).collect()
    }

    #[test]
    fn binary_noise_does_not_count() {
        for (paid, total) in [
            (vec![0.1, 0.2], 0.3),
            (vec![139.76], 139.760_000_000_000_02),
            (vec![0.1; 10], 1.0),
            (vec![9_999_999_999.99, 0.01], 10_000_000_000.0),
            (vec![], 0.0),
            (vec![14.975], 14.98),
            (vec![20.0], 14.98),
        ] {
            assert!(covers(&amounts(&paid), amounts(&[total])[0]), "{paid:?} covers {total}");
        }
        for (paid, total) in [(vec![14.97], 14.98), (vec![14.9749], 14.98), (vec![], 0.01), (vec![25_899.0], 25_900.0)]
        {
            assert!(!covers(&amounts(&paid), amounts(&[total])[0]), "{paid:?} does not cover {total}");
        }
    }

    #[test]
    fn texts_are_amounts_only_when_plain() {
        for (text, value) in [("0.0000", 0.0), ("12", 12.0), ("139.76000000000002", 139.760_000_000_000_02)] {
            assert_eq!(Amount::read(&Node::Text(text.into())).map(|amount| amount.value), Ok(value), "{text}");
        }
        for text in ["", "-", ".", "1.", ".5", "1e3", " 1", "1,5", "0x10", "NaN", "inf", "+1", &"9".repeat(33)] {
            assert_eq!(Amount::read(&Node::Text(text.into())), Err(NoAmount::NotANumber), "{text}");
        }
    }

    #[test]
    fn out_of_range_is_told_apart() {
        for node in [Node::Integer(-1), Node::Decimal(-0.01), Node::Decimal(1e11), Node::Text("-1.5".into())] {
            assert_eq!(Amount::read(&node), Err(NoAmount::OutOfRange), "{node:?}");
        }
        assert_eq!(Amount::read(&Node::Bool(true)), Err(NoAmount::NotANumber));
    }
}
