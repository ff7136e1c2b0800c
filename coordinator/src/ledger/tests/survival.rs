//! Random histories of appends, crashes, takeovers and full disks; writers that race; the measurement.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::super::frame::header_bytes;
use super::super::scan::epoch_path;
use super::super::*;
use super::{append, body, entry, slots};

/// One thing that happens to a ledger.
#[derive(Debug, Clone, Copy)]
enum Op {
    Append {
        job: u32,
        length: usize,
    },
    Commit,
    /// The process dies with some of what it wrote since the last commit in the file.
    Crash {
        kept: prop::sample::Index,
    },
    /// Another writer takes over while the first is alive, then the first tries to go on.
    TakeOver {
        job: u32,
        commit_before: bool,
    },
    /// The disk takes so many bytes more, until the next commit fails or succeeds.
    Fill {
        room: usize,
    },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..60_u32, prop_oneof![0..300_usize, Just(400_000)]).prop_map(|(job, length)| Op::Append { job, length }),
        3 => Just(Op::Commit),
        1 => any::<prop::sample::Index>().prop_map(|kept| Op::Crash { kept }),
        1 => (0..60_u32, any::<bool>()).prop_map(|(job, commit_before)| Op::TakeOver { job, commit_before }),
        1 => (0..2000_usize).prop_map(|room| Op::Fill { room }),
    ]
}

/// The ledger beside what must be true of it.
struct Model {
    dir: TempDir,
    ledger: Ledger,
    /// Acknowledged: job to length of the body that was.
    acked: BTreeMap<u32, usize>,
    /// Appended since the last commit.
    young: Vec<(u32, usize)>,
    committed_bytes: u64,
}

impl Model {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        let committed_bytes = header_bytes(0) as u64;
        Self {
            dir,
            ledger,
            acked: Default::default(),
            young: Vec::new(),
            committed_bytes,
        }
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Append { job, length } => match self.ledger.append(&entry(job), &body(job, length))
            {
                Ok(Appended::New(_)) => {
                    assert!(!self.acked.contains_key(&job), "{job} was acknowledged");
                    self.young.push((job, length));
                }
                Ok(Appended::Duplicate(first)) => {
                    assert_eq!(self.ledger.read(first).unwrap().entry.slot, job)
                }
                Err(error) => assert!(
                    matches!(
                        error,
                        LedgerError::Io {
                            action: "write",
                            ..
                        }
                    ),
                    "{error}"
                ),
            },
            Op::Commit => self.commit(),
            Op::Fill { room } => self.ledger.room = Some(room),
            Op::Crash { kept } => {
                let path = epoch_path(self.dir.path(), self.ledger.epoch());
                let length = fs::metadata(&path).unwrap().len();
                let kept = kept.index((length - self.committed_bytes) as usize + 1) as u64;
                let file = OpenOptions::new().write(true).open(&path).unwrap();
                file.set_len(self.committed_bytes + kept).unwrap();
                self.reopen();
            }
            Op::TakeOver { job, commit_before } => {
                if commit_before {
                    self.commit();
                }
                let mut old = self.reopen();
                let mine = old.append(&entry(job), &body(job, 20));
                if old.commit().is_ok() {
                    panic!("an overtaken writer acknowledged {mine:?}");
                }
            }
        }
    }

    fn commit(&mut self) {
        match self.ledger.commit() {
            Ok(()) => {
                self.acked.extend(self.young.drain(..));
                let path = epoch_path(self.dir.path(), self.ledger.epoch());
                self.committed_bytes = fs::metadata(path).unwrap().len();
            }
            Err(error) => assert!(
                matches!(
                    error,
                    LedgerError::Io {
                        action: "write",
                        ..
                    }
                ),
                "{error}"
            ),
        }
        self.ledger.room = None;
    }

    /// Opens as a new writer; what was acknowledged must be there, and of the rest a beginning.
    fn reopen(&mut self) -> Ledger {
        let old = std::mem::replace(&mut self.ledger, Ledger::open(self.dir.path()).unwrap());
        let mut survivors = 0;
        for (place, (job, length)) in std::mem::take(&mut self.young).into_iter().enumerate() {
            if self.ledger.index().get(&entry(job).job).is_some() {
                assert_eq!(
                    survivors, place,
                    "a record survives only with those before it"
                );
                survivors += 1;
                self.acked.insert(job, length);
            }
        }
        self.check();
        let path = epoch_path(self.dir.path(), self.ledger.epoch());
        self.committed_bytes = fs::metadata(path).unwrap().len();
        old
    }

    fn check(&self) {
        assert_eq!(
            self.ledger.index().len(),
            self.acked.len() + self.young.len()
        );
        for (&job, &length) in &self.acked {
            let (summary, position) = self
                .ledger
                .index()
                .get(&entry(job).job)
                .expect("an acknowledged record");
            let record = self.ledger.read(position).unwrap();
            assert_eq!((summary.slot, record.entry), (job, entry(job)));
            assert_eq!(record.body, body(job, length));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_happens_the_acknowledged_is_kept(ops in prop::collection::vec(op(), 0..60), flip: prop::sample::Index) {
        let mut model = Model::new();
        for op in ops {
            model.apply(op);
        }
        model.ledger.room = None;
        model.commit();
        model.check();
        let sealed = model.ledger.extents();
        let report = verify(model.dir.path(), Some(&sealed)).unwrap();
        prop_assert_eq!(report.records, model.acked.len() as u64);
        // Any flip in what counts is found where it is.
        let total: u64 = sealed.iter().map(|extent| extent.bytes).sum();
        if total > 0 {
            let mut place = flip.index(total as usize) as u64;
            let hit = sealed.iter().find(|extent| {
                let here = place < extent.bytes;
                if !here { place -= extent.bytes }
                here
            }).unwrap();
            let path = epoch_path(model.dir.path(), hit.epoch);
            let mut bytes = fs::read(&path).unwrap();
            bytes[place as usize] ^= 0x04;
            fs::write(&path, bytes).unwrap();
            let error = verify(model.dir.path(), Some(&sealed)).unwrap_err().to_string();
            prop_assert!(error.contains(path.to_str().unwrap()), "{}", error);
        }
    }
}

/// Many writers take over from each other in threads; whoever saw `Ok` must find its records.
#[test]
fn racing_writers_lose_nothing_acknowledged() {
    let dir = TempDir::new().unwrap();
    let acked: Vec<u32> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..6_u32)
            .map(|writer| {
                scope.spawn({
                    let dir = dir.path();
                    move || race(dir, writer)
                })
            })
            .collect();
        writers
            .into_iter()
            .flat_map(|writer| writer.join().unwrap())
            .collect()
    });
    assert!(!acked.is_empty());
    let kept: BTreeSet<u32> = slots(dir.path()).into_iter().collect();
    for job in acked {
        assert!(kept.contains(&job), "{job} was acknowledged and is gone");
    }
    verify(dir.path(), None).unwrap();
}

