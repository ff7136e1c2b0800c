//! A part of a plan: some of its strata, for one of several coordinators.
//!
//! Written `I/N`: part I of N, counted from 1. Strata are dealt out in turn, so parts are about equally
//! large. Slots of different strata never look at each other, so the parts of a run together come to
//! what one coordinator would have come to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Part `index` of `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Partition {
    /// From 1.
    index: u32,
    of: u32,
}

/// A text that names no part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no part of a plan: write I/N, such as 2/3, with I from 1 to N")]
pub struct ParsePartitionError(String);

impl Partition {
    /// The only part.
    pub const WHOLE: Self = Self { index: 1, of: 1 };

    /// Whether it is the only part.
    pub fn is_whole(self) -> bool {
        self.of == 1
    }

    /// How many parts there are.
    pub fn of(self) -> u32 {
        self.of
    }

    /// Whether a stratum belongs to it.
    pub fn has(self, stratum: u32) -> bool {
        stratum % self.of == self.index - 1
    }
}

impl Default for Partition {
    fn default() -> Self {
        Self::WHOLE
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Partition {
    type Err = ParsePartitionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part = || {
            let (index, of) = text.trim().split_once('/')?;
            let (index, of) = (index.parse().ok()?, of.parse().ok()?);
            (1..=of).contains(&index).then_some(Self { index, of })
        };
        part().ok_or_else(|| ParsePartitionError(text.to_owned()))
    }
}

impl From<Partition> for String {
    fn from(partition: Partition) -> Self {
        partition.to_string()
    }
}

impl TryFrom<String> for Partition {
    type Error = ParsePartitionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stratum_belongs_to_exactly_one_part() {
        for of in 1..=9 {
            let parts: Vec<Partition> = (1..=of)
                .map(|index| format!("{index}/{of}").parse().unwrap())
                .collect();
            for stratum in 0..40 {
                let owners = parts.iter().filter(|part| part.has(stratum)).count();
                assert_eq!(owners, 1, "stratum {stratum} of {of} parts");
            }
        }
    }

    #[test]
    fn a_part_prints_as_it_is_written() {
        assert_eq!("2/3".parse::<Partition>().unwrap().to_string(), "2/3");
        assert_eq!(Partition::default().to_string(), "1/1");
        for odd in ["", "2", "0/3", "4/3", "1/0", "-1/2", "1/2/3", "a/b"] {
            let error = odd.parse::<Partition>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{odd}`")), "{error}");
        }
    }
}
