//! Which devices a job is for.

use super::columns::Scan;
use super::devices::Slot;
use super::hub::HubState;
use super::places::Places;
use super::view::{Located, TwinPaths};
use crate::query::{Clause, Collection, Condition, Problem, parse_condition_as};

impl HubState {
    /// The devices or modules that a condition selects, by id.
    ///
    /// # Errors
    /// Why the job fails, when the condition does not parse.
    pub(super) fn select(&mut self, text: &str) -> Result<Vec<Slot>, String> {
        let (selection, problems) = parse_condition_as(text, self.options.strictness.dialect());
        let Some(selection) = selection else {
            return Err(failure_reason(text, problems.first()));
        };
        if selection.from == Collection::DeviceJobs {
            return Ok(Vec::new());
        }
        let modules = selection.from == Collection::Modules;
        let condition = Condition::compile(&selection);
        let paths = TwinPaths::locate(condition.paths(), modules, &self.keys);
        self.devices.all_mut(modules).prepare(&paths.packed(0..condition.paths().len()));
        let places = self.devices.all(modules);
        let named = named(condition.clause(), &paths, places);
        let slots = named.as_deref().unwrap_or_else(|| places.seen_order());
        Ok(Scan::new(condition.clause(), &paths, places, self.seen_surroundings()).select(slots))
    }
}

/// The devices among which all selected ones are, by id, if the condition names them.
pub(super) fn named(clause: Option<Clause<'_>>, paths: &TwinPaths, places: &Places) -> Option<Vec<Slot>> {
    let required = clause?.required();
    let texts = required.iter().filter_map(|test| test.texts());
    let (_, ids) = texts.into_iter().find(|(path, _)| matches!(paths.get(path.index()), Located::DeviceId))?;
    let mut slots: Vec<Slot> = ids.into_iter().filter_map(|id| places.find_seen(id)).collect();
    slots.sort_unstable_by(|a, b| places.id(*a).cmp(places.id(*b)));
    Some(slots)
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
