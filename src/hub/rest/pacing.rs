//! Keeping to the rates of the hub's sku, so that the hub need not throttle us: it answers a burst
//! with delays first, then with 429, and other users of the hub share those limits.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::model::HubSize;

const MINUTE: Duration = Duration::from_secs(60);

/// Waits shorter than this are not worth telling.
const TOLD_FROM: Duration = Duration::from_secs(1);

/// Whether calls are held back to the rates of a sku.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pacing {
    /// Not at all; for an emulator without throttles.
    Off,
    /// To what a hub of this size allows.
    Sku(HubSize),
}

/// Which of the hub's budgets a call is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Budget {
    /// Create, get, list and cancel.
    JobCalls,
    /// Every page of a query.
    Queries,
    /// Automatic device configurations.
    Configurations,
}

impl Budget {
    const fn in_words(self) -> &'static str {
        match self {
            Self::JobCalls => "job call",
            Self::Queries => "query",
            Self::Configurations => "configuration",
        }
    }
}

/// Holds calls back. One for all the calls of a client.
#[derive(Debug)]
pub(super) struct Pacer {
    buckets: Option<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    job_calls: Bucket,
    queries: Bucket,
    configurations: Bucket,
}

impl Pacer {
    pub(super) fn new(pacing: Pacing) -> Self {
        let buckets = match pacing {
            Pacing::Off => None,
            Pacing::Sku(size) => Some(Buckets {
                job_calls: Bucket::new(size.job_calls_per_minute()),
                queries: Bucket::new(size.queries_per_minute()),
                configurations: Bucket::new(size.configuration_calls_per_minute()),
            }),
        };
        Self { buckets }
    }

    /// Waits until a call may be made.
    pub(super) async fn admit(&self, budget: Budget) {
        let Some(buckets) = &self.buckets else { return };
        let bucket = match budget {
            Budget::JobCalls => &buckets.job_calls,
            Budget::Queries => &buckets.queries,
            Budget::Configurations => &buckets.configurations,
        };
        let now = Instant::now();
        let turn = bucket.take(now);
        let wait = turn.saturating_duration_since(now);
        if wait >= TOLD_FROM {
            let seconds = wait.as_secs_f32().ceil();
            tracing::info!(seconds, "waiting {seconds} s for the {} budget of the hub", budget.in_words());
        }
        sleep_until(turn).await;
    }
}

/// Tokens that each come back one minute after they were last used, so that no minute, wherever it
/// begins, sees more calls than there are tokens.
#[derive(Debug)]
struct Bucket {
    token_count: usize,
    /// When each token taken so far is or was used, in order.
    used: Mutex<VecDeque<Instant>>,
}

impl Bucket {
    fn new(calls_per_minute: u32) -> Self {
        Self { token_count: usize::try_from(calls_per_minute).unwrap_or(usize::MAX).max(1), used: Mutex::default() }
    }

    /// Takes the token that is free first; says when it may be used.
    fn take(&self, now: Instant) -> Instant {
        // A panic cannot leave the queue out of order, so a poisoned lock is still good.
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = if used.len() < self.token_count { None } else { used.pop_front() };
        let turn = oldest.map_or(now, |used| now.max(used + MINUTE));
        used.push_back(turn);
        turn
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::model::Sku;

    fn pacer(sku: Sku, units: u32) -> Pacer {
        Pacer::new(Pacing::Sku(HubSize { sku, units: NonZeroU32::new(units).expect("not zero") }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_minute_never_sees_more_calls_than_the_sku_allows() {
        let pacer = pacer(Sku::S1, 1);
        let start = Instant::now();
        let mut at = Vec::new();
        for _ in 0..60 {
            pacer.admit(Budget::Queries).await;
            at.push(start.elapsed().as_secs());
        }
        let expected: Vec<_> = [0, 60, 120].into_iter().flat_map(|second| [second; 20]).collect();
        assert_eq!(at, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_hub_is_not_waited_for() {
        let pacer = pacer(Sku::S1, 2);
        let start = Instant::now();
        for second in (0..600).step_by(2) {
            sleep_until(start + Duration::from_secs(second)).await;
            pacer.admit(Budget::Queries).await;
            assert_eq!(start.elapsed().as_secs(), second, "40 a minute are allowed, 30 are made");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn budgets_are_separate_and_can_be_off() {
        let s1 = pacer(Sku::S1, 1);
        let start = Instant::now();
        for _ in 0..20 {
            s1.admit(Budget::Queries).await;
        }
        for _ in 0..100 {
            s1.admit(Budget::JobCalls).await;
        }
        let off = Pacer::new(Pacing::Off);
        for _ in 0..100_000 {
            off.admit(Budget::Queries).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        s1.admit(Budget::JobCalls).await;
        assert_eq!(start.elapsed(), MINUTE);
    }
}
