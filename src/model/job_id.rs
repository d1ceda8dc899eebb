//! Job ids. The id is the database: a hub job has no labels, so its id carries the owner, the
//! manifest, the occurrence, which of several jobs of that occurrence it is, and a content hash.
//!
//! ```text
//! hj1-<owner<=8>-<name<=24>-<occurrence 11>-<unit 5>-<revision 8>
//!  3 +1+ 8 +1+ 24 +1+ 11 +1+ 5 +1+ 8                = 64
//! ```

use std::fmt;

use super::job::Revision;
use super::name::{ManifestName, Owner};
use super::occurrence::OccurrenceKey;

const SCHEME: &str = "hj1";

const _: () = assert!(
    SCHEME.len()
        + 1
        + Owner::LEN_MAX
        + 1
        + ManifestName::LEN_MAX
        + 1
        + OccurrenceKey::LEN
        + 1
        + Unit::LEN
        + 1
        + Revision::LEN
        == JobId::LEN_MAX
);

/// Any job id that a hub shows, ours or foreign. Foreign ids are not held to our alphabet.
///
/// ```
/// use hubjobs::model::JobId;
///
/// let id = JobId::new("hj1-bldgx7q-lock-doors-c2612012100-u0010-k7m2q4xd");
/// let own = id.own().expect("an id of this form");
/// assert_eq!((own.name.as_str(), own.occurrence.to_string().as_str()), ("lock-doors", "c2612012100"));
/// assert!(JobId::new("portal-reboot").own().is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(String);

impl JobId {
    /// Longest id that a hub takes, in characters.
    pub const LEN_MAX: usize = 64;

    /// An id as a hub shows it.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as a hub shows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id taken apart, when it is of our form.
    #[must_use]
    pub fn own(&self) -> Option<OwnJobId> {
        OwnJobId::parse(&self.0).ok()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A digit of base 36, `0-9a-z`: 0 to 35, never wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digit(u8);

impl Digit {
    /// The first.
    pub const ZERO: Self = Self(0);

    /// The digit of that value, or nothing from 36 on.
    #[must_use]
    pub const fn new(value: u8) -> Option<Self> {
        if value < 36 { Some(Self(value)) } else { None }
    }

    /// Its value, 0 to 35.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The next digit, or nothing after the last.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }

    fn from_char(c: u8) -> Option<Self> {
        match c {
            b'0'..=b'9' => Some(Self(c - b'0')),
            b'a'..=b'z' => Some(Self(c - b'a' + 10)),
            _ => None,
        }
    }

    fn to_char(self) -> char {
        char::from(if self.0 < 10 { b'0' + self.0 } else { b'a' + self.0 - 10 })
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which of the jobs of one occurrence: wave, generation, sequence (nth job in the slot) and chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Unit {
    /// Rollout wave, from 0.
    pub wave: Digit,
    /// `spec.generation` of the manifest.
    pub generation: Digit,
    /// Nth job in the slot: each replacement or retry takes the next.
    pub sequence: Digit,
    /// Part of a device list too long for one condition.
    pub chunk: Digit,
}

impl Unit {
    const LEN: usize = 5;

    fn parse(text: &str) -> Option<Self> {
        let [b'u', wave, generation, sequence, chunk] = text.as_bytes() else { return None };
        Some(Self {
            wave: Digit::from_char(*wave)?,
            generation: Digit::from_char(*generation)?,
            sequence: Digit::from_char(*sequence)?,
            chunk: Digit::from_char(*chunk)?,
        })
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [wave, generation, sequence, chunk] =
            [self.wave, self.generation, self.sequence, self.chunk].map(Digit::to_char);
        write!(f, "u{wave}{generation}{sequence}{chunk}")
    }
}

/// What runs at most once, for ever: one wave and generation of one occurrence of one manifest.
/// Editing the manifest changes the revision of the job in the slot, not the slot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotKey {
    /// Who may touch it.
    pub owner: Owner,
    /// Manifest.
    pub name: ManifestName,
    /// Nominal start and kind of schedule.
    pub occurrence: OccurrenceKey,
    /// Rollout wave.
    pub wave: Digit,
    /// `spec.generation`.
    pub generation: Digit,
}

impl fmt::Display for SlotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{} wave {} generation {}", self.owner, self.name, self.occurrence, self.wave, self.generation)
    }
}

/// A job id of our form, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnJobId {
    /// Who may touch the job.
    pub owner: Owner,
    /// Manifest that wants it.
    pub name: ManifestName,
    /// Nominal start and kind of schedule.
    pub occurrence: OccurrenceKey,
    /// Which job of the occurrence.
    pub unit: Unit,
    /// Hash of the device-visible body.
    pub revision: Revision,
}

