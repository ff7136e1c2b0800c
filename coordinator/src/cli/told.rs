//! What others hear of a run that goes on: on the board, and on the page `/progress`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use proto::record::Money;
use proto::store::Board;
use proto::topology::Instance;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use worker::serve::{BEAT, CANCELLED, LIFE};

use crate::dispatch::{Course, Turn, Watch};
use crate::pace::Pace;
use crate::run::Progress;
use crate::status::{RUNS, RunNote};

const NANOS_A_CENT: u64 = 10_000_000;

/// Where a coordinator stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It has not come to its services yet.
    Connecting,
    /// Another coordinator is at the run.
    StandingBy,
    /// It coordinates.
    Running,
}

impl State {
    fn label(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::StandingBy => "standing by",
            Self::Running => "running",
        }
    }
}

#[derive(Debug)]
struct Now {
    state: State,
    progress: Progress,
    /// Only of what came since the ledger was taken in.
    pace: Option<Pace>,
    /// What models have cost, where that is counted.
    spent: Option<Money>,
    cancelled: bool,
}

/// The progress of a run, as others see it. Clones show the same.
#[derive(Debug, Clone)]
pub(super) struct Told {
    about: RunNote,
    began: Instant,
    now: Arc<Mutex<Now>>,
}

impl Told {
    pub(super) fn new(course: &Course) -> Self {
        let now = Now {
            state: State::Connecting,
            progress: Progress::default(),
            pace: None,
            spent: None,
            cancelled: false,
        };
        Self {
            about: RunNote::new(course),
            began: Instant::now(),
            now: Arc::new(Mutex::new(now)),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Now)) {
        change(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn look(&self) -> (State, RunNote) {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let spent_cents = now.spent.map(|Money(nanos)| nanos / NANOS_A_CENT);
        let note = RunNote {
            spent_cents,
            ..self.about.clone().at(now.progress)
        };
        let rates = now.pace.as_ref();
        let rates = rates.and_then(|pace| pace.rates(self.began.elapsed(), now.progress));
        let note = match rates {
            Some(rates) => note.going(rates, now.progress),
            None => note,
        };
        (now.state, note)
    }

    /// Models have cost so much, as one of those says who count it: what a budget has left is told by the store,
    /// every other price by the workers. The store is sooner, and knows of calls that nobody lived to tell of.
    pub(super) fn spent(&self, spent: Money) {
        self.change(|now| now.spent = now.spent.max(Some(spent)));
    }

    /// Whether the run is to stop for good.
    pub(super) fn cancelled(&self) -> bool {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.cancelled
    }

    /// The note for the board. One that stands by posts nothing: the board shows the run as its
    /// coordinator sees it.
    fn note(&self) -> Option<RunNote> {
        let (state, note) = self.look();
        (state == State::Running).then_some(note)
    }

    /// The page `/progress`: the note, and where this coordinator stands.
    pub(super) fn page(&self) -> Value {
        let (state, note) = self.look();
        let mut page = json!(note);
        page["state"] = state.label().into();
        page
    }
}

/// Passes on what is told, and tells others.
pub(super) struct Telling<'a> {
    told: Told,
    watch: &'a mut dyn Watch,
}

impl<'a> Telling<'a> {
    pub(super) fn new(told: Told, watch: &'a mut dyn Watch) -> Self {
        Self { told, watch }
    }
}

impl Watch for Telling<'_> {
    fn progress(&mut self, progress: Progress) {
        let elapsed = self.told.began.elapsed();
        self.told.change(|now| {
            now.state = State::Running;
            now.progress = progress;
            if let Some(pace) = &mut now.pace {
                pace.note(elapsed, progress);
            }
        });
        self.watch.progress(progress);
    }

    fn caught_up(&mut self, progress: Progress) {
        self.told.change(|now| now.pace = Some(Pace::default()));
        self.progress(progress);
        self.watch.caught_up(progress);
    }

    fn paid(&mut self, cost: Option<Money>) {
        if let Some(cost) = cost {
            self.told.spent(cost);
        }
        self.watch.paid(cost);
    }

    fn turn(&mut self, turn: Turn) {
        if turn == Turn::Others {
            self.told.change(|now| now.state = State::StandingBy);
        }
        self.watch.turn(turn);
    }
}

/// Posts the run again and again, and stops it when the board says that it is cancelled.
pub(super) async fn beat(
    told: Told,
    instance: Instance,
    board: Arc<dyn Board>,
    stop: CancellationToken,
) {
    let mut beat = tokio::time::interval(BEAT);
    let name = instance.to_string();
    loop {
        beat.tick().await;
        if let Some(note) = told.note() {
            let note = serde_json::to_vec(&note).expect("a note is plain data");
            if let Err(error) = board.post(RUNS, &name, &note, LIFE).await {
                tracing::debug!(%error, "the board does not take the run's progress");
            }
        }
        if matches!(board.read(CANCELLED, &name).await, Ok(Some(_))) {
            tracing::warn!("the run is cancelled");
            told.change(|now| now.cancelled = true);
            stop.cancel();
        }
    }
}
