//! A deterministic simulation of the protocol between coordinators and workers.
//!
//! The real coordinator and the real workers' loop run over the in-memory twins on one thread, with a
//! paused clock; everything that befalls them descends from a seed: a [`Case`] is a setting and a list
//! of operations. At the seams (queue, store, the doing of a job) each process can be killed, frozen or
//! lied to: an operation happens or not, and is reported as it went or not.
//!
//! What a job comes to is made up, as a function of the job, so what the run must come to is known
//! without a queue: every job in the ledger once, with its very bytes, and every slot closed as it
//! should be. [`run`] says what was broken; [`shrink`] makes a broken case small; kept ones are
//! repeated by the suite.
//!
//! Reading order: `case` (what befalls), `made_up` (what jobs come to), `process`, `exchange` and
//! `link` (the queue), `shelf` (the store), `performer`, `site` (the fleet), `verdict`, `shrink`.

mod case;
mod exchange;
mod link;
mod made_up;
mod performer;
mod process;
mod shelf;
mod shrink;
mod site;
mod verdict;

pub use case::{Case, Flaw};
pub use shrink::shrink;
pub use site::{Tally, run};
pub use verdict::Breach;
