//! Group commit: whoever waits while a sync runs shares the next one.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::journal::{Frame, HEADER_LEN};
use super::journal_file::{JournalFile, is_no_room};

/// The journal could not be written, so the memory is ahead of the disk; the emulator must not
/// answer any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot write the emulator's journal: {0}; see to the disk and start the emulator again")]
pub(in crate::emulator) struct LogFailed(Arc<str>);

/// Why a record cannot be taken. Nothing has changed yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::emulator) enum NoReserve {
    /// The disk is full; that may pass.
    #[error("no room for the emulator's journal ({0}); make room, and writes work again")]
    NoRoom(Arc<str>),
    /// The disk failed.
    #[error(transparent)]
    Failed(#[from] LogFailed),
}

/// The open journal and the thread that writes it.
#[derive(Debug)]
pub(in crate::emulator) struct CommitLog {
    shared: Arc<Shared>,
    durable: watch::Sender<Durable>,
    thread: Option<JoinHandle<()>>,
}

/// How far the journal is on disk, or why it is not.
type Durable = Result<u64, LogFailed>;

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    idle: Condvar,
}

#[derive(Debug)]
struct Queue {
    frame: Frame,
    seq: u64,
    /// Where the frame will begin: the end of all that is written or being written.
    frame_at: u64,
    /// Up to where frames may be written.
    room_to: u64,
    /// Up to where somebody waits to write.
    wanted: Option<u64>,
    /// Why there is no more room than that.
    no_room: Option<Arc<str>>,
    /// The open journal; away while the thread works on it.
    file: Option<JournalFile>,
    stopping: bool,
    failed: bool,
}

impl Queue {
    /// Where the journal ends at the most after one more record of this length. The thread may take the
    /// frame away before the record comes, which then begins a frame of its own.
    const fn end_with(&self, record_len: usize) -> u64 {
        self.frame_at + self.frame.sealed_len() + Frame::sealed_len_of(record_len)
    }
}

