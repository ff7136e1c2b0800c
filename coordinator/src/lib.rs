//! Plans a run, dispatches its jobs, keeps the ledger, and projects dataset and report.
//!
//! Reading order: [`plan`] (what is wanted, as data), [`run`] (the pure state machine: outcomes in, jobs
//! out), [`dispatch`] (the only loop), [`ledger`] (the truth), [`archive`] (a run read back), then the
//! projections [`dataset`] and [`report`], and [`seal`] over the folder that [`home`] describes.

pub mod archive;
pub mod cli;
pub mod cost;
pub mod dataset;
pub mod dispatch;
pub mod embedded;
pub mod failed;
pub mod fleet;
pub mod home;
pub mod ledger;
pub mod merge;
pub mod operations;
pub mod pace;
pub mod plan;
pub mod project;
pub mod purse;
pub mod replayed;
pub mod report;
pub mod run;
pub mod seal;
pub mod status;
pub mod verify;
pub mod world;
