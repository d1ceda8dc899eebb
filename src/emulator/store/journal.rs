//! The journal: a header, then frames. A frame is what one sync made durable, usually one event.
//!
//! ```text
//! header   "hubjobsJ"  format u32
//! frame    length u32  crc32 u32 (of length and payload)  payload: JSON array of records
//! ```
//!
//! Numbers are little-endian. Frame n+1 is only written after frame n was synced, so a crash can
//! tear the last frame and no other: a bad frame with nothing good behind it was never
//! acknowledged, a bad frame with a good one behind it is damage.

use std::path::Path;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::StoreError;

/// Raise it when the meaning of journals changes, also by other rules in the state machine.
pub(super) const FORMAT: u32 = 1;
const MAGIC: &[u8; 8] = b"hubjobsJ";
const HEADER_LEN: usize = MAGIC.len() + 4;
const FRAME_HEADER_LEN: usize = 8;

/// One event, and when it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::emulator) struct Record<E> {
    /// 1, 2, 3, ... over all generations.
    pub(in crate::emulator) seq: u64,
    /// Time of the emulator.
    pub(in crate::emulator) at: Timestamp,
    /// Time of the machine, from which mode `real` knows how long the emulator was off.
    pub(in crate::emulator) wall: Timestamp,
    /// What happened.
    pub(in crate::emulator) event: E,
}

/// The bytes a journal begins with.
pub(super) fn header() -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    header[MAGIC.len()..].copy_from_slice(&FORMAT.to_le_bytes());
    header
}

/// A frame that is being filled with encoded records.
#[derive(Debug, Default)]
pub(super) struct Frame(Vec<u8>);

