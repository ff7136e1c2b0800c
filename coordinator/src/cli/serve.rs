//! `t2t serve`: a plan carried out over a fleet by a service, as under Kubernetes.
//!
//! It is `t2t run` with other defaults, and nothing else: it listens, it stands by where another is at the
//! run, and it insists on a fleet.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;
use worker::process::health::Listen;
use worker::services::Services;

use super::plan::Given;
use super::replies::RepliesArguments;
use super::run::carry_out;
use super::work::{FleetArguments, Share};
use super::{End, Misused};
use crate::home::Home;

/// Arguments of `t2t serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
It answers, from its start on:
  /healthz   200 while its event loop moves
  /readyz    200 while it is connected to broker and cache, also when it stands by
  /metrics   for Prometheus
  /progress  the run as JSON; `state` is connecting, standing by or running

Exit codes, and what a supervisor should do:
  0    done: dataset and report are written                     do not start it again
  1    failed: a service, the folder or the plan; see the log   start it again after a while
  2    wrong usage or settings                                  mend the command first
  3    stopped softly by SIGTERM                                start it again to go on
  5    done, with slots unfilled                                do not start it again
  7    stopped, its budget is spent                             raise `budget_dollars` first
  8    cancelled                                                do not start it again before t2t clean
  130  stopped at once by a second signal                       start it again to go on

Two of them with the same --out (a folder that both can write) are a coordinator and its standby. The one
that stands by takes over within seconds, and when the run is done it ends with the same code.")]
pub(super) struct Arguments {
    #[command(flatten)]
    given: Given,
    /// Folder of the run
    #[arg(long, value_name = "DIR", env = "T2T_OUT")]
    out: PathBuf,
    #[command(flatten)]
    services: Services,
    #[command(flatten)]
    share: Share,
    /// Fail where another coordinator is at this run, instead of standing by
    #[arg(long)]
    alone: bool,
    /// Where to answer: HOST:PORT, or off
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "0.0.0.0:9464",
        env = "T2T_LISTEN"
    )]
    listen: Listen,
    /// File that what models answered is copied to when the run ends or stops
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

pub(super) fn serve(arguments: &Arguments) -> anyhow::Result<End> {
    ensure!(
        arguments.services.named(),
        Misused(
            "a service needs a fleet: give --broker and --cache (or T2T_BROKER and T2T_CACHE); `t2t run` works without"
        )
    );
    let plan = arguments.given.plan()?;
    let fleet = FleetArguments {
        services: arguments.services.clone(),
        share: arguments.share.clone(),
        standby: !arguments.alone,
        listen: arguments.listen.clone(),
        replies: RepliesArguments {
            record: arguments.record.clone(),
            replay: None,
        },
    };
    carry_out(plan, &Home(arguments.out.clone()), &fleet)
}
