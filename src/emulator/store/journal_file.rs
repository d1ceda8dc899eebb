//! The file of a journal, and the space that it reserves ahead, so that a disk without room is known
//! before anything changes.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Seek as _, SeekFrom, Write as _};

use super::directory::{StateDir, create_private};
use super::error::{OnFile, StoreError};
use super::journal::{self, HEADER_LEN, RESERVE_LEN_MIN};

/// Length of a new journal, most of it reserve.
const LEN_MIN: u64 = 4 << 10;
/// A reserve grows by as much as the journal is long, within these bounds.
const GROWTH_MIN: u64 = 64 << 10;
const GROWTH_MAX: u64 = 4 << 20;
const BLOCK_LEN: u64 = 4 << 10;
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// The file of a journal. The file's cursor stands at the end of its last frame.
#[derive(Debug)]
pub(super) struct JournalFile {
    file: File,
    /// Bytes up to the end of the last frame.
    len: u64,
    /// Bytes of the file, reserve included.
    reserved: u64,
}

impl JournalFile {
    /// A new journal. Its name is durable when this returns.
    pub(super) fn create(dir: &StateDir, generation: u64) -> Result<Self, StoreError> {
        let path = dir.journal(generation);
        let mut file = create_private(&path)?;
        let mut bytes = journal::header().to_vec();
        bytes.resize(LEN_MIN as usize, 0);
        file.write_all(&bytes).on_file("write", &path)?;
        file.sync_all().on_file("sync", &path)?;
        file.seek(SeekFrom::Start(HEADER_LEN as u64)).on_file("write", &path)?;
        dir.sync()?;
        Ok(Self { file, len: HEADER_LEN as u64, reserved: LEN_MIN })
    }

    /// Goes on behind the last good frame of a journal of `reserved` bytes; what a torn write left
    /// becomes reserve again.
    pub(super) fn reopen(
        dir: &StateDir,
        generation: u64,
        reserved: u64,
        ending: journal::Ending,
    ) -> Result<Self, StoreError> {
        let path = dir.journal(generation);
        let mut file = OpenOptions::new().write(true).open(&path).on_file("open", &path)?;
        let (len, torn_len) = (ending.good_len, ending.torn_len);
        if torn_len > 0 {
            file.seek(SeekFrom::Start(len)).and_then(|_| write_zeros(&mut file, torn_len)).on_file("write", &path)?;
            file.sync_all().on_file("sync", &path)?;
        }
        file.seek(SeekFrom::Start(len)).on_file("open", &path)?;
        Ok(Self { file, len, reserved })
    }

    /// Bytes up to the end of the last frame.
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// Up to where frames may be written without asking for more.
    pub(super) const fn room_to(&self) -> u64 {
        self.reserved - RESERVE_LEN_MIN
    }

    /// Writes a frame into the reserve, and waits until it is on disk. Beyond the reserve, the next
    /// growth would overwrite it.
    pub(super) fn append(&mut self, frame: &[u8]) -> io::Result<()> {
        if self.len + frame.len() as u64 > self.room_to() {
            return Err(io::Error::other("more was to be written than was reserved"));
        }
        self.file.write_all(frame)?;
        self.file.sync_data()?;
        self.len += frame.len() as u64;
        Ok(())
    }

    /// Makes the reserve reach to `to` at least; further, if there is room.
    pub(super) fn reserve(&mut self, to: u64) -> io::Result<()> {
        let least = (to + RESERVE_LEN_MIN).next_multiple_of(BLOCK_LEN);
        let wanted = least.max(self.reserved + self.len.clamp(GROWTH_MIN, GROWTH_MAX));
        match self.grow(wanted) {
            Err(error) if is_no_room(&error) && wanted > least => self.grow(least),
            outcome => outcome,
        }
    }

    fn grow(&mut self, to: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.reserved))?;
        let grown = write_zeros(&mut self.file, to.saturating_sub(self.reserved)).and_then(|()| self.file.sync_data());
        match &grown {
            Ok(()) => self.reserved = self.reserved.max(to),
            // What could be had is of no use, and others may need it.
            Err(_) => self.file.set_len(self.reserved)?,
        }
        self.file.seek(SeekFrom::Start(self.len))?;
        grown
    }

    #[cfg(test)]
    pub(super) fn over(file: File, reserved: u64) -> Self {
        Self { file, len: 0, reserved }
    }
}

/// Whether an error means that there is no room, and so may pass; all others mean that the disk is not
/// to be trusted any more.
pub(super) fn is_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}

fn write_zeros(file: &mut File, count: u64) -> io::Result<()> {
    let mut left = count;
    while left > 0 {
        let now = left.min(ZEROS.len() as u64);
        file.write_all(&ZEROS[..now as usize])?;
        left -= now;
    }
    Ok(())
}
