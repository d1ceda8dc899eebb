//! The retry policy: what is sent again, when, and for how long.
//!
//! | trouble | read | write |
//! |---|---|---|
//! | no connection | again | again: nothing was sent |
//! | timeout, reset, 408, 500, 502, 503, 504 | again | [`HubError::Ambiguous`](crate::hub::HubError::Ambiguous), for the caller to settle |
//! | 429 | again | again: nothing was carried out |
//! | 429004, every lane taken | refused | refused: waiting some seconds is pointless |
//! | certificate not valid, any other refusal | error | error |

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::failure::{Effect, Failure, Trouble};

/// How long to wait between tries, by kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// After a 429, unless the hub names a time itself.
    pub throttled: Backoff,
    /// After trouble with the network or within the hub.
    pub unavailable: Backoff,
}

/// Exponential back-off with full jitter: before try n + 1, a random time up to
/// `min(delay_max, base * 2^(n - 1))`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Longest wait before the second try.
    pub base: Duration,
    /// Longest wait before any try.
    pub delay_max: Duration,
    /// No wait begins that would end later than this after the first failure. Zero never retries.
    pub budget: Duration,
}

impl Backoff {
    /// No second try.
    pub const NEVER: Self = Self { base: Duration::ZERO, delay_max: Duration::ZERO, budget: Duration::ZERO };

    /// The longest wait before try `failures + 1`.
    fn ceiling(&self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.delay_max)
    }
}

impl RetryPolicy {
    /// For a hub in Azure, which throttles for tens of seconds and says "wait 10 seconds" without a
    /// `Retry-After`.
    #[must_use]
    pub const fn remote() -> Self {
        Self {
            throttled: Backoff {
                base: Duration::from_secs(10),
                delay_max: Duration::from_secs(60),
                budget: Duration::from_secs(300),
            },
            unavailable: Backoff {
                base: Duration::from_millis(500),
                delay_max: Duration::from_secs(10),
                budget: Duration::from_secs(60),
            },
        }
    }

    /// For an emulator on this machine: the same throttles, but when it is not there it will not
    /// come.
    #[must_use]
    pub const fn loopback() -> Self {
        let remote = Self::remote();
        let unavailable = Backoff {
            base: Duration::from_millis(20),
            delay_max: Duration::from_millis(200),
            budget: Duration::from_secs(1),
        };
        Self { throttled: remote.throttled, unavailable }
    }
}

/// Repeats a call as the policy allows, and returns its first success or its last failure.
pub(super) async fn retry<T, F>(policy: &RetryPolicy, effect: Effect, attempt: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut schedule = Schedule { policy, effect, first_failure: None, throttled: 0, unavailable: 0 };
    loop {
        let failure = match attempt().await {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        let Some(wait) = schedule.wait_after(&failure) else { return Err(failure) };
        tracing::info!(seconds = wait.as_secs_f32(), cause = failure.in_words(), "waiting to ask the hub again");
        sleep(wait).await;
    }
}

/// The tries of one call so far.
struct Schedule<'a> {
    policy: &'a RetryPolicy,
    effect: Effect,
    first_failure: Option<Instant>,
    throttled: u32,
    unavailable: u32,
}

impl Schedule<'_> {
    /// How long to wait before the next try; nothing when there is to be none.
    fn wait_after(&mut self, failure: &Failure) -> Option<Duration> {
        let (backoff, failures) = match failure.trouble(self.effect)? {
            Trouble::Throttled => (&self.policy.throttled, &mut self.throttled),
            Trouble::Unavailable => (&self.policy.unavailable, &mut self.unavailable),
        };
        *failures += 1;
        let jittered = || backoff.ceiling(*failures).mul_f64(rand::random());
        let wait = failure.retry_after().unwrap_or_else(jittered);
        let spent = self.first_failure.get_or_insert_with(Instant::now).elapsed();
        (!backoff.budget.is_zero() && spent.saturating_add(wait) <= backoff.budget).then_some(wait)
    }
}
