//! Opening a state folder, and going on from one generation to the next.
//!
//! A generation begins in this order, so that a crash between any two steps leaves either the old
//! one whole or the new one whole: journal n+1 with its header; snapshot n+1 under a temporary
//! name, synced; rename; files of generation n removed. The newest snapshot decides.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::commit_log::CommitLog;
use super::directory::{StateDir, remove};
use super::error::{OnFile, StoreError};
use super::journal::{self, Record};
use super::journal_file::JournalFile;
use super::lock::StateLock;
use super::snapshot::{self, Head};

/// An open state folder, ready to take records.
#[derive(Debug)]
pub(in crate::emulator) struct Store {
    /// Before the lock: the last records are written while the folder is still ours.
    log: CommitLog,
    generation: Mutex<u64>,
    lock: StateLock,
}

/// What a state folder held.
#[derive(Debug)]
pub(in crate::emulator) enum Recovered {
    /// Nothing yet.
    Fresh(FreshStore),
    /// A state.
    State(RecoveredState),
}

/// A folder without a state.
#[derive(Debug)]
pub(in crate::emulator) struct FreshStore(StateLock);

/// The snapshot of a folder, whose pieces were handed over, and what happened since, still unread.
#[derive(Debug)]
pub(in crate::emulator) struct RecoveredState {
    head: Head,
    generation: u64,
    lock: StateLock,
}

/// A state as it was left.
#[derive(Debug)]
pub(in crate::emulator) struct Replayed {
    /// When the last thing happened, by the emulator's clock.
    pub(in crate::emulator) at: Timestamp,
    /// When the last thing happened, by the machine's clock.
    pub(in crate::emulator) wall: Timestamp,
    /// Number of the last record.
    pub(in crate::emulator) seq: u64,
    /// How many records there were since the snapshot.
    pub(in crate::emulator) records: u64,
    /// Where to go on.
    pub(in crate::emulator) store: Store,
}

/// A state at an instant, as the pieces of a snapshot.
#[derive(Debug)]
pub(in crate::emulator) struct Image<P> {
    /// Time of the emulator.
    pub(in crate::emulator) at: Timestamp,
    /// Time of the machine.
    pub(in crate::emulator) wall: Timestamp,
    /// The state.
    pub(in crate::emulator) pieces: P,
}

impl Store {
    /// Reads the snapshot of the folder that the lock holds, handing its pieces to `take`.
    ///
    /// # Errors
    /// When a file cannot be read, is damaged, or makes no sense to `take`.
    pub(in crate::emulator) fn open<S: DeserializeOwned>(
        lock: StateLock,
        take: impl FnMut(S) -> Result<(), String>,
    ) -> Result<Recovered, StoreError> {
        let dir = lock.dir().clone();
        let Some(&generation) = dir.generations("snapshot-", ".json")?.last() else {
            refuse_orphans(&dir, 0)?;
            return Ok(Recovered::Fresh(FreshStore(lock)));
        };
        refuse_orphans(&dir, generation)?;
        let head = snapshot::read(&dir, generation, take)?;
        Ok(Recovered::State(RecoveredState { head, generation, lock }))
    }

    /// The open journal.
    pub(in crate::emulator) const fn log(&self) -> &CommitLog {
        &self.log
    }

    /// The lock on the folder.
    pub(in crate::emulator) const fn lock(&self) -> &StateLock {
        &self.lock
    }

    /// Begins the next generation with this state. Nobody may append meanwhile. When it fails, the
    /// old generation goes on, or, should that not be certain, the journal takes no more records.
    /// Gives the length of the snapshot.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(in crate::emulator) fn begin_generation<P>(&self, image: Image<P>) -> Result<u64, StoreError>
    where
        P: Iterator<Item: Serialize>,
    {
        let mut generation = self.generation.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = self.lock.dir();
        let next = *generation + 1;
        let seq = self.log.drain().map_err(|error| std::io::Error::other(error.to_string()));
        let seq = seq.on_file("write", &dir.journal(*generation))?;
        let (journal, snapshot_len) = write_generation(dir, next, seq, image).inspect_err(|_| {
            // The disk may be full: what came of it must not stay. The error itself is told.
            let _ = remove(&dir.snapshot(next).with_extension("tmp")).and_then(|()| remove(&dir.journal(next)));
        })?;
        self.log.switch(journal);
        if let Err(error) = dir.sync() {
            self.log.fail(&error.to_string());
            return Err(error);
        }
        *generation = next;
        remove_other_generations(dir, next)?;
        Ok(snapshot_len)
    }
}

impl RecoveredState {
    /// The folder.
    pub(in crate::emulator) const fn dir(&self) -> &StateDir {
        self.lock.dir()
    }

