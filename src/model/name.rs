//! Names that people choose, and the owner token that is derived from them.

use std::fmt;

use super::canonical::sha256_base32;

/// Why a text is not a name. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {problem}")]
pub struct InvalidName {
    what: &'static str,
    problem: String,
}

impl InvalidName {
    fn new(what: &'static str, problem: impl Into<String>) -> Self {
        Self { what, problem: problem.into() }
    }
}

/// Lower-case letters, digits and inner hyphens: the alphabet of every name in a job id.
fn check_slug(what: &'static str, text: &str, len_max: usize) -> Result<(), InvalidName> {
    if text.is_empty() {
        return Err(InvalidName::new(what, "is empty"));
    }
    let len = text.chars().count();
    if len > len_max {
        return Err(InvalidName::new(what, format!("has {len} characters, at most {len_max} are allowed")));
    }
    if let Some(bad) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
        let shown = bad.escape_default();
        return Err(InvalidName::new(what, format!("holds `{shown}`; only a-z, 0-9 and `-` are allowed")));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(InvalidName::new(what, "starts or ends with `-`"));
    }
    Ok(())
}

/// Identity of a manifest within a project: part of every job id, so renaming means new jobs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ManifestName(String);

impl ManifestName {
    /// Longest name, in characters: what a job id of 64 leaves for it.
    pub const LEN_MAX: usize = 24;

    /// # Errors
    /// When the text is not `[a-z0-9]([a-z0-9-]*[a-z0-9])?` or is longer than [`Self::LEN_MAX`].
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        check_slug("the name", text, Self::LEN_MAX)?;
        Ok(Self(text.to_owned()))
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ManifestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Name of an environment (`local`, `prod`); it enters the owner token, so two environments on one
/// hub never touch each other's jobs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvironmentName(String);

impl EnvironmentName {
    /// Longest name, in characters.
    pub const LEN_MAX: usize = 32;

    /// # Errors
    /// When the text is not a lower-case slug or is longer than [`Self::LEN_MAX`].
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        check_slug("the environment name", text, Self::LEN_MAX)?;
        Ok(Self(text.to_owned()))
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Name of one of several hubs of an environment (`eu`, `us`), for people and for `--hub`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HubName(String);

impl HubName {
    /// Longest name, in characters.
    pub const LEN_MAX: usize = 32;

    /// # Errors
    /// When the text is not a lower-case slug or is longer than [`Self::LEN_MAX`].
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        check_slug("the hub name", text, Self::LEN_MAX)?;
        Ok(Self(text.to_owned()))
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HubName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The short human part of the owner token, 1 to 5 characters `[a-z0-9]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerSlug(String);

impl OwnerSlug {
    /// Longest slug, in characters.
    pub const LEN_MAX: usize = 5;

    /// # Errors
    /// When the text is not `[a-z0-9]{1,5}`.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        check_slug("the owner", text, Self::LEN_MAX)?;
        if text.contains('-') {
            return Err(InvalidName::new("the owner", "holds `-`; only a-z and 0-9 are allowed"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The slug as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The project's random identity, made once by `hubjobs init`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(uuid::Uuid);

impl OwnerId {
    /// # Errors
    /// When the text is not a UUID, or is the nil UUID (a placeholder, shared by everybody).
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let id = uuid::Uuid::try_parse(text).map_err(|_| InvalidName::new("the owner id", "is not a UUID"))?;
        if id.is_nil() {
            return Err(InvalidName::new("the owner id", "is the nil UUID, which every copy would share"));
        }
        Ok(Self(id))
    }
}

impl fmt::Display for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// Who may touch a job: slug + 3 base32 characters of SHA-256(owner id + environment). Two copies
/// of one repository, or two environments of one project, have different owners on one hub.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(String);

impl Owner {
    /// Longest owner token, in characters.
    pub const LEN_MAX: usize = OwnerSlug::LEN_MAX + Self::DIGEST_LEN;
    const DIGEST_LEN: usize = 3;

    /// The owner token of one environment of a project.
    #[must_use]
    pub fn derive(slug: &OwnerSlug, id: &OwnerId, environment: &EnvironmentName) -> Self {
        let digest = sha256_base32(format!("{id}/{environment}").as_bytes(), Self::DIGEST_LEN);
        Self(format!("{}{digest}", slug.as_str()))
    }

    /// # Errors
    /// When the text is not `[a-z0-9]{4,8}`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        check_slug("the owner", text, Self::LEN_MAX)?;
        if text.contains('-') || text.len() <= Self::DIGEST_LEN {
            return Err(InvalidName::new("the owner", "is not a slug followed by three characters"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The token as it stands in job ids.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
