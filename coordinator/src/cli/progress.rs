//! What a person sees while a command works: a bar on a terminal, JSON lines otherwise.

use std::io::{Error, ErrorKind, IsTerminal as _, Write as _};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::dispatch::{Turn, Watch};
use crate::run::Progress;

/// How often a line is printed where there is no terminal.
const EVERY: Duration = Duration::from_secs(2);

/// Says something to the person, not to a program that reads the output.
pub(super) fn say(text: &str) {
    let mut stderr = std::io::stderr().lock();
    // Nobody is left to tell when standard error is gone.
    drop(writeln!(stderr, "{text}"));
}

/// Why data did not get out, if it did not.
static LOST: OnceLock<Error> = OnceLock::new();

/// Prints data; returns whether somebody still reads. Whether it got out, [`all_printed`] says at the end.
pub(super) fn print(text: &str) -> bool {
    let mut stdout = std::io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Ok(()) => true,
        Err(error) => {
            if error.kind() != ErrorKind::BrokenPipe {
                LOST.get_or_init(|| error);
            }
            false
        }
    }
}

/// Whether everything printed got out, as far as anybody wanted it.
pub(super) fn all_printed() -> anyhow::Result<()> {
    match LOST.get() {
        None => Ok(()),
        Some(error) => Err(anyhow!(
            "failed to write to standard output: {error}; what was printed is incomplete"
        )),
    }
}

/// Prints an error with its causes, each once: some errors name theirs themselves.
pub(super) fn complain(error: &anyhow::Error) {
    let mut said = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if said.is_empty() {
            said = cause;
        } else if !said.contains(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    say(&format!("error: {said}"));
}

/// Follows a piece of work of known size.
#[derive(Debug)]
pub(super) struct Bar {
    bar: Option<ProgressBar>,
    what: &'static str,
    total: u64,
    began: Instant,
    printed: Option<Instant>,
}

impl Bar {
    pub(super) fn new(what: &'static str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar =
                ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
            let style = ProgressStyle::with_template(
                "{prefix:>10} [{bar:30}] {pos}/{len} {per_sec} {eta} left  {msg}",
            );
            bar.set_style(
                style
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .progress_chars("=> "),
            );
            bar.set_prefix(what);
            bar
        });
        Self {
            bar,
            what,
            total,
            began: Instant::now(),
            printed: None,
        }
    }

    pub(super) fn set(&mut self, done: u64, message: &str) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(message.to_owned());
            return;
        }
        let now = Instant::now();
        if self.printed.is_none_or(|printed| now - printed >= EVERY) {
            self.printed = Some(now);
            self.line(done, message);
        }
    }

    fn line(&self, done: u64, message: &str) {
        let seconds = self.began.elapsed().as_secs_f64();
        let rate = if seconds > 0.0 {
            done as f64 / seconds
        } else {
            0.0
        };
        let left = if rate > 0.0 {
            self.total.saturating_sub(done) as f64 / rate
        } else {
            0.0
        };
        let line = serde_json::json!({
            "event": self.what, "done": done, "of": self.total, "per_second": (rate * 10.0).round() / 10.0,
            "seconds_left": left.round(), "note": message,
        });
        say(&line.to_string());
    }

    pub(super) fn finish(self, done: u64, message: &str) {
        match &self.bar {
            Some(bar) => bar.finish_and_clear(),
            None => self.line(done, message),
        }
    }
}

/// Follows a run.
#[derive(Debug)]
pub(super) struct RunBar(pub(super) Bar);

impl Watch for RunBar {
    fn progress(&mut self, progress: Progress) {
        self.0.set(u64::from(progress.closed()), &note(progress));
    }

    fn turn(&mut self, turn: Turn) {
        say(whose(turn));
    }
}

/// Follows an evaluation.
#[derive(Debug)]
pub(super) struct RolloutBar(pub(super) Bar);

impl Watch for RolloutBar {
    fn progress(&mut self, progress: Progress) {
        self.0.set(progress.rollouts, "");
    }

    fn turn(&mut self, turn: Turn) {
        say(whose(turn));
    }
}

fn whose(turn: Turn) -> &'static str {
    match turn {
        Turn::Others => "standing by: another coordinator is at this run",
        Turn::Ours => "the other coordinator is gone; taking over",
    }
}

/// A run's progress in words.
pub(super) fn note(progress: Progress) -> String {
    let mut note = format!(
        "{} admitted, {} candidates rejected, {} episodes",
        progress.settled, progress.rejected, progress.rollouts
    );
    if progress.exhausted + progress.failed > 0 {
        note.push_str(&format!(
            ", {} exhausted, {} failed",
            progress.exhausted, progress.failed
        ));
    }
    note
}
