//! The command line, built with this package so that its tests can start it.

use mimalloc::MiMalloc;

/// As in `t2t`.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> std::process::ExitCode {
    coordinator::cli::main()
}
