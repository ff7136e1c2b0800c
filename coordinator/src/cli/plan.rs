//! `t2t plan`: what a plan comes to, and where each setting is from; and how every command reads one.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};
use proto::job::Wanted;
use proto::record::{Protocol, Role};

use super::progress::print;
use super::{End, cost};
use crate::plan::models::model_in;
use crate::plan::settings::{Flags, Known, PlanFile, Resolved, resolve, show, toml};
use crate::plan::{Plan, cells::Layout};
use crate::world;

/// A plan file and what the command line says beside it.
#[derive(Debug, Args)]
pub(super) struct Given {
    /// Plan file (TOML); without one, defaults, environment and flags make the plan
    #[arg(value_name = "PLAN.toml")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

impl Given {
    /// Reads the plan: defaults, file, `T2T_…` environment, flags.
    pub(super) fn resolve(&self) -> anyhow::Result<Resolved> {
        let file = self.plan.as_deref().map(PlanFile::read).transpose()?;
        Ok(resolve(
            file.as_ref(),
            environment()?,
            &self.flags,
            &Known::built_in(),
        )?)
    }

    /// The plan alone.
    pub(super) fn plan(&self) -> anyhow::Result<Plan> {
        Ok(self.resolve()?.plan)
    }
}

/// The environment of this process, as far as it may hold settings.
pub(super) fn environment() -> anyhow::Result<Vec<(String, String)>> {
    settings_in(std::env::vars_os())
}

/// The variables that can be read as text. One that is not is none of ours, unless its name says so.
fn settings_in(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut read = Vec::new();
    for (name, value) in variables {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => read.push((name, value)),
            (Ok(name), Err(value)) if name.starts_with("T2T_") => {
                bail!("{name} in the environment is not UTF-8: {value:?}; set it anew, or unset it")
            }
            _ => {}
        }
    }
    Ok(read)
}

/// Arguments of `t2t plan`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a plan: settings, world, and that every slot has a cell
    Check(Given),
    /// Show every setting with its value and where it came from
    Show {
        #[command(flatten)]
        given: Box<Given>,
        /// Print a plan file that reads back as this plan
        #[arg(long)]
        toml: bool,
    },
    /// Estimate what the models of a plan will be asked, and what that costs, from a few of its slots
    Cost(Box<cost::Arguments>),
}

pub(super) fn plan(arguments: &Arguments) -> anyhow::Result<End> {
    match &arguments.command {
        Command::Check(given) => {
            print(&describe(&given.plan()?)?);
        }
        Command::Show {
            given,
            toml: as_file,
        } => {
            let resolved = given.resolve()?;
            print(&if *as_file {
                toml(&resolved.plan)
            } else {
                show(&resolved)
            });
        }
        Command::Cost(arguments) => return cost::cost(arguments),
    }
    Ok(End::Done)
}

/// What a plan comes to, without doing it.
pub(super) fn describe(plan: &Plan) -> anyhow::Result<String> {
    let domain = world::domain(plan)?;
    let layout = Layout::new(plan, &domain);
    let mut text = format!(
        "{}: {} tasks from {} people in {} strata, {} agents x {} trials\n",
        plan.domain,
        plan.tasks,
        domain.people(),
        plan.strata,
        plan.agents.len(),
        plan.trials
    );
    text.push_str(&players(plan));
    text.push_str("the first slots:\n");
    for slot in 0..plan.tasks.min(12) {
        let cell = layout.cell(slot, 0);
        let wants: Vec<String> = cell.wants.iter().map(wanted).collect();
        text.push_str(&format!(
            "  {slot:>4}  {:<10}  {:<32}  {}\n",
            cell.scenario.label(),
            cell.kind.to_string(),
            wants.join(" + ")
        ));
    }
    Ok(text)
}

/// The roles that models play, and where those are; nothing for a plan without.
fn players(plan: &Plan) -> String {
    let roles = Role::ALL.into_iter().filter(|role| *role != Role::Agent);
    let played = roles.map(|role| (role.label(), plan.player(role)));
    let agents = plan.agents.iter().map(|agent| ("agent", agent.as_str()));
    let mut text = String::new();
    for (role, player) in played.chain(agents) {
        let model = model_in(player).and_then(|name| plan.models.get(name));
        if let Some(model) = model {
            let place = match model.protocol {
                Protocol::Program => model.command.join(" "),
                _ => model.url.clone(),
            };
            let protocol = model.protocol.label();
            let called = &model.model;
            text.push_str(&format!(
                "{role}: {player}, {called} at {place} ({protocol})\n"
            ));
        }
    }
    text
}

/// A goal asked for, in words.
fn wanted(want: &Wanted) -> String {
    match want {
        Wanted::Write(tool) => tool.clone(),
        Wanted::AnyWrite => "any other write".to_owned(),
        Wanted::Question => "a question".to_owned(),
        Wanted::Blocked(rule) => format!("a wish against {rule}"),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    #[test]
    fn a_setting_that_is_no_text_is_refused_and_a_stranger_is_not() {
        let broken = || OsString::from_vec(vec![b'7', 0xff]);
        let read = |name: &str| settings_in([(name.into(), broken())].into_iter());
        assert_eq!(read("PATH").unwrap(), []);
        let why = read("T2T_SEED").unwrap_err().to_string();
        assert!(why.contains("T2T_SEED") && why.contains("7\\xFF"), "{why}");
        let fine = settings_in([("T2T_SEED".into(), "7".into())].into_iter());
        assert_eq!(fine.unwrap(), [("T2T_SEED".to_owned(), "7".to_owned())]);
    }
}
