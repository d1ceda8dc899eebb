//! A script under way: what befalls the next call.

use serde::{Deserialize, Serialize};

use super::mishap::Mishap;
use super::spec::FaultSpec;
use crate::emulator::state::Draw;

/// A script under way. Lines are asked in order until one befalls the call; those behind it do not
/// see that call.
#[derive(Debug, Clone, Default)]
pub struct FaultScript {
    lines: Vec<Line>,
}

#[derive(Debug, Clone)]
struct Line {
    spec: FaultSpec,
    /// Matching calls that came to it.
    seen: u64,
    /// Calls that it befell.
    struck: u64,
}

/// What befalls a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strike {
    /// What happens.
    pub mishap: Mishap,
    /// The line, for the log.
    pub line: String,
}

/// How far a line of a script has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultReport {
    /// The line.
    pub fault: String,
    /// Matching calls that came to it.
    pub seen: u64,
    /// Calls that it befell.
    pub struck: u64,
}

impl FaultScript {
    /// A script of these lines.
    #[must_use]
    pub fn new(specs: impl IntoIterator<Item = FaultSpec>) -> Self {
        let mut script = Self::default();
        script.add(specs);
        script
    }

    /// Adds lines behind the others.
    pub fn add(&mut self, specs: impl IntoIterator<Item = FaultSpec>) {
        self.lines.extend(specs.into_iter().map(|spec| Line { spec, seen: 0, struck: 0 }));
    }

    /// Whether some line needs answers of before.
    #[must_use]
    pub fn is_about_the_past(&self) -> bool {
        self.lines.iter().any(|line| line.spec.is_about_the_past())
    }

    /// What befalls this call, if anything does.
    pub fn strike(&mut self, operation: &str, id: Option<&str>) -> Option<Strike> {
        let line = self.lines.iter_mut().find_map(|line| line.strikes(operation, id).then_some(line))?;
        Some(Strike { mishap: line.spec.mishap, line: line.spec.to_string() })
    }

    /// How far it has come, line by line.
    #[must_use]
    pub fn report(&self) -> Vec<FaultReport> {
        let report = |line: &Line| FaultReport { fault: line.spec.to_string(), seen: line.seen, struck: line.struck };
        self.lines.iter().map(report).collect()
    }
}

impl Line {
    fn strikes(&mut self, operation: &str, id: Option<&str>) -> bool {
        let FaultSpec { after, every, percent, seed, times, .. } = self.spec;
        if !self.spec.matches(operation, id) {
            return false;
        }
        self.seen += 1;
        let is_spent = times.is_some_and(|times| self.struck >= times);
        let is_turn = self.seen > after && (self.seen - after).is_multiple_of(every);
        let by_chance = || percent == 100 || Draw::of(seed).number(self.seen).unit() * 100.0 < f64::from(percent);
        let strikes = !is_spent && is_turn && by_chance();
        self.struck += u64::from(strikes);
        strikes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(lines: &[&str]) -> FaultScript {
        FaultScript::new(lines.iter().map(|line| line.parse().expect("a fault")))
    }

    /// What befalls twelve calls, one character each.
    fn course(lines: &[&str], operation: &str) -> String {
        let mut script = script(lines);
        let strike = |_| match script.strike(operation, Some("a")) {
            None => '.',
            Some(strike) => strike.line.split(": ").nth(1).and_then(|kind| kind.chars().next()).expect("a kind"),
        };
        (0..12).map(strike).collect()
    }

    #[test]
    fn counts() {
        for (lines, expected) in [
            (&["getJob: 429"][..], "444444444444"),
            (&["getJob: 429 x3"], "444........."),
            (&["getJob: 429 after 2 x3"], "..444......."),
            (&["getJob: 429 every 3"], "..4..4..4..4"),
            (&["getJob: 429 after 1 every 3 x2"], "...4..4....."),
            (&["getJob: 429 x2", "getJob: reset x3"], "44rrr......."),
            (&["getJob: 429 every 2", "getJob: reset after 1 x2"], ".4r4r4.4.4.4"),
            (&["getTwin: 429", "getJob(b): 429"], "............"),
            (&["getJob(b*): 429", "getJob(a*): reset"], "rrrrrrrrrrrr"),
        ] {
            assert_eq!(course(lines, "getJob"), expected, "{lines:?}");
        }
    }

    #[test]
    fn chance_is_the_same_each_time() {
        let one = course(&["getJob: 429 50% seed 3"], "getJob");
        assert_eq!(one, course(&["getJob: 429 50% seed 3"], "getJob"));
        assert_ne!(one, course(&["getJob: 429 50% seed 4"], "getJob"));
        let mut script = script(&["getJob: 429 10%"]);
        let struck = (0..10_000).filter(|_| script.strike("getJob", None).is_some()).count();
        assert!((900..1_100).contains(&struck), "{struck}");
        assert_eq!(
            script.report()[0],
            FaultReport { fault: "getJob: 429 10%".to_owned(), seen: 10_000, struck: struck as u64 }
        );
    }

    #[test]
    fn all_operations_are_those_that_it_fits() {
        let mut pages = script(&["*: empty-page"]);
        assert!(pages.strike("getJob", Some("a")).is_none());
        assert!(pages.strike("query", None).is_some());
        assert_eq!(pages.report()[0].seen, 1);
        let mut unknown = script(&["*: 503"]);
        assert!(unknown.strike("no such thing", None).is_none());
    }
}
