//! A fleet as real processes: workers and coordinators in folders of their own, over services that the
//! test gives.
//!
//! Nothing outlives the test: the processes are known to a [supervisor](super::services), and what they
//! print is in the message of whatever fails.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::http;
use crate::services::supervisor::{self, Supervisor};

/// Longest wait for something that should happen.
const SOON: Duration = Duration::from_secs(120);
/// How often it is looked at.
const GLANCE: Duration = Duration::from_millis(10);
/// What a process prints of itself, at most, in a message.
const SHOWN: usize = 6000;

/// The programs under test.
#[derive(Debug, Clone, Copy)]
pub struct Programs {
    /// `t2t`.
    pub t2t: &'static str,
    /// `t2t-worker`.
    pub worker: &'static str,
}

impl Programs {
    /// Those that lie beside the program that runs, if they do.
    pub fn beside() -> Option<Self> {
        let here = std::env::current_exe().ok()?;
        let beside = |name: &str| {
            let path = here.with_file_name(name);
            let path = path.is_file().then(|| path.to_str().map(str::to_owned))??;
            // As long as the program runs.
            Some(&*path.leak())
        };
        Some(Self {
            t2t: beside("t2t-under-test")?,
            worker: beside("t2t-worker-under-test")?,
        })
    }
}

/// A fleet.
#[derive(Debug)]
pub struct Fleet {
    programs: Programs,
    broker: String,
    cache: String,
    folder: PathBuf,
    variables: BTreeMap<String, String>,
    started: usize,
    // Last, so that it finds the folder.
    _supervisor: Supervisor,
}

impl Fleet {
    /// A fleet without members.
    pub fn new(programs: Programs, broker: String, cache: String) -> Self {
        let folder = TempDir::with_prefix("t2t-fleet-")
            .expect("a folder for the fleet")
            .keep();
        let supervisor = Supervisor::alone(&folder).expect("a shell starts");
        Self {
            programs,
            broker,
            cache,
            folder,
            variables: BTreeMap::new(),
            started: 0,
            _supervisor: supervisor,
        }
    }

    /// A path in the fleet's folder.
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Sets a variable of those that are started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Runs a command line of `t2t` outside of the fleet, which must end with 0.
    ///
    /// # Panics
    /// When it ends in another way.
    pub fn alone(&self, line: &str) -> String {
        self.alone_to(&[0], line)
    }

    /// The same for one that must end with one of these codes.
    ///
    /// # Panics
    /// When it ends in another way.
    pub fn alone_to(&self, codes: &[i32], line: &str) -> String {
        let output = self.command(self.programs.t2t, line).output();
        let output = output.expect("the program starts");
        let text = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        let expected = code.is_some_and(|code| codes.contains(&code));
        assert!(expected, "t2t {line}: {}: {text}", output.status);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Starts a worker with more arguments, as `--concurrency 4`.
    pub fn worker(&mut self, line: &str) -> Member {
        let line = format!("--listen 127.0.0.1:0 {line}");
        let command = self.command(self.programs.worker, &line);
        let broker = self.broker.clone();
        self.start("worker", command, &broker)
    }

    /// Starts a worker and waits until it is ready.
    pub fn ready_worker(&mut self, line: &str) -> Member {
        let worker = self.worker(line);
        worker.says("ready");
        worker
    }

    /// Starts a coordinator: `run`, `eval` and so on, with their arguments.
    pub fn coordinator(&mut self, line: &str) -> Member {
        let broker = self.broker.clone();
        self.coordinator_over(line, &broker)
    }

    /// The same over a broker's URL of its own, as one with another heartbeat.
    pub fn coordinator_over(&mut self, line: &str, broker: &str) -> Member {
        let line = format!("{line} --listen 127.0.0.1:0");
        let command = self.command(self.programs.t2t, &line);
        self.start("t2t", command, broker)
    }

    /// Starts a command of `t2t` on a terminal.
    pub fn on_a_terminal(&mut self, line: &str) -> Member {
        let line = format!("{} {line}", self.programs.t2t);
        let mut command = Command::new("script");
        command
            .args(["--quiet", "--flush", "--command", &line, "/dev/null"])
            .current_dir(&self.folder);
        let broker = self.broker.clone();
        self.start("terminal", command, &broker)
    }

    fn command(&self, program: &str, line: &str) -> Command {
        let mut command = Command::new(program);
        command
            .args(line.split_whitespace())
            .current_dir(&self.folder)
            .env_remove("T2T_TAU2_DATA");
        command
    }

    fn start(&mut self, what: &str, mut command: Command, broker: &str) -> Member {
        let name = format!("{what}-{}", self.started);
        self.started += 1;
        command
            .env("T2T_BROKER", broker)
            .env("T2T_CACHE", &self.cache)
            .env("T2T_LOG", "info")
            .env("NO_COLOR", "1")
            .envs(&self.variables);
        let process = supervisor::start(&self.folder, &name, &mut command);
        Member {
            process: Some(process.expect("the program starts")),
            log: self.folder.join(format!("{name}.log")),
            name,
        }
    }

    /// Every file below a folder of the fleet, by its path in there.
    ///
    /// # Panics
    /// When it can't be read.
    pub fn files(&self, name: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let root = self.at(name);
        let mut files = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let inner = path.strip_prefix(&root).expect("it is below").to_owned();
                    files.push((inner, fs::read(&path).expect("it reads")));
                }
            }
        }
        files.sort();
        files
    }
}

