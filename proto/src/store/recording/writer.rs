//! The one thread that appends to a recording, and so decides who was first.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::Index;
use super::frame::{self, Place};
use crate::digest::Digest;

/// Most bytes that go to the disk together, but for the last reply.
const TOGETHER: usize = 4 << 20;

/// A reply to be kept.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) key: Digest,
    pub(super) envelope: Vec<u8>,
    /// Whether it was the first of its key.
    pub(super) answer: oneshot::Sender<Result<bool, Fault>>,
}

/// Why a reply is not on the disk.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// There was no room; what is there is whole.
    Full(String),
    /// What is on the disk is not known any more.
    Broken(String),
}

#[derive(Debug)]
pub(super) struct Writer {
    file: Arc<File>,
    index: Index,
    /// End of what is on the disk.
    end: u64,
    broken: Option<Fault>,
}

impl Writer {
    pub(super) fn new(file: Arc<File>, index: Index, end: u64) -> Self {
        Self {
            file,
            index,
            end,
            broken: None,
        }
    }

    /// Cuts a torn end off a file of this length, and gives a new one its header.
    pub(super) fn prepare(&mut self, run: &str, length: u64) -> io::Result<()> {
        if length > self.end {
            self.file.set_len(self.end)?;
        }
        if self.end == 0 {
            let header = frame::header(run);
            self.file.write_all_at(&header, 0)?;
            self.end = header.len() as u64;
        }
        self.file.sync_all()
    }

    /// Serves until nobody can ask any more.
    pub(super) fn serve(mut self, mut waiting: mpsc::Receiver<Request>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut size = first.envelope.len();
            let mut together = vec![first];
            while size < TOGETHER
                && let Ok(next) = waiting.try_recv()
            {
                size += next.envelope.len();
                together.push(next);
            }
            self.commit(together);
        }
    }

    fn commit(&mut self, requests: Vec<Request>) {
        let mut fresh: HashMap<Digest, Place> = HashMap::new();
        let mut buffer = Vec::new();
        let mut firsts = Vec::with_capacity(requests.len());
        {
            let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
            for request in &requests {
                let first = !index.contains_key(&request.key) && !fresh.contains_key(&request.key);
                if first {
                    let (key, envelope) = (request.key, &request.envelope);
                    fresh.insert(key, frame::put(&mut buffer, self.end, &key, envelope));
                }
                firsts.push(first);
            }
        }
        let written = self.append(&buffer);
        if written.is_ok() {
            let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
            index.extend(fresh);
        }
        for (request, first) in requests.into_iter().zip(firsts) {
            // Who has gone away meanwhile needs no answer.
            let _ = request.answer.send(written.clone().map(|()| first));
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if let Some(fault) = &self.broken {
            return Err(fault.clone());
        }
        if bytes.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_all_at(bytes, self.end) {
            let fault = Fault::Full(format!("can't write: {error}"));
            if let Err(error) = self.file.set_len(self.end) {
                return Err(self.fail(format!("can't take back half a record: {error}")));
            }
            return Err(fault);
        }
        // After a failed sync nobody knows what is on the disk, and a second one may not tell.
        if let Err(error) = self.file.sync_data() {
            return Err(self.fail(format!("can't sync: {error}")));
        }
        self.end += bytes.len() as u64;
        Ok(())
    }

    fn fail(&mut self, why: String) -> Fault {
        let fault = Fault::Broken(why);
        self.broken = Some(fault.clone());
        fault
    }
}
