//! One file of a dataset: bytes are hashed and counted on their way to the disk.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::ZstdLevel;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::SerializedFileWriter;
use proto::digest::Digest;

use super::encode::{self, Chunk, RowGroup};
use super::error::DatasetError;
use super::format::Format;
use super::schema::{Column, schema};

/// JSON lines are handed to the system in pieces of about this size.
const BUFFER: usize = 256 * 1024;

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finished {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) digest: Digest,
    pub(super) rows: u64,
}

/// A file that hashes what passes.
#[derive(Debug)]
struct Hashed {
    file: File,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Hashed {
    fn create(path: &Path) -> Result<Self, DatasetError> {
        let file = File::create(path).map_err(DatasetError::io("create", path))?;
        Ok(Self {
            file,
            hasher: blake3::Hasher::new(),
            bytes: 0,
        })
    }

    /// Forces the bytes to the disk.
    fn finish(self, path: PathBuf, rows: u64) -> Result<Finished, DatasetError> {
        self.file
            .sync_all()
            .map_err(DatasetError::io("sync", &path))?;
        Ok(Finished {
            path,
            bytes: self.bytes,
            digest: Digest(*self.hasher.finalize().as_bytes()),
            rows,
        })
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a whole small file, as the card or the manifest.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<Finished, DatasetError> {
    let mut file = Hashed::create(path)?;
    file.write_all(bytes)
        .map_err(DatasetError::io("write", path))?;
    file.finish(path.to_owned(), 0)
}

/// A file of JSON lines.
#[derive(Debug)]
pub(super) struct Lines {
    file: Hashed,
    path: PathBuf,
    buffer: Vec<u8>,
    rows: u64,
}

impl Lines {
    pub(super) fn create(path: PathBuf) -> Result<Self, DatasetError> {
        Ok(Self {
            file: Hashed::create(&path)?,
            path,
            buffer: Vec::with_capacity(BUFFER * 2),
            rows: 0,
        })
    }

    /// Adds one line, which `render` appends without its end; where it refuses, no line is added and
    /// its reason is handed on.
    pub(super) fn push<E>(
        &mut self,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Result<(), E>, DatasetError> {
        if let Err(refusal) = render(&mut self.buffer) {
            return Ok(Err(refusal));
        }
        self.buffer.push(b'\n');
        self.rows += 1;
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(Ok(()))
    }

    fn flush(&mut self) -> Result<(), DatasetError> {
        self.file
            .write_all(&self.buffer)
            .map_err(DatasetError::io("write", &self.path))?;
        self.buffer.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Finished, DatasetError> {
        self.flush()?;
        self.file.finish(self.path, self.rows)
    }
}

/// A Parquet file.
#[derive(Debug)]
pub(super) struct Parquet {
    writer: SerializedFileWriter<Hashed>,
    properties: WriterPropertiesPtr,
    /// Which column feeds each leaf, in the order of the schema.
    leaves: Vec<Column>,
    path: PathBuf,
    rows: u64,
}

impl Parquet {
    pub(super) fn create(
        path: PathBuf,
        format: Format,
        zstd: ZstdLevel,
    ) -> Result<Self, DatasetError> {
        let properties = encode::properties(zstd);
        let writer = SerializedFileWriter::new(
            Hashed::create(&path)?,
            schema(format),
            Arc::clone(&properties),
        );
        let writer = match writer {
            Ok(writer) => writer,
            Err(source) => return Err(DatasetError::Parquet { path, source }),
        };
        let feeds = |path: &str| {
            Column::at(path).expect("a test checks that every leaf of the schemas is a column")
        };
        let leaves = writer
            .schema_descr()
            .columns()
            .iter()
            .map(|leaf| feeds(&leaf.path().string()))
            .collect();
        Ok(Self {
            writer,
            properties,
            leaves,
            path,
            rows: 0,
        })
    }

    /// Adds one row group of what `group` holds.
    pub(super) fn row_group(&mut self, group: &mut RowGroup) -> Result<(), DatasetError> {
        self.rows += group.rows() as u64;
        let leaves = self
            .writer
            .schema_descr()
            .columns()
            .iter()
            .zip(&self.leaves);
        let chunks: Result<Vec<Chunk>, ParquetError> = leaves
            .map(|(leaf, column)| group.chunk(*column, leaf, &self.properties))
            .collect();
        let written = chunks.and_then(|chunks| {
            let mut writer = self.writer.next_row_group()?;
            chunks
                .into_iter()
                .try_for_each(|chunk| writer.append_column(&chunk.bytes, chunk.close))?;
            writer.close().map(drop)
        });
        written.map_err(|source| DatasetError::Parquet {
            path: self.path.clone(),
            source,
        })
    }

    pub(super) fn finish(self) -> Result<Finished, DatasetError> {
        // Writes the footer, too.
        match self.writer.into_inner() {
            Ok(file) => file.finish(self.path, self.rows),
            Err(source) => Err(DatasetError::Parquet {
                path: self.path,
                source,
            }),
        }
    }
}
