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
        // A minute of silence looks like a hang; half a second does not.
        match wait.as_secs() {
            0 => tracing::info!(cause = failure.in_words(), "asking the hub again"),
            seconds => tracing::warn!("asking the hub again in {seconds} s: {}", failure.in_words()),
        }
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::super::error::Refusal;
    use super::*;

    fn answered(status: u16, retry_after: Option<u64>) -> Failure {
        let headers: HeaderMap = retry_after.map(|s| (RETRY_AFTER, HeaderValue::from(s))).into_iter().collect();
        Failure::Refused(Refusal::read(StatusCode::from_u16(status).expect("a status"), &headers, b""))
    }

    fn not_sent(lasting: bool) -> Failure {
        Failure::NotSent { cause: "no connection".to_owned(), lasting }
    }

    fn lost() -> Failure {
        Failure::Lost { cause: "reset".to_owned() }
    }

    /// How often a call is made that always fails the same way, and for how long.
    async fn tries(policy: &RetryPolicy, effect: Effect, failure: &Failure) -> (u32, Duration) {
        let (count, start) = (Cell::new(0), Instant::now());
        let attempt = || {
            count.set(count.get() + 1);
            async { Err::<(), _>(failure.clone()) }
        };
        assert_eq!(retry(policy, effect, attempt).await.as_ref(), Err(failure));
        (count.get(), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_is_repeated_only_when_it_was_certainly_not_carried_out() {
        let policy = RetryPolicy::remote();
        for (failure, read_again, write_again) in [
            (not_sent(false), true, true),
            (not_sent(true), false, false),
            (lost(), true, false),
            (Failure::nonsense("garbage"), false, false),
            (answered(302, None), false, false),
            (answered(400, None), false, false),
            (answered(401, None), false, false),
            (answered(408, None), true, false),
            (answered(409, None), false, false),
            (answered(429, None), true, true),
            (answered(500, None), true, false),
            (answered(501, None), false, false),
            (answered(502, None), true, false),
            (answered(503, None), true, false),
            (answered(504, None), true, false),
        ] {
            for (effect, again) in [(Effect::Read, read_again), (Effect::Write, write_again)] {
                let (count, _) = tries(&policy, effect, &failure).await;
                assert_eq!(count > 1, again, "{effect:?} {failure:?}: {count} tries");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_hub_is_taken_at_its_word() {
        let (count, elapsed) = tries(&RetryPolicy::remote(), Effect::Write, &answered(429, Some(70))).await;
        assert_eq!((count, elapsed.as_secs()), (5, 280), "a fifth wait would end after the budget of 300 s");
        let (count, _) = tries(&RetryPolicy::remote(), Effect::Write, &answered(429, Some(3_600))).await;
        assert_eq!(count, 1, "an hour is longer than we wait");
    }

    #[tokio::test(start_paused = true)]
    async fn no_call_outlives_its_budget() {
        let policy = RetryPolicy::remote();
        for (failure, budget) in [(answered(429, None), policy.throttled.budget), (lost(), policy.unavailable.budget)] {
            for _ in 0..50 {
                let (_, elapsed) = tries(&policy, Effect::Read, &failure).await;
                assert!(elapsed <= budget, "{elapsed:?}");
            }
        }
        let never = RetryPolicy { throttled: Backoff::NEVER, unavailable: Backoff::NEVER };
        assert_eq!(tries(&never, Effect::Read, &answered(429, Some(0))).await, (1, Duration::ZERO));
    }

    #[test]
    fn the_wait_doubles_up_to_its_ceiling() {
        let waits =
            [1, 2, 3, 4, 5, 40, u32::MAX].map(|failures| RetryPolicy::remote().throttled.ceiling(failures).as_secs());
        assert_eq!(waits, [10, 20, 40, 60, 60, 60, 60]);
    }
}
