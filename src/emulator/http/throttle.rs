//! Request throttles of the tier, by wall time (reference 3.4, 4.1). As the hub does, a call above the
//! rate is delayed first, and refused only when the delay would be long.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::emulator::state::rules::{CALL_DELAY_MILLISECONDS_MAX, METHOD_BLOCK_BYTES};
use crate::emulator::state::{FaultKind, HubFault};
use crate::model::HubSize;

/// What a call is metered as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meter {
    /// Job calls: create, get, list, cancel.
    Jobs,
    /// Queries; each page is one.
    Queries,
    /// The identity registry.
    Registry,
    /// Reads of twins.
    TwinReads,
    /// Updates of twins.
    TwinUpdates,
    /// Direct methods, by blocks of payload.
    Methods,
    /// Configurations and edge deployments.
    Configurations,
}

impl Meter {
    const ALL: [Self; 7] = [
        Self::Jobs,
        Self::Queries,
        Self::Registry,
        Self::TwinReads,
        Self::TwinUpdates,
        Self::Methods,
        Self::Configurations,
    ];

    /// How many there may be in which time.
    fn rate(self, size: HubSize) -> (u32, Duration) {
        const SECOND: Duration = Duration::from_secs(1);
        const MINUTE: Duration = Duration::from_secs(60);
        match self {
            Self::Jobs => (size.job_calls_per_minute(), MINUTE),
            Self::Queries => (size.queries_per_minute(), MINUTE),
            Self::Registry => (size.registry_calls_per_minute(), MINUTE),
            Self::TwinReads => (size.twin_reads_per_second(), SECOND),
            Self::TwinUpdates => (size.twin_updates_per_second(), SECOND),
            Self::Methods => (size.method_blocks_per_second(), SECOND),
            Self::Configurations => (size.configuration_calls_per_minute(), MINUTE),
        }
    }

    /// The hub's word for it.
    const fn operation_type(self) -> &'static str {
        match self {
            Self::Jobs | Self::Registry => "CRUD",
            Self::Queries => "Query",
            Self::TwinReads => "TwinRead",
            Self::TwinUpdates => "TwinUpdate",
            Self::Methods => "InvokeMethod",
            Self::Configurations => "ConfigurationWrite",
        }
    }

    /// How much a call with that payload takes of the rate.
    pub(super) fn cost(self, payload_bytes: usize) -> u32 {
        match self {
            Self::Methods => u32::try_from(payload_bytes.div_ceil(METHOD_BLOCK_BYTES)).unwrap_or(u32::MAX).max(1),
            _ => 1,
        }
    }
}

/// The rates of one hub.
#[derive(Debug)]
pub(in crate::emulator) struct Throttles(Mutex<[Rate; Meter::ALL.len()]>);

impl Throttles {
    /// The rates of that size.
    pub(in crate::emulator) fn new(size: HubSize, now: Instant) -> Self {
        Self(Mutex::new(Meter::ALL.map(|meter| Rate::new(meter.rate(size), now))))
    }

    /// Takes so much from a rate; says how long the call has to be delayed.
    ///
    /// # Errors
    /// When that would be too long.
    pub(super) fn take(&self, meter: Meter, cost: u32, now: Instant) -> Result<Duration, HubFault> {
        let mut rates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rates[meter as usize].take(cost, now).ok_or_else(|| {
            let name = meter.operation_type();
            let text = format!("The request has been throttled. Wait 10 seconds and try again. Operation type: {name}");
            HubFault::new(FaultKind::ThrottlingBacklogTimeout, text)
        })
    }
}

/// So many in a window: all of them may come at once, but no more than that over any longer time.
#[derive(Debug)]
struct Rate {
    interval: Duration,
    window: Duration,
    /// When all that was taken so far would have been served, one after the other.
    served: Instant,
}

impl Rate {
    fn new((count, window): (u32, Duration), now: Instant) -> Self {
        Self { interval: window / count.max(1), window, served: now }
    }

    fn take(&mut self, cost: u32, now: Instant) -> Option<Duration> {
        let served = self.served.max(now) + self.interval * cost;
        let delay = served.saturating_duration_since(now).saturating_sub(self.window);
        if delay > Duration::from_millis(CALL_DELAY_MILLISECONDS_MAX) {
            return None;
        }
        self.served = served;
        Some(delay)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::model::Sku;

    fn throttles(sku: Sku, units: u32, now: Instant) -> Throttles {
        Throttles::new(HubSize { sku, units: NonZeroU32::new(units).unwrap() }, now)
    }

    /// How many calls at one instant are served at once, and how many later.
    fn served(throttles: &Throttles, meter: Meter, now: Instant) -> (usize, usize) {
        let delays: Vec<_> = (0..100_000).map_while(|_| throttles.take(meter, 1, now).ok()).collect();
        let at_once = delays.iter().filter(|delay| delay.is_zero()).count();
        assert!(delays.is_sorted() && delays.last() <= Some(&Duration::from_millis(CALL_DELAY_MILLISECONDS_MAX)));
        (at_once, delays.len() - at_once)
    }

    #[test]
    fn the_rates_of_the_table() {
        let start = Instant::now();
        for (sku, units, expected) in [
            (Sku::F1, 1, [100, 20, 100, 100, 50, 40, 20]),
            (Sku::S1, 3, [300, 60, 300, 100, 50, 120, 60]),
            (Sku::S2, 20, [2_000, 400, 2_000, 200, 100, 2_400, 400]),
            (Sku::S3, 2, [10_000, 2_000, 10_000, 1_000, 500, 12_288, 40]),
        ] {
            let throttles = throttles(sku, units, start);
            assert_eq!(Meter::ALL.map(|meter| served(&throttles, meter, start).0), expected, "{sku} {units}");
        }
    }

    #[test]
    fn above_the_rate_a_call_is_delayed_then_refused() {
        let start = Instant::now();
        let throttles = throttles(Sku::S1, 1, start);
        let after = |seconds| start + Duration::from_secs(seconds);
        // One in 600 ms: five of them fit into the longest delay.
        assert_eq!(served(&throttles, Meter::Jobs, start), (100, 5));
        assert_eq!(served(&throttles, Meter::Jobs, start), (0, 0));
        assert_eq!(served(&throttles, Meter::Jobs, after(30)), (45, 5));
        assert_eq!(served(&throttles, Meter::Jobs, after(999)), (100, 5));
        // One in three seconds.
        assert_eq!(served(&throttles, Meter::Queries, start), (20, 1));
        assert_eq!(served(&throttles, Meter::TwinReads, start), (100, 320));
    }

    #[test]
    fn methods_are_metered_by_their_payload() {
        let start = Instant::now();
        let throttles = throttles(Sku::S1, 1, start);
        assert_eq!([0, 1, 4_096, 4_097].map(|bytes| Meter::Methods.cost(bytes)), [1, 1, 1, 2]);
        let largest = Meter::Methods.cost(128 * 1_024);
        assert_eq!(throttles.take(Meter::Methods, largest, start), Ok(Duration::ZERO));
        assert_eq!(throttles.take(Meter::Methods, largest, start), Ok(Duration::from_millis(600)));
    }

    #[test]
    fn the_documented_words() {
        let now = Instant::now();
        let throttles = throttles(Sku::S1, 1, now);
        let fault = (0..).find_map(|_| throttles.take(Meter::Jobs, 1, now).err()).unwrap();
        assert_eq!(fault.kind.status(), 429);
        assert_eq!(fault.text, "The request has been throttled. Wait 10 seconds and try again. Operation type: CRUD");
    }
}