fn race(dir: &Path, writer: u32) -> Vec<u32> {
    let mut acked = Vec::new();
    for round in 0..8 {
        let mut ledger = Ledger::open(dir).unwrap();
        for batch in 0..4 {
            let jobs: Vec<u32> = (0..5)
                .map(|job| ((writer * 8 + round) * 4 + batch) * 5 + job)
                .collect();
            for &job in &jobs {
                append(&mut ledger, job, 200);
            }
            match ledger.commit() {
                Ok(()) => acked.extend(jobs),
                Err(LedgerError::Fenced { .. }) => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
    acked
}

/// Prints figures: `cargo test -p coordinator --release ledger_speed -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn ledger_speed() {
    let dir = TempDir::new_in(".").unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let (count, start) = (1_000_000_u32, std::time::Instant::now());
    let body = body(1, 2048);
    for number in 0..count {
        ledger.append(&entry(number), &body).unwrap();
        if number % 256 == 255 {
            ledger.commit().unwrap();
        }
    }
    ledger.commit().unwrap();
    let rate = f64::from(count) / start.elapsed().as_secs_f64();
    println!("append 2 KB, commit each 256: {rate:.0} a second");
    let start = std::time::Instant::now();
    let ledger = Ledger::open(dir.path()).unwrap();
    let each = ledger.index().bytes() as f64 / ledger.index().len() as f64;
    println!(
        "open with {} records: {:?}; {each:.1} B of index a record",
        ledger.index().len(),
        start.elapsed()
    );
    let start = std::time::Instant::now();
    for number in 0..100_000 {
        let job = entry(number * 7 % count).job;
        ledger.read(ledger.index().get(&job).unwrap().1).unwrap();
    }
    println!("get and read: {:?} each", start.elapsed() / 100_000);
}
