//! One line of a script.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::mishap::{Mishap, Page, Status, Timing};
use super::operations::{OPERATIONS, sort_of};
use crate::model::Seconds;

/// One line of a script: which calls, what befalls them, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultSpec {
    /// Name of an operation; nothing means any that the mishap fits.
    pub(super) operation: Option<&'static str>,
    /// Pattern of the id in the path; `*` stands for any part of it.
    pub(super) id: Option<String>,
    /// What happens.
    pub(super) mishap: Mishap,
    /// How many of the matching calls go by first.
    pub(super) after: u64,
    /// Each how manieth of the others is meant.
    pub(super) every: u64,
    /// How many of those, in percent, are befallen.
    pub(super) percent: u8,
    /// Start of the chance.
    pub(super) seed: u64,
    /// How often at most.
    pub(super) times: Option<u64>,
}

/// Why a line is none. The words name the part and what stands there instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFault {
    /// No colon.
    #[error("a fault is `OPERATION: KIND`, such as `cancelJob: 429 x3`")]
    Form,
    /// No such operation.
    #[error("there is no operation `{0}`; `*` is all of them, and the others are {names}", names = operation_names())]
    Operation(String),
    /// An id pattern that is not closed, or is empty.
    #[error("the id of an operation stands in brackets, such as `getJob(wave-*)`")]
    Id,
    /// No such kind.
    #[error("there is no fault `{0}`; there are {kinds}", kinds = kind_names())]
    Kind(String),
    /// A kind that the operation cannot have.
    #[error("`{mishap}` cannot befall `{operation}`; it is for {fitting}")]
    Misfit {
        /// The kind.
        mishap: String,
        /// The operation.
        operation: &'static str,
        /// What it fits.
        fitting: String,
    },
    /// Not a span of time.
    #[error("`{0}` is no time; write `250ms`, `5s` or `7d`")]
    Time(String),
    /// A word that means nothing here.
    #[error("`{0}` means nothing here; after the kind come `x3`, `after 2`, `every 2`, `10%` or `seed 7`")]
    Word(String),
}

fn operation_names() -> String {
    OPERATIONS.iter().map(|(name, ..)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn kind_names() -> String {
    Mishap::KINDS.iter().map(|(kind, _)| format!("`{kind}`")).collect::<Vec<_>>().join(", ")
}

impl FaultSpec {
    /// Whether the line is about such a call.
    pub(super) fn matches(&self, operation: &str, id: Option<&str>) -> bool {
        self.operation.is_none_or(|wanted| wanted == operation)
            && sort_of(operation).is_some_and(|sort| self.mishap.fits(sort))
            && self.id.as_deref().is_none_or(|pattern| id.is_some_and(|id| is_like(pattern, id)))
    }

    /// Whether it needs answers of before.
    #[must_use]
    pub const fn is_about_the_past(&self) -> bool {
        matches!(self.mishap, Mishap::Stale(_))
    }
}

/// Whether an id has the form of a pattern, where `*` stands for any part.
fn is_like(pattern: &str, id: &str) -> bool {
    let Some((head, mut pattern)) = pattern.split_once('*') else { return pattern == id };
    let Some(mut rest) = id.strip_prefix(head) else { return false };
    while let Some((part, behind)) = pattern.split_once('*') {
        let Some(at) = rest.find(part) else { return false };
        (rest, pattern) = (&rest[at + part.len()..], behind);
    }
    rest.ends_with(pattern)
}

impl FromStr for FaultSpec {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let (call, rest) = text.rsplit_once(':').ok_or(InvalidFault::Form)?;
        let (operation, id) = read_call(call.trim())?;
        let mut words = rest.split_whitespace().peekable();
        let mishap = read_mishap(&mut words)?;
        if let Some((name, sort, _)) = OPERATIONS.iter().find(|(name, ..)| Some(*name) == operation)
            && !mishap.fits(*sort)
        {
            let fitting =
                OPERATIONS.iter().filter(|(_, sort, _)| mishap.fits(*sort)).map(|(name, ..)| format!("`{name}`"));
            let fitting = fitting.collect::<Vec<_>>().join(", ");
            return Err(InvalidFault::Misfit { mishap: mishap.to_string(), operation: name, fitting });
        }
        let mut spec = Self { operation, id, mishap, after: 0, every: 1, percent: 100, seed: 0, times: None };
        while let Some(word) = words.next() {
            let unknown = || InvalidFault::Word(word.to_owned());
            if let Some(times) = word.strip_prefix('x') {
                spec.times = Some(count(times).ok_or_else(unknown)?);
            } else if let Some(percent) = word.strip_suffix('%') {
                let percent = percent.parse().ok().filter(|percent| (1..=100).contains(percent));
                spec.percent = percent.ok_or_else(unknown)?;
            } else {
                let number = words.next().unwrap_or_default();
                let unknown = || InvalidFault::Word(format!("{word} {number}").trim().to_owned());
                match word {
                    "after" => spec.after = count(number).ok_or_else(unknown)?,
                    "every" => spec.every = count(number).ok_or_else(unknown)?,
                    "seed" => spec.seed = number.parse().map_err(|_| unknown())?,
                    _ => return Err(unknown()),
                }
            }
        }
        Ok(spec)
    }
}

fn count(text: &str) -> Option<u64> {
    text.parse().ok().filter(|count| *count > 0)
}

fn read_call(text: &str) -> Result<(Option<&'static str>, Option<String>), InvalidFault> {
    let (name, id) = match text.split_once('(') {
        None => (text, None),
        Some((name, rest)) => {
            let id = rest.strip_suffix(')').map(str::trim).filter(|id| !id.is_empty()).ok_or(InvalidFault::Id)?;
            (name.trim(), Some(id.to_owned()))
        }
    };
    if name == "*" {
        return Ok((None, id));
    }
    let known = OPERATIONS.iter().find(|(known, ..)| *known == name).map(|(known, ..)| *known);
    known.map(|known| (Some(known), id)).ok_or_else(|| InvalidFault::Operation(name.to_owned()))
}

fn read_mishap<'t>(words: &mut std::iter::Peekable<impl Iterator<Item = &'t str>>) -> Result<Mishap, InvalidFault> {
    let word = words.next().unwrap_or_default();
    let mut time = || {
        let text = words.next().unwrap_or_default();
        read_time(text).ok_or_else(|| InvalidFault::Time(text.to_owned()))
    };
    Ok(match word {
        "reply-lost" => Mishap::ReplyLost,
        "reset" => Mishap::Reset,
        "slow" => Mishap::Slow(time()?),
        "clock" => Mishap::Clock(time()?),
        "stale" => Mishap::Stale(words.next_if(|word| read_time(word).is_some()).and_then(read_time)),
        "cancel-ignored" => Mishap::CancelIgnored,
        "cancel-denied" => Mishap::CancelDenied,
        "empty-page" => Mishap::Page(Page::Empty),
        "duplicate-page" => Mishap::Page(Page::Twice),
        _ => {
            let status = Status::ALL.into_iter().find(|status| status.number().to_string() == word);
            let status = status.ok_or_else(|| InvalidFault::Kind(word.to_owned()))?;
            let committed = words.next_if_eq(&"committed").is_some();
            Mishap::Refuse(status, if committed { Timing::Committed } else { Timing::Instead })
        }
    })
}

