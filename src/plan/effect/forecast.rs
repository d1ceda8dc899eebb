//! How long a job takes, and what it costs.

use serde_json::{Value, json};

use super::act::Act;
use super::{Forecast, Reach};
use crate::model::{HubSize, JobAction, Seconds, TwinPatch};

/// Forecasts a job that reaches those devices.
pub(super) fn forecast(act: &Act<'_>, reach: &Reach, size: HubSize) -> Forecast {
    let rate = u64::from(size.job_device_operations_per_second()).max(1);
    let operations = match act.action {
        JobAction::Twin(_) => reach.matched,
        // The others are called when they connect, if they do before the job ends.
        JobAction::Method(_) => reach.connected.unwrap_or(reach.matched),
    };
    Forecast {
        duration: Seconds::new(operations.div_ceil(rate)),
        limit: act.max_execution,
        messages: operations.saturating_mul(messages_each(act.action, size)),
    }
}

/// Messages that one device costs: a twin update one for each block of its size, a method those of its
/// request and its response. What a device answers is not known; one block is assumed.
fn messages_each(action: &JobAction, size: HubSize) -> u64 {
    let blocks = |value: &Value| {
        let bytes = if value.is_null() { 0 } else { value.to_string().len() as u64 };
        bytes.div_ceil(u64::from(size.sku.message_bytes())).max(1)
    };
    match action {
        JobAction::Twin(TwinPatch { tags, desired }) => blocks(&json!({"tags": tags, "desired": desired})),
        JobAction::Method(call) => blocks(&call.payload) + 1,
    }
}
