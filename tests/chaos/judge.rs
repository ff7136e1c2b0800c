//! Holds what a fleet came to against the calm run of the same plan with the poison job failed.
//!
//! The calm run is done by then, poison job included. Its record is taken back and the failure put in its
//! place, and the same command goes on from there: what it comes to is what the fleet must come to.

use std::fs;
use std::path::Path;

use coordinator::archive::{Archive, Held, new_run};
use coordinator::dispatch::{Course, came};
use coordinator::home::Home;
use coordinator::ledger::{Ledger, LedgerError, Reader, Record};
use coordinator::plan::cells::Layout;
use coordinator::plan::identity::Identity;
use coordinator::world;
use proto::ids::JobId;
use proto::outcome::StageResult;
use proto::queue::amqp::{AmqpQueue, AmqpSettings};
use proto::queue::{Queue, QueueError};
use proto::seed::Seed;
use proto::topology::Lane;
use tokio::runtime::Runtime;

use super::Breach;
use super::compare::{Records, compare, result};
use super::site::{CALM, OUT, Site};

/// What a run that broke no promise has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) jobs: u64,
    pub(super) epochs: usize,
}

impl From<LedgerError> for Breach {
    fn from(error: LedgerError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// The job that a seed makes poison, among those of the calm run.
pub(super) fn poison(calm: &Path, seed: u64) -> Result<JobId, Breach> {
    let (reader, ..) = Reader::open(calm)?;
    let jobs: Result<Vec<JobId>, LedgerError> =
        reader.iter().map(|record| Ok(record?.entry.job)).collect();
    let mut jobs = jobs?;
    jobs.sort_unstable();
    let mut rng = Seed::root(seed).child("poison", 0).rng();
    Ok(*rng.pick(&jobs).expect("a run has jobs"))
}

/// Sees whether every promise was kept.
pub(super) fn judge(site: &Site, poison: JobId) -> Result<Kept, Breach> {
    let ours = records(&site.fleet.at(OUT))?;
    let failure = ours.get(&poison).ok_or(Breach::Lost(poison))?;
    match result(failure) {
        Some(StageResult::Failed { error, .. }) if error.starts_with("poison: ") => {}
        _ => return Err(Breach::Acquitted(poison)),
    }
    condemn(&site.fleet.at(CALM), failure)?;
    // The failure may close a slot, or leave a hole among the episodes.
    let line = format!("run {} --workers 2 --out {CALM}", site.plan);
    site.fleet.alone_to(&[0, 5], &line);
    let due = due(&site.fleet.at(CALM))?;
    compare(&ours, &due, poison)?;
    dataset(site)?;
    site.fleet.alone(&format!("verify {OUT}"));
    nothing_buried(site)?;
    no_panics(site)?;
    let folder = site.fleet.at(OUT).join("ledger");
    let epochs = fs::read_dir(folder).map_or(0, Iterator::count);
    let jobs = due.len() as u64;
    Ok(Kept { jobs, epochs })
}

/// The records of a ledger, of which no job may have two.
fn records(run: &Path) -> Result<Records, Breach> {
    let (reader, ..) = Reader::open(run)?;
    let mut records = Records::new();
    for record in reader.iter() {
        let record = record?;
        let job = record.entry.job;
        if record.annuls || records.insert(job, record).is_some() {
            return Err(Breach::Doubled(job));
        }
    }
    Ok(records)
}

/// Puts a failure into the place of what a job came to in the calm run.
fn condemn(calm: &Path, failure: &Record) -> Result<(), Breach> {
    let mut ledger = Ledger::open(calm)?;
    ledger.annul(&failure.entry.job)?;
    ledger.append(&failure.entry, &failure.body)?;
    Ok(ledger.commit()?)
}

/// What a run asks for until it is finished, and what its ledger holds of that.
fn due(run: &Path) -> Result<Records, Breach> {
    let unreadable = |error: &dyn std::fmt::Display| Breach::Unreadable(error.to_string());
    let file = Home(run.to_owned()).read();
    let file = file.map_err(|error| unreadable(&error))?;
    let plan = file.ok_or_else(|| unreadable(&"no run.json"))?.plan;
    let domain = world::domain(&plan).map_err(|error| unreadable(&error))?;
    let run_id = Identity::of(&plan, domain.base()).run();
    let layout = Layout::new(&plan, &domain);
    let course = Course::new(run_id, plan, layout);
    let (reader, index, _) = Reader::open(run)?;
    let archive = Archive::new(course, domain, Held { reader, index });
    let by_job: Result<Records, LedgerError> = archive
        .records()
        .map(|record| record.map(|record| (record.entry.job, record)))
        .collect();
    let mut by_job = by_job?;
    let mut due = Records::new();
    let mut run = new_run(&archive.course, usize::MAX);
    while let Some(ask) = run.ask() {
        let job = archive.course.job(&ask);
        let summary = archive.summary(&ask).ok_or(Breach::Lost(job))?;
        let record = by_job.remove(&job).ok_or(Breach::Lost(job))?;
        due.insert(job, record);
        run.outcome(ask, came(&summary));
    }
    Ok(due)
}

fn dataset(site: &Site) -> Result<(), Breach> {
    let files = |run: &str| site.fleet.files(&format!("{run}/dataset"));
    let (ours, calm) = (files(OUT), files(CALM));
    let names = |files: &[(std::path::PathBuf, Vec<u8>)]| {
        let names = files.iter().map(|(name, _)| name.clone());
        names.collect::<Vec<_>>()
    };
    let differs = |what: String| Err(Breach::Differs(what));
    if calm.is_empty() || names(&ours) != names(&calm) {
        return differs(format!("{:?}, not {:?}", names(&ours), names(&calm)));
    }
    match ours.iter().zip(&calm).find(|(ours, calm)| ours.1 != calm.1) {
        Some((_, (name, _))) => differs(name.display().to_string()),
        None => Ok(()),
    }
}

/// Sees that no job is in a dead lane.
fn nothing_buried(site: &Site) -> Result<(), Breach> {
    let runtime = Runtime::new().expect("a runtime");
    let letters = runtime.block_on(async {
        let queue = AmqpQueue::connect(&AmqpSettings::new(site.vhost.url())).await?;
        let mut letters = Vec::new();
        for lane in Lane::JOBS {
            letters.extend(queue.dead(lane, 1, &|_| true).await?);
        }
        queue.close().await;
        Ok::<_, QueueError>(letters)
    });
    let letters = letters.expect("the broker serves again");
    letters.first().map_or(Ok(()), |letter| {
        let job = JobId(letter.message.id);
        Err(Breach::Buried(format!("{job}: {}", letter.reason)))
    })
}

/// Sees that nothing panicked in any process.
fn no_panics(site: &Site) -> Result<(), Breach> {
    let files = fs::read_dir(site.fleet.at(".")).expect("the fleet's folder");
    for file in files {
        let path = file.expect("an entry").path();
        if path.extension().is_none_or(|ending| ending != "log") {
            continue;
        }
        let bytes = fs::read(&path).expect("a log reads");
        let text = String::from_utf8_lossy(&bytes);
        if let Some(line) = text.lines().find(|line| line.contains("panicked at")) {
            return Err(Breach::Panicked(format!("{}: {line}", path.display())));
        }
    }
    Ok(())
}