fn read_time(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(number) => number.parse().ok().map(Duration::from_millis),
        None => Seconds::parse(text).ok().map(|seconds| Duration::from_secs(seconds.get())),
    }
}

/// In the one form that reads back as itself.
impl fmt::Display for FaultSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation.unwrap_or("*"))?;
        if let Some(id) = &self.id {
            write!(f, "({id})")?;
        }
        write!(f, ": {}", self.mishap)?;
        if self.after > 0 {
            write!(f, " after {}", self.after)?;
        }
        if self.every > 1 {
            write!(f, " every {}", self.every)?;
        }
        if self.percent < 100 {
            write!(f, " {}%", self.percent)?;
        }
        if self.seed > 0 {
            write!(f, " seed {}", self.seed)?;
        }
        self.times.map_or(Ok(()), |times| write!(f, " x{times}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_as_itself() {
        for text in [
            "cancelJob: 429 x3",
            "createJob(hj1-*): reply-lost x1",
            "*: 503 committed 10% seed 7",
            "getJob: stale 30s every 2",
            "getJob: stale after 1 x2",
            "query: slow 1500ms",
            "*: clock 3600s x1",
            "listJobs: duplicate-page",
            "cancelJob(a(b): cancel-ignored",
        ] {
            assert_eq!(text.parse::<FaultSpec>().expect(text).to_string(), text);
        }
        assert_eq!("*:clock 7d".parse::<FaultSpec>().expect("a week").to_string(), "*: clock 604800s");
        for (kind, _) in Mishap::KINDS {
            assert!(format!("*: {kind}").parse::<FaultSpec>().is_ok(), "{kind}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, words) in [
            ("cancelJob", "a fault is `OPERATION: KIND`"),
            ("cancelJobs: 429", "there is no operation `cancelJobs`"),
            ("getJob(: 429", "stands in brackets"),
            ("getJob(): 429", "stands in brackets"),
            ("getJob: 418", "there is no fault `418`"),
            ("getJob:", "there is no fault ``"),
            ("getJob: slow", "`` is no time"),
            ("getJob: slow soon", "`soon` is no time"),
            ("getJob: empty-page", "it is for `listJobs`, `query`"),
            ("createJob: stale", "`stale` cannot befall `createJob`"),
            ("getJob: 429 x0", "`x0` means nothing"),
            ("getJob: 429 101%", "`101%` means nothing"),
            ("getJob: 429 after", "`after` means nothing"),
            ("getJob: 429 every two", "`every two` means nothing"),
            ("getJob: 429 often", "`often` means nothing"),
        ] {
            let error = text.parse::<FaultSpec>().expect_err(text).to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn ids_by_pattern() {
        for (pattern, id, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("hj1-*", "hj1-x", true),
            ("*-x", "hj1-x", true),
            ("h*1*x", "hj1-x", true),
            ("h*x*x", "hj1-x", false),
        ] {
            assert_eq!(is_like(pattern, id), expected, "{pattern} {id}");
        }
    }
}