    /// Reads the journal, handing its records to `apply`, and opens it to take more.
    ///
    /// # Errors
    /// When a file cannot be read, is damaged, or makes no sense to `apply`.
    pub(in crate::emulator) fn replay<E: DeserializeOwned>(
        self,
        mut apply: impl FnMut(Record<E>) -> Result<(), String>,
    ) -> Result<Replayed, StoreError> {
        let Self { head: Head { seq: seq_before, mut at, mut wall }, generation, lock } = self;
        let dir = lock.dir();
        let path = dir.journal(generation);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(StoreError::damaged(&path, "this file of what happened since the snapshot is missing"));
            }
            read => read.on_file("read", &path)?,
        };
        let ending = journal::read(&path, &bytes, seq_before, |record| {
            (at, wall) = (record.at, record.wall);
            apply(record)
        })?;
        if ending.torn_len > 0 {
            tracing::warn!(
                "dropped the last {} bytes of `{}`: a write that was cut short and never acknowledged",
                ending.torn_len,
                path.display()
            );
        }
        let journal = JournalFile::reopen(dir, generation, bytes.len() as u64, ending)?;
        let log = CommitLog::start(journal, ending.seq).on_file("write", &path)?;
        remove_other_generations(dir, generation)?;
        let (seq, records) = (ending.seq, ending.seq - seq_before);
        Ok(Replayed { at, wall, seq, records, store: Store { log, generation: Mutex::new(generation), lock } })
    }
}

impl FreshStore {
    /// The folder that the lock holds, after its state was removed.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub(in crate::emulator) fn emptied(lock: StateLock) -> Result<Self, StoreError> {
        remove_other_generations(lock.dir(), 0)?;
        Ok(Self(lock))
    }

    /// The folder.
    pub(in crate::emulator) const fn dir(&self) -> &StateDir {
        self.0.dir()
    }

    /// Begins the first generation.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(in crate::emulator) fn begin<P>(self, image: Image<P>) -> Result<Store, StoreError>
    where
        P: Iterator<Item: Serialize>,
    {
        let dir = self.dir();
        let (journal, _) = write_generation(dir, 1, 0, image)?;
        dir.sync()?;
        let log = CommitLog::start(journal, 0).on_file("write", &dir.journal(1))?;
        Ok(Store { log, generation: Mutex::new(1), lock: self.0 })
    }
}

/// Reads a state from the bytes of its two files, as [`Store::open`] and [`RecoveredState::replay`] do.
/// `take` and `apply` get `target` in turn.
///
/// # Errors
/// When a file is damaged, or makes no sense to `take` or `apply`.
pub(in crate::emulator) fn read_bytes<S: DeserializeOwned, E: DeserializeOwned, T, U>(
    (snapshot, journal): (&[u8], &[u8]),
    mut target: T,
    mut take: impl FnMut(&mut T, S) -> Result<(), String>,
    finish: impl FnOnce(T) -> Result<U, String>,
    mut apply: impl FnMut(&mut U, Record<E>) -> Result<(), String>,
) -> Result<U, StoreError> {
    let (snapshot_name, journal_name) = (Path::new("snapshot"), Path::new("journal"));
    let head = snapshot::read_from(snapshot_name, snapshot, |piece| take(&mut target, piece))?;
    let mut state = finish(target).map_err(|why| StoreError::damaged(snapshot_name, why))?;
    journal::read(journal_name, journal, head.seq, |record| apply(&mut state, record))?;
    Ok(state)
}

/// Writes the files of a generation, of which the names are durable only after the folder was synced.
fn write_generation<P>(
    dir: &StateDir,
    generation: u64,
    seq: u64,
    image: Image<P>,
) -> Result<(JournalFile, u64), StoreError>
where
    P: Iterator<Item: Serialize>,
{
    let journal = JournalFile::create(dir, generation)?;
    let Image { at, wall, pieces } = image;
    let snapshot_len = snapshot::write(dir, generation, Head { seq, at, wall }, pieces)?;
    Ok((journal, snapshot_len))
}

/// A journal of a generation whose snapshot is not there holds nothing, or its snapshot was taken away.
fn refuse_orphans(dir: &StateDir, newest: u64) -> Result<(), StoreError> {
    for generation in dir.generations("journal-", ".log")?.into_iter().filter(|&found| found > newest) {
        let path = dir.journal(generation);
        if journal::is_used(&fs::read(&path).on_file("read", &path)?) {
            return Err(StoreError::damaged(&path, "the snapshot it continues is missing"));
        }
    }
    Ok(())
}

