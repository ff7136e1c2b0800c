//! How fast a run goes, over the last minute, and how long it will take at that pace.

use std::collections::VecDeque;
use std::time::Duration;

use crate::run::Progress;

/// How far back the pace looks.
const SPAN: Duration = Duration::from_secs(60);
/// Least time between two moments that are kept.
const STEP: Duration = Duration::from_secs(1);

/// Moments of a run. What its ledger held from the start must not be among them.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// When, from any start, and how far the run was; the first is the oldest.
    moments: VecDeque<(Duration, Progress)>,
}

/// How much comes of a run in a second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// Jobs answered.
    pub jobs: f64,
    /// Slots closed.
    pub slots: f64,
    /// Episodes done.
    pub episodes: f64,
}

impl Pace {
    /// Takes note of how far the run is.
    pub fn note(&mut self, now: Duration, progress: Progress) {
        if self
            .moments
            .back()
            .is_none_or(|(last, _)| now - *last >= STEP)
        {
            self.moments.push_back((now, progress));
        }
        // One older than the span is kept, so that it is covered.
        while self
            .moments
            .get(1)
            .is_some_and(|(next, _)| now - *next >= SPAN)
        {
            self.moments.pop_front();
        }
    }

    /// How fast the run is, up to now; none while there is nothing to compare with.
    pub fn rates(&self, now: Duration, progress: Progress) -> Option<Rates> {
        let (then, before) = self.moments.front()?;
        let seconds = now.checked_sub(*then)?.as_secs_f64();
        let rate = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
        (seconds > 0.0).then(|| Rates {
            jobs: rate(progress.jobs, before.jobs),
            slots: rate(progress.closed().into(), before.closed().into()),
            episodes: rate(progress.rollouts, before.rollouts),
        })
    }
}

impl Rates {
    /// How long a run of so many slots will take from here; none where something is left and none of it
    /// comes. Slots that are open are taken to have as many episodes as those that are filled.
    pub fn left(&self, slots: u32, progress: Progress) -> Option<Duration> {
        let open = f64::from(slots.saturating_sub(progress.closed()));
        let each = progress.due as f64 / f64::from(progress.settled.max(1));
        let episodes = progress.due as f64 + each * open - progress.rollouts as f64;
        let time = |left: f64, rate: f64| match (left > 0.0, rate > 0.0) {
            (false, _) => Some(0.0),
            (true, true) => Some(left / rate),
            (true, false) => None,
        };
        let seconds = time(open, self.slots)?.max(time(episodes, self.episodes)?);
        Duration::try_from_secs_f64(seconds.ceil()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(settled: u32, rollouts: u64) -> Progress {
        Progress {
            settled,
            rollouts,
            due: u64::from(settled) * 4,
            jobs: u64::from(settled) * 3 + rollouts,
            ..Progress::default()
        }
    }

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_last_minute_counts() {
        let mut pace = Pace::default();
        assert_eq!(pace.rates(second(0), at(0, 0)), None);
        // Two slots a second for a long time, then half a slot.
        for now in 0..600 {
            pace.note(second(now), at(now as u32 * 2, now * 8));
        }
        for now in 0..120_u32 {
            let moment = second(600 + u64::from(now));
            pace.note(moment, at(1200 + now / 2, 4800 + u64::from(now) * 2));
        }
        let now = at(1260, 5040);
        let rates = pace.rates(second(720), now).unwrap();
        let rounded = |rate: f64| (rate * 10.0).round() / 10.0;
        let found = [rates.jobs, rates.slots, rates.episodes].map(rounded);
        assert_eq!(found, [3.5, 0.5, 2.0]);
        assert!(pace.moments.len() <= 62, "{}", pace.moments.len());
    }

    #[test]
    fn what_takes_longest_says_how_long_is_left() {
        let rates = Rates {
            jobs: 1.0,
            slots: 2.0,
            episodes: 4.0,
        };
        // 10 slots open, each with 4 episodes, and 20 episodes of filled ones.
        assert_eq!(rates.left(20, at(10, 20)), Some(second(15)));
        assert_eq!(rates.left(20, at(20, 80)), Some(second(0)));
        let stuck = Rates::default();
        assert_eq!(stuck.left(20, at(10, 20)), None);
        assert_eq!(stuck.left(20, at(20, 80)), Some(second(0)));
    }
}
