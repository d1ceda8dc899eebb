//! Asking many questions: several at once, within a number of pages and a time, and every one of them
//! accounted for.

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::client::{ErrorCode, HubClient, HubError};
use super::observe::Pages;
use crate::model::HubSize;

/// A query, and how much of its result is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The query.
    pub query: &'a str,
    /// With so many rows it is answered; no further page is asked for.
    pub rows_enough: usize,
}

/// What asking may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskTerms {
    /// Pages in all.
    pub pages_max: usize,
    /// Questions at once.
    pub concurrency_max: NonZeroUsize,
    /// What was not answered by then stays open.
    pub time_max: Duration,
}

impl AskTerms {
    /// What suits a hub of that size: the queries of one minute, so that nobody else who asks the hub
    /// waits longer because of us. A paced client has them through in that minute.
    #[must_use]
    pub fn of(size: HubSize, concurrency_max: NonZeroUsize) -> Self {
        let pages_max = usize::try_from(size.queries_per_minute()).unwrap_or(usize::MAX);
        Self { pages_max, concurrency_max, time_max: Duration::from_secs(180) }
    }
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// All rows.
    Rows(Vec<Value>),
    /// Some of them: enough, or as many as the pages allowed.
    Part(Vec<Value>),
    /// The hub refused it, or failed.
    Failed(HubError),
    /// It was not asked, or not to the end.
    Open(NotAsked),
}

/// Why a question was not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotAsked {
    /// More important ones took all the pages.
    PagesSpent,
    /// The time was over.
    TimeOver,
    /// An earlier one failed in a way in which all would.
    InVain,
}

/// What asking came to.
#[derive(Debug, Clone, PartialEq)]
pub struct AskOutcome {
    /// What became of each question, in the order of the questions.
    pub answers: Vec<Asked>,
    /// Pages that it took.
    pub pages: usize,
}

/// How far asking has come, for somebody who watches.
#[derive(Debug, Default)]
pub struct AskProgress {
    answered: AtomicUsize,
    of: AtomicUsize,
}

impl AskProgress {
    /// How many questions are answered, and of how many; of none before asking begins.
    #[must_use]
    pub fn get(&self) -> (usize, usize) {
        (self.answered.load(Ordering::Relaxed), self.of.load(Ordering::Relaxed))
    }

    fn begin(&self, of: usize) {
        self.answered.store(0, Ordering::Relaxed);
        self.of.store(of, Ordering::Relaxed);
    }
}

/// Asks questions, the most important first. One page of each is taken care of before anybody gets a
/// second one. Never fails as a whole: a plan without some numbers is still a plan.
pub async fn ask(
    hub: &impl HubClient,
    questions: &[Wanted<'_>],
    terms: &AskTerms,
    progress: &AskProgress,
) -> AskOutcome {
    let count = questions.len().min(terms.pages_max);
    progress.begin(count);
    let desk = Desk {
        hub,
        spare: AtomicUsize::new(terms.pages_max - count),
        pages: AtomicUsize::new(0),
        end: OnceLock::new(),
    };
    let mut answers: Vec<_> = (0..questions.len()).map(|_| Asked::Open(NotAsked::PagesSpent)).collect();
    answers[..count].fill(Asked::Open(NotAsked::TimeOver));
    let turns = questions[..count].iter().enumerate().map(|(index, wanted)| {
        let desk = &desk;
        async move { (index, desk.answer(wanted).await) }
    });
    let mut running = stream::iter(turns).buffer_unordered(terms.concurrency_max.get());
    let deadline = Instant::now() + terms.time_max;
    while let Ok(Some((index, answer))) = timeout_at(deadline, running.next()).await {
        answers[index] = answer;
        progress.answered.fetch_add(1, Ordering::Relaxed);
    }
    AskOutcome { answers, pages: desk.pages.load(Ordering::Relaxed) }
}

/// Where questions are put.
struct Desk<'h, H> {
    hub: &'h H,
    /// Pages beyond the first of each question.
    spare: AtomicUsize,
    /// Pages asked for.
    pages: AtomicUsize,
    /// There is no use in going on.
    end: OnceLock<()>,
}

