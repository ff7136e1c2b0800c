//! `t2t-worker`: a worker of a fleet. The fleet's queue is not there yet; until then `t2t run` does the
//! same work in one process.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let message = "error: t2t-worker takes its jobs from a broker, and this release has no broker transport yet\n\
         hint: `t2t run --workers N` runs coordinator and workers in one process, with the same results\n";
    // Nobody is left to tell when standard error is gone.
    drop(std::io::stderr().lock().write_all(message.as_bytes()));
    ExitCode::from(2)
}
