//! What a run took: a line of JSON for each delivery of a job in which models were asked, in the run's folder.
//!
//! It stands beside ledger and dataset and has no part in either. A worker that is killed tells nothing, and what
//! others tell may come twice; it is not synced, so a machine that loses its power may forget the last lines; and one that
//! is cut short, where a process was killed, is passed over. A run goes on where it can't be written.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use proto::ids::JobId;
use proto::operation::Operation;
use proto::record::Money;
use serde::{Deserialize, Serialize};

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The job, by its id as it is shown.
    pub job: String,
    /// What a delivery of it took.
    #[serde(flatten)]
    pub operation: Operation,
}

/// Writes lines; the file is made with the first one.
#[derive(Debug)]
pub struct Operations {
    path: PathBuf,
    file: Option<File>,
    /// What the requests of all lines have cost.
    cost: Money,
    /// Said once, not for every line.
    complained: bool,
}

impl Operations {
    /// In this file.
    pub fn at(path: PathBuf) -> Self {
        let known = read(&path).inspect_err(
            |error| tracing::warn!(%error, path = %path.display(), "what jobs took before is not known"),
        );
        let (lines, _) = known.unwrap_or_default();
        Self {
            path,
            file: None,
            cost: lines.iter().map(|line| line.operation.cost()).sum(),
            complained: false,
        }
    }

    /// Writes down what a delivery took.
    pub fn note(&mut self, job: JobId, operation: Operation) {
        self.cost += operation.cost();
        if let Err(error) = self.write(job, operation)
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

    fn write(&mut self, job: JobId, operation: Operation) -> io::Result<()> {
        let job = job.to_string();
        let mut text = serde_json::to_vec(&Line { job, operation })?;
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

/// Puts the lines of several files into one, in place of what it held; nothing where there are none.
///
/// # Errors
/// When a file can't be read or written.
pub fn gather(from: &[PathBuf], into: &Path) -> io::Result<()> {
    let mut text = Vec::new();
    for path in from {
        for line in read(path)?.0 {
            serde_json::to_writer(&mut text, &line)?;
            text.push(b'\n');
        }
    }
    if text.is_empty() {
        return Ok(());
    }
    std::fs::write(into, text)
}

/// The lines of a file that read, and how many do not; none where there is no file.
///
/// # Errors
/// When the file can't be read.
pub fn read(path: &Path) -> io::Result<(Vec<Line>, usize)> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(error) => return Err(error),
    };
    let (mut lines, mut unread) = (Vec::new(), 0);
    for text in BufReader::new(file).split(b'\n') {
        match serde_json::from_slice(&text?) {
            Ok(line) => lines.push(line),
            Err(_) => unread += 1,
        }
    }
    Ok((lines, unread))
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
        assert_eq!(read(&path).unwrap(), (Vec::new(), 0));
        let job = JobId(Digest::of(b"job"));
        Operations::at(path.clone()).note(job, operation("one"));
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(br#"{"job":"#).unwrap();
        Operations::at(path.clone()).note(job, operation("two"));
        let (lines, unread) = read(&path).unwrap();
        let line = |worker| Line {
            job: job.to_string(),
            operation: operation(worker),
        };
        assert_eq!((lines, unread), (vec![line("one"), line("two")], 1));
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
