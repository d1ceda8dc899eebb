//! What can befall a call.

use std::fmt;
use std::time::Duration;

use super::operations::Sort;

/// What befalls a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// An answer that refuses, before the call is carried out or afterwards.
    Refuse(Status, Timing),
    /// The call is carried out, and the connection closes without an answer.
    ReplyLost,
    /// The connection is reset, and nothing is carried out.
    Reset,
    /// The call is carried out, and its answer held back.
    Slow(Duration),
    /// The answer is one from before: at least so long ago, or else the last that was different.
    Stale(Option<Duration>),
    /// The cancel is answered 200, and the job goes on: the answer was early, the start earlier.
    CancelIgnored,
    /// The job is cancelled, and the cancel answered 405, as if it had been sent twice.
    CancelDenied,
    /// A page of a list comes in a way that clients tend not to expect.
    Page(Page),
    /// The hub's clock jumps ahead before the call is carried out.
    Clock(Duration),
}

/// Status of an answer that refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// 429 `ThrottlingBacklogTimeout`.
    TooManyRequests,
    /// 500 `ServerError`.
    ServerError,
    /// 502, in HTML: the gateway, not the hub.
    BadGateway,
    /// 503 `ServiceUnavailable`.
    ServiceUnavailable,
    /// 504 `GatewayTimeout`.
    GatewayTimeout,
}

/// When an answer refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// Nothing was carried out.
    Instead,
    /// The call was carried out all the same.
    Committed,
}

/// How a page comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Without items, but with a continuation, under which the page comes.
    Empty,
    /// With a continuation under which the same page comes again.
    Twice,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::TooManyRequests, Self::ServerError, Self::BadGateway, Self::ServiceUnavailable, Self::GatewayTimeout];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::TooManyRequests => 429,
            Self::ServerError => 500,
            Self::BadGateway => 502,
            Self::ServiceUnavailable => 503,
            Self::GatewayTimeout => 504,
        }
    }
}

impl Mishap {
    /// One of each kind, in words of scripts, with the entry in the table of facts.
    pub const KINDS: [(&str, &str); 14] = [
        ("429", "fault-429"),
        ("500", "fault-5xx"),
        ("502", "fault-5xx"),
        ("503", "fault-5xx"),
        ("504", "fault-5xx"),
        ("reply-lost", "fault-reply-lost"),
        ("reset", "fault-reset"),
        ("slow 5s", "fault-slow"),
        ("stale", "fault-stale"),
        ("cancel-ignored", "fault-cancel-ignored"),
        ("cancel-denied", "fault-cancel-denied"),
        ("empty-page", "fault-empty-page"),
        ("duplicate-page", "fault-duplicate-page"),
        ("clock 1h", "fault-clock"),
    ];

    /// Whether it can befall such an operation.
    pub(super) const fn fits(self, sort: Sort) -> bool {
        match self {
            Self::Stale(_) => matches!(sort, Sort::Read | Sort::Pages),
            Self::CancelIgnored | Self::CancelDenied => matches!(sort, Sort::Cancel),
            Self::Page(_) => matches!(sort, Sort::Pages),
            Self::Refuse(..) | Self::ReplyLost | Self::Reset | Self::Slow(_) | Self::Clock(_) => true,
        }
    }
}

/// As scripts write it.
impl fmt::Display for Mishap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse(status, Timing::Instead) => write!(f, "{}", status.number()),
            Self::Refuse(status, Timing::Committed) => write!(f, "{} committed", status.number()),
            Self::ReplyLost => f.write_str("reply-lost"),
            Self::Reset => f.write_str("reset"),
            Self::Slow(time) => write!(f, "slow {}", in_words(*time)),
            Self::Stale(None) => f.write_str("stale"),
            Self::Stale(Some(age)) => write!(f, "stale {}", in_words(*age)),
            Self::CancelIgnored => f.write_str("cancel-ignored"),
            Self::CancelDenied => f.write_str("cancel-denied"),
            Self::Page(Page::Empty) => f.write_str("empty-page"),
            Self::Page(Page::Twice) => f.write_str("duplicate-page"),
            Self::Clock(ahead) => write!(f, "clock {}", in_words(*ahead)),
        }
    }
}

/// `250ms`, `90s`: reads back as itself.
fn in_words(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{}s", time.as_secs()),
        _ => format!("{}ms", time.as_millis()),
    }
}
