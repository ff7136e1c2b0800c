//! Who works: two coordinators and four workers, each at a post that is manned again when somebody falls.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use super::Breach;
use super::poison::LAST_WORDS;
use crate::fleet::Member;
use crate::http;

/// What a run ends with: all slots filled, or all but some.
const FINISHED: [i32; 2] = [0, 5];
/// Why a process may end with 1, to be started again: what it says then.
const EXCUSES: [&str; 3] = [
    // It was started while a service was away, and says so at once.
    "failed to connect to the ",
    // It was stopped for so long that another took over.
    "a later writer took over this ledger",
    // It begins, or writes what it came to, on a full disk. At work it waits until there is room.
    "No space left on device",
];
/// What is shown of what a process printed.
const SHOWN: usize = 2000;

/// What somebody at a post does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Coordinator,
    Worker,
}

/// How somebody left a post.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// The run is done.
    Finished(i32),
    /// Of the poison job.
    Poisoned,
    /// For a reason that passes.
    Excused,
}

/// A place of the fleet.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) role: Role,
    /// Whoever is there.
    pub(super) member: Option<Member>,
    /// Whether it was sent a signal to stop, and none to go on.
    pub(super) stopped: bool,
    /// The code of a coordinator that found its run finished; it is not started again.
    pub(super) finished: Option<i32>,
}

impl Post {
    pub(super) fn empty(role: Role) -> Self {
        Self {
            role,
            member: None,
            stopped: false,
            finished: None,
        }
    }

    /// Whether somebody is here, at work or stopped.
    pub(super) fn manned(&mut self) -> bool {
        self.member.as_mut().is_some_and(Member::runs)
    }

    /// Whoever is at work here.
    pub(super) fn at_work(&mut self) -> Option<&mut Member> {
        let works = self.manned() && !self.stopped;
        self.member.as_mut().filter(|_| works)
    }

    /// Kills whoever is here.
    pub(super) fn kill(&mut self) {
        if let Some(mut member) = self.member.take() {
            member.kill();
        }
        self.stopped = false;
    }

    /// Stops whoever is here; gives the name.
    pub(super) fn stop(&mut self) -> String {
        let member = self.at_work().expect("somebody is to be stopped");
        member.signal("STOP");
        let name = member.name().to_owned();
        self.stopped = true;
        name
    }

    /// Has whoever was stopped go on, if it is still here.
    pub(super) fn go_on(&mut self, name: &str) {
        if let Some(member) = self.member.as_ref().filter(|member| member.name() == name) {
            member.signal("CONT");
            self.stopped = false;
        }
    }

    /// What the coordinator here says that it does; nothing when it is not to be asked.
    pub(super) fn state(&mut self) -> Option<String> {
        let address = self.at_work()?.listens()?;
        let page = http::get(address, "/progress").ok()?;
        let page: serde_json::Value = serde_json::from_str(&page.body).ok()?;
        Some(page["state"].as_str()?.to_owned())
    }

    /// Whether somebody left by itself, and how.
    pub(super) fn left(&mut self) -> Result<Option<Left>, Breach> {
        let Some(member) = &mut self.member else {
            return Ok(None);
        };
        let Some(status) = member.ended() else {
            return Ok(None);
        };
        let left = fair(self.role, status, member)?;
        self.member = None;
        self.stopped = false;
        if let Left::Finished(code) = left {
            self.finished = Some(code);
        }
        Ok(Some(left))
    }
}

/// How a member left, if it may leave so.
fn fair(role: Role, status: ExitStatus, member: &Member) -> Result<Left, Breach> {
    let printed = member.printed();
    let excused = EXCUSES.iter().any(|words| printed.contains(words));
    match (role, status.code()) {
        (Role::Coordinator, Some(code)) if FINISHED.contains(&code) => Ok(Left::Finished(code)),
        (_, Some(1)) if excused => Ok(Left::Excused),
        (Role::Worker, None) if status.signal().is_some() && printed.contains(LAST_WORDS) => {
            Ok(Left::Poisoned)
        }
        _ => {
            let name = member.name();
            Err(Breach::Fell(format!(
                "{name} ended with {status}: {}",
                tail(&printed)
            )))
        }
    }
}

/// The end of what a process printed.
pub(super) fn tail(printed: &str) -> &str {
    let mut start = printed.len().saturating_sub(SHOWN);
    while !printed.is_char_boundary(start) {
        start += 1;
    }
    &printed[start..]
}
