//! Group commit: whoever waits while a sync runs shares the next one.

use std::fs::File;
use std::io::Write as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::journal::{self, Frame};

/// The journal could not be written, so the memory is ahead of the disk; the emulator must not
/// answer any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot write the emulator's journal: {0}; make room on the disk and start it again")]
pub(in crate::emulator) struct LogFailed(Arc<str>);

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
    journal_len: u64,
    /// The open journal; away while the thread writes.
    file: Option<File>,
    stopping: bool,
    failed: bool,
}

impl CommitLog {
    /// Goes on with a journal that ends with record `seq` and is `len` bytes long.
    pub(super) fn start(file: File, seq: u64, len: u64) -> std::io::Result<Self> {
        let queue =
            Queue { frame: Frame::default(), seq, journal_len: len, file: Some(file), stopping: false, failed: false };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), work: Condvar::new(), idle: Condvar::new() });
        let durable = watch::Sender::new(Ok(seq));
        let writer = Writer { shared: Arc::clone(&shared), durable: durable.clone() };
        let thread = std::thread::Builder::new().name("hubjobs-journal".to_owned()).spawn(move || writer.run())?;
        Ok(Self { shared, durable, thread: Some(thread) })
    }

    /// Queues record `seq`, encoded as JSON. Records come in order: call it under the lock that
    /// gives the numbers.
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
        settled.map_or_else(|_| Err(LogFailed("it was closed".into())), |durable| durable.clone().map(|_| ()))
    }

    /// Bytes of the journal, queued ones included; those that are being written are counted once they
    /// are written.
    pub(in crate::emulator) fn len(&self) -> u64 {
        let queue = self.shared.lock();
        queue.journal_len + queue.frame.len() as u64
    }

    /// Whether this journal has no record.
    pub(in crate::emulator) fn is_empty(&self) -> bool {
        self.len() <= journal::header().len() as u64
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
    pub(super) fn switch(&self, file: File, len: u64) {
        let mut queue = self.idle_queue();
        queue.file = Some(file);
        queue.journal_len = len;
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

impl Writer {
    fn run(self) {
        while let Some((frame, seq, mut file)) = self.next_batch() {
            let written = write(frame, &mut file);
            let failed = written.as_ref().err().map(|error| LogFailed(error.to_string().into()));
            let stop = failed.is_some();
            // First the outcome, then the file: who finds the queue idle may rely on the outcome.
            self.durable.send_modify(|durable| *durable = failed.map_or(Ok(seq), Err));
            let mut queue = self.shared.lock();
            queue.journal_len += written.unwrap_or(0);
            queue.failed = stop;
            queue.file = Some(file);
            drop(queue);
            self.shared.idle.notify_all();
            if stop {
                return;
            }
        }
    }

    /// All that is queued, the number of its last record, and the file to write it to.
    fn next_batch(&self) -> Option<(Frame, u64, File)> {
        let nothing_to_do = |queue: &mut Queue| (queue.frame.is_empty() || queue.failed) && !queue.stopping;
        let queue = self.shared.lock();
        let mut queue = self.shared.work.wait_while(queue, nothing_to_do).unwrap_or_else(PoisonError::into_inner);
        if queue.frame.is_empty() || queue.failed {
            return None;
        }
        let file = queue.file.take()?;
        Some((std::mem::take(&mut queue.frame), queue.seq, file))
    }
}

fn write(frame: Frame, file: &mut File) -> std::io::Result<u64> {
    let bytes = frame.seal().ok_or_else(|| std::io::Error::other("more than 4 GiB at once"))?;
    file.write_all(&bytes)?;
    file.sync_data()?;
    Ok(bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_together_is_served_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let log = CommitLog::start(File::create(&path).unwrap(), 0, 0).unwrap();
        for seq in 1..=1_000 {
            log.append(seq, format!("{seq}").as_bytes());
        }
        log.committed(1).await.unwrap();
        log.committed(1_000).await.unwrap();
        // A record is known to be on disk before its length is counted.
        assert_eq!(log.drain(), Ok(1_000));
        assert_eq!(log.len(), std::fs::metadata(&path).unwrap().len());
    }

    #[tokio::test]
    async fn a_disk_that_fails_is_not_trusted_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        std::fs::write(&path, "").unwrap();
        let log = CommitLog::start(File::open(&path).unwrap(), 0, 0).unwrap();
        log.append(1, b"1");
        let failed = log.committed(1).await.unwrap_err().to_string();
        assert!(failed.starts_with("cannot write the emulator's journal: "), "{failed}");
        log.append(2, b"2");
        assert!(log.committed(2).await.is_err());
        assert!(log.drain().is_err());
    }
}
