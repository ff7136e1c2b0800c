//! The worker, built with this package so that its tests can start it; with a job that kills it, where the
//! environment names one.

use harness::chaos::Poisoned;
use mimalloc::MiMalloc;

/// As in `t2t-worker`, so that what is measured is what is shipped.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> std::process::ExitCode {
    match Poisoned::named() {
        None => worker::serve::main(),
        Some(job) => worker::serve::main_with(|here| Poisoned::new(here, &job)),
    }
}
