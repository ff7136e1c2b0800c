//! Opens the run or the evaluation in a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, ensure};

use crate::archive::{Archive, Held};
use crate::dispatch::Course;
use crate::home::{Home, RunFile, TasksOf};
use crate::ledger::Reader;
use crate::plan::Plan;
use crate::plan::cells::Layout;
use crate::run::Slot;
use crate::world;

/// Opens what is in a folder, an evaluation together with the run that it took its tasks from.
pub(super) fn open(home: &Home) -> anyhow::Result<Archive> {
    open_with(home, None)
}

/// The same, where the run with the tasks may have moved to `tasks`.
pub(super) fn open_with(home: &Home, tasks: Option<&Path>) -> anyhow::Result<Archive> {
    let file = home.existing()?;
    match file.tasks_of.clone() {
        None => run_of(file, home),
        Some(of) => evaluation_of(file, home, &of, tasks),
    }
}

fn run_of(file: RunFile, home: &Home) -> anyhow::Result<Archive> {
    let domain = world::domain(&home.with_kept_world(file.plan.clone()))?;
    ensure!(
        domain.base() == file.identity.base,
        "the world of {} is not the one the run was made over; put back the world file that its run.json names",
        home.path().display()
    );
    let held = held(home)?;
    let layout = Layout::new(&file.plan, &domain);
    let course = Course::new(file.identity.run(), file.plan, layout);
    Ok(Archive::new(course, domain, held))
}

fn held(home: &Home) -> anyhow::Result<Held> {
    let (reader, index, _) = Reader::open(home.path())?;
    Ok(Held { reader, index })
}

fn evaluation_of(
    file: RunFile,
    home: &Home,
    of: &TasksOf,
    tasks: Option<&Path>,
) -> anyhow::Result<Archive> {
    let place = tasks.map_or_else(|| PathBuf::from(&of.path), Path::to_owned);
    let mend = "name the folder of that run with --tasks";
    let source = tasks_in(&Home(place.clone())).with_context(|| {
        format!(
            "{} took its tasks from the run in {}, which can't be opened; {mend}",
            home.path().display(),
            place.display()
        )
    })?;
    ensure!(
        source.course.run == file.identity.run()
            && source.tasks_digest(file.plan.tasks)? == of.digest,
        "{} does not hold the tasks that {} was made on; {mend}",
        place.display(),
        home.path().display()
    );
    let held = held(home)?;
    Ok(Archive::evaluation(
        course_over(&source, file.plan),
        held,
        Arc::new(source),
    ))
}

/// The course of a plan over the tasks of a run.
pub(super) fn course_over(source: &Archive, plan: Plan) -> Course {
    Course::new(source.course.run, plan, source.course.layout.clone())
}

/// Opens a run for its tasks: every slot must be closed.
pub(super) fn tasks_in(home: &Home) -> anyhow::Result<Archive> {
    let file = home.existing()?;
    let here = home.path().display();
    if let Some(of) = &file.tasks_of {
        anyhow::bail!(
            "{here} is an evaluation and has no tasks of its own; theirs are in {}",
            of.path
        );
    }
    let part = file.plan.partition;
    ensure!(
        part.is_whole(),
        "{here} is part {part} of a run; `t2t merge` makes the run of all parts, which has the tasks"
    );
    let source = run_of(file, home)?;
    let open = source
        .run
        .slots()
        .iter()
        .filter(|slot| matches!(slot, Slot::Waiting | Slot::Trying(_)))
        .count();
    ensure!(
        open == 0,
        "{here} is not finished: {open} of its slots are open; run its `t2t run` command again first"
    );
    Ok(source)
}