fn remove_other_generations(dir: &StateDir, current: u64) -> Result<(), StoreError> {
    for generation in dir.generations("snapshot-", ".json")?.into_iter().filter(|&found| found != current) {
        remove(&dir.snapshot(generation))?;
    }
    for generation in dir.generations("journal-", ".log")?.into_iter().filter(|&found| found != current) {
        remove(&dir.journal(generation))?;
    }
    for generation in dir.generations("snapshot-", ".tmp")? {
        remove(&dir.snapshot(generation).with_extension("tmp"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    type List = Vec<String>;

    /// Opens the folder, begins it if need be, and replays it.
    fn recover(dir: &Path) -> Result<(Store, List), StoreError> {
        let mut list = vec![];
        let take = |piece: String| {
            list.push(piece);
            Ok(())
        };
        Ok(match Store::open(StateLock::acquire(&StateDir::new(dir))?, take)? {
            Recovered::Fresh(fresh) => (fresh.begin(image(&[]))?, vec![]),
            Recovered::State(state) => {
                let replayed = state.replay(|record: Record<String>| {
                    list.push(record.event);
                    Ok(())
                })?;
                (replayed.store, list)
            }
        })
    }

    fn image(list: &[String]) -> Image<impl Iterator<Item = &String>> {
        Image { at: Timestamp::UNIX_EPOCH, wall: Timestamp::UNIX_EPOCH, pieces: list.iter() }
    }

    fn append(store: &Store, list: &mut List) {
        let seq = list.len() as u64 + 1;
        let event = format!("event {seq}");
        let record = Record { seq, at: Timestamp::UNIX_EPOCH, wall: Timestamp::UNIX_EPOCH, event: event.clone() };
        let record = serde_json::to_vec(&record).unwrap();
        store.log().reserve(record.len()).unwrap();
        store.log().append(seq, &record);
        assert_eq!(store.log().drain(), Ok(seq));
        list.push(event);
    }

    fn copy(from: &Path, names: &[&str], to: &Path) {
        fs::create_dir_all(to).unwrap();
        for name in names {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }

    #[test]
    fn records_outlive_the_process_and_the_generation() {
        let dir = tempfile::tempdir().unwrap();
        let mut list = vec![];
        for round in 0..6 {
            let (store, found) = recover(dir.path()).unwrap();
            assert_eq!(found, list);
            append(&store, &mut list);
            append(&store, &mut list);
            if round % 2 == 1 {
                store.begin_generation(image(&list)).unwrap();
                append(&store, &mut list);
            }
        }
        let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".gitignore", "journal-4.log", "lock", "snapshot-4.json"]);
    }

    #[test]
    fn a_crash_between_any_two_steps_of_a_new_generation_loses_nothing() {
        let before = tempfile::tempdir().unwrap();
        let after = tempfile::tempdir().unwrap();
        let (store, mut list) = recover(before.path()).unwrap();
        append(&store, &mut list);
        append(&store, &mut list);
        copy(before.path(), &["snapshot-1.json", "journal-1.log"], after.path());
        drop(store);
        let (store, _) = recover(after.path()).unwrap();
        store.begin_generation(image(&list)).unwrap();
        drop(store);
        let new_snapshot = fs::read(after.path().join("snapshot-2.json")).unwrap();

        type Step = (&'static [&'static str], &'static [&'static str], Option<usize>);
        let old: &[&str] = &["snapshot-1.json", "journal-1.log"];
        let steps: [Step; 6] = [
            (old, &["journal-2.log"], None),
            (old, &["journal-2.log"], Some(0)),
            (old, &["journal-2.log"], Some(new_snapshot.len() / 2)),
            (old, &["journal-2.log", "snapshot-2.json"], None),
            (&old[1..], &["journal-2.log", "snapshot-2.json"], None),
            (&[], &["journal-2.log", "snapshot-2.json"], None),
        ];
        for (number, (from_before, from_after, temporary)) in steps.into_iter().enumerate() {
            let crashed = tempfile::tempdir().unwrap();
            copy(before.path(), from_before, crashed.path());
            copy(after.path(), from_after, crashed.path());
            if let Some(len) = temporary {
                fs::write(crashed.path().join("snapshot-2.tmp"), &new_snapshot[..len]).unwrap();
            }
            for restart in 0..2 {
                let (store, found) = recover(crashed.path()).unwrap();
                assert_eq!(found, list, "step {number}, restart {restart}");
                store.begin_generation(image(&found)).unwrap();
            }
        }
    }

    #[test]
    fn a_crash_before_the_first_snapshot_leaves_an_empty_folder() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("journal-1.log"), journal::header()).unwrap();
        fs::write(dir.path().join("snapshot-1.tmp"), "hubjobs").unwrap();
        assert_eq!(recover(dir.path()).unwrap().1, List::new());
    }

    #[test]
    fn damage_is_refused_with_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let (store, mut list) = recover(dir.path()).unwrap();
        append(&store, &mut list);
        drop(store);
        let snapshot = dir.path().join("snapshot-1.json");
        let mut bytes = fs::read(&snapshot).unwrap();
        let last = bytes.len() - 3;
        bytes[last] ^= 1;
        fs::write(&snapshot, bytes).unwrap();
        let message = recover(dir.path()).unwrap_err().to_string();
        assert!(message.contains("its checksum does not match; restore that folder from a copy, or move it away"));
        fs::remove_file(&snapshot).unwrap();
        assert!(recover(dir.path()).unwrap_err().to_string().contains("the snapshot it continues is missing"));
    }

    #[test]
    fn one_process_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = recover(dir.path()).unwrap();
        assert!(matches!(recover(dir.path()), Err(StoreError::InUse { .. })));
        assert!(StateLock::is_taken(&StateDir::new(dir.path())).unwrap());
        drop(store);
        assert!(!StateLock::is_taken(&StateDir::new(dir.path())).unwrap());
        recover(dir.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("a/b");
        let _store = recover(&dir).unwrap();
        for (name, mode) in [("", 0o700), ("snapshot-1.json", 0o600), ("journal-1.log", 0o600)] {
            assert_eq!(fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777, mode, "{name}");
        }
    }
}
