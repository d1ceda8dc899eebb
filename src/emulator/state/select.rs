//! Which devices a job is for.

use rayon::prelude::*;

use super::devices::{Devices, Slot};
use super::view::{Surroundings, TwinDocument, TwinPaths};
use crate::query::{Collection, Condition, Problem, parse_condition};

/// Below this many devices, one thread is as fast.
const DEVICES_PER_THREAD_MIN: usize = 2_048;

/// The devices or modules that a condition selects, by id.
///
/// # Errors
/// Why the job fails, when the condition does not parse.
pub(super) fn select(text: &str, devices: &Devices, around: Surroundings<'_>) -> Result<Vec<Slot>, String> {
    let (selection, problems) = parse_condition(text);
    let Some(selection) = selection else {
        return Err(failure_reason(text, problems.first()));
    };
    let condition = Condition::compile(&selection);
    let (order, paths) = match selection.from {
        Collection::Devices => (devices.order(), TwinPaths::locate(condition.paths(), around.keys)),
        Collection::Modules => {
            (devices.modules().order(), TwinPaths::locate_in_modules(condition.paths(), around.keys))
        }
        Collection::DeviceJobs => return Ok(Vec::new()),
    };
    Ok(matching(order, |slot| condition.matches(&TwinDocument::new(devices.device(slot), &paths, around))))
}

/// The hub's words (azure-iot-sdk-csharp#40), and our parser's.
fn failure_reason(text: &str, problem: Option<&Problem>) -> String {
    let start = problem.map_or(0, |problem| problem.span.start);
    let (before, rest) = text.split_at_checked(start).unwrap_or((text, ""));
    let input = rest.split_whitespace().next().unwrap_or_default();
    let words = problem.map_or_else(String::new, |problem| format!(" ({})", problem.message));
    let column = before.chars().count() + 1;
    format!("SQL query parse failed. Unexpected character at input '{input}', column {column}{words}.")
}

fn matching(order: &[Slot], matches: impl Fn(Slot) -> bool + Sync) -> Vec<Slot> {
    order.par_iter().with_min_len(DEVICES_PER_THREAD_MIN).copied().filter(|slot| matches(*slot)).collect()
}
