//! The emulator's virtual clock. Reads no clock itself: whoever asks says what the machine's shows.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::ClockMode;

/// The words of [`ClockMode`] in snapshots and admin calls.
#[derive(Serialize, Deserialize)]
#[serde(remote = "ClockMode", rename_all = "camelCase")]
pub(super) enum ModeWord {
    Real,
    Fast,
}

/// A clock that never runs backwards.
#[derive(Debug, Clone)]
pub(super) struct VirtualClock {
    mode: ClockMode,
    /// The latest reading.
    now: Timestamp,
    /// How much it is ahead of the machine's, in mode real.
    ahead: SignedDuration,
}

impl VirtualClock {
    /// A clock that shows `now` while the machine's shows `wall`.
    pub(super) fn new(mode: ClockMode, now: Timestamp, wall: Timestamp) -> Self {
        Self { mode, now, ahead: now.duration_since(wall) }
    }

    /// How it goes.
    pub(super) const fn mode(&self) -> ClockMode {
        self.mode
    }

    /// The time, given the machine's.
    pub(super) fn read(&mut self, wall: Timestamp) -> Timestamp {
        if self.mode == ClockMode::Real {
            self.now = self.now.max(wall.saturating_add(self.ahead).unwrap_or(self.now));
        }
        self.now
    }

    /// Moves it on to `to`, unless it is further already.
    pub(super) fn advance(&mut self, to: Timestamp, wall: Timestamp) {
        if to > self.read(wall) {
            *self = Self::new(self.mode, to, wall);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn real_runs_with_the_wall_but_never_backwards() {
        let mut clock = VirtualClock::new(ClockMode::Real, at(1_000), at(50));
        assert_eq!(clock.read(at(60)), at(1_010));
        assert_eq!(clock.read(at(40)), at(1_010), "the wall clock was set back");
        clock.advance(at(5_000), at(61));
        assert_eq!(clock.read(at(63)), at(5_002));
        clock.advance(at(10), at(63));
        assert_eq!(clock.read(at(63)), at(5_002));
    }

    #[test]
    fn fast_stands_still() {
        let mut clock = VirtualClock::new(ClockMode::Fast, at(1_000), at(50));
        assert_eq!(clock.read(at(9_999)), at(1_000));
        clock.advance(at(1_500), at(9_999));
        assert_eq!(clock.read(at(99_999)), at(1_500));
    }
}
