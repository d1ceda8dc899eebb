//! Shares of a whole.

use std::fmt;

/// A share between 0 and 100 per cent, both included.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Percent(f64);

/// The number is not between 0 and 100.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a percentage between 0 and 100")]
pub struct InvalidPercent;

impl Percent {
    /// Nothing.
    pub const ZERO: Self = Self(0.0);

    /// # Errors
    /// When the number is not finite or outside 0..=100.
    pub fn new(percent: f64) -> Result<Self, InvalidPercent> {
        if (0.0..=100.0).contains(&percent) { Ok(Self(percent)) } else { Err(InvalidPercent) }
    }

    /// A whole percentage known at compile time.
    #[must_use]
    pub const fn whole(percent: u8) -> Self {
        assert!(percent <= 100);
        Self(percent as f64)
    }

    /// The number between 0 and 100.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Whether `part` of `whole` reaches this share; of nothing, every share is reached.
    #[must_use]
    pub fn is_reached_by(self, part: u64, whole: u64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "device counts are far below 2^52")]
        let (part, whole) = (part as f64, whole as f64);
        part * 100.0 >= self.0 * whole
    }

    /// Whether `part` of `whole` goes beyond this share.
    #[must_use]
    pub fn is_exceeded_by(self, part: u64, whole: u64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "job counts are far below 2^52")]
        let (part, whole) = (part as f64, whole as f64);
        part * 100.0 > self.0 * whole
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}
