//! What a review has to ask of the hub, and what it was told.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::query::QUERY_LENGTH_MAX;

/// A query over the hub's devices, and how much of its result is wanted. Two questions with the same
/// text are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    query: String,
    rows_enough: usize,
}

impl Question {
    /// Longest query that the hub takes, in characters ("IoT Hub query language").
    pub const LEN_MAX: usize = QUERY_LENGTH_MAX;

    /// Rows that are worth reading of a result without a natural end.
    const ROWS_ENOUGH: usize = 500;

    /// A question in the hub's query language. A result of many rows is read in part.
    #[must_use]
    pub fn new(query: impl Into<String>) -> Self {
        Self { query: query.into(), rows_enough: Self::ROWS_ENOUGH }
    }

    /// A question for a few rows of many.
    #[must_use]
    pub fn for_rows(query: impl Into<String>, rows_enough: usize) -> Self {
        Self { query: query.into(), rows_enough }
    }

    /// The query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.query
    }

    /// With so many rows it is answered.
    #[must_use]
    pub const fn rows_enough(&self) -> usize {
        self.rows_enough
    }

    /// Whether the hub would refuse it for its length.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        self.query.chars().count() > Self::LEN_MAX
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.query)
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
    /// Some rows of the result: enough, or what the budget allowed.
    Part(Vec<Value>),
    /// The hub refused it or failed. Text of the hub, not to be trusted.
    Failed(String),
    /// It was not asked.
    Open(Unasked),
}

/// Why a question was not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unasked {
    /// The hub takes no query of that length.
    TooLong,
    /// More important ones took all the queries that a plan may ask.
    BudgetSpent,
    /// It took too long.
    TimeOver,
    /// An earlier one failed in a way in which all would.
    InVain,
}

/// What was asked, and what the hub said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answers {
    /// By the text of the query.
    by_query: BTreeMap<String, Answer>,
    queries: usize,
}

impl Answers {
    /// The same, with the number of queries that it took: every page is one.
    #[must_use]
    pub const fn with_queries(mut self, queries: usize) -> Self {
        self.queries = queries;
        self
    }

    /// These answers and those.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.by_query.extend(more.by_query);
        self.queries += more.queries;
        self
    }

    /// The rows of an answer, perhaps not all; nothing when it was not asked, or failed.
    #[must_use]
    pub fn rows(&self, question: &Question) -> Option<&[Value]> {
        match self.by_query.get(question.as_str())? {
            Answer::Rows(rows) | Answer::Part(rows) => Some(rows),
            Answer::Failed(_) | Answer::Open(_) => None,
        }
    }

    /// What became of a question; nothing when nobody thought of it.
    #[must_use]
    pub fn get(&self, question: &Question) -> Option<&Answer> {
        self.by_query.get(question.as_str())
    }

    /// Every query, and what became of it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Answer)> {
        self.by_query.iter().map(|(query, answer)| (query.as_str(), answer))
    }

    /// Whether there was no question at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_query.is_empty()
    }

    /// How many queries it took; every page is one.
    #[must_use]
    pub const fn queries(&self) -> usize {
        self.queries
    }

    /// The single number of a result, such as that of `SELECT COUNT() AS n`.
    #[must_use]
    pub fn number(&self, question: &Question) -> Option<u64> {
        self.rows(question)?.first()?.as_object()?.values().find_map(Value::as_u64)
    }
}

impl FromIterator<(Question, Answer)> for Answers {
    fn from_iter<I: IntoIterator<Item = (Question, Answer)>>(answers: I) -> Self {
        let by_query: BTreeMap<_, _> = answers.into_iter().map(|(question, answer)| (question.query, answer)).collect();
        Self { queries: by_query.len(), by_query }
    }
}
