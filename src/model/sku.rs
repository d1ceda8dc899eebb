//! What the sku of a hub allows. Facts of "IoT Hub quotas and throttling".

use std::fmt;
use std::num::NonZeroU32;

/// Pricing tier of a hub, as Azure names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sku {
    /// Free.
    F1,
    /// Standard 1.
    S1,
    /// Standard 2.
    S2,
    /// Standard 3.
    S3,
}

impl Sku {
    /// All of them, smallest first.
    pub const ALL: [Self; 4] = [Self::F1, Self::S1, Self::S2, Self::S3];

    /// Azure's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::F1 => "F1",
            Self::S1 => "S1",
            Self::S2 => "S2",
            Self::S3 => "S3",
        }
    }

    /// How many bytes are one message of the daily quota.
    #[must_use]
    pub const fn message_bytes(self) -> u32 {
        match self {
            Self::F1 => 512,
            Self::S1 | Self::S2 | Self::S3 => 4 * 1_024,
        }
    }

    /// The tier of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sku| sku.as_str() == text)
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Tier and number of units of a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HubSize {
    /// Pricing tier.
    pub sku: Sku,
    /// Units bought.
    pub units: NonZeroU32,
}

impl HubSize {
    /// Scheduled jobs that may exist at once (queued, scheduled, running), per hub. A job that
    /// waits for its start counts from its creation.
    #[must_use]
    pub const fn lanes(self) -> usize {
        match self.sku {
            Sku::F1 | Sku::S1 => 1,
            Sku::S2 => 5,
            Sku::S3 => 10,
        }
    }

    /// Device operations of jobs (one twin update or method call each), per second.
    #[must_use]
    pub fn job_device_operations_per_second(self) -> u32 {
        match self.sku {
            Sku::F1 | Sku::S1 => 10,
            Sku::S2 => self.units.get().max(10),
            Sku::S3 => self.units.get().saturating_mul(50),
        }
    }

    /// Calls of the job API (create, get, list, cancel), per minute.
    #[must_use]
    pub fn job_calls_per_minute(self) -> u32 {
        self.per_minute(100, 5_000)
    }

    /// Queries (each page is one), per minute.
    #[must_use]
    pub fn queries_per_minute(self) -> u32 {
        self.per_minute(20, 1_000)
    }

    /// Calls of the identity registry, per minute.
    #[must_use]
    pub fn registry_calls_per_minute(self) -> u32 {
        self.per_minute(100, 5_000)
    }

    /// Calls about configurations, per minute.
    #[must_use]
    pub fn configuration_calls_per_minute(self) -> u32 {
        self.per_minute(20, 20)
    }

    /// Reads of twins, per second.
    #[must_use]
    pub fn twin_reads_per_second(self) -> u32 {
        match self.sku {
            Sku::F1 | Sku::S1 => 100,
            Sku::S2 => self.units.get().saturating_mul(10).max(100),
            Sku::S3 => self.units.get().saturating_mul(500),
        }
    }

    /// Updates of twins, per second.
    #[must_use]
    pub fn twin_updates_per_second(self) -> u32 {
        match self.sku {
            Sku::F1 | Sku::S1 => 50,
            Sku::S2 => self.units.get().saturating_mul(5).max(50),
            Sku::S3 => self.units.get().saturating_mul(250),
        }
    }

    /// Payloads of direct methods, in blocks of 4 KB per second; a call takes at least one.
    #[must_use]
    pub fn method_blocks_per_second(self) -> u32 {
        let kilobytes = match self.sku {
            Sku::F1 | Sku::S1 => 160,
            Sku::S2 => 480,
            Sku::S3 => 24 * 1_024,
        };
        self.units.get().saturating_mul(kilobytes / 4)
    }

    /// Messages that are served in a day.
    #[must_use]
    pub fn messages_per_day(self) -> u64 {
        let per_unit = match self.sku {
            Sku::F1 => 8_000,
            Sku::S1 => 400_000,
            Sku::S2 => 6_000_000,
            Sku::S3 => 300_000_000,
        };
        u64::from(self.units.get()).saturating_mul(per_unit)
    }

    fn per_minute(self, small: u32, s3: u32) -> u32 {
        self.units.get().saturating_mul(if self.sku == Sku::S3 { s3 } else { small })
    }
}

impl fmt::Display for HubSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\u{d7}{}", self.sku, self.units)
    }
}
