//! The twin of a device: tags, desired and reported properties, versions and etag.

use serde_json::{Map, Value};

use super::body::{Body, invalid};
use super::etag;
use super::fault::HubFault;
use super::keys::{Key, Keys};
use super::limits::{Part, check_patch, check_size};
use super::moment::Moment;
use super::packed::Members;
use super::patch::Patch;
use super::section::Section;

/// A twin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Twin {
    /// Counter behind the etag. Moves with tags and desired properties, not with reported ones.
    pub(super) etag: u64,
    /// Moves with every write.
    pub(super) version: u64,
    /// Packed.
    pub(super) tags: Box<[u8]>,
    pub(super) desired: Section,
    pub(super) reported: Section,
}

/// A write of tags and desired properties: nothing about a part that it leaves alone.
#[derive(Debug, Clone, Default)]
pub(super) struct TwinWrite {
    mode: WriteMode,
    pub(super) tags: Option<Patch>,
    pub(super) desired: Option<Patch>,
}

/// What happens to members that a write does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum WriteMode {
    /// They stay.
    #[default]
    Merge,
    /// They go.
    Replace,
}

/// The two parts of a twin that the service may write, as a request names them.
#[derive(Debug, Clone, Copy)]
pub(super) struct TwinBody<'a> {
    pub(super) tags: Option<&'a Map<String, Value>>,
    pub(super) desired: Option<&'a Map<String, Value>>,
}

impl<'a> TwinBody<'a> {
    /// Reads and checks a request. Reported properties and identity members in it are ignored.
    pub(super) fn read(body: Body<'a>) -> Result<Self, HubFault> {
        if body.get("desired").is_some() {
            return Err(invalid("desired must stand under properties."));
        }
        let tags = body.object("tags")?;
        let properties = body.inner("properties")?;
        let desired = match properties {
            Some(properties) => properties.object("desired")?,
            None => None,
        };
        if let Some(tags) = tags {
            check_patch(Part::Tags, tags)?;
        }
        if let Some(desired) = desired {
            check_patch(Part::Desired, desired)?;
        }
        Ok(Self { tags, desired })
    }

    /// The write, ready to be applied. An empty part merges nothing, so that it is not written; a
    /// part that is missing is emptied by a replacement.
    pub(super) fn compile(self, mode: WriteMode, keys: &mut Keys) -> TwinWrite {
        let mut part = |part: Option<&Map<String, Value>>| {
            let patch = part.map(|patch| Patch::compile(patch, keys)).unwrap_or_default();
            (mode == WriteMode::Replace || !patch.is_empty()).then_some(patch)
        };
        TwinWrite { mode, tags: part(self.tags), desired: part(self.desired) }
    }
}

impl TwinWrite {
    /// Whether it may change this member of a part.
    pub(super) fn touches(&self, part: Part, member: Key) -> bool {
        let patch = match part {
            Part::Tags => &self.tags,
            Part::Desired => &self.desired,
            Part::Reported => return false,
        };
        patch.as_ref().is_some_and(|patch| self.mode == WriteMode::Replace || patch.names(member))
    }
}

impl Twin {
    /// The twin of a new device.
    pub(super) fn new(tags: &Patch, desired: &Patch, reported: &Patch, at: Moment) -> Self {
        let mut packed = Vec::new();
        tags.merge(Members::default(), 0, &mut packed);
        Self {
            etag: 1,
            version: 2,
            tags: packed.into(),
            desired: Section::new(desired, at),
            reported: Section::new(reported, at),
        }
    }

    /// The twin of something new, with nothing in it.
    pub(super) fn fresh(at: Moment) -> Self {
        let nothing = Patch::default();
        Self::new(&nothing, &nothing, &nothing, at)
    }

    /// The etag as clients see it.
    pub(super) fn etag_text(&self) -> String {
        etag::of_twin(self.etag)
    }

    /// The packed tags.
    pub(super) const fn tags(&self) -> Members<'_> {
        Members::new(&self.tags)
    }

    /// Checks that no part is too large.
    pub(super) fn check_sizes(&self, keys: &Keys) -> Result<(), HubFault> {
        check_size(Part::Tags, self.tags(), keys)?;
        check_size(Part::Desired, self.desired.members(), keys)?;
        check_size(Part::Reported, self.reported.members(), keys)
    }

    /// Writes tags and desired properties.
    ///
    /// # Errors
    /// When a part would become too large; the twin is then as before.
    pub(super) fn write(&mut self, write: &TwinWrite, at: Moment, keys: &Keys) -> Result<(), HubFault> {
        let tags = write.tags.as_ref().map(|patch| self.written_tags(write.mode, patch));
        let desired = write.desired.as_ref().map(|patch| match write.mode {
            WriteMode::Merge => self.desired.patched(patch, at),
            WriteMode::Replace => self.desired.replaced(patch, at),
        });
        if let Some(tags) = &tags {
            check_size(Part::Tags, Members::new(tags), keys)?;
        }
        if let Some(desired) = &desired {
            check_size(Part::Desired, desired.members(), keys)?;
        }
        if tags.is_some() || desired.is_some() {
            self.etag += 1;
            self.version += 1;
        }
        if let Some(tags) = tags {
            self.tags = tags;
        }
        if let Some(desired) = desired {
            self.desired = desired;
        }
        Ok(())
    }

    /// Merges reported properties.
    ///
    /// # Errors
    /// When they would become too large; the twin is then as before.
    pub(super) fn report(&mut self, patch: &Patch, at: Moment, keys: &Keys) -> Result<(), HubFault> {
        let reported = self.reported.patched(patch, at);
        check_size(Part::Reported, reported.members(), keys)?;
        self.reported = reported;
        self.version += 1;
        Ok(())
    }

    fn written_tags(&self, mode: WriteMode, patch: &Patch) -> Box<[u8]> {
        let mut packed = Vec::with_capacity(self.tags.len() + 32);
        let old = match mode {
            WriteMode::Merge => self.tags(),
            WriteMode::Replace => Members::default(),
        };
        patch.merge(old, 0, &mut packed);
        packed.into()
    }
}
