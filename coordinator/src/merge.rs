//! The parts of a run put together: the union of their ledgers is the ledger of the run.
//!
//! Slots of different strata never look at each other, so what each part came to is what one coordinator
//! would have come to, and every record has the id it would have had. So merging is appending the parts'
//! records to one ledger; whatever is made of that is made as of any other run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use proto::ids::BaseId;
use worker::domains::Domain;

use crate::archive::{Archive, Held};
use crate::dispatch::{Course, failed};
use crate::home::{Home, HomeError, RunFile};
use crate::ledger::{Ledger, LedgerError, Reader, Record};
use crate::plan::Plan;
use crate::plan::cells::Layout;
use crate::plan::identity::differences;
use crate::plan::partition::Partition;
use crate::run::Slot;
use crate::world::{self, WorldError};

/// Why parts can't be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A folder's.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// A ledger's.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The world's.
    #[error(transparent)]
    World(#[from] WorldError),
    /// There is nothing to merge.
    #[error("no parts are named; name the folder of each")]
    None,
    /// Not a run.
    #[error("{} is an evaluation; merge the parts of a run, and evaluate on what comes of it", .0.display())]
    Evaluation(PathBuf),
    /// Parts of different runs, or of a run at different sizes.
    #[error(
        "{} and {} are parts of different plans; they differ in\n  {}\ngive parts that were run with the same settings, or run the smaller ones again with those of the larger",
        one.display(), other.display(), differences.join("\n  ")
    )]
    Differ {
        /// The first part.
        one: PathBuf,
        /// The part that differs from it.
        other: PathBuf,
        /// In what: there is the first, here the other.
        differences: Vec<String>,
    },
    /// Strata that two parts hold.
    #[error("{} ({first}) and {} ({second}) both hold strata {}; give each part once", one.display(), other.display(), list(strata))]
    Overlap {
        /// A part.
        one: PathBuf,
        /// Which it is.
        first: Partition,
        /// Another.
        other: PathBuf,
        /// Which that is.
        second: Partition,
        /// What both hold.
        strata: Vec<u32>,
    },
    /// Strata that no part holds.
    #[error("no part holds strata {}; name the parts that do, or give --incomplete to merge what there is", list(.0))]
    Missing(Vec<u32>),
    /// A part whose run has not ended.
    #[error(
        "{} ({part}) is not finished: {open} of its slots are open or not rolled out; run its `t2t run` command again first, or give --incomplete to merge what there is",
        path.display()
    )]
    Unfinished {
        /// The part.
        path: PathBuf,
        /// Which it is.
        part: Partition,
        /// Slots that are open.
        open: usize,
    },
    /// The world is not the one the run was made over.
    #[error("the world of {} has base {found}, and the run was made over {wanted}; put back the world file that its run.json names", path.display())]
    OtherWorld {
        /// The part.
        path: PathBuf,
        /// Its base.
        found: BaseId,
        /// The run's.
        wanted: BaseId,
    },
}

