//! Whether a finished job did what its manifest asked for. The hub's `completed` says only that
//! every device has a result.

use crate::model::{DeviceJobStatistics, JobStatus, SuccessWhen};

/// Devices by result, as the manifest counts success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Devices selected when the job started.
    pub devices: u64,
    /// Succeeded by the manifest's measure.
    pub succeeded: u64,
    /// All others.
    pub failed: u64,
}

/// Whether a job did what its manifest asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Met,
    /// It selected no device, which is rarely meant.
    NoDevices,
    /// Some devices failed, and the manifest sets no share.
    MetWithFailures,
    /// Fewer devices succeeded than the manifest asks for.
    TooFewSucceeded,
    /// The job could not run as a whole.
    JobFailed,
    /// Somebody cancelled it.
    JobCancelled,
    /// It has not ended.
    Open,
}

/// A verdict with the numbers behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The numbers.
    pub tally: Tally,
}

impl Verdict {
    /// Whether a waiting run fails by it.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::TooFewSucceeded | Self::JobFailed | Self::JobCancelled)
    }
}

/// Judges a job. `method_statuses` are the statuses that devices answered with; they are needed
/// only when the manifest names the good ones.
#[must_use]
pub fn judge(
    status: &JobStatus,
    statistics: DeviceJobStatistics,
    success_when: &SuccessWhen,
    method_statuses: &[i32],
) -> Judgement {
    let tally = tally(statistics, success_when, method_statuses);
    let verdict = match status {
        JobStatus::Failed => Verdict::JobFailed,
        JobStatus::Cancelled => Verdict::JobCancelled,
        JobStatus::Completed => judge_completed(tally, success_when),
        _ => Verdict::Open,
    };
    Judgement { verdict, tally }
}

fn tally(statistics: DeviceJobStatistics, success_when: &SuccessWhen, method_statuses: &[i32]) -> Tally {
    let devices = statistics.device_count;
    let succeeded = match &success_when.method_status {
        None => statistics.succeeded_count,
        Some(good) => method_statuses.iter().filter(|status| good.contains(status)).count() as u64,
    };
    Tally { devices, succeeded, failed: statistics.executed().saturating_sub(succeeded) }
}

fn judge_completed(tally: Tally, success_when: &SuccessWhen) -> Verdict {
    match success_when.min_succeeded {
        _ if tally.devices == 0 => Verdict::NoDevices,
        Some(min) if !min.is_reached_by(tally.succeeded, tally.devices) => Verdict::TooFewSucceeded,
        Some(_) => Verdict::Met,
        None if tally.failed > 0 => Verdict::MetWithFailures,
        None => Verdict::Met,
    }
}
