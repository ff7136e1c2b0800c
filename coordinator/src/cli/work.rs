//! What `run` and `eval` share: the same coordinator and workers in this process, until the work is
//! done or a signal comes.

use std::sync::Arc;

use worker::domains::Domain;

use super::interrupt;
use crate::archive::Archive;
use crate::dispatch::{Course, Watch};
use crate::embedded;
use crate::home::Home;
use crate::ledger::Ledger;
use crate::run::Run;

/// Carries out a course in its folder, whose lock the caller holds; with `tasks`, rollouts only.
pub(super) fn carry_out(
    course: &Course,
    domain: &Arc<dyn Domain>,
    home: &Home,
    tasks: Option<Arc<Archive>>,
    watch: &mut dyn Watch,
) -> anyhow::Result<(Run, Ledger)> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = if course.plan.workers == 0 {
        processors
    } else {
        course.plan.workers as usize
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers + 1)
        .enable_all()
        .build()?;
    let ledger = Ledger::open(home.path())?;
    let stop = interrupt::listen()?;
    let work = embedded::carry_out(
        course,
        Arc::clone(domain),
        ledger,
        workers,
        tasks,
        watch,
        stop,
    );
    Ok(runtime.block_on(work)?)
}
