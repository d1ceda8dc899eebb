//! Follows jobs until they have ended.

use std::future::Future;
use std::time::Duration;

use super::conduct::Interrupt;
use crate::hub::{HubClient, HubError};
use crate::model::{JobId, ObservedJob};

/// How often in a row the hub may not know a job before it is given up: one that was just created
/// may show late, but one that is gone never comes back.
const UNKNOWN_MAX: u32 = 10;

/// Lets time pass until something may have changed on the hub.
pub trait Tide: Send + Sync {
    /// Returns when the jobs may have made progress.
    ///
    /// # Errors
    /// When the hub's clock cannot be reached (the emulator's, which stands still by itself).
    fn pass(&self, jobs: &[JobId]) -> impl Future<Output = Result<(), HubError>> + Send;
}

/// A hub whose time passes by itself.
impl Tide for Duration {
    async fn pass(&self, _jobs: &[JobId]) -> Result<(), HubError> {
        tokio::time::sleep(*self).await;
        Ok(())
    }
}

/// A job that was followed.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// Its id.
    pub id: JobId,
    /// The last that was seen of it; nothing if the hub never showed it.
    pub job: Option<ObservedJob>,
    /// Whether it was given up, since the hub does not know it any more.
    pub is_lost: bool,
}

impl Watched {
    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.job.as_ref().is_some_and(|job| job.status.is_terminal())
    }

    fn is_open(&self) -> bool {
        !self.has_ended() && !self.is_lost
    }
}

/// Reads the jobs again and again until all have ended or are lost, or the user interrupts, and tells
/// `seen` of every reading.
///
/// # Errors
/// When the hub cannot be read.
pub async fn watch<H: HubClient, T: Tide>(
    hub: &H,
    tide: &T,
    ids: &[JobId],
    interrupt: &Interrupt,
    seen: &(dyn Fn(&ObservedJob) + Send + Sync),
) -> Result<Vec<Watched>, HubError> {
    let mut watched: Vec<_> = ids.iter().map(|id| Watched { id: id.clone(), job: None, is_lost: false }).collect();
    let mut unknown = vec![0; watched.len()];
    loop {
        for (watched, unknown) in watched.iter_mut().zip(&mut unknown).filter(|(watched, _)| watched.is_open()) {
            if let Some(job) = hub.get_job(&watched.id).await? {
                seen(&job);
                watched.job = Some(job);
                *unknown = 0;
            } else {
                *unknown += 1;
                watched.is_lost = *unknown >= UNKNOWN_MAX;
            }
        }
        let open: Vec<_> = watched.iter().filter(|w| w.is_open()).map(|w| w.id.clone()).collect();
        if open.is_empty() || interrupt.is_set() {
            return Ok(watched);
        }
        tide.pass(&open).await?;
    }
}