/// What a log line's spans say under a key, the innermost span that knows it first.
pub fn of_spans<'l>(line: &'l Json, key: &str) -> Option<&'l Json> {
    let spans = line["spans"].as_array()?;
    spans.iter().rev().find_map(|span| span.get(key))
}

/// A process of a fleet. Dropped, it is killed.
#[derive(Debug)]
pub struct Member {
    name: String,
    log: PathBuf,
    /// None once it has ended.
    process: Option<supervisor::Process>,
}

impl Member {
    /// Kills it at once.
    pub fn kill(&mut self) {
        self.process.take().expect("it runs").kill();
    }

    /// Sends it a signal, as `TERM`.
    pub fn signal(&self, name: &str) {
        self.process.as_ref().expect("it runs").signal(name);
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        let process = self.process.as_mut();
        process.is_some_and(|process| process.ended().is_none())
    }

    /// How it ended, if it did so by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.as_mut()?.ended()
    }

    /// Its id in the system.
    ///
    /// # Panics
    /// When it has ended.
    pub fn id(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits for its end; its exit code.
    ///
    /// # Panics
    /// When it takes too long, or a signal ended it.
    pub fn ends(&mut self) -> i32 {
        let mut process = self.process.take().expect("it runs");
        let mut status = None;
        wait(&format!("{} to end", self.name), &[self], || {
            status = process.ended();
            status.is_some()
        });
        let code = status.and_then(|status| status.code());
        code.unwrap_or_else(|| panic!("{}: {status:?}\n{}", self.name, self.printed()))
    }

    /// What it has printed.
    pub fn printed(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The log lines it has written whose message is about some words.
    pub fn logged(&self, words: &str) -> Vec<Json> {
        let printed = self.printed();
        let lines = printed.lines().filter(|line| line.contains(words));
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Waits until it has printed some words.
    pub fn says(&self, words: &str) {
        wait(&format!("{} to say `{words}`", self.name), &[self], || {
            self.printed().contains(words)
        });
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        let mut found = None;
        wait(&format!("{} to listen", self.name), &[self], || {
            found = self.listens();
            found.is_some()
        });
        found.expect("it was waited for")
    }

    /// Where it listens, if it does by now.
    pub fn listens(&self) -> Option<SocketAddr> {
        address_in(&self.printed())
    }

    /// A page of its port; none when it does not answer.
    pub fn page(&self, path: &str) -> Option<http::Answer> {
        http::get(self.address(), path).ok()
    }

    /// Its run's progress; none when it does not answer.
    pub fn progress(&self) -> Option<Json> {
        serde_json::from_str(&self.page("/progress")?.body).ok()
    }

    /// Waits until its run has so many episodes, without having ended.
    pub fn comes_to(&self, rollouts: u64) {
        wait(
            &format!("{} to come to {rollouts} episodes", self.name),
            &[self],
            || {
                self.progress()
                    .is_some_and(|progress| progress["rollouts"].as_u64() >= Some(rollouts))
            },
        );
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.runs() {
            self.kill();
        }
    }
}

/// The address in a line that tells of it: behind `http://`, or as a field of a log line.
fn address_in(printed: &str) -> Option<SocketAddr> {
    let line = printed.lines().find(|line| line.contains("listening"))?;
    let start = line.find("127.0.0.1:")?;
    let rest = &line[start..];
    let end = rest
        .find(|letter: char| !letter.is_ascii_digit() && !".:".contains(letter))
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// Waits for something that should happen.
///
/// # Panics
/// When it takes too long; the message shows what these processes printed.
pub fn wait(what: &str, members: &[&Member], mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        if start.elapsed() > SOON {
            panic!("waited in vain for {what}{}", told(members));
        }
        std::thread::sleep(GLANCE);
    }
}

fn told(members: &[&Member]) -> String {
    let mut text = String::new();
    for member in members {
        let printed = member.printed();
        let start = printed.len().saturating_sub(SHOWN);
        let tail = String::from_utf8_lossy(&printed.as_bytes()[start..]).into_owned();
        write!(text, "\n--- {} ---\n{tail}", member.name).expect("a text grows");
    }
    text
}