impl CommitLog {
    /// Goes on with a journal that ends with record `seq`.
    pub(super) fn start(file: JournalFile, seq: u64) -> std::io::Result<Self> {
        let queue = Queue {
            frame: Frame::default(),
            seq,
            frame_at: file.len(),
            room_to: file.room_to(),
            wanted: None,
            no_room: None,
            file: Some(file),
            stopping: false,
            failed: false,
        };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), work: Condvar::new(), idle: Condvar::new() });
        let durable = watch::Sender::new(Ok(seq));
        let writer = Writer { shared: Arc::clone(&shared), durable: durable.clone() };
        let thread = std::thread::Builder::new().name("hubjobs-journal".to_owned()).spawn(move || writer.run())?;
        Ok(Self { shared, durable, thread: Some(thread) })
    }

    /// Makes sure that a record of this length can be written. Call it under the lock that gives the
    /// numbers, before anything changes; the room stays until the next [`Self::append`].
    ///
    /// # Errors
    /// When it cannot.
    pub(in crate::emulator) fn reserve(&self, record_len: usize) -> Result<(), NoReserve> {
        let mut queue = self.shared.lock();
        let to = queue.end_with(record_len);
        if to > queue.room_to && !queue.failed {
            queue.wanted = Some(to);
            queue.no_room = None;
            self.shared.work.notify_one();
            let asking = |queue: &mut Queue| queue.wanted.is_some() && !queue.failed;
            queue = self.shared.idle.wait_while(queue, asking).unwrap_or_else(PoisonError::into_inner);
        }
        self.durable.borrow().clone()?;
        queue.no_room.take().map_or(Ok(()), |why| Err(NoReserve::NoRoom(why)))
    }

    /// Queues record `seq`, encoded as JSON, for which room was reserved. Records come in order: call it
    /// under the lock that gives the numbers.
    pub(in crate::emulator) fn append(&self, seq: u64, record: &[u8]) {
        let mut queue = self.shared.lock();
        debug_assert_eq!(seq, queue.seq + 1, "records are appended in order");
        queue.frame.push(record);
        queue.seq = seq;
        drop(queue);
        self.shared.work.notify_one();
    }

    /// Waits until record `seq` is on disk.
    ///
    /// # Errors
    /// When it never will be.
    pub(in crate::emulator) async fn committed(&self, seq: u64) -> Result<(), LogFailed> {
        let mut durable = self.durable.subscribe();
        let settled = durable.wait_for(|durable| durable.as_ref().map_or(true, |done| *done >= seq)).await;
        settled.map_or_else(|_| Err(ended()), |durable| durable.clone().map(|_| ()))
    }

    /// Bytes of the journal, queued ones included, the reserve not.
    pub(in crate::emulator) fn len(&self) -> u64 {
        let queue = self.shared.lock();
        queue.frame_at + queue.frame.sealed_len()
    }

    /// Whether this journal has no record.
    pub(in crate::emulator) fn is_empty(&self) -> bool {
        self.len() <= HEADER_LEN as u64
    }

    /// Waits until all is on disk, blocking, and gives the number of the last record.
    ///
    /// # Errors
    /// When it never will be.
    pub(super) fn drain(&self) -> Result<u64, LogFailed> {
        drop(self.idle_queue());
        self.durable.borrow().clone()
    }

    /// Goes on in a new, empty journal, after [`Self::drain`].
    pub(super) fn switch(&self, file: JournalFile) {
        let mut queue = self.idle_queue();
        queue.frame_at = file.len();
        queue.room_to = file.room_to();
        queue.file = Some(file);
    }

    /// Takes no more records: waiting for one fails from now on.
    pub(super) fn fail(&self, cause: &str) {
        self.idle_queue().failed = true;
        self.durable.send_modify(|durable| *durable = Err(LogFailed(cause.into())));
    }

    fn idle_queue(&self) -> MutexGuard<'_, Queue> {
        let busy = |queue: &mut Queue| !queue.failed && (!queue.frame.is_empty() || queue.file.is_none());
        let queue = self.shared.lock();
        self.shared.idle.wait_while(queue, busy).unwrap_or_else(PoisonError::into_inner)
    }
}

fn ended() -> LogFailed {
    LogFailed("it was closed".into())
}

/// Writes what is queued, then ends the thread.
impl Drop for CommitLog {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            // Its failure is known already: the thread publishes it before it ends.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// The queue is only ever changed by whole steps, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Writer {
    shared: Arc<Shared>,
    durable: watch::Sender<Durable>,
}

/// What there is to do with the file.
enum Work {
    /// Write this frame, whose last record has this number.
    Write(Frame, u64),
    /// Reserve up to there.
    Reserve(u64),
}

impl Writer {
    fn run(self) {
        while let Some((work, mut file)) = self.next() {
            let outcome = match work {
                Work::Write(frame, seq) => self.write(frame, seq, &mut file),
                Work::Reserve(to) => self.reserve(to, &mut file),
            };
            // First the outcome, then the file: who finds the queue idle may rely on the outcome.
            let stop = outcome.is_err();
            if let Err(error) = outcome {
                self.durable.send_modify(|durable| *durable = Err(LogFailed(error.to_string().into())));
            }
            let mut queue = self.shared.lock();
            queue.room_to = file.room_to();
            queue.failed |= stop;
            queue.file = Some(file);
            drop(queue);
            self.shared.idle.notify_all();
            if stop {
                return;
            }
        }
    }

    fn write(&self, frame: Frame, seq: u64, file: &mut JournalFile) -> std::io::Result<()> {
        let bytes = frame.seal().ok_or_else(|| std::io::Error::other("more than 4 GiB at once"))?;
        file.append(&bytes)?;
        self.durable.send_modify(|durable| *durable = Ok(seq));
        Ok(())
    }

