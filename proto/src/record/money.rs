//! Sums of money in whole nano-dollars (10⁻⁹ $). No binary float on the way: sums are exact in whatever
//! order they are made, and prices are read as they are written.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::model::{Prices, Usage};

/// Nano-dollars in a dollar.
const DOLLAR: u64 = 1_000_000_000;
/// Digits of a dollar after the point.
const DIGITS: usize = 9;
/// Tokens that a price is for, as price lists have it.
const MILLION: u64 = 1_000_000;

/// A sum of money in nano-dollars. Sums stop at the most there is, 18 thousand million dollars, so that
/// adding never makes one smaller.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Money(pub u64);

impl Money {
    /// None at all.
    pub const ZERO: Self = Self(0);

    /// What so many tokens cost.
    pub fn cost(usage: Usage, prices: Prices) -> Self {
        Self(usage.cost(prices))
    }

    /// What is left when `other` is gone; nothing if that is more.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// In dollars, as exactly as a float can have it.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / DOLLAR as f64
    }

    /// So many times as much.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        sums.fold(Self::ZERO, Add::add)
    }
}

/// Dollars with at least two digits after the point and no more than it needs: `$0.00`, `$1.234567`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:09}", self.0 % DOLLAR);
        let (cents, rest) = fraction.split_at(2);
        let rest = rest.trim_end_matches('0');
        f.pad(&format!("${}.{cents}{rest}", self.0 / DOLLAR))
    }
}

/// A text that is no sum of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseMoneyError {
    /// Not a plain decimal number.
    #[error("`{0}` is no sum of dollars: expected digits and at most one point, as in `2.50`")]
    NotDecimal(String),
    /// Digits that do not count.
    #[error("`{0}` dollars is finer than a nano-dollar: give at most nine digits after the point")]
    TooFine(String),
    /// Past the end of the numbers.
    #[error("`{0}` dollars is too much: give at most {most}", most = u64::MAX / DOLLAR)]
    TooMuch(String),
    /// A price that is no whole number of nano-dollars a token.
    #[error(
        "`{0}` dollars for a million tokens is finer than a thousandth of a dollar: round it up to three digits after the point"
    )]
    TooFineForTokens(String),
}

/// Dollars in decimal, read exactly: `2.5` is 2,500,000,000 nano-dollars. A `$` before it is let be.
impl FromStr for Money {
    type Err = ParseMoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_prefix('$').unwrap_or(text);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(ParseMoneyError::NotDecimal(text.to_owned()));
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > DIGITS {
            return Err(ParseMoneyError::TooFine(text.to_owned()));
        }
        let nanos = format!("{whole}{fraction:0<DIGITS$}").parse();
        nanos
            .map(Self)
            .map_err(|_| ParseMoneyError::TooMuch(text.to_owned()))
    }
}

impl Prices {
    /// A price in nano-dollars a token, read from dollars for a million tokens as price lists have them:
    /// `2.50` is 2,500.
    ///
    /// # Errors
    /// What is no sum of dollars, and what is no whole number of nano-dollars a token: a price that was
    /// rounded down would let a budget be overrun.
    pub fn per_million(text: &str) -> Result<u64, ParseMoneyError> {
        let Money(million) = text.parse()?;
        if million % MILLION != 0 {
            return Err(ParseMoneyError::TooFineForTokens(text.to_owned()));
        }
        Ok(million / MILLION)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(text: &str) -> Result<Money, ParseMoneyError> {
        text.parse()
    }

    #[test]
    fn sums_show_as_dollars() {
        for (nanos, shown) in [
            (0, "$0.00"),
            (1, "$0.000000001"),
            (1_234_567_000, "$1.234567"),
            (2_500_000_000, "$2.50"),
            (3_000 * DOLLAR, "$3000.00"),
        ] {
            assert_eq!(Money(nanos).to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_sum_is_named() {
        for text in [
            "", "$", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "1.2.3", "0x1", "١",
        ] {
            let error = money(text).unwrap_err();
            assert_eq!(error, ParseMoneyError::NotDecimal(text.to_owned()));
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
        let fine = money("0.0000000001").unwrap_err();
        assert!(matches!(fine, ParseMoneyError::TooFine(_)), "{fine}");
        let much = money("99999999999").unwrap_err();
        assert!(matches!(much, ParseMoneyError::TooMuch(_)), "{much}");
        assert_eq!(
            money("0.1000000000"),
            Ok(Money(DOLLAR / 10)),
            "zeros are let be"
        );
    }

    #[test]
    fn a_price_is_read_exactly_or_not_at_all() {
        for (text, nanos) in [
            ("0", 0),
            ("0.005", 5),
            ("0.15", 150),
            ("2.50", 2_500),
            ("$75", 75_000),
        ] {
            assert_eq!(Prices::per_million(text), Ok(nanos), "{text}");
        }
        let error = Prices::per_million("0.0375").unwrap_err().to_string();
        assert!(
            error.contains("`0.0375`") && error.contains("round it up"),
            "{error}"
        );
    }

    #[test]
    fn cost_is_by_the_token_and_cached_input_is_a_part_of_input() {
        let prices = Prices {
            input: Prices::per_million("2.50").unwrap(),
            cached: Prices::per_million("1.25").unwrap(),
            written: 0,
            output: Prices::per_million("10").unwrap(),
        };
        let mut usage = Usage::default();
        for _ in 0..1_000 {
            usage += Usage {
                input: 1_000,
                cached: 400,
                written: 0,
                output: 100,
            };
        }
        let parts = ["1.50", "0.50", "1"].map(|part| money(part).unwrap());
        assert_eq!(Money::cost(usage, prices), parts.into_iter().sum());
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(nanos: u64) {
            prop_assert_eq!(money(&Money(nanos).to_string()), Ok(Money(nanos)));
        }

        #[test]
        fn a_sum_is_never_less_than_its_parts(one: u64, other: u64) {
            let sum = Money(one) + Money(other);
            prop_assert!(sum >= Money(one).max(Money(other)));
            prop_assert_eq!(sum.less(Money(other)), Money(one.min(u64::MAX - other)));
        }
    }
}
