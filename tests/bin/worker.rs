//! The worker, built with this package so that its tests can start it.

fn main() -> std::process::ExitCode {
    worker::serve::main()
}
