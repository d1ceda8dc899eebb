//! One process per state folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::time::{Duration, Instant};

use super::directory::StateDir;
use super::error::{OnFile, StoreError};

/// Proof that this process owns a state folder. The system takes the lock back when the process
/// ends, however it ends.
#[derive(Debug)]
pub(in crate::emulator) struct StateLock {
    _file: File,
    dir: StateDir,
}

impl StateLock {
    /// Takes the folder, creating it if need be.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it.
    pub(in crate::emulator) fn acquire(dir: &StateDir) -> Result<Self, StoreError> {
        dir.prepare()?;
        let file = open(dir)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file, dir: dir.clone() }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { dir: dir.path().to_owned() }),
            Err(TryLockError::Error(error)) => Err(error).on_file("lock", &dir.lock()),
        }
    }

    /// Takes the folder, waiting a while for a process that is about to leave it.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process still has it after that time.
    pub(in crate::emulator) fn acquire_within(dir: &StateDir, patience: Duration) -> Result<Self, StoreError> {
        let deadline = Instant::now() + patience;
        loop {
            match Self::acquire(dir) {
                Err(StoreError::InUse { .. }) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                outcome => return outcome,
            }
        }
    }

    /// The folder it holds.
    pub(in crate::emulator) const fn dir(&self) -> &StateDir {
        &self.dir
    }

    /// Whether some process holds the folder. A folder that does not exist is free.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub(in crate::emulator) fn is_taken(dir: &StateDir) -> Result<bool, StoreError> {
        if !dir.lock().exists() {
            return Ok(false);
        }
        match open(dir)?.try_lock() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error).on_file("lock", &dir.lock()),
        }
    }
}

fn open(dir: &StateDir) -> Result<File, StoreError> {
    let path = dir.lock();
    let options = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    options.on_file("open", &path)
}
