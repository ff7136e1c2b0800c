//! What a run took: a line of JSON for each delivery of a job in which models were asked, in the run's folder.
//!
//! It stands beside ledger and dataset and has no part in either. A worker that is killed tells nothing, and what
//! others tell may come twice, which is seen. The file is not synced, so a machine that loses its power may forget
//! the last lines; and one that is cut short, where a process was killed, is passed over. A run goes on where it
//! can't be written.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{
    self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _,
};
use std::path::{Path, PathBuf};

use proto::digest::Hasher;
use proto::ids::JobId;
use proto::operation::Operation;
use proto::record::Money;
use serde::{Deserialize, Serialize};

use crate::home::PARTIAL;

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The job, by its id as it is shown.
    pub job: String,
    /// What a delivery of it took.
    #[serde(flatten)]
    pub operation: Operation,
}

impl Line {
    /// The same for what is told twice.
    fn key(&self) -> u64 {
        let Operation { worker, began, .. } = &self.operation;
        let mut hasher = Hasher::new("t2t.operation", 1);
        let hasher = hasher.text(&self.job).text(worker).number(*began);
        hasher.finish().head()
    }
}

/// Writes lines; the file is made with the first one.
#[derive(Debug)]
pub struct Operations {
    path: PathBuf,
    file: Option<File>,
    /// What the requests of all lines have cost.
    cost: Money,
    /// Keys of all lines: what is told twice is written down once.
    known: HashSet<u64>,
    /// Said once, not for every line.
    complained: bool,
}

impl Operations {
    /// In this file.
    pub fn at(path: PathBuf) -> Self {
        let (mut cost, mut known) = (Money::ZERO, HashSet::new());
        let read = each(&path, |line| {
            if known.insert(line.key()) {
                cost += line.operation.cost();
            }
            Ok(())
        });
        if let Err(error) = read {
            let path = path.display();
            tracing::warn!(%error, %path, "what jobs took before is not known");
        }
        Self {
            path,
            file: None,
            cost,
            known,
            complained: false,
        }
    }

    /// Writes down what a delivery took, unless it is known.
    pub fn note(&mut self, job: JobId, operation: Operation) {
        let line = Line {
            job: job.to_string(),
            operation,
        };
        if !self.known.insert(line.key()) {
            return;
        }
        self.cost += line.operation.cost();
        if let Err(error) = self.write(&line)
            && !std::mem::replace(&mut self.complained, true)
        {
            let path = self.path.display();
            tracing::warn!(%error, %path, "what jobs took is not written down; the run goes on");
        }
    }

    /// What all requests have cost that were ever written down, of rejected candidates and failed attempts
    /// too; none where nothing is known to have a price.
    pub fn cost(&self) -> Option<Money> {
        Some(self.cost).filter(|cost| *cost != Money::ZERO)
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(open(&self.path)?),
        };
        // In one piece, since a coordinator that was taken over may still be at it.
        let written = file.write_all(&text);
        if written.is_err() {
            // Opened again, it goes on behind what was left there.
            self.file = None;
        }
        written
    }
}

/// Opens a file to append to, behind whatever was cut short there.
fn open(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .open(path)?;
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

/// Adds the lines of several files to another, each line once. It is written beside and put in its place at the
/// end, so one of the files may be the other.
///
/// # Errors
/// When a file can't be read or written.
pub fn gather(from: &[PathBuf], into: &Path) -> io::Result<()> {
    let partial = into.with_file_name(format!(".operations{PARTIAL}"));
    let (mut gathered, mut known) = (None, HashSet::new());
    for path in std::iter::once(into).chain(from.iter().map(PathBuf::as_path)) {
        each(path, |line| {
            if known.insert(line.key()) {
                add(&mut gathered, &partial, &line)?;
            }
            Ok(())
        })?;
    }
    let Some(mut file) = gathered else {
        return Ok(());
    };
    file.flush()?;
    fs::rename(&partial, into)
}

/// Adds a line to a file that is made with the first one.
fn add(file: &mut Option<BufWriter<File>>, path: &Path, line: &Line) -> io::Result<()> {
    let file = match file {
        Some(file) => file,
        none => none.insert(BufWriter::new(File::create(path)?)),
    };
    serde_json::to_writer(&mut *file, line)?;
    file.write_all(b"\n")
}

/// Goes through the lines of a file, of which there may be millions; gives how many do not read. A file that is not
/// there has none.
///
/// # Errors
/// When the file can't be read, and what `take` gives.
pub fn each(path: &Path, mut take: impl FnMut(Line) -> io::Result<()>) -> io::Result<usize> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut unread = 0;
    for text in BufReader::new(file).split(b'\n') {
        match serde_json::from_slice(&text?) {
            Ok(line) => take(line)?,
            Err(_) => unread += 1,
        }
    }
    Ok(unread)
}

