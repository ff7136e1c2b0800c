//! The command line, built with this package so that its tests can start it.

fn main() -> std::process::ExitCode {
    coordinator::cli::main()
}
