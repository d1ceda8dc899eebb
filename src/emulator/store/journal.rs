//! The journal: a header, then frames, then reserved space. A frame is what one sync made durable,
//! usually one event.
//!
//! ```text
//! header   "hubjobsJ"  format u32  crc32 u32 (of all before it)
//! frame    mark u32  length u32  crc32 u32 (of the payload and its padding)  crc32 u32 (of the 12 bytes before it)
//!          payload: JSON array of records, padded with zeros to a multiple of 8
//! reserve  zeros, at least 8
//! ```
//!
//! Numbers are little-endian. Frames are written into space that was reserved and synced before, and
//! frame n+1 only after frame n was synced. So a crash can tear the last frame and no other, and a torn
//! frame lacks whole sectors, or its end: there the reserved zeros show, of which a payload has none.
//! Whatever else differs from what was written is damage, and so is a journal without its reserve,
//! which somebody cut.

use std::path::Path;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::StoreError;

/// Raise it when the meaning of journals changes, also by other rules in the state machine.
pub(super) const FORMAT: u32 = 2;
const MAGIC: &[u8; 8] = b"hubjobsJ";
const MARK: &[u8; 4] = b"HJfr";
/// Bytes before the first frame.
pub(super) const HEADER_LEN: usize = 16;
const FRAME_HEADER_LEN: usize = 16;
/// Where frames may begin, so that both halves of a frame's header are in one sector each.
const ALIGNMENT: usize = 8;
/// What a disk writes whole or not at all; many write more at once.
const SECTOR_LEN: usize = 512;
/// The least of a reserve.
pub(super) const RESERVE_LEN_MIN: u64 = ALIGNMENT as u64;

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
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    let crc = crc32fast::hash(&header[..12]);
    header[12..].copy_from_slice(&crc.to_le_bytes());
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

    /// How long the finished frame is; an empty one is none.
    pub(super) const fn sealed_len(&self) -> u64 {
        if self.is_empty() { 0 } else { (self.0.len() + 1).next_multiple_of(ALIGNMENT) as u64 }
    }

    /// How long a finished frame would be that holds only one record of this length.
    pub(super) const fn sealed_len_of(record_len: usize) -> u64 {
        (FRAME_HEADER_LEN + 1 + record_len + 1).next_multiple_of(ALIGNMENT) as u64
    }

    /// The finished frame; nothing when the frame holds more than its length field can say.
    pub(super) fn seal(mut self) -> Option<Vec<u8>> {
        self.0.push(b']');
        let length = u32::try_from(self.0.len() - FRAME_HEADER_LEN).ok()?;
        self.0.resize(self.0.len().next_multiple_of(ALIGNMENT), 0);
        let crc = crc32fast::hash(&self.0[FRAME_HEADER_LEN..]);
        self.0[..4].copy_from_slice(MARK);
        self.0[4..8].copy_from_slice(&length.to_le_bytes());
        self.0[8..12].copy_from_slice(&crc.to_le_bytes());
        let crc = crc32fast::hash(&self.0[..12]);
        self.0[12..16].copy_from_slice(&crc.to_le_bytes());
        Some(self.0)
    }
}

/// How a journal ended, all of whose records were handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// Number of the last record.
    pub(super) seq: u64,
    /// Bytes up to the end of the last good frame.
    pub(super) good_len: u64,
    /// Bytes behind it, of a write that was never acknowledged.
    pub(super) torn_len: u64,
}

/// Reads a journal whose first record must follow `seq_before`, and hands over its records in order.
/// They are to be trusted only when this returns.
///
/// # Errors
/// When it is of another format, damaged, or makes no sense to `take`.
pub(super) fn read<E: DeserializeOwned>(
    path: &Path,
    bytes: &[u8],
    seq_before: u64,
    mut take: impl FnMut(Record<E>) -> Result<(), String>,
) -> Result<Ending, StoreError> {
    check_header(path, bytes)?;
    let mut seq = seq_before;
    let mut offset = HEADER_LEN;
    loop {
        let rest = bytes.get(offset..).unwrap_or_default();
        let payload = match frame(offset, rest) {
            Found::Whole(payload) => payload,
            Found::Reserve => return Ok(Ending { seq, good_len: offset as u64, torn_len: 0 }),
            Found::Torn if !has_frame_behind(bytes, offset) => {
                let torn_len = rest.len() - rest.iter().rev().take_while(|byte| **byte == 0).count();
                return Ok(Ending { seq, good_len: offset as u64, torn_len: torn_len as u64 });
            }
            Found::Torn | Found::Damaged => {
                let detail = format!("the record at byte {offset} is not what was written");
                return Err(StoreError::damaged(path, detail));
            }
            Found::Cut => {
                return Err(StoreError::damaged(path, format!("it was cut off at byte {}", bytes.len())));
            }
        };
        let records: Vec<Record<E>> = serde_json::from_slice(payload)
            // The text of the error would quote the record, and with it perhaps a key.
            .map_err(|_| StoreError::damaged(path, format!("the record at byte {offset} is not of this version")))?;
        for record in records {
            if record.seq != seq + 1 {
                let detail = format!("record {} follows record {seq} at byte {offset}", record.seq);
                return Err(StoreError::damaged(path, detail));
            }
            seq = record.seq;
            take(record).map_err(|why| StoreError::damaged(path, why))?;
        }
        offset += (FRAME_HEADER_LEN + payload.len()).next_multiple_of(ALIGNMENT);
    }
}

