//! `t2t`: plans, runs, verifies and reports.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Conversations are many small texts and values, and the system's allocator took a seventh of the time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    coordinator::cli::main()
}
