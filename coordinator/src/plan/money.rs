//! Money in a plan: decimal text of dollars, held in whole nano-dollars, so that nothing is ever rounded.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A decimal number with at most `PLACES` places after the point, in units of the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Decimal<const PLACES: u32>(pub u64);

/// Dollars for a million tokens, in nano-dollars a token.
pub type Price = Decimal<3>;

/// Dollars, in nano-dollars.
pub type Dollars = Decimal<9>;

/// A text that is no such number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no decimal number with at most {places} places after the point")]
pub struct ParseDecimalError {
    text: String,
    places: u32,
}

impl<const PLACES: u32> Decimal<PLACES> {
    const ONE: u64 = 10_u64.pow(PLACES);
}

impl<const PLACES: u32> fmt::Display for Decimal<PLACES> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / Self::ONE, self.0 % Self::ONE);
        if part == 0 {
            return write!(out, "{whole}");
        }
        let part = format!("{part:0width$}", width = PLACES as usize);
        write!(out, "{whole}.{}", part.trim_end_matches('0'))
    }
}

impl<const PLACES: u32> FromStr for Decimal<PLACES> {
    type Err = ParseDecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            if !digits(whole) || !digits(part) {
                return None;
            }
            let part = part.trim_end_matches('0');
            let missing = PLACES.checked_sub(u32::try_from(part.len()).ok()?)?;
            let part: u64 = format!("0{part}").parse().ok()?;
            let whole: u64 = whole.parse().ok()?;
            let units = whole.checked_mul(Self::ONE)?;
            units.checked_add(part * 10_u64.pow(missing))
        };
        read().map(Self).ok_or_else(|| ParseDecimalError {
            text: text.to_owned(),
            places: PLACES,
        })
    }
}

impl<const PLACES: u32> From<Decimal<PLACES>> for String {
    fn from(number: Decimal<PLACES>) -> Self {
        number.to_string()
    }
}

impl<const PLACES: u32> TryFrom<String> for Decimal<PLACES> {
    type Error = ParseDecimalError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prices_are_exact_or_refused() {
        for (text, nano_a_token) in [
            ("0.15", 150),
            ("3", 3_000),
            ("0.075", 75),
            ("2.500000", 2_500),
        ] {
            assert_eq!(text.parse(), Ok(Decimal::<3>(nano_a_token)), "{text}");
        }
        for text in [
            "0.0001",
            "-1",
            "",
            ".5",
            "1.",
            "1e3",
            "1,5",
            "99999999999999999999",
            " 1",
        ] {
            let error = text.parse::<Price>().unwrap_err().to_string();
            assert!(error.contains("at most 3 places"), "{error}");
        }
        assert_eq!("0.000000001".parse(), Ok(Decimal::<9>(1)));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(units in any::<u64>()) {
            prop_assert_eq!(Decimal::<3>(units).to_string().parse(), Ok(Decimal::<3>(units)));
            prop_assert_eq!(Decimal::<9>(units).to_string().parse(), Ok(Decimal::<9>(units)));
        }
    }
}
