//! How many connections there may be over all listeners: fewer than the system allows files, so that
//! the emulator sheds connections and never fails to open a file of its state.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use super::limits::{CONNECTIONS_WANTED, FILES_RESERVED};
use super::open_files::limit_of_open_files;

/// How long a new connection waits for an idle one to make room.
const ROOM_PATIENCE: Duration = Duration::from_millis(100);

/// Counts connections in and out.
#[derive(Debug)]
pub(in crate::emulator) struct Gate {
    permits: Arc<Semaphore>,
    capacity: u32,
    /// How often there was no room; idle connections close when it changes.
    pressure: watch::Sender<u64>,
    /// Whether somebody was told that connections are turned away: once is enough.
    is_told: AtomicBool,
}

impl Gate {
    /// As many as the limit of open files allows.
    pub(in crate::emulator) fn of_this_process() -> Self {
        let files = limit_of_open_files().saturating_sub(FILES_RESERVED);
        let capacity = files.clamp(FILES_RESERVED, CONNECTIONS_WANTED);
        Self::of(u32::try_from(capacity).unwrap_or(u32::MAX))
    }

    /// That many.
    pub(super) fn of(capacity: u32) -> Self {
        let permits = usize::try_from(capacity).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(permits)),
            capacity,
            pressure: watch::Sender::new(0),
            is_told: AtomicBool::new(false),
        }
    }

    /// Lets one in, at the expense of idle ones if need be.
    pub(super) async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Some(permit);
        }
        self.pressure.send_modify(|times| *times = times.wrapping_add(1));
        let place = timeout(ROOM_PATIENCE, Arc::clone(&self.permits).acquire_owned()).await;
        let place = place.ok().and_then(Result::ok);
        if place.is_none() && !self.is_told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "connections are turned away, for {} are open; a higher limit of open files allows more",
                self.capacity
            );
        }
        place
    }

    /// Changes when idle connections are to make room.
    pub(super) fn pressure(&self) -> watch::Receiver<u64> {
        self.pressure.subscribe()
    }

    /// Waits until all are gone.
    pub(in crate::emulator) async fn empty(&self) {
        // The semaphore is never closed.
        let _ = self.permits.acquire_many(self.capacity).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_gate_asks_for_room() {
        let gate = Gate::of(1);
        let mut pressure = gate.pressure();
        let first = gate.enter().await.unwrap();
        assert!(!pressure.has_changed().unwrap());
        let (second, ()) = tokio::join!(gate.enter(), async {
            pressure.changed().await.unwrap();
            drop(first);
        });
        assert!(second.is_some());
        assert!(gate.enter().await.is_none());
        drop(second);
        gate.empty().await;
    }
}
