//! Follows jobs until they have ended.

use std::future::Future;
use std::time::Duration;

use super::conduct::Interrupt;
use crate::hub::{HubClient, HubError};
use crate::model::{JobId, ObservedJob};

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
}

impl Watched {
    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.job.as_ref().is_some_and(|job| job.status.is_terminal())
    }
}

/// Reads the jobs again and again until all have ended or the user interrupts, and tells `seen` of
/// every reading.
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
    let mut watched: Vec<_> = ids.iter().map(|id| Watched { id: id.clone(), job: None }).collect();
    loop {
        for watched in watched.iter_mut().filter(|watched| !watched.has_ended()) {
            if let Some(job) = hub.get_job(&watched.id).await? {
                seen(&job);
                watched.job = Some(job);
            }
        }
        let open: Vec<_> = watched.iter().filter(|w| !w.has_ended()).map(|w| w.id.clone()).collect();
        if open.is_empty() || interrupt.is_set() {
            return Ok(watched);
        }
        tide.pass(&open).await?;
    }
}
