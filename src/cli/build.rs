//! What a binary was built from, so that a report of a fault names its build.
//!
//! Only what is the same in every build of one commit: a release is reproducible. The packaging script
//! sets these variables while it compiles; they mean nothing afterwards.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

const COMMIT: Option<&str> = option_env!("HUBJOBS_COMMIT");
const TARGET: Option<&str> = option_env!("HUBJOBS_TARGET");
const RUSTC: Option<&str> = option_env!("HUBJOBS_RUSTC");
const TIME_OF_COMMIT: Option<&str> = option_env!("SOURCE_DATE_EPOCH");

/// A line for `--version`: commit, target and compiler of a release, else for what kind of machine, and how.
#[must_use]
pub(super) fn line() -> String {
    match (COMMIT, TARGET, RUSTC) {
        (Some(commit), Some(target), Some(rustc)) => format!("commit {commit}, {target}, {rustc}"),
        _ => {
            let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
            format!("no packaged build: {} {}, {profile}", std::env::consts::ARCH, std::env::consts::OS)
        }
    }
}

/// The day of the commit in UTC; nothing unless this was packaged.
#[must_use]
pub(super) fn date() -> Option<Date> {
    let seconds = TIME_OF_COMMIT?.parse().ok()?;
    Some(Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC).date())
}
