//! Which devices a job is for.

use std::fmt;

/// A device id: 1 to 128 ASCII characters `A-Z a-z 0-9 - : . + % _ # * ? ! ( ) , = @ ; $ '`,
/// case-sensitive (IoT Hub identity registry).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(String);

/// Why a text is not a device id. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDeviceId {
    /// No character at all.
    #[error("the device id is empty")]
    Empty,
    /// More than 128 characters.
    #[error("the device id has {0} characters, at most 128 are allowed")]
    TooLong(usize),
    /// A character that the identity registry refuses.
    #[error("the device id holds `{0}`, which IoT Hub does not allow")]
    Character(char),
}

impl DeviceId {
    /// Longest id, in characters.
    pub const LEN_MAX: usize = 128;

    /// # Errors
    /// When the text is empty, too long, or holds a character that the hub refuses.
    pub fn new(text: &str) -> Result<Self, InvalidDeviceId> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-:.+%_#*?!(),=@;$'".contains(c);
        if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
            return Err(InvalidDeviceId::Character(bad));
        }
        match text.len() {
            0 => Err(InvalidDeviceId::Empty),
            len if len > Self::LEN_MAX => Err(InvalidDeviceId::TooLong(len)),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The id as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The body of a WHERE clause, short enough for the hub. Whether it is well-formed is for
/// validation to say: the hub takes any text, and lets the job fail later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetCondition(String);

/// A condition that the hub would refuse with a misleading 412 (azure-iot-sdk-csharp#1680).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the condition has {len} characters, at most {} are allowed", TargetCondition::LEN_MAX)]
pub struct ConditionTooLong {
    /// Its length in characters.
    pub len: usize,
}

impl TargetCondition {
    /// Longest condition, in characters: queries end at 8192, and the hub puts
    /// `SELECT * FROM devices WHERE ` before the condition.
    pub const LEN_MAX: usize = 8192 - "SELECT * FROM devices WHERE ".len();

    /// # Errors
    /// When the text is longer than [`Self::LEN_MAX`].
    pub fn new(text: impl Into<String>) -> Result<Self, ConditionTooLong> {
        let text = text.into();
        match text.chars().count() {
            len if len > Self::LEN_MAX => Err(ConditionTooLong { len }),
            _ => Ok(Self(text)),
        }
    }

    /// Every device of the hub.
    #[must_use]
    pub fn all() -> Self {
        Self("*".to_owned())
    }

    /// `deviceId IN ['a', 'b']`, in the order given.
    ///
    /// # Errors
    /// When the list is too long for one condition.
    pub fn devices(ids: &[DeviceId]) -> Result<Self, ConditionTooLong> {
        let quoted: Vec<_> = ids.iter().map(|id| format!("'{}'", id.as_str().replace('\'', "\\'"))).collect();
        Self::new(format!("deviceId IN [{}]", quoted.join(", ")))
    }

    /// The text as the hub gets it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TargetCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The target of a manifest as people wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `condition: "..."`.
    Condition(TargetCondition),
    /// `deviceIds: [...]`: the ids, and the condition that lists them.
    DeviceIds(Vec<DeviceId>, TargetCondition),
    /// `all: true`.
    All,
}

impl Target {
    /// A list of devices.
    ///
    /// # Errors
    /// When the list is too long for one condition.
    pub fn devices(ids: Vec<DeviceId>) -> Result<Self, ConditionTooLong> {
        let condition = TargetCondition::devices(&ids)?;
        Ok(Self::DeviceIds(ids, condition))
    }

    /// The condition that the hub gets.
    #[must_use]
    pub fn condition(&self) -> TargetCondition {
        match self {
            Self::Condition(condition) | Self::DeviceIds(_, condition) => condition.clone(),
            Self::All => TargetCondition::all(),
        }
    }
}
