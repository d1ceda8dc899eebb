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
    extent: Extent,
}

/// How much of a result it takes to know the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Extent {
    /// All of it: a page may have no rows, and any number of pages may follow.
    Whole,
    /// So many rows are enough, and fewer are better than none.
    Rows(usize),
}

impl Question {
    /// Longest query that the hub takes, in characters ("IoT Hub query language").
    pub const LEN_MAX: usize = QUERY_LENGTH_MAX;

    /// A question in the hub's query language. Only its whole result answers it, such as a count.
    #[must_use]
    pub fn new(query: impl Into<String>) -> Self {
        Self { query: query.into(), extent: Extent::Whole }
    }

    /// A question for some rows of many.
    #[must_use]
    pub fn for_rows(query: impl Into<String>, rows_enough: usize) -> Self {
        Self { query: query.into(), extent: Extent::Rows(rows_enough) }
    }

    /// The query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.query
    }

    /// With so many rows it is answered, even if there are more.
    #[must_use]
    pub const fn rows_enough(&self) -> usize {
        match self.extent {
            Extent::Whole => usize::MAX,
            Extent::Rows(rows) => rows,
        }
    }

    /// The answer when only some rows of the result were read: none where it takes all of them.
    #[must_use]
    pub fn in_part(&self, rows: Vec<Value>) -> Answer {
        match self.extent {
            Extent::Rows(_) if !rows.is_empty() => Answer::Part(rows),
            Extent::Rows(_) | Extent::Whole => Answer::Open(Unasked::BudgetSpent),
        }
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
    /// There is no hub to ask: of jobs and lanes, too, nothing is known.
    Offline,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The rows of the result, all pages.
    Rows(Vec<Value>),
    /// Some rows of the result: enough, or what the budget allowed. No answer to a question that takes
    /// all of them.
    Part(Vec<Value>),
    /// The hub refused it or failed. Text of the hub, not to be trusted.
    Failed(String),
    /// It was not asked.
    Open(Unasked),
}

/// Why a question was not asked, or not to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unasked {
    /// The hub takes no query of that length.
    TooLong,
    /// Others took all the queries that a plan may ask.
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

    /// The rows of an answer; nothing when it was not asked, or failed. Not all of them only where some
    /// were asked for.
    #[must_use]
    pub fn rows(&self, question: &Question) -> Option<&[Value]> {
        match (self.by_query.get(question.as_str())?, question.extent) {
            (Answer::Rows(rows), _) | (Answer::Part(rows), Extent::Rows(_)) => Some(rows),
            (Answer::Part(_), Extent::Whole) | (Answer::Failed(_) | Answer::Open(_), _) => None,
        }
    }

    /// Whether the rows of an answer are all of its result.
    #[must_use]
    pub fn is_whole(&self, question: &Question) -> bool {
        matches!(self.by_query.get(question.as_str()), Some(Answer::Rows(_)))
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

    /// The sum of `n` over the rows: a count of nothing may be a result without rows. Nothing when a row
    /// has none, which is no proof that there is no device.
    #[must_use]
    pub fn total(&self, question: &Question) -> Option<u64> {
        self.rows(question)?.iter().map(|row| row.get("n")?.as_u64()).sum()
    }
}

impl FromIterator<(Question, Answer)> for Answers {
    fn from_iter<I: IntoIterator<Item = (Question, Answer)>>(answers: I) -> Self {
        let by_query: BTreeMap<_, _> = answers.into_iter().map(|(question, answer)| (question.query, answer)).collect();
        Self { queries: by_query.len(), by_query }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_answers_no_question_for_the_whole() {
        let (count, some) = (Question::new("count"), Question::for_rows("some", 5));
        let part = || vec![json!({"n": 7})];
        assert_eq!(count.in_part(part()), Answer::Open(Unasked::BudgetSpent));
        assert_eq!(some.in_part(part()), Answer::Part(part()));
        assert_eq!(some.in_part(Vec::new()), Answer::Open(Unasked::BudgetSpent), "no rows say nothing");

        let told: Answers =
            [&count, &some].into_iter().map(|question| (question.clone(), Answer::Part(part()))).collect();
        assert_eq!((told.rows(&count), told.number(&count)), (None, None), "whoever says that it was answered");
        assert_eq!(told.rows(&some), Some(&*part()));
        let told: Answers = [(count.clone(), Answer::Rows(part()))].into_iter().collect();
        assert_eq!(told.number(&count), Some(7));
    }

    #[test]
    fn a_row_without_a_number_is_not_zero_devices() {
        let count = Question::new("count");
        let total = |rows: &[Value]| {
            let told: Answers = [(count.clone(), Answer::Rows(rows.to_vec()))].into_iter().collect();
            told.total(&count)
        };
        assert_eq!(total(&[]), Some(0));
        assert_eq!(total(&[json!({"v": "Connected", "n": 7}), json!({"n": 2})]), Some(9));
        assert_eq!(total(&[json!({"n": 7}), json!({"n": "many"})]), None);
        assert_eq!(total(&[json!({})]), None);
    }
}
