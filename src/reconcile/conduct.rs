//! How a plan is carried out: clock, patience, concurrency, interruption, progress.

use std::num::NonZeroUsize;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::model::JobId;

/// The hub's time, as this process knows it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// A clock that is a function.
impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// How long to wait for a hub that answers late or not at all.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between two looks at a job that was just cancelled.
    pub confirm_every: Duration,
    /// How long a cancelled job may still show as waiting.
    pub confirm_for: Duration,
    /// Pauses between looks at a job whose creation got no certain answer.
    pub settle_pauses: [Duration; 4],
    /// How often a creation without a certain answer is tried.
    pub tries: u32,
}

impl Patience {
    /// For a hub across the internet.
    #[must_use]
    pub const fn remote() -> Self {
        Self {
            confirm_every: Duration::from_secs(2),
            confirm_for: Duration::from_secs(60),
            settle_pauses: [
                Duration::from_secs(2),
                Duration::from_secs(4),
                Duration::from_secs(8),
                Duration::from_secs(16),
            ],
            tries: 3,
        }
    }

    /// For the emulator on this machine, which answers at once.
    #[must_use]
    pub const fn loopback() -> Self {
        Self {
            confirm_every: Duration::from_millis(20),
            confirm_for: Duration::from_secs(10),
            settle_pauses: [Duration::from_millis(50); 4],
            tries: 3,
        }
    }
}

/// How a plan is carried out.
pub struct Conduct<'a> {
    /// The hub's time.
    pub clock: &'a dyn Clock,
    /// How long to wait for the hub.
    pub patience: Patience,
    /// Calls at once.
    pub concurrency_max: NonZeroUsize,
    /// Whether to stop.
    pub interrupt: Interrupt,
    /// Hears of every settled step.
    pub progress: &'a (dyn Fn(Progress<'_>) + Send + Sync),
}

/// What a run tells while it runs.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A job is about to be cancelled.
    Cancelling(&'a JobId),
    /// A job is about to be created.
    Creating(&'a JobId),
    /// A step is settled.
    Settled(&'a super::Outcome),
}

/// Tells a run to finish the calls in flight and start no other.
#[derive(Debug, Clone)]
pub struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// The switch and what it switches.
    #[must_use]
    pub fn channel() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// Whether to stop.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Sleeps, but not beyond an interruption. Says whether the time is over.
    pub async fn sleep(&self, duration: Duration) -> bool {
        let mut receiver = self.0.clone();
        // Once nobody can interrupt any more, only the time counts.
        let set = async {
            if receiver.wait_for(|set| *set).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(duration) => true,
            () = set => false,
        }
    }
}