impl Frame {
    /// Adds one record, as JSON.
    pub(super) fn push(&mut self, record: &[u8]) {
        if self.0.is_empty() {
            self.0.extend_from_slice(&[0; FRAME_HEADER_LEN]);
            self.0.push(b'[');
        } else {
            self.0.push(b',');
        }
        self.0.extend_from_slice(record);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// The finished frame; nothing when the frame holds more than its length field can say.
    pub(super) fn seal(mut self) -> Option<Vec<u8>> {
        self.0.push(b']');
        let length = u32::try_from(self.0.len() - FRAME_HEADER_LEN).ok()?.to_le_bytes();
        let crc = checksum(length, &self.0[FRAME_HEADER_LEN..]);
        self.0[..4].copy_from_slice(&length);
        self.0[4..FRAME_HEADER_LEN].copy_from_slice(&crc.to_le_bytes());
        Some(self.0)
    }
}

/// What a journal holds.
#[derive(Debug)]
pub(super) struct Contents<E> {
    /// The records, in order.
    pub(super) records: Vec<Record<E>>,
    /// Bytes up to the end of the last good frame.
    pub(super) good_len: usize,
    /// Bytes behind it, of a write that was never acknowledged.
    pub(super) torn_len: usize,
}

/// Reads a journal whose first record must follow `seq_before`.
///
/// # Errors
/// When it is of another format, or damaged.
pub(super) fn read<E: DeserializeOwned>(path: &Path, bytes: &[u8], seq_before: u64) -> Result<Contents<E>, StoreError> {
    check_header(path, bytes)?;
    let mut records: Vec<Record<E>> = Vec::new();
    let mut seq = seq_before;
    let mut offset = HEADER_LEN;
    while let Some(payload) = frame_at(bytes, offset) {
        let frame: Vec<Record<E>> = serde_json::from_slice(payload)
            // The text of the error would quote the record, and with it perhaps a key.
            .map_err(|_| StoreError::damaged(path, format!("the record at byte {offset} is none of this version")))?;
        for record in frame {
            if record.seq != seq + 1 {
                let detail = format!("record {} follows record {seq} at byte {offset}", record.seq);
                return Err(StoreError::damaged(path, detail));
            }
            seq = record.seq;
            records.push(record);
        }
        offset += FRAME_HEADER_LEN + payload.len();
    }
    if let Some(later) = (offset + 1..bytes.len()).find(|&later| frame_at(bytes, later).is_some()) {
        let detail =
            format!("the record at byte {offset} is not what was written, and good ones follow at byte {later}");
        return Err(StoreError::damaged(path, detail));
    }
    Ok(Contents { records, good_len: offset, torn_len: bytes.len() - offset })
}

fn check_header(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let header = bytes.split_at_checked(HEADER_LEN).map(|(header, _)| header.split_at(MAGIC.len()));
    match header {
        Some((magic, format)) if magic == MAGIC => match u32_at(format, 0) {
            Some(FORMAT) => Ok(()),
            found => {
                Err(StoreError::Format { path: path.to_owned(), found: found.unwrap_or_default(), supported: FORMAT })
            }
        },
        _ => Err(StoreError::damaged(path, "it does not begin like a journal")),
    }
}

/// The payload of the frame that begins at `offset`, if there is a whole and unharmed one.
fn frame_at(bytes: &[u8], offset: usize) -> Option<&[u8]> {
    let length = u32_at(bytes, offset)?;
    let crc = u32_at(bytes, offset + 4)?;
    let start = offset + FRAME_HEADER_LEN;
    let payload = bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)?;
    // Every frame is an array; looking first keeps the search for a later one cheap.
    let whole = payload.first() == Some(&b'[') && checksum(length.to_le_bytes(), payload) == crc;
    whole.then_some(payload)
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seq: u64) -> Record<String> {
        Record { seq, at: Timestamp::UNIX_EPOCH, wall: Timestamp::UNIX_EPOCH, event: format!("event {seq}") }
    }

    /// A journal with one frame for each of the groups.
    fn journal(groups: &[&[u64]]) -> Vec<u8> {
        let mut bytes = header().to_vec();
        for group in groups {
            let mut frame = Frame::default();
            for &seq in *group {
                frame.push(&serde_json::to_vec(&record(seq)).unwrap());
            }
            bytes.extend(frame.seal().unwrap());
        }
        bytes
    }

    fn read_back(bytes: &[u8]) -> Result<(Vec<u64>, usize), String> {
        let contents = read::<String>(Path::new("j"), bytes, 0).map_err(|error| error.to_string())?;
        assert_eq!(contents.good_len + contents.torn_len, bytes.len());
        Ok((contents.records.iter().map(|record| record.seq).collect(), contents.torn_len))
    }

    #[test]
    fn frames_of_one_and_of_several_records() {
        assert_eq!(read_back(&journal(&[])), Ok((vec![], 0)));
        assert_eq!(read_back(&journal(&[&[1], &[2, 3, 4], &[5]])), Ok((vec![1, 2, 3, 4, 5], 0)));
    }

    #[test]
    fn every_torn_tail_is_dropped() {
        let whole = journal(&[&[1], &[2], &[3]]);
        let before = journal(&[&[1], &[2]]).len();
        for len in before..whole.len() {
            assert_eq!(read_back(&whole[..len]), Ok((vec![1, 2], len - before)), "{len} bytes");
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let whole = journal(&[&[1], &[2], &[3]]);
        let last = journal(&[&[1], &[2]]).len();
        for position in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[position / 8] ^= 1 << (position % 8);
            match read_back(&bytes) {
                Ok(outcome) => {
                    assert!(position / 8 >= last, "bit {position} was not noticed");
                    assert_eq!(outcome, (vec![1, 2], whole.len() - last));
                }
                Err(error) => assert!(position / 8 < last, "bit {position}: {error}"),
            }
        }
    }

    #[test]
    fn a_gap_in_the_numbers_is_damage() {
        assert!(read_back(&journal(&[&[1], &[3]])).unwrap_err().contains("record 3 follows record 1"));
    }
}
