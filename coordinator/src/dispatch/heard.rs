//! What workers say: outcomes, notices of jobs that stay open, and what this release can't read.

use std::collections::btree_map::Entry;

use proto::digest::Digest;
use proto::ids::JobId;
use proto::job::Stage;
use proto::outcome::{Notice, Outcome};
use proto::queue::Delivery;
use proto::topology::{NOTICE_HEADER, PROBE_HEADER};
use proto::wire::{self, Kind, WireError};
use tokio::time::Instant;
use tracing::Instrument as _;
use worker::process::metrics::label::Came as Counted;
use worker::process::telemetry::spans;

use super::{Asked, Carries, Dispatch, DispatchError, EARLY, entry};
use crate::run::{Ask, Result as Came};

impl Dispatch<'_> {
    /// Takes a message of a worker. It is acknowledged after the next commit, whose content it may be;
    /// an answer to what is not asked yet is held. One that this release can't read may be another
    /// release's, and goes to the dead lane: from there it can be given back to a coordinator that can. Its
    /// job stays open, and is published again when it was not answered for long.
    pub(super) async fn hear(&mut self, delivery: Delivery) -> Result<(), DispatchError> {
        let span = spans::process(self.options.system, &delivery);
        self.heard(delivery).instrument(span).await
    }

    async fn heard(&mut self, delivery: Delivery) -> Result<(), DispatchError> {
        spans::of_run(self.content.course.run);
        let id = JobId(delivery.message().id);
        let held = self.early.len();
        let headers = &delivery.message().headers;
        let probe = headers.contains_key(PROBE_HEADER);
        if !probe {
            self.reconciler.stirred();
        }
        if probe {
            // Somebody stands by; it has its answer in not receiving it.
        } else if headers
            .get(NOTICE_HEADER)
            .is_some_and(|name| name == Notice::TOOK)
        {
            self.took(id, delivery.body());
        } else if headers.contains_key(NOTICE_HEADER) {
            if let Err(error) = self.notice(id, delivery.body()).await? {
                return self.put_aside(delivery, &error);
            }
        } else if self.asked.contains_key(&id) {
            if let Err(error) = self.answer(id, delivery.body()).await? {
                return self.put_aside(delivery, &error);
            }
        } else if let Some((summary, _)) = self.content.ledger.index().get(&id) {
            if let Some(stage) = Stage::ALL.get(usize::from(summary.stage)) {
                self.options.metrics.course.duplicates.of((*stage,)).inc();
            }
        } else if let Entry::Vacant(place) = self.early.entry(id)
            && held < EARLY
        {
            place.insert(delivery);
            return Ok(());
        }
        self.oldest.get_or_insert_with(Instant::now);
        // Among these is the second copy of what is held: the broker keeps the first, so one is enough.
        self.appended.push(delivery);
        Ok(())
    }

    fn put_aside(&mut self, delivery: Delivery, error: &WireError) -> Result<(), DispatchError> {
        let job = JobId(delivery.message().id);
        self.asked
            .entry(job)
            .and_modify(|asked| asked.misread = true);
        let reason = format!("nothing this coordinator can read: {error}");
        self.unreadable.push((delivery, reason));
        Ok(())
    }

    /// Appends an outcome and tells the run, unless the outcome can't be read.
    pub(super) async fn answer(
        &mut self,
        id: JobId,
        body: &[u8],
    ) -> Result<Result<(), WireError>, DispatchError> {
        let Some(&Asked { ask, .. }) = self.asked.get(&id) else {
            return Ok(Ok(()));
        };
        let outcome: Outcome = match wire::decode(Kind::Outcome, body) {
            Ok(outcome) => outcome,
            Err(error) => return Ok(Err(error)),
        };
        let entry = entry::of(&ask, id, &outcome.result);
        self.append(&entry, body).await?;
        self.asked.remove(&id);
        self.offering.done(id);
        let came = entry::came_of(&entry);
        let course = &self.options.metrics.course;
        course.appended.of((ask.stage, counted(&came))).inc();
        course.ledger_bytes.of(()).inc_by(body.len() as u64);
        if matches!(came, Came::Made { .. }) && ask.stage != Stage::Rollout {
            let candidate = (ask.slot, ask.candidate);
            self.content.fresh.put(candidate, outcome.result);
        }
        self.run.outcome(ask, came);
        Ok(Ok(()))
    }

    /// Writes down what a delivery of a job took, whatever has become of the job. What another release tells
    /// otherwise is not worth a letter in the dead lane.
    fn took(&mut self, id: JobId, body: &[u8]) {
        match (wire::decode(Kind::Notice, body), &mut self.operations) {
            (Ok(Notice::Took(operation)), Some(operations)) => {
                // Whoever asked a model has the world of the job.
                if !operation.requests.is_empty() {
                    self.offering.somebody_works();
                }
                operations.note(id, *operation);
            }
            (Err(error), _) => tracing::debug!(job = %id, %error, "what it took can't be read"),
            (Ok(_), _) => {}
        }
    }

    /// Hears what a worker tells of a job that stays open, unless it can't be read.
    async fn notice(
        &mut self,
        id: JobId,
        body: &[u8],
    ) -> Result<Result<(), WireError>, DispatchError> {
        let Some(&Asked { ask, .. }) = self.asked.get(&id) else {
            return Ok(Ok(()));
        };
        let notice: Notice = match wire::decode(Kind::Notice, body) {
            Ok(notice) => notice,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(entry) = entry::of_event(&ask, id, &notice) {
            self.append(&entry, body).await?;
        }
        match notice {
            Notice::Missing { snapshot } => self.missing(ask, id, snapshot).await?,
            Notice::Crashed { times, how } => {
                tracing::error!(job = %id, times, how, "the process of a job died");
            }
            Notice::Spent { spent, wanted } => {
                tracing::warn!(job = %id, %spent, %wanted, "the budget does not cover what a job asks next");
                self.asked.remove(&id);
                self.run.give_up(ask);
                self.spent = self.spent.max(Some(spent));
            }
            // It is told by its own name.
            Notice::Took(_) => {}
        }
        Ok(Ok(()))
    }

    /// Sends a job again, with the world or the start states that its worker could not come by.
    async fn missing(
        &mut self,
        ask: Ask,
        id: JobId,
        snapshot: Digest,
    ) -> Result<(), DispatchError> {
        tracing::info!(job = %id, %snapshot, "a worker misses what its job names by a digest");
        self.asked
            .entry(id)
            .and_modify(|asked| asked.since = Instant::now());
        let carries = if self.options.world.is(&snapshot) {
            self.offering.again(&self.options.world);
            Carries::World
        } else {
            Carries::StartStates
        };
        if let Some(apart) = &mut self.apart {
            apart.forget(&snapshot);
        }
        self.publish(&ask, id, carries).await
    }
}

fn counted(came: &Came) -> Counted {
    match came {
        Came::Made { .. } => Counted::Made,
        Came::Rejected(_) => Counted::Rejected,
        Came::Failed => Counted::Failed,
    }
}