    /// A full disk is no failure: who asked is told.
    fn reserve(&self, to: u64, file: &mut JournalFile) -> std::io::Result<()> {
        let reserved = file.reserve(to);
        let no_room = reserved.as_ref().err().filter(|error| is_no_room(error)).map(|error| error.to_string().into());
        let outcome = if no_room.is_some() { Ok(()) } else { reserved };
        let mut queue = self.shared.lock();
        queue.no_room = no_room;
        queue.wanted = None;
        outcome
    }

    /// What to do next, and the file to do it with. Records are written first: somebody waits for them.
    fn next(&self) -> Option<(Work, JournalFile)> {
        let is_idle = |queue: &mut Queue| {
            let nothing_to_do = queue.frame.is_empty() && queue.wanted.is_none();
            (nothing_to_do || queue.failed) && !queue.stopping
        };
        let queue = self.shared.lock();
        let mut queue = self.shared.work.wait_while(queue, is_idle).unwrap_or_else(PoisonError::into_inner);
        if queue.failed {
            return None;
        }
        if !queue.frame.is_empty() {
            let file = queue.file.take()?;
            queue.frame_at += queue.frame.sealed_len();
            return Some((Work::Write(std::mem::take(&mut queue.frame), queue.seq), file));
        }
        let to = queue.wanted?;
        Some((Work::Reserve(to), queue.file.take()?))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[tokio::test]
    async fn who_waits_together_is_served_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let log = CommitLog::start(JournalFile::over(File::create(&path).unwrap(), 8), 0).unwrap();
        for seq in 1..=1_000 {
            let record = format!("{seq}");
            log.reserve(record.len()).unwrap();
            log.append(seq, record.as_bytes());
        }
        log.committed(1).await.unwrap();
        log.committed(1_000).await.unwrap();
        assert_eq!(log.drain(), Ok(1_000));
        let bytes = std::fs::read(&path).unwrap();
        let len = usize::try_from(log.len()).unwrap();
        assert!(bytes[len - 8..len].contains(&b']'));
        assert!(bytes.len() > len && bytes[len..].iter().all(|byte| *byte == 0), "the rest is reserve");
    }

    /// The thread may take what is queued between the reservation and the record that it is for.
    #[test]
    fn the_room_suffices_whenever_the_queue_is_written() {
        for (pending, len) in (0..40).flat_map(|pending| (0..40).map(move |len| (pending, len))) {
            let mut frame = Frame::default();
            if pending > 0 {
                frame.push(&vec![b'1'; pending]);
            }
            let mut queue = Queue { frame, ..queue_at(HEADER_LEN as u64) };
            let end = queue.end_with(len);
            queue.frame_at += queue.frame.sealed_len();
            queue.frame = Frame::default();
            queue.frame.push(&vec![b'2'; len]);
            assert!(queue.frame_at + queue.frame.sealed_len() <= end, "{len} bytes after {pending}");
        }
    }

    fn queue_at(frame_at: u64) -> Queue {
        Queue {
            frame: Frame::default(),
            seq: 0,
            frame_at,
            room_to: frame_at,
            wanted: None,
            no_room: None,
            file: None,
            stopping: false,
            failed: false,
        }
    }

    #[tokio::test]
    async fn a_disk_that_fails_is_not_trusted_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        std::fs::write(&path, "").unwrap();
        let log = CommitLog::start(JournalFile::over(File::open(&path).unwrap(), 4096), 0).unwrap();
        log.reserve(1).unwrap();
        log.append(1, b"1");
        let failed = log.committed(1).await.unwrap_err().to_string();
        assert!(failed.starts_with("cannot write the emulator's journal: "), "{failed}");
        assert!(matches!(log.reserve(1), Err(NoReserve::Failed(_))));
        assert!(log.drain().is_err());
    }

    #[test]
    fn a_disk_that_cannot_even_reserve_is_not_trusted_either() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        std::fs::write(&path, "").unwrap();
        let log = CommitLog::start(JournalFile::over(File::open(&path).unwrap(), 8), 0).unwrap();
        assert!(matches!(log.reserve(1), Err(NoReserve::Failed(_))));
        assert!(log.drain().is_err());
    }
}
