//! What a review has to ask of the hub, and what it was told.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// The text of a query over the hub's devices. Two questions with the same text are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question(String);

impl Question {
    /// A question in the hub's query language.
    #[must_use]
    pub fn new(query: impl Into<String>) -> Self {
        Self(query.into())
    }

    /// The query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether a plan counts devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counts {
    /// Every question is asked.
    All,
    /// None is.
    None,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The rows of the result, all pages.
    Rows(Vec<Value>),
    /// The hub refused it or failed. Text of the hub, not to be trusted.
    Failed(String),
}

/// What was asked, and what the hub said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answers(BTreeMap<Question, Answer>);

impl Answers {
    /// The rows of an answer; nothing when it was not asked, or failed.
    #[must_use]
    pub fn rows(&self, question: &Question) -> Option<&[Value]> {
        match self.0.get(question)? {
            Answer::Rows(rows) => Some(rows),
            Answer::Failed(_) => None,
        }
    }

    /// How many questions were asked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Questions that the hub did not answer, and why.
    pub fn failures(&self) -> impl Iterator<Item = (&Question, &str)> {
        self.0.iter().filter_map(|(question, answer)| match answer {
            Answer::Failed(why) => Some((question, why.as_str())),
            Answer::Rows(_) => None,
        })
    }
}

impl FromIterator<(Question, Answer)> for Answers {
    fn from_iter<I: IntoIterator<Item = (Question, Answer)>>(answers: I) -> Self {
        Self(answers.into_iter().collect())
    }
}
