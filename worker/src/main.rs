//! `t2t-worker`: a worker of a fleet.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// As in `t2t`.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    worker::serve::main()
}
