//! Which paths of a condition no device has: the most likely reason for a target that selects nobody,
//! or everybody.

use std::collections::BTreeSet;

use super::target::Target;
use crate::model::TargetCondition;
use crate::plan::question::{Answers, Question};
use crate::query::{Collection, Condition, Expr, Path, parse_condition};

/// Paths that are asked for of one condition.
const PATHS_MAX: usize = 5;

/// Whether devices have the paths that a condition names, one question a path.
pub(in crate::plan) fn path_questions(condition: &TargetCondition) -> Vec<Question> {
    paths(condition).iter().map(of_path).collect()
}

/// The paths of a condition that no device of the hub has, as far as that was asked.
pub(in crate::plan) fn absent_paths(condition: &TargetCondition, answers: &Answers) -> Vec<Path> {
    paths(condition).into_iter().filter(|path| answers.number(&of_path(path)) == Some(0)).collect()
}

/// Fits behind a semicolon, or is empty: "no device has `tags.ring`".
pub(in crate::plan) fn absent_in_words(condition: &TargetCondition, answers: &Answers) -> Option<String> {
    let absent: Vec<_> = absent_paths(condition, answers).iter().map(|path| format!("`{path}`")).collect();
    let (last, others) = absent.split_last()?;
    Some(match others {
        [] => format!("no device has {last}"),
        others => format!("no device has {} or {last}", others.join(", ")),
    })
}

fn of_path(path: &Path) -> Question {
    Target::of_devices(Some(Expr::is_defined(path.clone()))).count()
}

/// The tags and properties that a condition over devices names. A system attribute is always there.
fn paths(condition: &TargetCondition) -> Vec<Path> {
    let selection = parse_condition(condition.as_str()).0.filter(|selection| selection.from == Collection::Devices);
    let Some(selection) = selection else { return Vec::new() };
    let condition = Condition::compile(&selection);
    let keys: BTreeSet<Vec<&str>> =
        condition.paths().iter().map(|path| path.keys().iter().map(|key| &**key).collect()).collect();
    let is_written = |keys: &Vec<&str>| matches!(keys[..], ["tags" | "properties", _, ..]);
    keys.into_iter().filter(is_written).filter_map(|keys| Path::new(keys).ok()).take(PATHS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::question::Answer;

    const RINGS: &str = "tags.role = 'controller' AND (tags.ring = 'canary' OR NOT IS_DEFINED(tags.ring))";

    fn condition(text: &str) -> TargetCondition {
        TargetCondition::new(text).expect("a short condition")
    }

    #[test]
    fn every_path_is_asked_for_once() {
        let asked: Vec<_> = path_questions(&condition(RINGS)).iter().map(|q| q.as_str().to_owned()).collect();
        assert_eq!(
            asked,
            [
                "SELECT COUNT() AS n FROM devices WHERE IS_DEFINED(tags.ring)",
                "SELECT COUNT() AS n FROM devices WHERE IS_DEFINED(tags.role)",
            ]
        );
        for nothing_to_ask in ["*", "deviceId = 'a' AND connectionState = 'Connected'", "tags.ring ="] {
            assert_eq!(path_questions(&condition(nothing_to_ask)), [], "{nothing_to_ask}");
        }
    }

    #[test]
    fn what_no_device_has_is_named() {
        let said = |counts: [Option<u64>; 2]| {
            let questions = path_questions(&condition(RINGS)).into_iter().zip(counts);
            let answers = questions.filter_map(|(question, n)| Some((question, Answer::Rows(vec![json!({"n": n?})]))));
            absent_in_words(&condition(RINGS), &answers.collect())
        };
        assert_eq!(said([Some(0), Some(9_800)]).as_deref(), Some("no device has `tags.ring`"));
        assert_eq!(said([Some(0), Some(0)]).as_deref(), Some("no device has `tags.ring` or `tags.role`"));
        assert_eq!(said([Some(12), Some(9_800)]), None);
        assert_eq!(said([None, None]), None, "not asked is not absent");
    }
}
