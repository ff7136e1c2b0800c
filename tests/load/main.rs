//! A fleet under load: what its workers use, and whether they share the work fairly.
//!
//! Real processes over a real broker and cache, and an endpoint that takes a fixed time for an answer. What
//! is printed depends on the machine, and is worth something only where nothing else runs beside it.

mod fairness;
mod growth;
mod limits;
mod misbehaviour;
mod process;
mod stage;
mod thousand;

use std::fmt;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use harness::fleet::Programs;

/// Measures a fleet whose agent is a model that takes its time
#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure; all of it if nothing is named
    #[arg(value_enum)]
    what: Vec<What>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Four workers with 250 equal episodes each, over an endpoint that takes a second
    Fairness,
    /// One, two and four workers of ten slots, over an endpoint that takes 200 ms
    Growth,
    /// One worker of a thousand slots
    Thousand,
    /// Four workers over an endpoint that may be asked 600 times a minute, eight times at once; and over one
    /// that may be sent 1.5 million tokens a minute
    Limits,
    /// 500 tasks, 200 conversations at once, over an endpoint that misbehaves in every way it knows
    Misbehaviour,
}

/// A figure beside what is asked of it.
struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    asked: Asked,
}

enum Asked {
    Least(f64),
    Most(f64),
}

impl Figure {
    fn holds(&self) -> bool {
        match self.asked {
            Asked::Least(least) => self.value >= least,
            Asked::Most(most) => self.value <= most,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, bound) = match self.asked {
            Asked::Least(least) => (">=", least),
            Asked::Most(most) => ("<=", most),
        };
        let verdict = if self.holds() { "holds" } else { "MISSED" };
        let Self {
            name, value, unit, ..
        } = self;
        write!(
            f,
            "{name:<46}{value:>9.2} {unit:<4}{sign} {bound:<6}{verdict}"
        )
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Some(programs) = Programs::beside() else {
        eprintln!("the programs of the fleet are missing: cargo build --release -p tests --bins");
        return ExitCode::from(2);
    };
    let mut held = true;
    for &what in What::value_variants() {
        if !arguments.what.is_empty() && !arguments.what.contains(&what) {
            continue;
        }
        let measured = match what {
            What::Fairness => fairness::measure(programs),
            What::Growth => growth::measure(programs),
            What::Thousand => thousand::measure(programs),
            What::Limits => limits::measure(programs),
            What::Misbehaviour => misbehaviour::measure(programs),
        };
        let Some(figures) = measured else {
            return ExitCode::from(2);
        };
        for figure in figures {
            println!("{figure}");
            held &= figure.holds();
        }
    }
    ExitCode::from(u8::from(!held))
}
