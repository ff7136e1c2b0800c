//! `t2t eval`: agents on the tasks of an existing run, in a folder and with a ledger of their own.
//!
//! An evaluation has the run id of the run that made its tasks, and rollout jobs only; a rollout's job
//! id depends on run, slot, agent and trial alone, so more trials or agents in the same folder do only
//! the new work.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;

use super::open::{course_over, open, tasks_in};
use super::plan::environment;
use super::progress::{Bar, RolloutBar, print, say};
use super::work::{Came, FleetArguments, Place, Worked};
use super::{End, work};
use crate::archive::Archive;
use crate::home::{Home, RunFile, TasksOf};
use crate::ledger::unfenced;
use crate::plan::Plan;
use crate::plan::identity::Identity;
use crate::plan::settings::{Known, PlanFile, evaluation};
use crate::report::model::ReportModel;
use crate::run::Slot;
use crate::{project, report, seal};

/// Arguments of `t2t eval`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  t2t eval --tasks out/first --agent gold noisy:0.2 --trials 4 --out out/eval
  t2t eval --tasks out/first --agent gold noisy:0.2 --trials 8 --out out/eval   (only trials 5 to 8 are new)
  t2t eval --tasks out/first --agent model:small --models models.toml --trials 4 --out out/small

The folder gets report.html, report.md and results.json. `t2t verify` scores every episode again.")]
pub(super) struct Arguments {
    /// Folder of the run whose tasks are used
    #[arg(long, value_name = "DIR")]
    tasks: String,
    /// Agents: gold, noisy:P, a control such as refuser, or model:NAME
    #[arg(long = "agent", value_name = "NAME", num_args = 1.., required = true)]
    agents: Vec<String>,
    /// Plan file (TOML) of which only [models.NAME], user, user_protocol, judge, votes, prompts
    /// and budget_dollars count; what it does not say is as in the run with the tasks
    #[arg(long, value_name = "FILE")]
    models: Option<PathBuf>,
    /// Conversations per task and agent
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    trials: u32,
    /// Folder of the evaluation
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Workers; 0 for one a processor
    #[arg(long, value_name = "W", default_value_t = 0)]
    workers: u32,
    #[command(flatten)]
    fleet: FleetArguments,
}

pub(super) fn eval(arguments: &Arguments) -> anyhow::Result<End> {
    if let Some(benchmark) = arguments.tasks.strip_prefix("tau2:") {
        bail!(
            "--tasks tau2:{benchmark}: the benchmark's own tasks can't be evaluated on yet; name the folder of a `t2t run`"
        );
    }
    let from = Home(PathBuf::from(&arguments.tasks));
    let source = tasks_in(&from)?;
    let plan = planned(arguments, &source.course.plan)?;
    let path = std::path::absolute(from.path())
        .context("--tasks")?
        .display()
        .to_string();
    // The run's, which made the tasks; who talks here stands in the ids of the rollouts.
    let identity = Identity::of(&source.course.plan, source.domain.base());
    let tasks_of = Some(TasksOf {
        path,
        digest: source.tasks_digest(plan.tasks)?,
    });
    carry_out(
        &RunFile {
            identity,
            plan,
            tasks_of,
        },
        source,
        &Home(arguments.out.clone()),
        &arguments.fleet,
    )
}

/// The plan of the tasks' run with the agents, the models and the trials of the evaluation.
fn planned(arguments: &Arguments, tasks_of: &Plan) -> anyhow::Result<Plan> {
    let file = arguments
        .models
        .as_deref()
        .map(PlanFile::read)
        .transpose()?;
    let agents = distinct(&arguments.agents);
    let known = Known::built_in();
    let resolved = evaluation(tasks_of, file.as_ref(), environment()?, agents, &known)?;
    Ok(Plan {
        trials: arguments.trials,
        workers: arguments.workers,
        ..resolved.plan
    })
}

/// The agents in the order given, each once.
fn distinct(names: &[String]) -> Vec<String> {
    let mut agents: Vec<String> = Vec::new();
    for name in names {
        if !agents.contains(name) {
            agents.push(name.clone());
        }
    }
    agents
}

