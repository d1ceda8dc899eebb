//! What was expected and what was found, fact by fact.

use std::collections::BTreeMap;

use super::unprobed::Unprobed;
use crate::emulator::facts::Fact;

/// One thing that the hub did otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What was asked, in words.
    pub asked: String,
    /// What the emulator does.
    pub expected: String,
    /// What the hub did. Text of the hub: not to be trusted.
    pub found: String,
}

/// How a fact stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The hub does the same, in so many respects.
    Agrees(usize),
    /// It does not.
    Differs(Vec<Difference>),
    /// It could not be found out, and why.
    Unclear(String),
    /// It was not tried.
    NotProbed(Unprobed),
}

/// A fact, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The fact.
    pub fact: &'static Fact,
    /// How it stands.
    pub standing: Standing,
}

/// What was seen of the facts so far.
#[derive(Debug, Default)]
pub(super) struct Notes {
    agreed: BTreeMap<&'static str, usize>,
    differences: BTreeMap<&'static str, Vec<Difference>>,
    unclear: BTreeMap<&'static str, String>,
}

impl Notes {
    /// Compares what the hub did with what the emulator does.
    pub(super) fn compare(&mut self, fact: &'static str, asked: &str, expected: &str, found: &str) {
        if expected == found {
            *self.agreed.entry(fact).or_default() += 1;
            return;
        }
        let difference = Difference { asked: asked.to_owned(), expected: expected.to_owned(), found: found.to_owned() };
        self.differences.entry(fact).or_default().push(difference);
    }

    /// Notes that something could not be found out; the first reason counts.
    pub(super) fn unclear(&mut self, fact: &'static str, why: impl Into<String>) {
        self.unclear.entry(fact).or_insert_with(|| why.into());
    }

    /// How a fact stands: a difference outweighs what is unclear, which outweighs what agrees.
    pub(super) fn standing_of(&self, fact: &'static Fact) -> Checked {
        let standing = match (self.differences.get(fact.id), self.unclear.get(fact.id), self.agreed.get(fact.id)) {
            (Some(differences), _, _) => Standing::Differs(differences.clone()),
            (None, Some(why), _) => Standing::Unclear(why.clone()),
            (None, None, Some(count)) => Standing::Agrees(*count),
            (None, None, None) => Standing::NotProbed(Unprobed::of(fact.id)),
        };
        Checked { fact, standing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::facts::fact;

    #[test]
    fn the_worst_counts() {
        let fact = fact("job-lanes").expect("a fact");
        let mut notes = Notes::default();
        assert!(matches!(notes.standing_of(fact).standing, Standing::NotProbed(_)));
        notes.compare("job-lanes", "a", "1", "1");
        assert_eq!(notes.standing_of(fact).standing, Standing::Agrees(1));
        notes.unclear("job-lanes", "no answer");
        notes.unclear("job-lanes", "still none");
        assert_eq!(notes.standing_of(fact).standing, Standing::Unclear("no answer".to_owned()));
        notes.compare("job-lanes", "b", "1", "5");
        assert!(matches!(notes.standing_of(fact).standing, Standing::Differs(found) if found[0].found == "5"));
    }
}