/// Whether a journal holds any record, whole or not.
pub(super) fn is_used(bytes: &[u8]) -> bool {
    bytes.iter().skip(HEADER_LEN).any(|byte| *byte != 0)
}

fn check_header(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let foreign = || StoreError::damaged(path, "it does not begin like a journal");
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(foreign)?;
    let found = u32_at(rest, 0).ok_or_else(foreign)?;
    if found != FORMAT {
        return Err(StoreError::Format { path: path.to_owned(), found, supported: FORMAT });
    }
    if bytes.get(..HEADER_LEN) == Some(&header()) { Ok(()) } else { Err(foreign()) }
}

/// What begins at a place of a journal.
enum Found<'a> {
    /// A frame, with this payload.
    Whole(&'a [u8]),
    /// Nothing more was written.
    Reserve,
    /// A write that a crash cut short.
    Torn,
    /// Something that no crash makes.
    Damaged,
    /// The file ends where it should not.
    Cut,
}

/// Looks at `rest`, which begins at `offset` of a journal.
fn frame(offset: usize, rest: &[u8]) -> Found<'_> {
    let Some((head, body)) = rest.split_first_chunk::<FRAME_HEADER_LEN>() else {
        return if rest.is_empty() || !is_zero(rest) { Found::Cut } else { Found::Reserve };
    };
    if is_zero(head) {
        return if is_zero(body) { Found::Reserve } else { Found::Torn };
    }
    if u32_at(head, 12) != Some(crc32fast::hash(&head[..12])) || !head.starts_with(MARK) {
        return if is_torn_head(offset, head) { Found::Torn } else { Found::Damaged };
    }
    let length = u32_at(head, 4).and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
    let padded = length.checked_next_multiple_of(ALIGNMENT).and_then(|padded| body.get(..padded));
    let Some(padded) = padded.filter(|padded| !padded.is_empty()) else { return Found::Cut };
    if u32_at(head, 8) == Some(crc32fast::hash(padded)) {
        return Found::Whole(&padded[..length]);
    }
    let lacks_end = padded[length - 1] == 0;
    if lacks_end || sectors(offset + FRAME_HEADER_LEN, padded).any(is_zero) { Found::Torn } else { Found::Damaged }
}

/// Whether part of a frame's header never arrived: its end, or the half in another sector.
fn is_torn_head(offset: usize, head: &[u8; FRAME_HEADER_LEN]) -> bool {
    is_zero(&head[12..]) || sectors(offset, head).any(is_zero)
}

/// The parts of some bytes of a file, which begin at `offset`, that are in one sector each.
fn sectors(offset: usize, bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (first, rest) = bytes.split_at(bytes.len().min(SECTOR_LEN - offset % SECTOR_LEN));
    std::iter::once(first).filter(|part| !part.is_empty()).chain(rest.chunks(SECTOR_LEN))
}

