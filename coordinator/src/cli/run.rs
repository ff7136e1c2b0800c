//! `t2t run`: the main job, from a plan to a sealed folder with dataset and report.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use worker::domains::Domain;

use super::open::open;
use super::plan::{Given, describe};
use super::progress::{Bar, RunBar, note, print, say};
use super::work::{Came, FleetArguments, Place, Worked};
use super::{End, work};
use crate::archive::Archive;
use crate::dataset::Settings;
use crate::dispatch::Course;
use crate::home::{Home, RunFile};
use crate::ledger::{Ledger, unfenced};
use crate::plan::Plan;
use crate::plan::cells::Layout;
use crate::plan::identity::Identity;
use crate::report::model::Counts;
use crate::run::{Progress, Run};
use crate::{project, report, seal, world};

/// Arguments of `t2t run`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    given: Given,
    /// Folder of the run; the same command in the same folder goes on where it stopped
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    fleet: FleetArguments,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<End> {
    let plan = arguments.given.plan()?;
    if arguments.dry_run {
        print(&describe(&plan)?);
        return Ok(End::Done);
    }
    carry_out(plan, &Home(arguments.out.clone()), &arguments.fleet)
}

/// Carries a plan out in a folder.
pub(super) fn carry_out(plan: Plan, home: &Home, fleet: &FleetArguments) -> anyhow::Result<End> {
    let (course, domain, file) = planned(plan)?;
    home.fits(&file)?;
    let _lock = fleet.lock(home)?;
    warn_of_less(&course.plan, home)?;
    let slots = course.plan.own_slots();
    say(&format!(
        "{}: {slots} tasks{} in {}",
        course.run,
        share(&course.plan),
        home.path().display()
    ));
    let mut bar = RunBar(Bar::new("run", u64::from(slots)));
    let place = Place { home, file: &file };
    let worked = work::carry_out(&course, &domain, place, fleet, None, &mut bar)?;
    let Worked { work, kept, halt } = match worked {
        Came::Worked(worked) => *worked,
        Came::Stopped(halt) => return Ok(halt.standing_by()),
        Came::Over => {
            say("another coordinator has brought the run to its end");
            return Ok(filled(open(home)?.run.progress()));
        }
    };
    let progress = work.run.progress();
    bar.0.finish(u64::from(progress.closed()), &note(progress));
    let plan = course.plan.clone();
    let ended = || halt.unfinished(&plan);
    let end = conclude(course, domain, work.ledger, home, ended)?;
    drop(kept);
    Ok(end)
}

/// The course of a plan, over its domain, and what the folder of its run says of it.
pub(super) fn planned(plan: Plan) -> anyhow::Result<(Course, Arc<dyn Domain>, RunFile)> {
    let domain = world::domain(&plan)?;
    let identity = Identity::of(&plan, domain.base());
    let layout = Layout::new(&plan, &domain);
    let course = Course::new(identity.run(), plan, layout);
    let file = RunFile {
        identity,
        plan: course.plan.clone(),
        tasks_of: None,
    };
    Ok((course, domain, file))
}

/// Which part of how many tasks a coordinator sees to, if not all.
fn share(plan: &Plan) -> String {
    if plan.partition.is_whole() {
        return String::new();
    }
    format!(" of {}, part {},", plan.tasks, plan.partition)
}

/// Writes dataset and report from the ledger, and seals the folder of a run that has ended; `unfinished`
/// says what became of one that has not.
pub(super) fn conclude(
    course: Course,
    domain: Arc<dyn Domain>,
    ledger: Ledger,
    home: &Home,
    unfinished: impl FnOnce() -> End,
) -> anyhow::Result<End> {
    let part = course.plan.partition;
    let fence = ledger.fence().to_owned();
    let (run, counts) = project_all(course, domain, ledger, home)?;
    let progress = run.progress();
    say(&note(progress));
    let here = home.path().display();
    if counts.quarantined > 0 {
        say(&format!(
            "{} of {} conversations have no score, since a service, a simulated user, a judge or the environment failed: the report says whose they are; `t2t dead requeue --run {here} --quarantined` reopens those that a service broke, and the run's own command then plays them again",
            counts.quarantined, counts.episodes
        ));
    }
    if !run.finished() {
        return Ok(unfinished());
    }
    let sealed = seal::seal(home.path())?;
    unfenced(&fence)?;
    home.write(seal::NAME, &sealed)?;
    if part.is_whole() {
        say(&format!(
            "look at {here}/report.html, load {here}/dataset, check with `t2t verify {here}`"
        ));
    } else {
        say(&format!(
            "this is part {part}: `t2t merge` makes the run of {here} and the other parts"
        ));
    }
    if progress.exhausted + progress.failed > 0 {
        say(&format!(
            "{} slots are not filled: `t2t inspect {here} --rejected` says why; a larger world has more different wishes",
            progress.exhausted + progress.failed
        ));
    }
    Ok(filled(progress))
}

/// How a run that has ended ends its command.
fn filled(progress: Progress) -> End {
    if progress.exhausted + progress.failed > 0 {
        End::Unfilled
    } else {
        End::Done
    }
}

/// Says so when the plan asks for less than the folder already holds: dataset and report then show
/// less, while the ledger keeps everything.
fn warn_of_less(plan: &Plan, home: &Home) -> anyhow::Result<()> {
    let Some(before) = home.read()? else {
        return Ok(());
    };
    let missing = before
        .plan
        .agents
        .iter()
        .any(|agent| !plan.agents.contains(agent));
    if plan.tasks < before.plan.tasks || plan.trials < before.plan.trials || missing {
        say(&format!(
            "note: {} was made with {} tasks, {} trials and agents {}; dataset and report will show only what this plan names, the ledger keeps the rest",
            home.path().display(),
            before.plan.tasks,
            before.plan.trials,
            before.plan.agents.join(", ")
        ));
    }
    Ok(())
}

/// Writes dataset and report from the ledger; gives where the run stands, and what it has.
fn project_all(
    course: Course,
    domain: Arc<dyn Domain>,
    ledger: Ledger,
    home: &Home,
) -> anyhow::Result<(Run, Counts)> {
    let fence = ledger.fence().to_owned();
    let settings = Settings {
        fence: Some(fence.clone()),
        ..Settings::dataset(course.run.to_string())
    };
    let archive = Archive::new(course, domain, ledger);
    project::dataset(&archive, &home.at("dataset"), settings)
        .context("failed to write the dataset")?;
    let model = project::tell::report(&archive).context("failed to make the report")?;
    unfenced(&fence)?;
    home.write("report.html", report::html::render(&model)?.as_bytes())?;
    home.write("report.md", report::markdown::render(&model)?.as_bytes())?;
    Ok((archive.run, model.counts))
}