fn carry_out(
    file: &RunFile,
    source: Archive,
    home: &Home,
    fleet: &FleetArguments,
) -> anyhow::Result<End> {
    home.fits(file)?;
    let _lock = fleet.lock(home)?;
    let course = course_over(&source, file.plan.clone());
    let total = rollouts(&source, &file.plan);
    say(&format!(
        "{}: {} episodes by {} in {}",
        course.run,
        total,
        file.plan.agents.join(", "),
        home.path().display()
    ));
    let source = Arc::new(source);
    let mut bar = RolloutBar(Bar::new("eval", total));
    let worked = work::carry_out(
        &course,
        &source.domain,
        Place { home, file },
        fleet,
        Some(Arc::clone(&source)),
        &mut bar,
    )?;
    let Worked { work, kept, halt } = match worked {
        Came::Worked(worked) => *worked,
        Came::Stopped(halt) => return Ok(halt.standing_by()),
        Came::Over => {
            say("another coordinator has brought the evaluation to its end");
            let model = project::tell::report(&open(home)?).context("failed to read it")?;
            print(&pass_table(&model));
            return Ok(reliable(&model));
        }
    };
    let finished = work.run.finished();
    bar.0.finish(work.run.progress().rollouts, "");
    let fence = work.ledger.fence().to_owned();
    let archive = Archive::evaluation(course, work.ledger, source);
    let model = write(&archive, home, Some(&fence))?;
    if !finished {
        return Ok(halt.unfinished(&archive.course.plan));
    }
    let sealed = seal::seal(home.path())?;
    unfenced(&fence)?;
    home.write(seal::NAME, &sealed)?;
    drop(kept);
    print(&pass_table(&model));
    Ok(reliable(&model))
}

/// Episodes that a plan asks for over the tasks of a run, twins' included.
fn rollouts(source: &Archive, plan: &Plan) -> u64 {
    let each = plan.agents.len() as u64 * u64::from(plan.trials);
    let tasks = source.run.slots().iter().map(|slot| match slot {
        Slot::Settled(_, twin) => 1 + u64::from(*twin),
        _ => 0,
    });
    each * tasks.sum::<u64>()
}

/// Writes the projections of an evaluation; they are functions of its ledger and its tasks.
/// Behind a fence nothing is written.
pub(super) fn write(
    archive: &Archive,
    home: &Home,
    fence: Option<&Path>,
) -> anyhow::Result<ReportModel> {
    let model = project::tell::report(archive).context("failed to make the report")?;
    fence.map_or(Ok(()), unfenced)?;
    home.write("report.html", report::html::render(&model)?.as_bytes())?;
    home.write("report.md", report::markdown::render(&model)?.as_bytes())?;
    home.write("results.json", results(archive, &model).as_bytes())?;
    Ok(model)
}

fn unreliable(model: &ReportModel) -> bool {
    model.pass.iter().any(|row| row.unreliable)
}

/// How an evaluation that has ended ends its command.
fn reliable(model: &ReportModel) -> End {
    if unreliable(model) {
        End::Unreliable
    } else {
        End::Done
    }
}

/// The figures for programs.
fn results(archive: &Archive, model: &ReportModel) -> String {
    let plan = &archive.course.plan;
    let results = json!({
        "run": model.run.id,
        "domain": model.run.domain,
        "complete": model.run.complete,
        "agents": plan.agents,
        "trials": plan.trials,
        "unreliable": unreliable(model),
        "counts": model.counts,
        "pass": model.pass,
        "differences": model.differences,
        "violations": model.violations,
        "endings": model.endings,
        "judged": model.judged,
        "models": model.models,
        "cost": model.cost,
    });
    format!("{results:#}\n")
}

/// pass^k by agent and scenario, with the 95 % interval of pass^1.
fn pass_table(model: &ReportModel) -> String {
    let trials = model
        .pass
        .iter()
        .map(|row| row.pass.len())
        .max()
        .unwrap_or(0);
    let mut out = format!(
        "{:<14}{:<12}{:<10}{:>7}{:>9}{:>16}",
        "agent", "scenario", "tasks", "n", "pass^1", "95 %"
    );
    for k in 2..=trials {
        write!(out, "{:>9}", format!("pass^{k}")).expect("writing to a string does not fail");
    }
    out.push('\n');
    for row in &model.pass {
        let slice = row.slice.label();
        write!(
            out,
            "{:<14}{:<12}{slice:<10}{:>7}",
            row.agent, row.scenario, row.tasks
        )
        .expect("writing to a string does not fail");
        for (place, pass) in row.pass.iter().enumerate() {
            write!(out, "{:>8.1}%", 100.0 * pass.mean).expect("writing to a string does not fail");
            if place == 0 {
                let interval = format!("{:.1} to {:.1}", 100.0 * pass.low, 100.0 * pass.high);
                write!(out, "{interval:>16}").expect("writing to a string does not fail");
            }
        }
        out.push_str(if row.unreliable {
            "  unreliable\n"
        } else {
            "\n"
        });
    }
    out
}
