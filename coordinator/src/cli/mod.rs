//! The command line. Data goes to standard output, everything else to standard error.
//!
//! Exit codes, the same for every command, stand in `CODES`.

mod bench;
mod controls;
mod cost;
mod dead;
mod domain;
mod eval;
mod export;
mod fleet;
mod inspect;
mod interrupt;
mod merge;
mod open;
mod plan;
mod progress;
mod reached;
mod replies;
mod report;
mod run;
mod serve;
mod status;
mod told;
mod variety;
mod verify;
mod work;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use worker::process::lifecycle::exit;
use worker::process::telemetry::{LogFormat, Settings, Telemetry, TelemetryError};
use worker::services::ServicesError;

/// What `--help` says of exit codes.
const CODES: &str = "\
Exit codes:
  0  done
  1  failed; the message says what, where and how to mend it
  2  wrong usage: the command line, or what it says of broker and cache
  3  stopped softly (Ctrl-C); the same command goes on from there
  4  verification or controls found something
  5  the run ended with slots unfilled
  6  a figure of the evaluation is unreliable
  7  the budget is spent; with a higher one the same command goes on from there
  8  the run was cancelled (t2t cancel); after t2t clean the same command goes on from there
  130  stopped at once (second Ctrl-C)

Data goes to standard output, everything else to standard error.";

/// What is on the command line.
#[derive(Debug, Parser)]
#[command(name = "t2t", version, about = "Makes verified multi-turn tool-use tasks, conversations and datasets", disable_help_subcommand = true, after_help = CODES)]
struct Cli {
    /// How log lines are written: auto (text on a terminal, else JSON), text, json. T2T_LOG says which
    #[arg(long, global = true, value_name = "FORMAT", default_value = "auto")]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make tasks, prove them, roll agents out, and write dataset and report
    Run(run::Arguments),
    /// Carry a plan out over a fleet as a service: health, metrics, progress, a standby
    Serve(serve::Arguments),
    /// Put the parts of a run together that several coordinators have made
    Merge(merge::Arguments),
    /// Check or show a plan
    Plan(plan::Arguments),
    /// Roll agents out on the tasks of an existing run, and compare them
    Eval(eval::Arguments),
    /// Repeat every proof and re-score every stored episode of a run
    Verify(verify::Arguments),
    /// Write a run's conversations in the form that a trainer wants
    Export(export::Arguments),
    /// Make report.html and report.md again from the ledger
    Report(report::Arguments),
    /// Look at a run, a task, an episode, or what was rejected and why
    Inspect(inspect::Arguments),
    /// Run every control and gold over all tasks of a run, with users that the proofs never met
    Controls(controls::Arguments),
    /// Measure how varied the language of a run is
    Variety(variety::Arguments),
    /// Replay calls, compare worlds, show what an agent is given
    Domain(domain::Arguments),
    /// Measure speed on one core
    Bench(bench::Arguments),
    /// Show what a fleet does: runs, workers, lanes
    Status(status::Arguments),
    /// Stop a run over a fleet for good
    Cancel(fleet::RunArguments),
    /// Remove what a run has left on broker and cache
    Clean(fleet::RunArguments),
    /// List or show the jobs that were given up, and have them done after all
    Dead(dead::Arguments),
}

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    Stopped,
    Broken,
    Unfilled,
    Unreliable,
    Spent,
    Cancelled,
}

impl End {
    fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Stopped => 3,
            Self::Broken => 4,
            Self::Unfilled => 5,
            Self::Unreliable => 6,
            Self::Spent => 7,
            Self::Cancelled => 8,
        })
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // Until the end: what is left of the traces is sent when it goes.
    // A service has nobody who watches it, so it says more.
    let level = match cli.command {
        Command::Serve(_) => "info",
        _ => "warn",
    };
    let _telemetry = match telemetry(cli.log_format, level) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            progress::complain(&error.into());
            return ExitCode::from(exit::USAGE);
        }
    };
    let ended = match cli.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Serve(arguments) => serve::serve(&arguments),
        Command::Merge(arguments) => merge::merge(&arguments),
        Command::Plan(arguments) => plan::plan(&arguments),
        Command::Eval(arguments) => eval::eval(&arguments),
        Command::Verify(arguments) => verify::verify(&arguments),
        Command::Export(arguments) => export::export(&arguments),
        Command::Report(arguments) => report::report(&arguments),
        Command::Inspect(arguments) => inspect::inspect(&arguments),
        Command::Controls(arguments) => controls::controls(&arguments),
        Command::Variety(arguments) => variety::variety(&arguments),
        Command::Domain(arguments) => domain::domain(&arguments),
        Command::Bench(arguments) => bench::bench(&arguments),
        Command::Status(arguments) => status::status(&arguments),
        Command::Cancel(arguments) => fleet::cancel(&arguments),
        Command::Clean(arguments) => fleet::clean(&arguments),
        Command::Dead(arguments) => dead::dead(&arguments),
    };
    let printed = |end| progress::all_printed().map(|()| end);
    match ended.and_then(printed) {
        Ok(end) => end.code(),
        Err(error) => {
            progress::complain(&error);
            ExitCode::from(if of_usage(&error) {
                exit::USAGE
            } else {
                exit::FAILED
            })
        }
    }
}

/// A command line that makes no sense, as far as its parser can't tell.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misused(&'static str);

/// Whether the command line has to be mended.
fn of_usage(error: &anyhow::Error) -> bool {
    error.is::<Misused>()
        || error
            .downcast_ref::<ServicesError>()
            .is_some_and(ServicesError::of_usage)
}

/// Logs and traces of this program, as the environment wants them.
fn telemetry(format: LogFormat, level: &'static str) -> Result<Telemetry, TelemetryError> {
    let mut settings =
        Settings::new("t2t", level).with_environment(|name| std::env::var(name).ok())?;
    settings.format = format;
    Telemetry::start(&settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
