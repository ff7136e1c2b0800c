//! A model endpoint to try a client against; see `harness::endpoint`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use harness::endpoint::{Brain, Endpoint, Fault, Form, Misbehaviour, Settings};

/// Serves chat completions and messages, well or badly.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; port 0 for any that is free
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// heldout, echo, fixed:TEXT or script:FILE (a JSON list of texts, or of objects with text and calls)
    #[arg(long, default_value = "heldout", value_parser = Brain::parse)]
    brain: Brain,
    /// How long an answer takes, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS")]
    latency: u64,
    /// NAME or NAME:WHEN, which is always, first=N times of a request, requests=SHARE or conversations=SHARE; may repeat
    #[arg(long, value_name = "FAULT")]
    fault: Vec<Fault>,
    /// Draws the shares of faults
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Asks for this key
    #[arg(long, env = "ENDPOINT_KEY", hide_env_values = true)]
    key: Option<String>,
    /// Thinks before it answers; refuses tool calls without the thoughts that it signed
    #[arg(long)]
    reasoning: bool,
    /// What `Retry-After` says, in seconds
    #[arg(long, default_value_t = 1, value_name = "S")]
    retry_after: u64,
    /// Prints every misbehaviour, whose fault its end is, and what it does
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        list();
        return ExitCode::SUCCESS;
    }
    let endpoint = Endpoint::start(Settings {
        listen: arguments.listen,
        brain: arguments.brain,
        latency: Duration::from_millis(arguments.latency),
        faults: arguments.fault,
        seed: arguments.seed,
        key: arguments.key,
        reasoning: arguments.reasoning,
        retry_after: Duration::from_secs(arguments.retry_after),
        ..Settings::default()
    });
    match endpoint {
        Ok(endpoint) => {
            println!("{}", endpoint.base_url());
            // Whoever started this reads the address from a pipe.
            drop(std::io::stdout().flush());
            loop {
                std::thread::park();
            }
        }
        Err(error) => {
            eprintln!("cannot listen at {}: {error}", arguments.listen);
            ExitCode::FAILURE
        }
    }
}

fn list() {
    for misbehaviour in Misbehaviour::ALL {
        let forms = [Form::OpenAi, Form::Anthropic].map(|form| misbehaviour.speaks(form));
        let only = match forms {
            [true, false] => " (OpenAI's form only)",
            [false, true] => " (Anthropic's form only)",
            _ => "",
        };
        println!(
            "{misbehaviour:<26} {:<28} {}{only}",
            format!("{:?}", misbehaviour.expected()),
            misbehaviour.does()
        );
    }
}
