//! What stays in memory of each record: a fixed-size entry, and a table that finds it by job.
//!
//! Entries lie in the order of the ledger, in pages that are never moved; the table is open
//! addressing over entry numbers, at most three quarters full. Together at most 64 bytes a record.

use std::mem::size_of;

use proto::ids::JobId;

use super::LedgerError;
use super::frame::Entry;

const PAGE: usize = 4096;
const EMPTY: u32 = u32::MAX;
const OFFSET_BITS: u32 = 44;

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Epoch, from 1.
    pub epoch: u32,
    /// Byte in the epoch's file.
    pub offset: u64,
}

/// What the index keeps of an [`Entry`]: all but the parameter and the second half of the job id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// First 16 bytes of the job id.
    pub job: [u8; 16],
    /// Stage, or kind of event.
    pub stage: u8,
    /// Slot of the plan.
    pub slot: u32,
    /// Candidate of the slot.
    pub candidate: u16,
    /// How it ended.
    pub code: u8,
    /// Why.
    pub reason: u16,
    /// Normalised intent; zeros where there is none.
    pub intent: [u8; 16],
}

/// A summary and a position, without padding.
#[derive(Debug, Clone, Copy)]
struct Packed {
    job: [u8; 16],
    intent: [u8; 16],
    /// Epoch above, offset below: two halves, so that the alignment is four.
    place: [u32; 2],
    slot: u32,
    candidate: u16,
    reason: u16,
    stage: u8,
    code: u8,
    annulled: bool,
}

const _: () = assert!(size_of::<Packed>() == 52);

/// Finds a record by job; see the module documentation.
#[derive(Debug, Default)]
pub struct Index {
    pages: Vec<Vec<Packed>>,
    table: Vec<u32>,
    len: usize,
}

impl Index {
    /// Records known, those annulled since included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> usize {
        self.pages.len() * PAGE * size_of::<Packed>()
            + self.pages.capacity() * size_of::<Vec<Packed>>()
            + self.table.capacity() * size_of::<u32>()
    }

    /// The record of a job that stands: the first that was not annulled.
    pub fn get(&self, job: &JobId) -> Option<(Summary, Position)> {
        let key = job.0.short();
        if self.table.is_empty() {
            return None;
        }
        self.standing(self.slot_of(&key)).map(Packed::unpack)
    }

    /// The records that stand, in the order of the ledger.
    pub fn iter(&self) -> impl Iterator<Item = (Summary, Position)> + '_ {
        let packed = self.pages.iter().flatten();
        packed.filter(|packed| !packed.annulled).map(Packed::unpack)
    }

    /// Takes the record of a job back, so that another may stand; whether there was one.
    pub(super) fn annul(&mut self, job: &JobId) -> bool {
        if self.table.is_empty() {
            return false;
        }
        let slot = self.slot_of(&job.0.short());
        if self.standing(slot).is_none() {
            return false;
        }
        let number = self.table[slot] as usize;
        self.pages[number / PAGE][number % PAGE].annulled = true;
        true
    }

    /// Adds a record unless its job is known; then it gives where the first one is.
    pub(super) fn insert(
        &mut self,
        entry: &Entry,
        position: Position,
    ) -> Result<Option<Position>, LedgerError> {
        if self.len + 1 > self.table.len() / 4 * 3 {
            self.grow();
        }
        let key = entry.job.0.short();
        let slot = self.slot_of(&key);
        if let Some(standing) = self.standing(slot) {
            return Ok(Some(standing.unpack().1));
        }
        let packed = Packed::of(entry, position)?;
        let number = u32::try_from(self.len)
            .ok()
            .filter(|&number| number != EMPTY);
        self.table[slot] = number.ok_or(LedgerError::Full("2^32 - 1 records"))?;
        if self.len.is_multiple_of(PAGE) {
            self.pages.push(Vec::with_capacity(PAGE));
        }
        self.pages[self.len / PAGE].push(packed);
        self.len += 1;
        Ok(None)
    }

    /// The record that stands in a slot of the table. One that was annulled keeps the slot for its job.
    fn standing(&self, slot: usize) -> Option<&Packed> {
        let number = self.table[slot];
        (number != EMPTY)
            .then(|| self.at(number as usize))
            .filter(|packed| !packed.annulled)
    }

    fn at(&self, number: usize) -> &Packed {
        &self.pages[number / PAGE][number % PAGE]
    }

    /// The slot that holds `key`, or the empty one where it belongs. The table is never full.
    fn slot_of(&self, key: &[u8; 16]) -> usize {
        let mask = self.table.len() - 1;
        // A job id is a digest: any part of it is as good as a hash.
        let [a, b, c, d, e, f, g, h, ..] = *key;
        let mut slot = u64::from_le_bytes([a, b, c, d, e, f, g, h]) as usize & mask;
        while self.table[slot] != EMPTY && self.at(self.table[slot] as usize).job != *key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let slots = (self.table.len() * 2).max(64);
        self.table = vec![EMPTY; slots];
        for number in 0..self.len {
            let packed = self.at(number);
            if packed.annulled {
                continue;
            }
            let slot = self.slot_of(&packed.job);
            self.table[slot] = number as u32;
        }
    }
}

