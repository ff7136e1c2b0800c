//! The dataset of a run: canonical rows, the formats they are written in, shards, manifest and card.
//!
//! Reading order: [`row`] (the one canonical row), [`splits`] (which side of the split a task is on),
//! [`format`](mod@format) (what each format looks like on disk), [`settings`] (what is written, and
//! how it is cut), [`writer`] (rows in, a finished directory out), [`manifest`] (what the directory
//! holds, and [`manifest::verify`]). Below them:
//! `shred` turns rows into Parquet columns, `schema` names those columns, `encode` encodes each once
//! for all files that share it, `shard` writes one file, `staging` replaces the folder as a whole,
//! `chat` renders the two formats that restrict the order of messages, `card` renders `README.md`.
//!
//! Invariants:
//! - The same rows in the same order, with the same settings, give the same bytes: no clock, no
//!   path, no count of workers reaches a file.
//! - A directory is replaced only by a complete one. Files are made under `.partial/`, synced, and
//!   moved; `manifest.json` moves last, so a directory without it is not a dataset.
//! - Memory is bounded by one row group per split, whatever the number of rows.

mod card;
mod chat;
mod encode;
pub mod error;
pub mod format;
mod json;
pub mod manifest;
pub mod row;
mod schema;
pub mod settings;
mod shard;
mod shred;
pub mod splits;
mod staging;
mod tally;
pub mod writer;

pub use card::{CardFacts, DomainFact, Maker};
pub use error::DatasetError;
pub use format::Format;
pub use manifest::{Manifest, Problem, Verified, verify};
pub use row::{Role, Row, RowCall, RowMessage, Split};
pub use settings::Settings;
pub use splits::{Shares, SharesError};
pub(crate) use staging::is_partial;
pub use writer::{DatasetWriter, Written};
