//! Columns into the bytes of Parquet column chunks, each kind of chunk once.
//!
//! The files of `raw`, `trl` and `openai` share almost all of their columns. A chunk is encoded and
//! compressed in memory the first time a file asks for it, and spliced into the others.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::{
    ColumnCloseResult, ColumnWriter, get_column_writer, get_typed_column_writer_mut,
};
use parquet::data_type::{BoolType, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::{ColumnDescPtr, ColumnPath};

use super::schema::Column;
use super::shred::{Encodable, Ready};

/// A dictionary may hold a whole row group, so that a system prompt is stored once in each.
const DICTIONARY: usize = 64 * 1024 * 1024;

/// An encoded column chunk.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) bytes: Bytes,
    pub(super) close: ColumnCloseResult,
}

/// The rows of one row group, for every file that takes them.
#[derive(Debug)]
pub(super) struct RowGroup {
    columns: Vec<Encodable>,
    rows: usize,
    chunks: Vec<(Column, ColumnDescPtr, Chunk)>,
}

impl RowGroup {
    pub(super) fn new(columns: Vec<Encodable>, rows: usize) -> Self {
        Self {
            columns,
            rows,
            chunks: Vec::new(),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The chunk of a column as the leaf of one schema has it; another logical type is another chunk.
    pub(super) fn chunk(
        &mut self,
        column: Column,
        leaf: &ColumnDescPtr,
        properties: &WriterPropertiesPtr,
    ) -> Result<Chunk, ParquetError> {
        let known = self
            .chunks
            .iter()
            .find(|(known, of, _)| *known == column && of == leaf);
        if let Some((_, _, chunk)) = known {
            return Ok(chunk.clone());
        }
        let chunk = encode(&self.columns[column as usize], leaf, properties)?;
        self.chunks.push((column, Arc::clone(leaf), chunk.clone()));
        Ok(chunk)
    }
}

fn encode(
    column: &Encodable,
    leaf: &ColumnDescPtr,
    properties: &WriterPropertiesPtr,
) -> Result<Chunk, ParquetError> {
    let mut sink = TrackedWrite::new(Vec::new());
    let pages = Box::new(SerializedPageWriter::new(&mut sink));
    let mut writer = get_column_writer(Arc::clone(leaf), Arc::clone(properties), pages);
    write(&mut writer, column)?;
    let close = writer.close()?;
    Ok(Chunk {
        bytes: Bytes::from(sink.into_inner()?),
        close,
    })
}

fn write(writer: &mut ColumnWriter<'_>, column: &Encodable) -> Result<usize, ParquetError> {
    let (definition, repetition) = (Some(&column.definition[..]), Some(&column.repetition[..]));
    match &column.values {
        Ready::Text(values) => get_typed_column_writer_mut::<ByteArrayType>(writer)
            .write_batch(values, definition, repetition),
        Ready::Ints(values) => get_typed_column_writer_mut::<Int64Type>(writer)
            .write_batch(values, definition, repetition),
        Ready::Floats(values) => get_typed_column_writer_mut::<DoubleType>(writer)
            .write_batch(values, definition, repetition),
        Ready::Truths(values) => get_typed_column_writer_mut::<BoolType>(writer)
            .write_batch(values, definition, repetition),
    }
}

/// Compression and encodings, the same for every file.
pub(super) fn properties(zstd: ZstdLevel) -> WriterPropertiesPtr {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(zstd))
        .set_dictionary_page_size_limit(DICTIONARY)
        // Minima and maxima of prose serve no reader.
        .set_statistics_enabled(EnabledStatistics::None)
        .set_max_row_group_row_count(None);
    for column in Column::ALL.into_iter().filter(|c| c.is_unique()) {
        properties =
            properties.set_column_dictionary_enabled(ColumnPath::from(column.path()), false);
    }
    Arc::new(properties.build())
}
