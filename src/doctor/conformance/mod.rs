//! Whether a hub does what the emulator takes for the truth: each fact that can be tried without devices
//! is tried, with jobs that no device matches.
//!
//! # What it does to the hub
//! It creates jobs whose ids begin with [`ID_PREFIX`], over a condition that matches no device, and cancels
//! those that do not end by themselves. For moments it takes every lane. The hub remembers the jobs for 30
//! days; nothing can remove them earlier. Devices, twins and configurations are never written.

mod bench;
mod notes;
mod questions;
mod readings;
mod scenes;
mod unprobed;

use std::fmt;

use jiff::Timestamp;

use self::bench::Bench;
use self::notes::Notes;
pub use self::notes::{Checked, Difference, Standing};
pub use self::unprobed::Unprobed;
use crate::emulator::facts;
use crate::hub::HubError;
use crate::hub::rest::RestHub;
use crate::model::{HubSize, JobId, ObservedJob};

/// How the ids of its jobs begin. No project's do: theirs begin with `hj1-`.
pub const ID_PREFIX: &str = "hubjobs-conformance-";

/// The condition of its jobs. A device of that name would be somebody's bad joke.
pub(in crate::doctor) const NOBODY: &str = "deviceId = 'hubjobs-conformance-none'";

/// What a run needs to know.
#[derive(Debug, Clone)]
pub struct ConformanceInput {
    /// Tells the jobs of this run from those of others: lower-case letters and digits.
    pub run: String,
    /// Tier and units that the project declares.
    pub size: HubSize,
    /// The hub's time.
    pub now: Timestamp,
}

/// Why a hub is not tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsuitable {
    /// Jobs of others are active there; the lanes that a run takes would be theirs.
    InUse {
        /// How many.
        jobs: usize,
    },
}

impl fmt::Display for Unsuitable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::InUse { jobs } = self;
        write!(f, "the hub is in use: {jobs} of its jobs wait or run, and the lanes of a test hub are free")
    }
}

impl std::error::Error for Unsuitable {}

/// Looks whether a hub can be tried without getting into somebody's way.
///
/// # Errors
/// When other jobs than those of an earlier run are active.
pub fn is_suitable(jobs: &[ObservedJob]) -> Result<(), Unsuitable> {
    let is_active = |job: &&ObservedJob| !job.status.is_terminal() && !job.id.as_str().starts_with(ID_PREFIX);
    match jobs.iter().filter(is_active).count() {
        0 => Ok(()),
        jobs => Err(Unsuitable::InUse { jobs }),
    }
}

/// Tries a hub. `pass` lets some of the hub's time pass for the jobs named. `left` are jobs of an earlier
/// run that still wait; they are cancelled first. Says of every fact of the emulator how it stands.
///
/// # Errors
/// When time does not pass. That the hub does not answer is a result, of the facts concerned.
pub async fn try_hub(
    hub: &RestHub,
    input: &ConformanceInput,
    left: &[JobId],
    pass: impl AsyncFn(&[JobId]) -> Result<(), HubError>,
    told: impl Fn(&str),
) -> Result<Vec<Checked>, HubError> {
    let bench = Bench::new(hub, input);
    let mut notes = Notes::default();
    for id in left {
        bench.release(id.as_str()).await;
    }
    let tried = try_all(&bench, &mut notes, &pass, &told).await;
    // Also when it was given up half-way.
    bench.release_all().await;
    tried.map(|()| facts::all().map(|fact| notes.standing_of(fact)).collect())
}

async fn try_all(
    bench: &Bench<'_>,
    notes: &mut Notes,
    pass: &impl AsyncFn(&[JobId]) -> Result<(), HubError>,
    told: &impl Fn(&str),
) -> Result<(), HubError> {
    told("answers to single requests");
    questions::ask_all(bench, notes, pass).await?;
    told("the life of a job that waits");
    scenes::waiting_job(bench, notes, pass).await?;
    scenes::echo(bench, notes, pass).await?;
    told("lanes");
    scenes::lanes(bench, notes, pass).await?;
    told("jobs that run");
    scenes::running(bench, notes, pass).await
}
