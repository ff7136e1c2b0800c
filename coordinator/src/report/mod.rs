//! The report of a run: figures and sample conversations, as one HTML file and as Markdown.
//!
//! Reading order: [`statistics`] folds tasks and episodes into fixed-size entries ([`entries`] says
//! which trials of them count, [`tally`] keeps the plain counts), [`pass`] turns counts into pass^k
//! with its intervals by way of [`resample`], [`model`] is what comes out, [`samples`] makes the
//! conversations of the reader, and [`html`] and [`markdown`] print.
//!
//! Invariant: a report is a pure function of the ledger. It names no date, host or duration, and the
//! same data in any order gives the same bytes.

pub mod entries;
pub mod html;
pub mod markdown;
pub mod model;
mod page;
pub mod pass;
mod projection;
pub mod resample;
pub mod samples;
pub mod statistics;
pub mod tally;
pub mod views;