impl Packed {
    fn of(entry: &Entry, position: Position) -> Result<Self, LedgerError> {
        if position.offset >> OFFSET_BITS != 0 || position.epoch >> (64 - OFFSET_BITS) != 0 {
            return Err(LedgerError::Full("16 TiB in an epoch, or 2^20 epochs"));
        }
        let place = u64::from(position.epoch) << OFFSET_BITS | position.offset;
        Ok(Self {
            job: entry.job.0.short(),
            intent: entry.intent,
            place: [(place >> 32) as u32, place as u32],
            slot: entry.slot,
            candidate: entry.candidate,
            reason: entry.reason,
            stage: entry.stage,
            code: entry.code,
            annulled: false,
        })
    }

    fn unpack(&self) -> (Summary, Position) {
        let place = u64::from(self.place[0]) << 32 | u64::from(self.place[1]);
        let position = Position {
            epoch: (place >> OFFSET_BITS) as u32,
            offset: place & ((1 << OFFSET_BITS) - 1),
        };
        let summary = Summary {
            job: self.job,
            stage: self.stage,
            slot: self.slot,
            candidate: self.candidate,
            code: self.code,
            reason: self.reason,
            intent: self.intent,
        };
        (summary, position)
    }
}

#[cfg(test)]
mod tests {
    use proto::digest::Digest;

    use super::*;

    fn entry(number: u32) -> Entry {
        Entry {
            job: JobId(Digest::of(&number.to_le_bytes())),
            stage: 3,
            slot: number,
            candidate: 7,
            param: [9; 16],
            code: 2,
            reason: 513,
            intent: [5; 16],
        }
    }

    #[test]
    fn at_most_64_bytes_a_record_with_the_table() {
        let mut index = Index::default();
        for number in 0..500_000_u32 {
            let position = Position {
                epoch: 1,
                offset: u64::from(number) * 2000,
            };
            assert_eq!(index.insert(&entry(number), position).unwrap(), None);
            // The last page and the growth of small tables are noise above a few pages.
            if number > 100_000 {
                assert!(
                    index.bytes() <= 64 * index.len() + PAGE * 64,
                    "{} for {}",
                    index.bytes(),
                    index.len()
                );
            }
        }
        assert_eq!(size_of::<Packed>(), 52);
    }

    #[test]
    fn the_first_of_a_job_wins() {
        let mut index = Index::default();
        let (first, second) = (
            Position {
                epoch: 1,
                offset: 60,
            },
            Position {
                epoch: 1_000_000,
                offset: 1 << 43,
            },
        );
        assert_eq!(index.get(&entry(1).job), None);
        assert_eq!(index.insert(&entry(1), first).unwrap(), None);
        assert_eq!(
            index
                .insert(
                    &Entry {
                        code: 9,
                        ..entry(1)
                    },
                    second
                )
                .unwrap(),
            Some(first)
        );
        assert_eq!(index.insert(&entry(2), second).unwrap(), None);
        let (summary, position) = index.get(&entry(2).job).unwrap();
        assert_eq!(position, second);
        assert_eq!(
            (summary.slot, summary.reason, summary.intent),
            (2, 513, [5; 16])
        );
        assert_eq!(index.get(&entry(1).job).unwrap().0.code, 2);
        assert_eq!(
            index
                .iter()
                .map(|(summary, _)| summary.slot)
                .collect::<Vec<_>>(),
            [1, 2]
        );
    }

    #[test]
    fn an_annulled_record_makes_room_for_another() {
        let at = |offset| Position { epoch: 1, offset };
        let mut index = Index::default();
        assert!(!index.annul(&entry(1).job));
        // Enough that the table grows between.
        for number in 0..100 {
            index.insert(&entry(number), at(u64::from(number))).unwrap();
            assert!(!index.annul(&entry(1000).job));
            if number % 2 == 0 {
                assert!(index.annul(&entry(number).job));
                assert!(!index.annul(&entry(number).job), "only once");
            }
        }
        for number in 0..100 {
            let standing = index.get(&entry(number).job).map(|(_, position)| position);
            let own = (number % 2 == 1).then(|| at(u64::from(number)));
            assert_eq!(standing, own, "{number}");
        }
        assert_eq!(index.insert(&entry(4), at(500)).unwrap(), None);
        assert_eq!(index.insert(&entry(4), at(600)).unwrap(), Some(at(500)));
        assert_eq!((index.iter().count(), index.len()), (51, 101));
        let last = index.iter().last().unwrap();
        assert_eq!((last.0.slot, last.1), (4, at(500)));
    }

    #[test]
    fn what_can_not_be_named_is_refused() {
        let mut index = Index::default();
        let beyond = Position {
            epoch: 1,
            offset: 1 << OFFSET_BITS,
        };
        assert!(matches!(
            index.insert(&entry(1), beyond),
            Err(LedgerError::Full(_))
        ));
        assert_eq!(index.get(&entry(1).job), None);
    }
}
