//! Cancels one job and makes sure that it is cancelled.

use std::time::Duration;

use super::conduct::{Interrupt, Patience};
use super::outcome::Certainty;
use crate::hub::{ErrorCode, HubClient, HubError};
use crate::model::{JobId, JobStatus};

/// How a cancel ended.
#[derive(Debug, Clone, PartialEq)]
pub enum CancelResult {
    /// It is cancelled.
    Cancelled(Certainty),
    /// It runs or has ended; a running job cannot be stopped.
    Started,
    /// The hub refused or could not be reached; nothing was done.
    Failed(HubError),
    /// It still shows as waiting although the hub was asked.
    Uncertain(String),
}

/// Cancels a job that has not started, and reads it until it shows as cancelled: the answer of the
/// hub alone is no proof, and may be lost.
pub async fn cancel<H: HubClient>(hub: &H, id: &JobId, patience: &Patience, interrupt: &Interrupt) -> CancelResult {
    let mut waited = Duration::ZERO;
    let mut certainty = Certainty::Answered;
    let mut last_doubt = String::from("it still shows as waiting");
    loop {
        match hub.cancel_job(id).await {
            Ok(()) => {}
            Err(HubError::Ambiguous { cause }) => {
                certainty = Certainty::ReadAfterwards;
                last_doubt = cause;
            }
            // It started, ended, or was cancelled by somebody else: reading tells which.
            Err(error) if error.code() == Some(&ErrorCode::OperationNotAllowedInCurrentState) => {
                certainty = Certainty::AlreadyThere;
            }
            // A refusal of the repeat says nothing about the first try.
            Err(error) if certainty == Certainty::ReadAfterwards => last_doubt = error.to_string(),
            Err(error) => return CancelResult::Failed(error),
        }
        // A lost request shows as a job that goes on waiting: then it is asked again.
        for _ in 0..3 {
            match hub.get_job(id).await {
                Ok(Some(job)) if job.status == JobStatus::Cancelled => return CancelResult::Cancelled(certainty),
                Ok(Some(job)) if !job.status.is_cancellable() => return CancelResult::Started,
                Ok(_) => {}
                Err(error) => last_doubt = error.to_string(),
            }
            waited += patience.confirm_every;
            if waited > patience.confirm_for || !interrupt.sleep(patience.confirm_every).await {
                return CancelResult::Uncertain(last_doubt);
            }
        }
    }
}
