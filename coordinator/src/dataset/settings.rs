//! What a dataset is written as.

use std::path::PathBuf;

use super::format::{Container, Format};

/// What to write, and how it is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Id of the run, for the manifest.
    pub run: String,
    /// The formats, each in a folder of its own.
    pub formats: Vec<Format>,
    /// Most rows in a shard.
    pub shard_rows: u64,
    /// A shard is closed at this many bytes of text, before compression.
    pub shard_bytes: u64,
    /// A row group is closed at this many bytes of text, a repeated long text counted once.
    pub group_bytes: usize,
    /// Zstandard level, 1 to 22.
    pub zstd: u8,
    /// Once there is such a file, somebody else writes this dataset, and nothing is published.
    pub fence: Option<PathBuf>,
}

impl Settings {
    /// The dataset of a run: `raw`, `trl` and `openai`.
    pub fn dataset(run: impl Into<String>) -> Self {
        Self {
            run: run.into(),
            formats: vec![Format::Raw, Format::Trl, Format::Openai],
            shard_rows: 50_000,
            shard_bytes: 512 << 20,
            group_bytes: 32 << 20,
            zstd: 3,
            fence: None,
        }
    }

    /// One format alone.
    pub fn export(run: impl Into<String>, format: Format) -> Self {
        Self {
            formats: vec![format],
            ..Self::dataset(run)
        }
    }
}

/// A kind of file that is written: a format, and what its files are.
pub(super) type Output = (Format, Container);

/// Every kind of file for a list of formats.
///
/// A loader takes all configs of one card for the same kind of file, and JSON lines beside Parquet
/// fail to load. So where formats of both kinds are asked for, `openai` is also written as Parquet
/// for the card of the whole folder, and the JSON lines get a card in their own folder.
pub(super) fn outputs(formats: &[Format]) -> Vec<Output> {
    let mut outputs: Vec<Output> = formats
        .iter()
        .map(|&format| (format, format.container()))
        .collect();
    let parquet = outputs.iter().any(|output| output.1 == Container::Parquet);
    if parquet && formats.contains(&Format::Openai) {
        outputs.push((Format::Openai, Container::Parquet));
    }
    outputs.sort_unstable();
    outputs.dedup();
    outputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openai_is_written_twice_only_beside_parquet() {
        let twice = [
            (Format::Openai, Container::Parquet),
            (Format::Openai, Container::JsonLines),
        ];
        let dataset = outputs(&Settings::dataset("").formats);
        assert!(twice.iter().all(|output| dataset.contains(output)));
        assert_eq!(outputs(&[Format::Openai]), [twice[1]]);
    }
}
