//! What the jobs of a run came to, read from its ledger.

use std::path::Path;

use coordinator::ledger::Reader;
use proto::outcome::{Outcome, StageResult};
use proto::wire::{self, Kind};

/// Outcomes of the run in a folder, in the order of its ledger.
///
/// # Panics
/// When the ledger does not read, or when a job failed, with its reason.
pub fn of(run: &Path) -> Vec<Outcome> {
    let (reader, _, _) = Reader::open(run).expect("the run has a ledger");
    let outcomes = reader.iter().map(|record| {
        let body = record.expect("the ledger reads").body;
        let outcome: Outcome = wire::decode(Kind::Outcome, &body).expect("it holds outcomes");
        if let StageResult::Failed { stage, error } = &outcome.result {
            panic!("{}: {error}", stage.label());
        }
        outcome
    });
    outcomes.collect()
}
