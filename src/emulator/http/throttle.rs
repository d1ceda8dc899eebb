//! Request throttles of the tier, by wall time. A real hub delays requests first; this one refuses
//! at once what is above the rate, so that a client that does not pace itself is found out.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::emulator::state::{FaultKind, HubFault};
use crate::model::HubSize;

/// What is metered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meter {
    /// Job calls: create, get, list, cancel.
    Jobs,
    /// Queries; each page is one.
    Queries,
}

/// The budgets of one hub. A burst may use up a whole minute's budget.
#[derive(Debug)]
pub(in crate::emulator) struct Throttles {
    jobs: Mutex<Bucket>,
    queries: Mutex<Bucket>,
}

impl Throttles {
    /// Full budgets of that size.
    pub(in crate::emulator) fn new(size: HubSize, now: Instant) -> Self {
        Self {
            jobs: Mutex::new(Bucket::full(size.job_calls_per_minute(), now)),
            queries: Mutex::new(Bucket::full(size.queries_per_minute(), now)),
        }
    }

    /// Takes one call from the budget.
    ///
    /// # Errors
    /// When the budget is used up.
    pub(super) fn take(&self, meter: Meter, now: Instant) -> Result<(), HubFault> {
        let (bucket, name) = match meter {
            Meter::Jobs => (&self.jobs, "CRUD"),
            Meter::Queries => (&self.queries, "Query"),
        };
        if bucket.lock().unwrap_or_else(PoisonError::into_inner).take(now) {
            return Ok(());
        }
        let text = format!("The request has been throttled. Wait 10 seconds and try again. Operation type: {name}");
        Err(HubFault::new(FaultKind::ThrottlingBacklogTimeout, text))
    }
}

#[derive(Debug)]
struct Bucket {
    per_minute: f64,
    left: f64,
    filled: Instant,
}

impl Bucket {
    fn full(per_minute: u32, now: Instant) -> Self {
        Self { per_minute: per_minute.into(), left: per_minute.into(), filled: now }
    }

    fn take(&mut self, now: Instant) -> bool {
        let minutes = now.saturating_duration_since(self.filled).as_secs_f64() / 60.0;
        self.left = (self.left + minutes * self.per_minute).min(self.per_minute);
        self.filled = now;
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;
    use crate::model::Sku;

    #[test]
    fn a_minute_at_once_then_at_the_rate() {
        let start = Instant::now();
        let throttles = Throttles::new(HubSize { sku: Sku::S1, units: NonZeroU32::MIN }, start);
        let served = |meter, after: u64| {
            let now = start + Duration::from_secs(after);
            (0..1_000).take_while(|_| throttles.take(meter, now).is_ok()).count()
        };
        assert_eq!([served(Meter::Jobs, 0), served(Meter::Jobs, 0), served(Meter::Jobs, 30)], [100, 0, 50]);
        assert_eq!([served(Meter::Queries, 30), served(Meter::Queries, 33), served(Meter::Queries, 999)], [20, 1, 20]);
    }

    #[test]
    fn the_documented_words() {
        let now = Instant::now();
        let throttles = Throttles::new(HubSize { sku: Sku::S1, units: NonZeroU32::MIN }, now);
        let fault = (0..).find_map(|_| throttles.take(Meter::Jobs, now).err()).unwrap();
        assert_eq!(fault.kind.status(), 429);
        assert!(fault.text.starts_with("The request has been throttled. Wait 10 seconds and try again."));
    }
}
