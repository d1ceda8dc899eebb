//! Errors of single devices. Which codes the hub writes here is known of one only (reference 2.9);
//! the others are assumed to be those of the same failure elsewhere.

use super::fault::{FaultKind, HubFault};
use super::job::Verdict;

/// The device did not come online in time, or the job had no time at all (documented: 412003).
pub(super) fn not_started_in_time() -> Verdict {
    error(
        "JobRunPreconditionFailed",
        "The job did not start within specified period: either device did not come online or invalid endTime specified.",
    )
}

/// The device did not answer in time (assumed).
pub(super) fn gateway_timeout() -> Verdict {
    error(FaultKind::GatewayTimeout.name(), FaultKind::GatewayTimeout.usual_text())
}

/// The device was deleted after it was selected (assumed).
pub(super) fn device_not_found() -> Verdict {
    error(FaultKind::DeviceNotFound.name(), FaultKind::DeviceNotFound.usual_text())
}

/// The twin has another etag than the job asks for (assumed).
pub(super) fn etag_mismatch() -> Verdict {
    error(FaultKind::PreconditionFailed.name(), FaultKind::PreconditionFailed.usual_text())
}

/// Today's messages are spent (assumed).
pub(super) fn quota_exceeded() -> Verdict {
    error(FaultKind::IotHubQuotaExceeded.name(), FaultKind::IotHubQuotaExceeded.usual_text())
}

/// The twin would break a limit (assumed).
pub(super) fn refused_twin(fault: HubFault) -> Verdict {
    Verdict::Error { code: fault.kind.name().to_owned(), description: fault.text }
}

fn error(code: &str, description: &str) -> Verdict {
    Verdict::Error { code: code.to_owned(), description: description.to_owned() }
}
