//! `t2t`: plans, runs, verifies and reports.

fn main() -> std::process::ExitCode {
    coordinator::cli::main()
}
