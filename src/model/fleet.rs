//! A fleet of simulated devices, as a fleet file describes it. The emulator grows the devices from
//! it; the same file and seed give the same devices.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::duration::Seconds;
use super::percent::Percent;

/// A fleet file, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Fleet {
    /// `metadata.name`, for people.
    pub name: String,
    /// Start of all chance in the fleet.
    pub seed: u64,
    /// Groups of like devices.
    pub groups: Vec<DeviceGroup>,
}

/// A number of devices that are alike but for chance.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceGroup {
    /// For people, and for chance: renaming a group draws its devices anew.
    pub name: String,
    /// Number of devices.
    pub count: u32,
    /// Their ids.
    pub id_pattern: IdPattern,
    /// Their tags.
    pub tags: Vec<(String, Template)>,
    /// Their desired properties.
    pub desired: Vec<(String, Template)>,
    /// Their reported properties.
    pub reported: Vec<(String, Template)>,
    /// How reliably they are connected.
    pub connectivity: Connectivity,
    /// Whether a connected device takes over desired properties into its reported ones, as most
    /// firmware does.
    pub reports_desired: bool,
    /// Answers by method name; `*` is for all other names. Without an entry the device answers 501.
    pub methods: BTreeMap<String, MethodBehaviour>,
}

/// `lock-{n:05}`: literal text around one counter that starts at 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPattern {
    prefix: String,
    width: usize,
    suffix: String,
}

/// Why a text is not an id pattern. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdPattern {
    /// No counter, or more than one.
    #[error("the pattern needs exactly one counter such as `{{n}}` or `{{n:05}}`")]
    Counter,
    /// A width that is not a number of at most 12.
    #[error("the width of the counter is not a number from 1 to 12")]
    Width,
}

impl IdPattern {
    /// # Errors
    /// When there is not exactly one `{n}` or `{n:WIDTH}` in the text.
    pub fn parse(text: &str) -> Result<Self, InvalidIdPattern> {
        let (prefix, rest) = text.split_once('{').ok_or(InvalidIdPattern::Counter)?;
        let (counter, suffix) = rest.split_once('}').ok_or(InvalidIdPattern::Counter)?;
        if suffix.contains(['{', '}']) || prefix.contains('}') {
            return Err(InvalidIdPattern::Counter);
        }
        let width = match counter.strip_prefix('n').ok_or(InvalidIdPattern::Counter)? {
            "" => 1,
            rest => {
                let digits = rest.strip_prefix(':').ok_or(InvalidIdPattern::Counter)?;
                match digits.parse() {
                    Ok(width @ 1..=12) if digits.bytes().all(|b| b.is_ascii_digit()) => width,
                    _ => return Err(InvalidIdPattern::Width),
                }
            }
        };
        Ok(Self { prefix: prefix.to_owned(), width, suffix: suffix.to_owned() })
    }

    /// The text for a counter value, zero-padded to the width.
    #[must_use]
    pub fn render(&self, n: u32) -> String {
        let Self { prefix, width, suffix } = self;
        format!("{prefix}{n:0width$}{suffix}")
    }
}

/// A twin value that may differ from device to device.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// What the value looks like.
    pub shape: Shape,
    /// Share of the devices that lack the value.
    pub missing: Percent,
}

/// What a twin value looks like.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// The same on every device.
    Constant(Value),
    /// An object of templates.
    Object(Vec<(String, Template)>),
    /// One of these by chance, by weight.
    Weighted(Vec<(Value, u32)>),
    /// One of these in turn, by the device's number in its group.
    Cycle(Vec<Value>),
    /// A whole number by chance, both bounds included.
    Integers {
        /// Smallest.
        from: i64,
        /// Largest.
        to: i64,
    },
    /// A number by chance, with one decimal.
    Decimals {
        /// Smallest.
        from: f64,
        /// Largest.
        to: f64,
    },
    /// A text around the device's number in its group.
    Pattern(IdPattern),
}

/// How reliably the devices of a group are connected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Connectivity {
    /// Share that never connects.
    pub offline: Percent,
    /// Share that comes and goes.
    pub flapping: Percent,
    /// How long a flapping device stays connected, and then away.
    pub flapping_period: Seconds,
}

/// How a device answers a direct method.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodBehaviour {
    /// Status of a good answer.
    pub status: i32,
    /// Payload of a good answer.
    pub payload: Value,
    /// Shortest time to answer, in milliseconds.
    pub latency_min_ms: u32,
    /// Longest time to answer, in milliseconds.
    pub latency_max_ms: u32,
    /// Share of the devices that answer with `fail_status`.
    pub fail: Percent,
    /// Status of a bad answer.
    pub fail_status: i32,
    /// Share of the devices that never answer.
    pub no_answer: Percent,
    /// Merge patch of the reported properties after a good answer.
    pub reports: Map<String, Value>,
}
