//! Leases on an emulator that another process serves: who holds one is not left alone while that
//! process could end.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval_at, timeout};
use uuid::Uuid;

use super::admin::{AdminClient, AdminError};

/// How long a lease holds the server after its last renewal. Wall time: a killed holder renews none.
const TERM: Duration = Duration::from_secs(5);
/// How often a holder renews; several may fail on a busy machine.
const RENEWAL: Duration = Duration::from_secs(1);

/// The leases on one served emulator, as the process knows that serves it.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    /// When each ends unless it is renewed.
    ends: HashMap<Uuid, Instant>,
    /// Whether the server ends, so that no lease can be had.
    is_closed: bool,
}

impl Leases {
    /// Gives or renews a lease; `false` when it is too late for one.
    pub(super) fn take(&self, id: Uuid, now: Instant) -> bool {
        let mut book = self.alive_at(now);
        if !book.is_closed {
            book.ends.insert(id, now + TERM);
        }
        !book.is_closed
    }

    /// Ends a lease.
    pub(super) fn release(&self, id: Uuid) {
        self.lock().ends.remove(&id);
    }

    /// How many are alive.
    pub(super) fn count(&self, now: Instant) -> usize {
        self.alive_at(now).ends.len()
    }

    /// Gives no more leases if none is alive. One step, so that nobody attaches to a server that has
    /// just decided to end.
    pub(super) fn close_if_none(&self, now: Instant) -> bool {
        let mut book = self.alive_at(now);
        book.is_closed |= book.ends.is_empty();
        book.is_closed
    }

    fn alive_at(&self, now: Instant) -> MutexGuard<'_, Book> {
        let mut book = self.lock();
        book.ends.retain(|_, end| *end > now);
        book
    }

    /// Every change is one step, so a panic elsewhere does not spoil the book.
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lease on an emulator of another process, renewed until it is released or dropped.
#[derive(Debug)]
pub(super) struct Lease {
    /// Its end tells the task to release the lease.
    leave: oneshot::Sender<()>,
    renewing: JoinHandle<()>,
}

impl Lease {
    /// Takes one.
    ///
    /// # Errors
    /// When the emulator does not answer, or is about to end.
    pub(super) async fn take(admin: AdminClient) -> Result<Self, AdminError> {
        let id = Uuid::new_v4();
        admin.lease(id).await?;
        let (leave, left) = oneshot::channel();
        Ok(Self { leave, renewing: tokio::spawn(renew(admin, id, left)) })
    }

    /// Gives it back, and waits until the emulator knows; if that fails the lease just expires.
    pub(super) async fn release(self) {
        drop(self.leave);
        let _ = self.renewing.await;
    }
}

async fn renew(admin: AdminClient, id: Uuid, mut left: oneshot::Receiver<()>) {
    let mut renewals = interval_at(tokio::time::Instant::now() + RENEWAL, RENEWAL);
    renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = &mut left => break,
            _ = renewals.tick() => {}
        }
        // Whoever uses the emulator finds out by itself when it has gone. A renewal is not cut short
        // by the end, for it could then arrive after the release.
        let _ = timeout(RENEWAL, admin.lease(id)).await;
    }
    let _ = timeout(RENEWAL, admin.release(id)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_lives_until_its_last_renewal_is_old() {
        let (leases, start) = (Leases::default(), Instant::now());
        let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
        assert!(leases.take(a, start) && leases.take(b, start));
        assert!(leases.take(a, start + TERM / 2));
        assert_eq!(leases.count(start + TERM / 2), 2);
        assert_eq!(leases.count(start + TERM), 1);
        assert!(!leases.close_if_none(start + TERM));
        assert!(leases.close_if_none(start + TERM * 2));
    }

    #[test]
    fn nobody_gets_a_lease_on_a_server_that_ends() {
        let (leases, now) = (Leases::default(), Instant::now());
        let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
        assert!(leases.take(a, now) && !leases.close_if_none(now) && leases.take(b, now));
        leases.release(a);
        leases.release(b);
        assert!(leases.close_if_none(now) && !leases.take(a, now));
    }
}