impl<H: HubClient> Desk<'_, H> {
    async fn answer(&self, wanted: &Wanted<'_>) -> Asked {
        let (mut rows, mut pages) = (Vec::new(), Pages::new("query"));
        loop {
            if self.end.get().is_some() {
                return Asked::Open(NotAsked::InVain);
            }
            self.pages.fetch_add(1, Ordering::Relaxed);
            let turned = match self.hub.query(wanted.query, pages.position()).await {
                Ok(page) => pages.turn(&page).inspect(|_| rows.extend(page.items)),
                Err(error) => Err(error),
            };
            match turned {
                Err(error) => {
                    if is_lasting(&error) {
                        let _ = self.end.set(());
                    }
                    return Asked::Failed(error);
                }
                Ok(false) => return Asked::Rows(rows),
                Ok(true) if rows.len() >= wanted.rows_enough || !self.takes_another() => return Asked::Part(rows),
                Ok(true) => {}
            }
        }
    }

    fn takes_another(&self) -> bool {
        let less = |spare: usize| spare.checked_sub(1);
        self.spare.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

/// Whether the next question would fare no better. The client has tried again by then.
const fn is_lasting(error: &HubError) -> bool {
    match error {
        HubError::Unauthorized { .. }
        | HubError::RoleMissing { .. }
        | HubError::SignIn(_)
        | HubError::Throttled { .. }
        | HubError::Unreachable { .. } => true,
        HubError::Refused { code, .. } => matches!(code, ErrorCode::IotHubQuotaExceeded),
        HubError::Ambiguous { .. } | HubError::Unexpected { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;
    use tokio::time::sleep;

    use super::*;
    use crate::hub::{Continuation, JobFilter, Page};
    use crate::model::{JobId, NewJob, ObservedConfiguration, ObservedJob};

    /// A hub that understands `pages N`, `slow`, `refuse` and `forbid`, and notes what it is asked.
    #[derive(Default)]
    struct Clerk {
        asked: Mutex<Vec<String>>,
        running: AtomicUsize,
        running_most: AtomicUsize,
    }

    impl HubClient for Clerk {
        async fn create_job(&self, _: &NewJob) -> Result<(), HubError> {
            Err(refused())
        }

        async fn get_job(&self, _: &JobId) -> Result<Option<ObservedJob>, HubError> {
            Err(refused())
        }

        async fn cancel_job(&self, _: &JobId) -> Result<(), HubError> {
            Err(refused())
        }

        async fn list_jobs(&self, _: &JobFilter, _: Option<&Continuation>) -> Result<Page<ObservedJob>, HubError> {
            Err(refused())
        }

        async fn query(&self, query: &str, page: Option<&Continuation>) -> Result<Page<Value>, HubError> {
            self.asked.lock().expect("one thread").push(query.to_owned());
            let running = self.running.fetch_add(1, Ordering::Relaxed) + 1;
            self.running_most.fetch_max(running, Ordering::Relaxed);
            sleep(Duration::from_secs(if query.starts_with("slow") { 600 } else { 1 })).await;
            self.running.fetch_sub(1, Ordering::Relaxed);
            let page: usize = page.map_or(1, |page| page.as_str().parse().expect("a number"));
            match query.split_once(' ') {
                Some(("pages", count)) => {
                    let last: usize = count.split(' ').next().expect("a word").parse().expect("a number");
                    let next = (page < last).then(|| Continuation::new((page + 1).to_string()));
                    Ok(Page { items: vec![json!(page)], next, served_at: None })
                }
                Some(("forbid", _)) => Err(HubError::Unauthorized { message: String::new() }),
                _ => Err(refused()),
            }
        }

        async fn configurations(&self) -> Result<Vec<ObservedConfiguration>, HubError> {
            Err(refused())
        }
    }

    fn refused() -> HubError {
        HubError::Refused { status: 400, code: ErrorCode::ArgumentInvalid, message: String::new(), tracking_id: None }
    }

    async fn asked(clerk: &Clerk, queries: &[&str], pages_max: usize, at_once: usize) -> Vec<String> {
        let terms = AskTerms {
            pages_max,
            concurrency_max: NonZeroUsize::new(at_once).expect("some"),
            time_max: Duration::from_secs(60),
        };
        let wanted: Vec<_> = queries.iter().map(|query| Wanted { query, rows_enough: 3 }).collect();
        let progress = AskProgress::default();
        let outcome = ask(clerk, &wanted, &terms, &progress).await;
        assert!(outcome.pages <= pages_max, "{} pages", outcome.pages);
        assert_eq!(outcome.pages, clerk.asked.lock().expect("one thread").len());
        assert_eq!(progress.get().1, queries.len().min(pages_max));
        let words = |asked: &Asked| match asked {
            Asked::Rows(rows) => format!("all {}", rows.len()),
            Asked::Part(rows) => format!("part {}", rows.len()),
            Asked::Failed(_) => "failed".to_owned(),
            Asked::Open(why) => format!("{why:?}"),
        };
        outcome.answers.iter().map(words).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_important_questions_get_the_pages() {
        let clerk = Clerk::default();
        let answers = asked(&clerk, &["pages 1 a", "pages 1 b", "pages 1 c", "pages 1 d"], 3, 2).await;
        assert_eq!(answers, ["all 1", "all 1", "all 1", "PagesSpent"]);
        assert_eq!(clerk.running_most.load(Ordering::Relaxed), 2, "at once");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_gets_a_second_page_before_all_have_one() {
        let answers = asked(&Clerk::default(), &["pages 9 a", "pages 2 b", "pages 1 c"], 4, 1).await;
        assert_eq!(answers, ["part 2", "part 1", "all 1"]);
        let enough = asked(&Clerk::default(), &["pages 9 a", "pages 3 b"], 100, 2).await;
        assert_eq!(enough, ["part 3", "all 3"], "three rows are enough");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_one_answer_and_no_right_is_all_of_them() {
        let refused = asked(&Clerk::default(), &["refuse a", "pages 1 b"], 9, 1).await;
        assert_eq!(refused, ["failed", "all 1"]);
        let clerk = Clerk::default();
        let forbidden = asked(&clerk, &["pages 1 a", "forbid b", "pages 1 c", "pages 1 d"], 9, 1).await;
        assert_eq!(forbidden, ["all 1", "failed", "InVain", "InVain"]);
        assert_eq!(clerk.asked.lock().expect("one thread").len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_hub_is_not_waited_for_for_ever() {
        let begin = Instant::now();
        let answers = asked(&Clerk::default(), &["slow a", "pages 1 b", "pages 1 c"], 9, 2).await;
        assert_eq!(answers, ["TimeOver", "all 1", "all 1"]);
        assert_eq!(begin.elapsed(), Duration::from_secs(60));
    }
}