/// Numbers in a row, the first few.
fn list(numbers: &[u32]) -> String {
    const SHOWN: usize = 16;
    let shown: Vec<String> = numbers.iter().take(SHOWN).map(u32::to_string).collect();
    let more = if numbers.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Parts of one run that go together.
#[derive(Debug)]
pub struct Parts {
    /// The whole run, as its folder is to describe it.
    pub file: RunFile,
    /// The domain over the run's world.
    pub domain: Arc<dyn Domain>,
    layout: Layout,
    /// Folder and content, by the first stratum of each.
    parts: Vec<(Home, Archive)>,
}

impl Parts {
    /// Opens the parts in these folders. Unless what comes of them may be `incomplete`, they must hold
    /// every stratum and be finished.
    ///
    /// # Errors
    /// When they do not go together.
    pub fn open(homes: &[Home], incomplete: bool) -> Result<Self, MergeError> {
        let mut found = Vec::with_capacity(homes.len());
        for home in homes {
            let file = home.existing()?;
            if file.tasks_of.is_some() {
                return Err(MergeError::Evaluation(home.0.clone()));
            }
            found.push((home.clone(), file));
        }
        let Some((first, file)) = found.first().cloned() else {
            return Err(MergeError::None);
        };
        go_together(&found)?;
        let missing = cover(&found, file.plan.strata)?;
        if !missing.is_empty() && !incomplete {
            return Err(MergeError::Missing(missing));
        }
        let domain = domain(&first, &file)?;
        let layout = Layout::new(&file.plan, &domain);
        let mut parts = Vec::with_capacity(found.len());
        for (home, file) in found {
            let archive = archive(&home, file, &domain, &layout)?;
            if !archive.run.finished() && !incomplete {
                return Err(unfinished(home, &archive));
            }
            parts.push((home, archive));
        }
        // Whatever order they were named in, the ledger of the run is the same.
        parts.sort_by_key(|(_, archive)| {
            let plan = &archive.course.plan;
            (0..plan.strata).find(|&stratum| plan.partition.has(stratum))
        });
        Ok(Self {
            file: whole(file),
            domain,
            layout,
            parts,
        })
    }

    /// The first part's folder, which has the world file if there is one.
    pub fn first(&self) -> &Home {
        &self.parts[0].0
    }

    /// The course of the whole run.
    pub fn course(&self) -> Course {
        let run = self.file.identity.run();
        Course::new(run, self.file.plan.clone(), self.layout.clone())
    }

    /// Appends what the parts hold and the ledger does not; gives how many records that were.
    ///
    /// # Errors
    /// The ledgers'.
    pub fn append_to(&self, ledger: &mut Ledger) -> Result<u64, LedgerError> {
        let mut appended = 0;
        for (_, archive) in &self.parts {
            for record in archive.records() {
                appended += u64::from(take(ledger, &record?)?);
            }
            ledger.commit()?;
        }
        Ok(appended)
    }
}

/// Appends a record, unless the ledger has it. A failure that was there before gives way to what came
/// of the job since.
fn take(ledger: &mut Ledger, record: &Record) -> Result<bool, LedgerError> {
    let entry = &record.entry;
    let known = ledger.index().get(&entry.job).map(|(summary, _)| summary);
    if known.is_some_and(|known| failed(known.code)) && !failed(entry.code) {
        ledger.annul(&entry.job)?;
    } else if known.is_some() {
        return Ok(false);
    }
    ledger.append(entry, &record.body)?;
    Ok(true)
}

/// The file of the whole run that a part is of.
fn whole(file: RunFile) -> RunFile {
    RunFile {
        plan: Plan {
            partition: Partition::WHOLE,
            ..file.plan
        },
        ..file
    }
}

/// Refuses parts of different runs, and parts that stand at different sizes.
fn go_together(found: &[(Home, RunFile)]) -> Result<(), MergeError> {
    let (first, file) = &found[0];
    for (home, other) in &found[1..] {
        let mut differing = other.identity.differences(&file.identity);
        differing.extend(differences(&results(&other.plan), &results(&file.plan)));
        differing.extend(other.plan.models_differing(&file.plan));
        differing.dedup();
        if !differing.is_empty() {
            return Err(MergeError::Differ {
                one: first.0.clone(),
                other: home.0.clone(),
                differences: differing,
            });
        }
    }
    Ok(())
}

/// A plan without what it may differ in from part to part, and without what is in the run's identity or
/// is a matter of models.
fn results(plan: &Plan) -> Plan {
    let none = Plan::default();
    Plan {
        domain: none.domain,
        seed: none.seed,
        world: none.world,
        mix: none.mix,
        strata: none.strata,
        max_candidates: none.max_candidates,
        explorer: none.explorer,
        writer: none.writer,
        writer_attempts: none.writer_attempts,
        writer_fallback: none.writer_fallback,
        validity: none.validity,
        votes: none.votes,
        user: none.user,
        user_protocol: none.user_protocol,
        judge: none.judge,
        prompts: none.prompts,
        prompt_texts: none.prompt_texts,
        budget_dollars: none.budget_dollars,
        models: none.models,
        workers: none.workers,
        partition: none.partition,
        ..plan.clone()
    }
}

/// Refuses a stratum that two parts hold; gives those that none does.
fn cover(found: &[(Home, RunFile)], strata: u32) -> Result<Vec<u32>, MergeError> {
    let mut owners: BTreeMap<u32, usize> = BTreeMap::new();
    for (place, (home, file)) in found.iter().enumerate() {
        let own = (0..strata).filter(|&stratum| file.plan.partition.has(stratum));
        let taken: Vec<(u32, usize)> = own
            .filter_map(|stratum| Some((stratum, owners.insert(stratum, place)?)))
            .collect();
        let Some(&(_, before)) = taken.first() else {
            continue;
        };
        let (other, their) = &found[before];
        return Err(MergeError::Overlap {
            one: other.0.clone(),
            first: their.plan.partition,
            other: home.0.clone(),
            second: file.plan.partition,
            strata: taken.into_iter().map(|(stratum, _)| stratum).collect(),
        });
    }
    Ok((0..strata)
        .filter(|stratum| !owners.contains_key(stratum))
        .collect())
}

fn domain(home: &Home, file: &RunFile) -> Result<Arc<dyn Domain>, MergeError> {
    let domain = world::domain(&home.with_kept_world(file.plan.clone()))?;
    let (found, wanted) = (domain.base(), file.identity.base);
    if found == wanted {
        return Ok(domain);
    }
    let path = home.0.clone();
    Err(MergeError::OtherWorld {
        path,
        found,
        wanted,
    })
}

fn archive(
    home: &Home,
    file: RunFile,
    domain: &Arc<dyn Domain>,
    layout: &Layout,
) -> Result<Archive, MergeError> {
    let (reader, index, _) = Reader::open(home.path())?;
    let course = Course::new(file.identity.run(), file.plan, layout.clone());
    Ok(Archive::new(
        course,
        Arc::clone(domain),
        Held { reader, index },
    ))
}

fn unfinished(home: Home, archive: &Archive) -> MergeError {
    let plan = &archive.course.plan;
    let closed = archive.run.slots().iter();
    let closed = closed.filter(|slot| !matches!(slot, Slot::Waiting | Slot::Trying(_)));
    MergeError::Unfinished {
        path: home.0,
        part: plan.partition,
        open: (plan.own_slots() as usize).saturating_sub(closed.count()),
    }
}
