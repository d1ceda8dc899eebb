//! Opening a state folder, and going on from one generation to the next.
//!
//! A generation begins in this order, so that a crash between any two steps leaves either the old
//! one whole or the new one whole: journal n+1 with its header; snapshot n+1 under a temporary
//! name, synced; rename; files of generation n removed. The newest snapshot decides.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::commit_log::CommitLog;
use super::directory::{StateDir, create_private, remove};
use super::error::{OnFile, StoreError};
use super::journal::{self, Record};
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
pub(in crate::emulator) enum Recovered<E> {
    /// Nothing yet.
    Fresh(FreshStore),
    /// A state.
    State(RecoveredState<E>),
}

/// A folder without a state.
#[derive(Debug)]
pub(in crate::emulator) struct FreshStore(StateLock);

/// What happened since the snapshot whose pieces were handed over.
#[derive(Debug)]
pub(in crate::emulator) struct RecoveredState<E> {
    /// When the snapshot was taken, by the emulator's clock.
    pub(in crate::emulator) at: Timestamp,
    /// When the snapshot was taken, by the machine's clock.
    pub(in crate::emulator) wall: Timestamp,
    /// Everything since, to be applied in order.
    pub(in crate::emulator) records: Vec<Record<E>>,
    /// Number of the last record.
    pub(in crate::emulator) seq: u64,
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
    /// Reads the folder that the lock holds, handing the pieces of its snapshot to `take`.
    ///
    /// # Errors
    /// When a file cannot be read, is damaged, or makes no sense to `take`.
    pub(in crate::emulator) fn open<S, E>(
        lock: StateLock,
        take: impl FnMut(S) -> Result<(), String>,
    ) -> Result<Recovered<E>, StoreError>
    where
        S: DeserializeOwned,
        E: DeserializeOwned,
    {
        let dir = lock.dir().clone();
        let Some(&generation) = dir.generations("snapshot-", ".json")?.last() else {
            refuse_orphans(&dir)?;
            return Ok(Recovered::Fresh(FreshStore(lock)));
        };
        let Head { seq, at, wall } = snapshot::read(&dir, generation, take)?;
        let path = dir.journal(generation);
        let bytes = fs::read(&path).on_file("read", &path)?;
        let contents = journal::read(&path, &bytes, seq)?;
        if contents.torn_len > 0 {
            tracing::warn!(
                "dropped the last {} bytes of `{}`: a write that was cut short and never acknowledged",
                contents.torn_len,
                path.display()
            );
        }
        let seq = contents.records.last().map_or(seq, |record| record.seq);
        let log = continue_journal(&dir, generation, contents.good_len as u64, seq)?;
        remove_other_generations(&dir, generation)?;
        let store = Self { log, generation: Mutex::new(generation), lock };
        Ok(Recovered::State(RecoveredState { at, wall, records: contents.records, seq, store }))
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
        let (journal, len) = create_journal(dir, next)?;
        let Image { at, wall, pieces } = image;
        let snapshot_len = snapshot::write(dir, next, Head { seq, at, wall }, pieces)?;
        self.log.switch(journal, len);
        if let Err(error) = dir.sync() {
            self.log.fail(&error.to_string());
            return Err(error);
        }
        *generation = next;
        remove_other_generations(dir, next)?;
        Ok(snapshot_len)
    }
}

impl FreshStore {
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
        let (journal, len) = create_journal(dir, 1)?;
        let Image { at, wall, pieces } = image;
        snapshot::write(dir, 1, Head { seq: 0, at, wall }, pieces)?;
        dir.sync()?;
        let log = CommitLog::start(journal, 0, len).on_file("write", &dir.journal(1))?;
        Ok(Store { log, generation: Mutex::new(1), lock: self.0 })
    }
}

/// Journals without any snapshot hold nothing, or their snapshot was taken away.
fn refuse_orphans(dir: &StateDir) -> Result<(), StoreError> {
    for generation in dir.generations("journal-", ".log")? {
        let path = dir.journal(generation);
        if fs::metadata(&path).on_file("read", &path)?.len() > journal::header().len() as u64 {
            return Err(StoreError::damaged(&path, "the snapshot it continues is missing"));
        }
    }
    Ok(())
}

fn continue_journal(dir: &StateDir, generation: u64, len: u64, seq: u64) -> Result<CommitLog, StoreError> {
    let path = dir.journal(generation);
    let mut file = OpenOptions::new().write(true).open(&path).on_file("open", &path)?;
    file.set_len(len).on_file("truncate", &path)?;
    file.sync_all().on_file("sync", &path)?;
    file.seek(SeekFrom::End(0)).on_file("open", &path)?;
    CommitLog::start(file, seq, len).on_file("write", &path)
}

fn create_journal(dir: &StateDir, generation: u64) -> Result<(File, u64), StoreError> {
    let path = dir.journal(generation);
    let header = journal::header();
    let mut file = create_private(&path)?;
    file.write_all(&header).on_file("write", &path)?;
    file.sync_all().on_file("sync", &path)?;
    dir.sync()?;
    Ok((file, header.len() as u64))
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
    use std::path::Path;

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
            Recovered::State(RecoveredState { records, store, .. }) => {
                list.extend(records.into_iter().map(|record: Record<String>| record.event));
                (store, list)
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
        store.log().append(seq, &serde_json::to_vec(&record).unwrap());
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
