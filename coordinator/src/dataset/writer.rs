//! Rows in, one by one in their final order; a finished dataset folder out.
//!
//! ```text
//! <dir>/README.md  manifest.json
//!       raw/train-00000-of-00002.parquet …      trl/…      openai/train-00000-of-00002.jsonl …
//! ```
//!
//! Shards are cut by rows and by bytes of text, both functions of content, so the number of shards
//! is too. It is part of their names and known only at the end: until then they have no total.

use proto::digest::Hasher;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::ZstdLevel;

use super::card::{self, CardFacts};
use super::chat;
use super::encode::RowGroup;
use super::error::DatasetError;
use super::format::{Container, Format};
use super::json;
use super::manifest::{FORMAT_VERSION, FileEntry, MANIFEST, Manifest};
use super::row::{self, Row, Split};
use super::settings::{Output, Settings, outputs};
use super::shard::{Finished, Lines, Parquet, write_file};
use super::shred::Columns;
use super::staging::{Staging, refused_path};
use super::tally::Tally;

/// A dataset that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What the folder holds.
    pub manifest: Manifest,
    /// Rows that a format could not express, by format; each is listed with its reason in
    /// `refused-<format>.jsonl`.
    pub refused: BTreeMap<Format, u64>,
}

/// Writes a dataset; see the module.
#[derive(Debug)]
pub struct DatasetWriter {
    settings: Settings,
    staging: Staging,
    outputs: Vec<Output>,
    splits: [Open; 3],
    refused: BTreeMap<Format, Lines>,
    finished: Vec<Shard>,
    tally: Tally,
    /// The tool list found sound last, kept so that a later one at its address is not taken for it.
    tools: Option<Arc<str>>,
}

/// The shard of a split that is being written.
#[derive(Debug)]
struct Open {
    split: Split,
    files: Vec<(Output, ShardFile)>,
    columns: Columns,
    shard: usize,
    rows: u64,
    bytes: u64,
}

/// An open file.
#[derive(Debug)]
enum ShardFile {
    Lines(Box<Lines>),
    Parquet(Box<Parquet>),
}

/// A shard that is written, before its final name is known.
#[derive(Debug)]
struct Shard {
    output: Output,
    split: Split,
    number: usize,
    file: Finished,
}

impl DatasetWriter {
    /// Begins a dataset in `dir`: a folder that is new, empty, or holds an older dataset, which
    /// stays as it is until [`Self::finish`].
    ///
    /// # Errors
    /// When the folder holds something else, or cannot be written.
    pub fn create(dir: &Path, settings: Settings) -> Result<Self, DatasetError> {
        let outputs = outputs(&settings.formats);
        let open = |split| Open {
            split,
            files: Vec::new(),
            columns: Columns::new(),
            shard: 0,
            rows: 0,
            bytes: 0,
        };
        Ok(Self {
            staging: Staging::open(dir, settings.fence.as_deref())?,
            outputs,
            settings,
            splits: Split::ALL.map(open),
            refused: BTreeMap::new(),
            finished: Vec::new(),
            tally: Tally::default(),
            tools: None,
        })
    }

    /// Adds a row; the order of rows is that of the calls.
    ///
    /// # Errors
    /// When the row is not sound, or a file cannot be written.
    pub fn push(&mut self, row: &Row) -> Result<(), DatasetError> {
        self.check(row)?;
        self.tally.add(row);
        let at = row.split as usize;
        let text = row.text_bytes() as u64;
        let open = &self.splits[at];
        let full =
            open.rows >= self.settings.shard_rows || open.bytes + text > self.settings.shard_bytes;
        if open.rows > 0 && full {
            self.close(at)?;
        }
        if self.splits[at].files.is_empty() {
            self.open(at)?;
        }
        self.add(at, row)?;
        let open = &mut self.splits[at];
        open.rows += 1;
        open.bytes += text;
        if open.columns.bytes() >= self.settings.group_bytes {
            open.flush()
        } else {
            Ok(())
        }
    }