/// Whether a whole frame follows behind a bad one.
fn has_frame_behind(bytes: &[u8], offset: usize) -> bool {
    let later = (offset + ALIGNMENT..bytes.len()).step_by(ALIGNMENT);
    later.filter(|&at| bytes[at..].starts_with(MARK)).any(|at| matches!(frame(at, &bytes[at..]), Found::Whole(_)))
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seq: u64, size: usize) -> Record<String> {
        let event = format!("event {seq} @ {}", "x".repeat(size));
        Record { seq, at: Timestamp::UNIX_EPOCH, wall: Timestamp::UNIX_EPOCH, event }
    }

    fn frame_of(group: &[u64], size: usize) -> Vec<u8> {
        let mut frame = Frame::default();
        for &seq in group {
            let record = serde_json::to_vec(&record(seq, size)).unwrap();
            let most = frame.sealed_len() + Frame::sealed_len_of(record.len());
            frame.push(&record);
            assert!(frame.sealed_len() <= most, "a frame of its own takes the most room");
        }
        let expected = frame.sealed_len();
        let bytes = frame.seal().unwrap();
        assert_eq!(bytes.len() as u64, expected);
        bytes
    }

    /// A journal with one frame for each of the groups, without a reserve.
    fn frames(groups: &[&[u64]], size: usize) -> Vec<u8> {
        let mut bytes = header().to_vec();
        groups.iter().for_each(|group| bytes.extend(frame_of(group, size)));
        bytes
    }

    fn with_reserve(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.resize(bytes.len() + 640, 0);
        bytes
    }

    fn read_back(bytes: &[u8]) -> Result<(Vec<u64>, u64), String> {
        let mut records = Vec::new();
        let take = |record: Record<String>| {
            records.push(record.seq);
            Ok(())
        };
        let ending = read::<String>(Path::new("j"), bytes, 0, take).map_err(|error| error.to_string())?;
        assert_eq!(ending.seq, records.last().copied().unwrap_or(0));
        Ok((records, ending.torn_len))
    }

    #[test]
    fn frames_of_one_and_of_several_records() {
        assert_eq!(read_back(&with_reserve(frames(&[], 0))), Ok((vec![], 0)));
        assert_eq!(read_back(&with_reserve(frames(&[&[1], &[2, 3, 4], &[5]], 0))), Ok((vec![1, 2, 3, 4, 5], 0)));
    }

    #[test]
    fn a_write_that_was_cut_short_is_dropped() {
        let before = frames(&[&[1], &[2]], 0).len();
        let whole = with_reserve(frames(&[&[1], &[2], &[3]], 700));
        let (start, end) = (frames(&[&[1], &[2]], 700).len(), whole.len() - 640);
        assert!(before < start);
        // Memory is copied to the disk's cache in words at least.
        for len in (start + ALIGNMENT..end).step_by(ALIGNMENT) {
            let mut bytes = whole.clone();
            bytes[len..].fill(0);
            let (records, torn) = read_back(&bytes).unwrap_or_else(|error| panic!("{len} bytes: {error}"));
            if records == [1, 2, 3] {
                assert_eq!(bytes, whole, "only padding is missing");
            } else {
                assert!(records == [1, 2] && torn > 0 && torn <= (len - start) as u64, "{len} bytes: {torn}");
            }
        }
    }

    #[test]
    fn a_write_of_which_sectors_are_missing_is_dropped() {
        let whole = with_reserve(frames(&[&[1], &[2], &[3]], 2_000));
        let (start, end) = (frames(&[&[1], &[2]], 2_000).len(), whole.len() - 640);
        for sector in start / SECTOR_LEN..=(end - 1) / SECTOR_LEN {
            let mut bytes = whole.clone();
            bytes[(sector * SECTOR_LEN).max(start)..((sector + 1) * SECTOR_LEN).min(end)].fill(0);
            let (records, torn) = read_back(&bytes).unwrap_or_else(|error| panic!("sector {sector}: {error}"));
            assert!(records == [1, 2] && torn > 0, "sector {sector}");
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        for size in [0, 150, 400] {
            let whole = with_reserve(frames(&[&[1], &[2], &[3]], size));
            let end = whole.len() - 640;
            for position in 0..whole.len() * 8 {
                let mut bytes = whole.clone();
                bytes[position / 8] ^= 1 << (position % 8);
                match read_back(&bytes) {
                    // A stray bit in the reserve is no record; it is refused, or dropped.
                    outcome if position / 8 >= end => assert!(
                        outcome.is_err() || outcome.as_ref().is_ok_and(|(records, _)| *records == [1, 2, 3]),
                        "bit {position}: {outcome:?}"
                    ),
                    Ok(outcome) => panic!("bit {position} of {size} was not noticed: {outcome:?}"),
                    Err(_) => {}
                }
            }
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let whole = with_reserve(frames(&[&[1], &[2], &[3]], 0));
        for len in 0..=whole.len() - 640 {
            assert!(read_back(&whole[..len]).is_err(), "{len} bytes");
        }
        assert_eq!(read_back(&whole[..whole.len() - 630]), Ok((vec![1, 2, 3], 0)));
    }

    #[test]
    fn a_gap_in_the_numbers_is_damage() {
        let bytes = with_reserve(frames(&[&[1], &[3]], 0));
        assert!(read_back(&bytes).unwrap_err().contains("record 3 follows record 1"));
    }
}
