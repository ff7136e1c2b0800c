//! The records that a fleet came to, held against those that are due.

use std::collections::BTreeMap;

use coordinator::ledger::Record;
use proto::ids::JobId;
use proto::outcome::{Notice, Outcome, StageResult};
use proto::wire::{self, Kind};

use super::Breach;

/// Records by their job.
pub(super) type Records = BTreeMap<JobId, Record>;

/// What a record says that its job came to.
pub(super) fn result(record: &Record) -> Option<StageResult> {
    let outcome: Outcome = wire::decode(Kind::Outcome, &record.body).ok()?;
    Some(outcome.result)
}

/// Sees whether the fleet's records are those that are due, and beside them only what tells of deaths of the
/// poison job.
pub(super) fn compare(ours: &Records, due: &Records, poison: JobId) -> Result<(), Breach> {
    for (job, record) in ours {
        match due.get(job) {
            Some(calm) if calm.body == record.body && calm.entry == record.entry => {}
            Some(_) => {
                return Err(match result(record) {
                    Some(StageResult::Failed { error, .. }) => Breach::Condemned(*job, error),
                    _ => Breach::Altered(*job),
                });
            }
            None if tells_of_a_crash(record, &due[&poison]) => {}
            None => return Err(Breach::Invented(*job)),
        }
    }
    let lost = due.keys().find(|job| !ours.contains_key(*job));
    lost.map_or(Ok(()), |job| Err(Breach::Lost(*job)))
}

/// Whether a record tells that a process died of the poison job.
fn tells_of_a_crash(record: &Record, poison: &Record) -> bool {
    let notice: Result<Notice, _> = wire::decode(Kind::Notice, &record.body);
    let place = |record: &Record| {
        let entry = &record.entry;
        (entry.stage, entry.slot, entry.candidate, entry.param)
    };
    matches!(notice, Ok(Notice::Crashed { .. })) && place(record) == place(poison)
}

#[cfg(test)]
mod tests {
    use coordinator::ledger::{Entry, Position};
    use proto::digest::Digest;
    use proto::job::Stage;

    use super::*;

    fn job(number: u8) -> JobId {
        JobId(Digest::of(&[number]))
    }

    fn record(id: JobId, slot: u32, body: Vec<u8>) -> (JobId, Record) {
        let entry = Entry {
            job: id,
            stage: Stage::Explore as u8,
            slot,
            candidate: 0,
            param: [0; 16],
            code: 1,
            reason: 0,
            intent: [0; 16],
        };
        let position = Position {
            epoch: 1,
            offset: 0,
        };
        let record = Record {
            sequence: 0,
            position,
            entry,
            annuls: false,
            body,
        };
        (id, record)
    }

    fn failed(number: u8, error: &str) -> (JobId, Record) {
        let outcome = Outcome::failed(job(number), Stage::Explore, error);
        let body = wire::encode(Kind::Outcome, &outcome).unwrap();
        record(job(number), u32::from(number), body)
    }

    fn crash(number: u8, slot: u32) -> (JobId, Record) {
        let notice = Notice::Crashed {
            times: 1,
            how: "killed".to_owned(),
        };
        let body = wire::encode(Kind::Notice, &notice).unwrap();
        record(job(number), slot, body)
    }

    /// Two jobs; the second is poison.
    fn due() -> Records {
        Records::from([
            record(job(1), 1, b"made".to_vec()),
            failed(2, "poison: died"),
        ])
    }

    fn compared(change: impl FnOnce(&mut Records)) -> Result<(), Breach> {
        let mut ours = due();
        change(&mut ours);
        compare(&ours, &due(), job(2))
    }

    #[test]
    fn what_is_due_is_as_it_should_be_with_and_without_word_of_a_death() {
        assert_eq!(compared(|_| {}), Ok(()));
        assert_eq!(compared(|ours| ours.extend([crash(9, 2)])), Ok(()));
    }

    #[test]
    fn whatever_else_there_is_or_is_not_is_found() {
        let lost = compared(|ours| drop(ours.remove(&job(1))));
        assert_eq!(lost, Err(Breach::Lost(job(1))));
        let altered = compared(|ours| ours.extend([record(job(1), 1, b"other".to_vec())]));
        assert_eq!(altered, Err(Breach::Altered(job(1))));
        let elsewhere = compared(|ours| ours.extend([record(job(1), 7, b"made".to_vec())]));
        assert_eq!(elsewhere, Err(Breach::Altered(job(1))));
        let condemned = compared(|ours| ours.extend([failed(1, "why")]));
        assert_eq!(condemned, Err(Breach::Condemned(job(1), "why".to_owned())));
        let invented = compared(|ours| ours.extend([record(job(3), 3, b"made".to_vec())]));
        assert_eq!(invented, Err(Breach::Invented(job(3))));
        let another_died = compared(|ours| ours.extend([crash(9, 1)]));
        assert_eq!(another_died, Err(Breach::Invented(job(9))));
    }
}
