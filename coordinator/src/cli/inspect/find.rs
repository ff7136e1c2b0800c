//! From what a person types to what is meant. Ids are derived, so nothing is read to find one.

use anyhow::{Context as _, bail};
use proto::ids::{EpisodeId, JobId, TaskId};
use proto::job::Stage;
use worker::stages::episode_id;
use worker::synthesize::{task_id, twin_id};

use crate::archive::Archive;
use crate::run::{Ask, Slot};

/// What is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A filled slot, with its candidate.
    Slot(u32, u16),
    /// A task or a twin.
    Task {
        /// Its slot.
        slot: u32,
        /// Its candidate.
        candidate: u16,
        /// Whether it is the twin.
        twin: bool,
    },
    /// A record of the ledger; an episode's too.
    Job(Ask),
}

/// Most matches that are listed when a beginning fits several ids.
const LISTED: usize = 5;

/// Finds `slot:N`, or the one thing whose id begins as given.
pub(super) fn find(archive: &Archive, given: &str) -> anyhow::Result<Found> {
    if let Some(number) = given.strip_prefix("slot:") {
        return slot(archive, number);
    }
    let kind = given.split_once('_').map(|(kind, _)| kind);
    let known = [TaskId::PREFIX, EpisodeId::PREFIX, JobId::PREFIX];
    let Some(kind) = kind.filter(|kind| known.contains(kind)) else {
        bail!("`{given}` is neither slot:N nor an id that begins with task_, episode_ or job_");
    };
    let mut search = Search {
        given,
        matches: Vec::new(),
    };
    if kind == JobId::PREFIX {
        search.jobs(archive);
    } else {
        search.tasks_and_episodes(archive, kind == TaskId::PREFIX);
    }
    match search.matches.as_slice() {
        [] => bail!(
            "nothing in this run has an id that begins with `{given}`; `t2t inspect` without an id says what is there"
        ),
        [(_, found)] => Ok(*found),
        several => {
            let ids: Vec<&str> = several
                .iter()
                .take(LISTED)
                .map(|(id, _)| id.as_str())
                .collect();
            bail!(
                "`{given}` is the beginning of {} ids, such as {}; give more of it",
                several.len(),
                ids.join(", ")
            );
        }
    }
}

fn slot(archive: &Archive, number: &str) -> anyhow::Result<Found> {
    let number: u32 = number
        .parse()
        .with_context(|| format!("slot:{number}: write slot:N with a number from 0"))?;
    let slots = archive.run.slots();
    match slots.get(number as usize) {
        None => bail!(
            "slot:{number}: the plan has slots 0 to {}",
            slots.len().saturating_sub(1)
        ),
        Some(Slot::Settled(candidate, _)) => Ok(Found::Slot(number, *candidate)),
        Some(Slot::Exhausted) => bail!(
            "slot:{number} was given up; `t2t inspect RUN --rejected --slot {number}` says why"
        ),
        Some(Slot::Failed(candidate)) => bail!(
            "slot:{number} was closed by a failed job of candidate {candidate}; `t2t inspect RUN --rejected --slot {number}` shows it"
        ),
        Some(Slot::Waiting | Slot::Trying(_)) => {
            bail!("slot:{number} is still open; run the `t2t run` command again to go on")
        }
    }
}

struct Search<'a> {
    given: &'a str,
    matches: Vec<(String, Found)>,
}

impl Search<'_> {
    fn offer(&mut self, id: &str, found: Found) {
        if id.starts_with(self.given) {
            self.matches.push((id.to_owned(), found));
        }
    }

    fn tasks_and_episodes(&mut self, archive: &Archive, tasks: bool) {
        for (slot, standing) in archive.run.slots().iter().enumerate() {
            let Slot::Settled(candidate, twinned) = *standing else {
                continue;
            };
            let slot = slot as u32;
            let task = task_id(archive.course.run, slot, candidate);
            let ids = [(task, false), (twin_id(task), true)];
            for (id, twin) in ids.into_iter().take(1 + usize::from(twinned)) {
                if tasks {
                    self.offer(
                        &id.to_string(),
                        Found::Task {
                            slot,
                            candidate,
                            twin,
                        },
                    );
                } else {
                    self.episodes(archive, id, (slot, candidate, twin));
                }
            }
        }
    }

    fn episodes(
        &mut self,
        archive: &Archive,
        task: TaskId,
        (slot, candidate, twin): (u32, u16, bool),
    ) {
        for place in 0..archive.course.plan.agents.len() as u16 {
            let agent = archive.course.casts.identity(place);
            for trial in 0..archive.course.plan.trials {
                let ask = Ask {
                    stage: Stage::Rollout,
                    slot,
                    candidate,
                    rollout: Some((place, trial, twin)),
                };
                self.offer(&episode_id(task, agent, trial).to_string(), Found::Job(ask));
            }
        }
    }

    fn jobs(&mut self, archive: &Archive) {
        for (slot, standing) in archive.run.slots().iter().enumerate() {
            let slot = slot as u32;
            for candidate in 0..archive.tried(slot) {
                for stage in [Stage::Explore, Stage::Synthesize, Stage::Verify] {
                    let ask = Ask {
                        stage,
                        slot,
                        candidate,
                        rollout: None,
                    };
                    self.offer(&archive.course.job(&ask).to_string(), Found::Job(ask));
                }
            }
            if let Slot::Settled(candidate, twinned) = *standing {
                self.rollouts(archive, slot, candidate, twinned);
            }
        }
    }

    fn rollouts(&mut self, archive: &Archive, slot: u32, candidate: u16, twinned: bool) {
        for agent in 0..archive.course.plan.agents.len() as u16 {
            for trial in 0..archive.course.plan.trials {
                for twin in [false, true].into_iter().take(1 + usize::from(twinned)) {
                    let ask = Ask {
                        stage: Stage::Rollout,
                        slot,
                        candidate,
                        rollout: Some((agent, trial, twin)),
                    };
                    self.offer(&archive.course.job(&ask).to_string(), Found::Job(ask));
                }
            }
        }
    }
}
