//! The formats a dataset is written in.

use std::fmt;
use std::str::FromStr;

/// How rows are laid out on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Parquet, every column of the row; arguments, tools and metadata as plain text. Loads with any
    /// version of any reader.
    Raw,
    /// Parquet as `raw`, with arguments and tools of the logical type JSON, so that `datasets` from
    /// 4.7 on hands them to a trainer as objects.
    Trl,
    /// The fine-tuning form of the `OpenAI` API: JSON lines with arguments as text.
    Openai,
    /// JSON lines for `LLaMA-Factory`: strictly alternating `conversations`.
    Sharegpt,
    /// JSON lines for ms-swift: roles `tool_call` and `tool_response`.
    Swift,
}

/// What the files of a format are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Container {
    Parquet,
    JsonLines,
}

impl Container {
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::JsonLines => "jsonl",
        }
    }
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [
        Self::Raw,
        Self::Trl,
        Self::Openai,
        Self::Sharegpt,
        Self::Swift,
    ];

    /// The name on the command line, in paths and as config in cards.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Trl => "trl",
            Self::Openai => "openai",
            Self::Sharegpt => "sharegpt",
            Self::Swift => "swift",
        }
    }

    /// What the format's own files are.
    pub(super) fn container(self) -> Container {
        match self {
            Self::Raw | Self::Trl => Container::Parquet,
            Self::Openai | Self::Sharegpt | Self::Swift => Container::JsonLines,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no format.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a format; choose one of raw, trl, openai, sharegpt, swift")]
pub struct ParseFormatError(String);

impl FromStr for Format {
    type Err = ParseFormatError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|f| f.as_str() == text)
            .ok_or_else(|| ParseFormatError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse::<Format>().unwrap(), format);
        }
        assert!(
            "csv"
                .parse::<Format>()
                .unwrap_err()
                .to_string()
                .contains("`csv`")
        );
    }
}