    fn check(&mut self, row: &Row) -> Result<(), DatasetError> {
        row.check()?;
        if !self
            .tools
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, &row.tools))
        {
            let wrong = |e| DatasetError::Row {
                id: row.id.clone(),
                reason: format!("tools: {e}"),
            };
            row::is_json(&row.tools, '[').map_err(wrong)?;
            self.tools = Some(Arc::clone(&row.tools));
        }
        Ok(())
    }

    fn add(&mut self, at: usize, row: &Row) -> Result<(), DatasetError> {
        let open = &mut self.splits[at];
        let mut shred = false;
        for ((format, _), file) in &mut open.files {
            match file {
                ShardFile::Parquet(_) => shred = true,
                ShardFile::Lines(lines) => {
                    if let Err(reason) = lines.push(|out| chat::render(out, row, *format))? {
                        refuse(&mut self.refused, &self.staging, *format, &row.id, &reason)?;
                    }
                }
            }
        }
        if shred {
            open.columns.push(row);
        }
        Ok(())
    }

    fn open(&mut self, at: usize) -> Result<(), DatasetError> {
        let open = &mut self.splits[at];
        let zstd = ZstdLevel::try_new(i32::from(self.settings.zstd));
        for &(format, container) in &self.outputs {
            let name = format!(
                "{format}/{}-{:05}.{}",
                open.split.as_str(),
                open.shard,
                container.extension()
            );
            let path = self.staging.place(&name)?;
            let file = match container {
                Container::JsonLines => ShardFile::Lines(Box::new(Lines::create(path)?)),
                Container::Parquet => {
                    let zstd = zstd.as_ref().map_err(|e| DatasetError::Parquet {
                        path: path.clone(),
                        source: parquet::errors::ParquetError::General(e.to_string()),
                    })?;
                    ShardFile::Parquet(Box::new(Parquet::create(path, format, *zstd)?))
                }
            };
            open.files.push(((format, container), file));
        }
        Ok(())
    }

    fn close(&mut self, at: usize) -> Result<(), DatasetError> {
        let open = &mut self.splits[at];
        open.flush()?;
        for (output, file) in open.files.drain(..) {
            let file = match file {
                ShardFile::Lines(lines) => lines.finish()?,
                ShardFile::Parquet(parquet) => parquet.finish()?,
            };
            self.finished.push(Shard {
                output,
                split: open.split,
                number: open.shard,
                file,
            });
        }
        (open.shard, open.rows, open.bytes) = (open.shard + 1, 0, 0);
        Ok(())
    }

    /// Ends the dataset: writes card and manifest, and replaces what was in the folder.
    ///
    /// # Errors
    /// When a file cannot be written; the folder then holds what it held before, or has no manifest.
    pub fn finish(mut self, facts: &CardFacts) -> Result<Written, DatasetError> {
        for at in 0..self.splits.len() {
            if !self.splits[at].files.is_empty() {
                self.close(at)?;
            }
        }
        let mut files: Vec<(Finished, String)> = Vec::new();
        let mut refused = BTreeMap::new();
        for (format, lines) in std::mem::take(&mut self.refused) {
            let file = lines.finish()?;
            refused.insert(format, file.rows);
            files.push((file, refused_path(format)));
        }
        let mut manifest = Manifest {
            format_version: FORMAT_VERSION,
            run: self.settings.run.clone(),
            complete: facts.complete,
            rows: self.tally.rows(),
            splits: Split::ALL
                .into_iter()
                .map(|split| (split, self.tally.of(split)))
                .collect(),
            configs: self.config_counts(),
            files: Vec::new(),
            digest: proto::digest::Digest([0; 32]),
        };
        let content = self.content();
        let cards = card::render(
            facts,
            &self.tally,
            &self.outputs,
            &manifest,
            &refused,
            &content,
        )?;
        for (path, text) in cards {
            files.push((
                write_file(&self.staging.place(&path)?, text.as_bytes())?,
                path,
            ));
        }
        let shards: Vec<String> = self
            .finished
            .iter()
            .map(|shard| self.final_path(shard))
            .collect();
        files.extend(self.finished.drain(..).map(|shard| shard.file).zip(shards));
        manifest.files = files
            .iter()
            .map(|(file, path)| FileEntry {
                path: path.clone(),
                bytes: file.bytes,
                blake3: file.digest,
                rows: file.rows,
            })
            .collect();
        let sealed = write_file(&self.staging.place(MANIFEST)?, &manifest.seal())?;
        files.push((sealed, MANIFEST.to_owned()));
        let moves: Vec<(PathBuf, String)> = files
            .into_iter()
            .map(|(file, path)| (file.path, path))
            .collect();
        self.staging
            .publish(&moves, self.settings.fence.as_deref())?;
        Ok(Written { manifest, refused })
    }

    fn final_path(&self, shard: &Shard) -> String {
        let (format, container) = shard.output;
        let split = shard.split.as_str();
        let total = self.splits[shard.split as usize].shard;
        format!(
            "{format}/{split}-{:05}-of-{total:05}.{}",
            shard.number,
            container.extension()
        )
    }

    /// Digest of every shard's content, by place.
    fn content(&self) -> proto::digest::Digest {
        let mut hasher = Hasher::new("t2t.dataset.content", 1);
        for shard in &self.finished {
            hasher
                .text(&self.final_path(shard))
                .digest(&shard.file.digest);
        }
        hasher.finish()
    }

    /// Rows by config and split, of each format's own files.
    fn config_counts(&self) -> BTreeMap<String, BTreeMap<Split, u64>> {
        let mut counts: BTreeMap<String, BTreeMap<Split, u64>> = BTreeMap::new();
        for shard in self
            .finished
            .iter()
            .filter(|shard| shard.output.0.container() == shard.output.1)
        {
            let config = counts
                .entry(shard.output.0.as_str().to_owned())
                .or_default();
            *config.entry(shard.split).or_default() += shard.file.rows;
        }
        counts
    }
}

impl Open {
    /// Writes the rows gathered as one row group of every Parquet file.
    fn flush(&mut self) -> Result<(), DatasetError> {
        let rows = self.columns.rows();
        if rows == 0 {
            return Ok(());
        }
        let mut group = RowGroup::new(self.columns.take(), rows);
        for (_, file) in &mut self.files {
            if let ShardFile::Parquet(parquet) = file {
                parquet.row_group(&mut group)?;
            }
        }
        Ok(())
    }
}

/// Notes that `format` cannot express a row.
fn refuse(
    refused: &mut BTreeMap<Format, Lines>,
    staging: &Staging,
    format: Format,
    id: &str,
    reason: &str,
) -> Result<(), DatasetError> {
    let lines = match refused.entry(format) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert(Lines::create(staging.place(&refused_path(format))?)?),
    };
    lines
        .push(|out| {
            out.push(b'{');
            json::text_field(out, "id", id);
            json::text_field(out, "reason", reason);
            out.push(b'}');
            Ok::<(), Infallible>(())
        })
        .map(|_| ())
}

#[cfg(test)]
mod tests;