/// The text is not a job id of our form, hence not ours to touch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a job id of hubjobs")]
pub struct InvalidJobId;

impl OwnJobId {
    /// Takes an id apart: the owner ends at the first hyphen, the last three fields have fixed
    /// widths and are read from the right, the name (which may hold hyphens) is what remains.
    ///
    /// # Errors
    /// When any part is not of its form; such a job is foreign.
    pub fn parse(id: &str) -> Result<Self, InvalidJobId> {
        let inner = || {
            let rest = id.strip_prefix(SCHEME)?.strip_prefix('-')?;
            let (owner, rest) = rest.split_once('-')?;
            let (rest, revision) = rest.rsplit_once('-')?;
            let (rest, unit) = rest.rsplit_once('-')?;
            let (name, occurrence) = rest.rsplit_once('-')?;
            Some(Self {
                owner: Owner::parse(owner).ok()?,
                name: ManifestName::new(name).ok()?,
                occurrence: OccurrenceKey::parse(occurrence)?,
                unit: Unit::parse(unit)?,
                revision: Revision::parse(revision)?,
            })
        };
        inner().ok_or(InvalidJobId)
    }

    /// The slot that this job fills.
    #[must_use]
    pub fn slot(&self) -> SlotKey {
        SlotKey {
            owner: self.owner.clone(),
            name: self.name.clone(),
            occurrence: self.occurrence,
            wave: self.unit.wave,
            generation: self.unit.generation,
        }
    }

    /// The id as the hub takes it.
    #[must_use]
    pub fn to_job_id(&self) -> JobId {
        JobId::new(self.to_string())
    }
}

impl fmt::Display for OwnJobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, name, occurrence, unit, revision } = self;
        write!(f, "{SCHEME}-{owner}-{name}-{occurrence}-{unit}-{revision}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_example_of_the_design_apart() {
        let text = "hj1-bldgx7q-lock-doors-c2612012100-u0010-k7m2q4xd";
        let id = OwnJobId::parse(text).expect("of our form");
        assert_eq!(id.owner.as_str(), "bldgx7q");
        assert_eq!(id.name.as_str(), "lock-doors");
        assert_eq!(id.occurrence.start().to_string(), "2026-12-01T21:00:00Z");
        assert_eq!(id.unit.sequence.get(), 1);
        assert_eq!(id.to_string(), text);
    }

    #[test]
    fn foreign_ids_are_not_ours() {
        for text in [
            "",
            "nightly",
            "hj1-bldgx7q",
            "hj2-bldgx7q-lock-doors-c2612012100-u0010-k7m2q4xd",
            "hj1-bld-gx7q-c2612012100-u0010-k7m2q4xd-x",
            "hj1-bldgx7q-lock-doors-x2612012100-u0010-k7m2q4xd",
            "hj1-bldgx7q-lock-doors-c2613012100-u0010-k7m2q4xd",
            "hj1-bldgx7q-lock-doors-c2612012100-v0010-k7m2q4xd",
            "hj1-bldgx7q-lock-doors-c2612012100-u0010-k7m2q4x1",
            "HJ1-bldgx7q-lock-doors-c2612012100-u0010-k7m2q4xd",
        ] {
            assert_eq!(OwnJobId::parse(text), Err(InvalidJobId), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_id_reads_back_and_fits(
            owner in "[a-z0-9]{4,8}",
            name in "[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?",
            minutes in 15_778_080_i64..68_374_080, // 2000 to 2099
            digits in proptest::array::uniform4(0_u8..36),
            revision in "[a-z2-7]{8}",
            kind in 0_usize..3,
        ) {
            let start = jiff::Timestamp::from_second(minutes * 60).expect("in range");
            let [wave, generation, sequence, chunk] = digits.map(|d| Digit::new(d).expect("below 36"));
            let id = OwnJobId {
                owner: Owner::parse(&owner).expect("of the form"),
                name: ManifestName::new(&name).expect("of the form"),
                occurrence: OccurrenceKey::new(super::super::OccurrenceKind::ALL[kind], start).expect("whole minute"),
                unit: Unit { wave, generation, sequence, chunk },
                revision: Revision::parse(&revision).expect("of the form"),
            };
            let text = id.to_string();
            proptest::prop_assert!(text.len() <= JobId::LEN_MAX, "{text}");
            proptest::prop_assert_eq!(OwnJobId::parse(&text), Ok(id));
        }
    }
}