#[cfg(test)]
mod tests {
    use proto::digest::Digest;
    use proto::job::Stage;
    use proto::operation::{Sent, Trial};
    use proto::record::{Role, Usage};

    use super::*;

    fn operation(worker: &str) -> Operation {
        Operation {
            worker: worker.to_owned(),
            stage: Stage::Rollout,
            slot: 3,
            candidate: 1,
            rollout: Some(Trial {
                agent: "model:small".to_owned(),
                trial: 2,
                twin: true,
            }),
            attempt: 2,
            redeliveries: 1,
            began: 1_700_000_000_000,
            millis: 4_500,
            ended: "answered".to_owned(),
            requests: vec![Sent {
                role: Role::Agent,
                model: "small".to_owned(),
                turn: 4,
                regeneration: 0,
                attempt: 1,
                after: 20,
                waited: 3,
                millis: 900,
                came: "ok".to_owned(),
                usage: Usage {
                    input: 900,
                    output: 60,
                    ..Usage::default()
                },
                cost: Money(7_500_000),
            }],
        }
    }

    #[test]
    fn lines_come_back_and_one_that_was_cut_short_costs_itself_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operations.jsonl");
        let read = || {
            let mut lines = Vec::new();
            let unread = each(&path, |line| {
                lines.push(line);
                Ok(())
            })
            .unwrap();
            (lines, unread)
        };
        assert_eq!(read(), (Vec::new(), 0));
        let job = JobId(Digest::of(b"job"));
        Operations::at(path.clone()).note(job, operation("one"));
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(br#"{"job":"#).unwrap();
        Operations::at(path.clone()).note(job, operation("two"));
        let (lines, unread) = read();
        let line = |worker| Line {
            job: job.to_string(),
            operation: operation(worker),
        };
        assert_eq!((lines, unread), (vec![line("one"), line("two")], 1));
    }

    #[test]
    fn what_is_told_twice_is_written_down_and_paid_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let job = JobId(Digest::of(b"job"));
        let price = operation("one").cost();
        let mut one = Operations::at(at("one"));
        for _ in 0..2 {
            one.note(job, operation("one"));
        }
        assert_eq!(one.cost(), Some(price));
        let mut other = Operations::at(at("other"));
        for worker in ["one", "two"] {
            other.note(job, operation(worker));
        }
        for _ in 0..2 {
            gather(&[at("one"), at("other")], &at("other")).unwrap();
            let mut workers = Vec::new();
            let unread = each(&at("other"), |line| {
                workers.push(line.operation.worker);
                Ok(())
            });
            assert_eq!(
                (unread.unwrap(), &workers[..]),
                (0, &["one".to_owned(), "two".to_owned()][..])
            );
        }
        assert_eq!(Operations::at(at("other")).cost(), Some(price + price));
    }

    #[test]
    fn a_file_that_cannot_be_written_is_no_reason_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        let mut operations = Operations::at(folder.path().to_owned());
        for _ in 0..2 {
            operations.note(JobId(Digest::of(b"job")), operation("one"));
        }
        assert!(operations.complained);
    }
}
