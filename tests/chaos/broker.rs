//! The broker's ups and downs, none of which anybody waits for: others go on being hit meanwhile.

use std::process::Child;
use std::time::{Duration, Instant};

use crate::services::rabbit::{Node, SYNC_TABLES};

/// How long a node may take to write its tables down: one that is overwhelmed may never answer.
const NOTED: Duration = Duration::from_secs(30);
/// How often a node that boots is asked whether it is there.
const GLANCE: Duration = Duration::from_millis(200);

/// What a node is on its way to.
#[derive(Debug)]
enum State {
    Up,
    /// Writes its tables down until that time at the latest, and is killed then.
    Noting(Child, Instant, Duration),
    /// Killed; boots then.
    Dead(Instant),
    /// Asked next then.
    Booting(Instant),
    /// Stops, and is started again after a while.
    Stopping(Child, Duration),
    Stopped(Instant),
    Starting(Child),
}

/// A broker that comes and goes.
#[derive(Debug)]
pub(super) struct Broker {
    node: Node,
    state: State,
}

impl Broker {
    pub(super) fn new(node: Node) -> Self {
        let state = State::Up;
        Self { node, state }
    }

    /// Whether it serves, as far as is known.
    pub(super) fn serves(&self) -> bool {
        matches!(self.state, State::Up)
    }

    /// Kills it, after it has written its tables down if it is to.
    pub(super) fn kill(&mut self, away: Duration, noted: bool) {
        if noted {
            let latest = Instant::now() + NOTED;
            self.state = State::Noting(self.node.begin_control(&SYNC_TABLES), latest, away);
        } else {
            self.node.kill();
            self.state = State::Dead(Instant::now() + away);
        }
    }

    /// Stops it in order.
    pub(super) fn stop(&mut self, away: Duration) {
        self.state = State::Stopping(self.node.begin_control(&["stop_app"]), away);
    }

    /// Goes a step further, if it is time.
    pub(super) fn turn(&mut self) {
        let now = Instant::now();
        if let State::Noting(child, latest, _) = &mut self.state
            && now >= *latest
        {
            // It may be about to end.
            let _ = child.kill();
        }
        let done = self.command().is_some_and(done);
        let node = &mut self.node;
        let next = match &self.state {
            State::Noting(_, _, away) if done => {
                node.kill();
                State::Dead(now + *away)
            }
            State::Dead(until) if now >= *until => {
                node.begin_restart();
                State::Booting(now)
            }
            State::Booting(glance) if now >= *glance => {
                if node.answers() {
                    State::Up
                } else {
                    State::Booting(now + GLANCE)
                }
            }
            State::Stopping(_, away) if done => State::Stopped(now + *away),
            State::Stopped(until) if now >= *until => {
                State::Starting(node.begin_control(&["start_app"]))
            }
            State::Starting(_) if done => State::Booting(now),
            _ => return,
        };
        self.state = next;
    }

    /// The command under way.
    fn command(&mut self) -> Option<&mut Child> {
        match &mut self.state {
            State::Noting(child, ..) | State::Stopping(child, _) | State::Starting(child) => {
                Some(child)
            }
            State::Up | State::Dead(_) | State::Booting(_) | State::Stopped(_) => None,
        }
    }
}

/// Whether a command has ended, one way or another: whatever a node does not do is chaos, too.
fn done(child: &mut Child) -> bool {
    let ended = child.try_wait();
    ended.expect("a child can be waited for").is_some()
}
