//! End-to-end tests, one module for each promise.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, in its helping functions too"
)]

mod arrows;
mod chromium;
mod cli;
mod dataset_loads;
mod hearing;
mod heldout;
mod pipeline;
mod report;
mod retail_conformance;
