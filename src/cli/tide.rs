//! The time of a hub: what it is, and how it passes while a command waits.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::emulator::admin::{AdminClient, AdminError};
use crate::hub::HubError;
use crate::model::{ClockMode, HubSize, JobId};
use crate::reconcile::{Clock, Interrupt, Tide};

/// How often a hub in Azure is asked; a job takes minutes there, and the calls are rationed.
const REMOTE_EVERY: Duration = Duration::from_secs(10);
/// How often an emulator is asked at most whose clock goes by itself.
const EMULATOR_EVERY: Duration = Duration::from_millis(250);
/// How often a clock that stands still may be asked in vain: what was to happen may have happened
/// between two looks.
const STALLS_MAX: u32 = 3;

/// The hub's time, as this process knows it.
#[derive(Debug)]
pub(super) struct HubClock(Option<Mutex<Reading>>);

#[derive(Debug, Clone, Copy)]
struct Reading {
    now: Timestamp,
    taken: Instant,
    mode: ClockMode,
}

impl HubClock {
    /// The machine's clock.
    pub(super) const fn machine() -> Self {
        Self(None)
    }

    /// An emulator's clock that shows `now`.
    pub(super) fn virtual_at(now: Timestamp, mode: ClockMode) -> Self {
        Self(Some(Mutex::new(Reading { now, taken: Instant::now(), mode })))
    }

    /// What it shows.
    pub(super) fn read(&self) -> Timestamp {
        let Some(reading) = &self.0 else { return Timestamp::now() };
        let Reading { now, taken, mode } = *reading.lock().unwrap_or_else(PoisonError::into_inner);
        match mode {
            ClockMode::Fast => now,
            ClockMode::Real => now.checked_add(taken.elapsed()).unwrap_or(now),
        }
    }

    fn set(&self, now: Timestamp) {
        if let Some(reading) = &self.0 {
            let mut reading = reading.lock().unwrap_or_else(PoisonError::into_inner);
            *reading = Reading { now, taken: Instant::now(), mode: reading.mode };
        }
    }
}

impl Clock for HubClock {
    fn now(&self) -> Timestamp {
        self.read()
    }
}

/// How a hub's time passes.
#[derive(Debug)]
pub(super) enum HubTide {
    /// With the wall's, unless the user interrupts.
    Wall(Interrupt),
    /// As the emulator says.
    Emulator(EmulatorTide),
}

impl HubTide {
    /// Whether the clock stands still: nothing will happen by itself to the jobs that it was asked
    /// to move on for.
    pub(super) fn has_stalled(&self) -> bool {
        match self {
            Self::Wall(_) => false,
            Self::Emulator(tide) => tide.stalls.load(Ordering::Relaxed) > STALLS_MAX,
        }
    }

    /// Forgets what was in vain so far.
    pub(super) fn hope_again(&self) {
        if let Self::Emulator(tide) = self {
            tide.stalls.store(0, Ordering::Relaxed);
        }
    }
}

impl Tide for HubTide {
    async fn pass(&self, jobs: &[JobId]) -> Result<(), HubError> {
        match self {
            Self::Wall(interrupt) => {
                interrupt.sleep(REMOTE_EVERY).await;
                Ok(())
            }
            Self::Emulator(tide) => tide.pass(jobs).await,
        }
    }
}

/// An emulator's time: a fast clock is moved on to the next event of the jobs that are waited for.
#[derive(Debug)]
pub(super) struct EmulatorTide {
    admin: AdminClient,
    mode: ClockMode,
    size: HubSize,
    clock: Arc<HubClock>,
    interrupt: Interrupt,
    stalls: AtomicU32,
}

impl EmulatorTide {
    /// The time of the emulator that an admin client reaches.
    pub(super) const fn new(
        admin: AdminClient,
        mode: ClockMode,
        size: HubSize,
        clock: Arc<HubClock>,
        interrupt: Interrupt,
    ) -> Self {
        Self { admin, mode, size, clock, interrupt, stalls: AtomicU32::new(0) }
    }

    /// Asks the emulator what its clock shows.
    ///
    /// # Errors
    /// When it does not answer.
    pub(super) async fn read(&self) -> Result<(), AdminError> {
        self.clock.set(self.admin.clock().await?.now);
        Ok(())
    }

    /// How long to wait before so many jobs are read again: half of the hub's budget is for others.
    fn pause(&self, job_count: usize) -> Duration {
        let per_job = Duration::from_secs(120) / self.size.job_calls_per_minute().max(1);
        per_job.saturating_mul(u32::try_from(job_count).unwrap_or(u32::MAX)).max(EMULATOR_EVERY)
    }

    async fn pass(&self, jobs: &[JobId]) -> Result<(), HubError> {
        let unreachable = |error: AdminError| HubError::Unreachable { cause: error.to_string() };
        if self.mode == ClockMode::Real {
            self.interrupt.sleep(self.pause(jobs.len())).await;
            return self.read().await.map_err(unreachable);
        }
        let advance = self.admin.advance(jobs).await.map_err(unreachable)?;
        self.clock.set(advance.now);
        if advance.progressed {
            self.stalls.store(0, Ordering::Relaxed);
            return Ok(());
        }
        self.stalls.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
