//! What kind of hub it is.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::model::{HubSize, Seconds, Sku};
use crate::query::Dialect;

/// What kind of hub it is. Kept with the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubOptions {
    /// Tier and units: lanes, and the rate of device operations.
    pub size: HubSize,
    /// How to take what the sources contradict each other about.
    pub strictness: Strictness,
    /// Whether device operations of jobs are held to the rate of the tier.
    pub throttling: Throttling,
    /// Whether active jobs are limited to the lanes of the tier.
    pub lanes: Lanes,
    /// How long queries, and jobs that select their devices, do not see a write.
    pub consistency_lag: Seconds,
    /// Start of all chance, and of the keys of simulated devices.
    pub seed: u64,
}

impl HubOptions {
    /// A strict hub of that size with its throttles on and seed 0.
    #[must_use]
    pub const fn new(size: HubSize) -> Self {
        Self {
            size,
            strictness: Strictness::Strict,
            throttling: Throttling::On,
            lanes: Lanes::On,
            consistency_lag: Seconds::ZERO,
            seed: 0,
        }
    }
}

/// How close to the hub to be, where a user may choose. The default is the hub itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fidelity {
    /// How to take what the sources contradict each other about.
    pub strictness: Strictness,
    /// Whether the rates of the tier hold, those of jobs and those of requests.
    pub throttling: Throttling,
    /// Whether active jobs are limited to the lanes of the tier.
    pub lanes: Lanes,
    /// How long queries, and jobs that select their devices, do not see a write.
    pub consistency_lag: Seconds,
}

impl Default for Fidelity {
    fn default() -> Self {
        Self {
            strictness: Strictness::Strict,
            throttling: Throttling::On,
            lanes: Lanes::On,
            consistency_lag: Seconds::ZERO,
        }
    }
}

/// How to take what the sources contradict each other about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Strictness {
    /// What public clients send, and nothing else: an emulator kinder than the hub hides bugs.
    Strict,
    /// Queries and conditions may double a quote within a string.
    Lenient,
}

impl Strictness {
    /// The dialect of queries.
    pub(super) const fn dialect(self) -> Dialect {
        match self {
            Self::Strict => Dialect::Documented,
            Self::Lenient => Dialect::Lenient,
        }
    }
}

/// Whether device operations of jobs are held to the rate of the tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Throttling {
    /// As documented.
    On,
    /// As fast as they come.
    Off,
}

/// Whether active jobs are limited to the lanes of the tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Lanes {
    /// As documented.
    #[default]
    On,
    /// As many as are created.
    Off,
}

/// The form of [`HubOptions`] in snapshots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StoredOptions {
    sku: String,
    units: NonZeroU32,
    strictness: Strictness,
    throttling: Throttling,
    #[serde(default)]
    lanes: Lanes,
    /// In seconds.
    #[serde(default)]
    consistency_lag: u64,
    seed: u64,
}

impl From<HubOptions> for StoredOptions {
    fn from(options: HubOptions) -> Self {
        let HubOptions { size, strictness, throttling, lanes, consistency_lag, seed } = options;
        let sku = size.sku.as_str().to_owned();
        Self { sku, units: size.units, strictness, throttling, lanes, consistency_lag: consistency_lag.get(), seed }
    }
}

impl StoredOptions {
    /// The options, if the sku exists.
    pub(super) fn read(&self) -> Option<HubOptions> {
        let size = HubSize { sku: Sku::parse(&self.sku)?, units: self.units };
        let consistency_lag = Seconds::new(self.consistency_lag);
        let Self { strictness, throttling, lanes, seed, .. } = *self;
        Some(HubOptions { size, strictness, throttling, lanes, consistency_lag, seed })
    }
}
