//! The desired or the reported properties of a twin, with the metadata that the hub keeps of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::keys::Keys;
use super::moment::Moment;
use super::packed::{Members, Node};
use super::patch::Patch;

/// Properties, and when each of them was set. A property remembers only which write set it; the
/// times of the writes stand beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    members: Box<[u8]>,
    writes: Box<[Write]>,
}

/// A write of the section that some property is left of. The last one is always kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Write {
    /// `$version` after the write.
    pub(super) version: u32,
    /// When.
    pub(super) at: Moment,
}

/// Which of the two sections; only desired metadata carries `$lastUpdatedVersion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SectionKind {
    Desired,
    Reported,
}

/// Writes are forgotten when nothing is left of them, but only now and then.
const WRITES_BEFORE_PRUNING: usize = 16;

impl Section {
    /// The properties of a new twin: version 1.
    pub(super) fn new(patch: &Patch, at: Moment) -> Self {
        let mut members = Vec::new();
        patch.merge(Members::default(), 1, &mut members);
        Self { members: members.into(), writes: [Write { version: 1, at }].into() }
    }

    /// Puts a section together again.
    pub(super) fn restore(members: Vec<u8>, writes: Vec<Write>, keys: &Keys) -> Option<Self> {
        let sound = !writes.is_empty() && Members::new(&members).is_sound(keys);
        sound.then(|| Self { members: members.into(), writes: writes.into() })
    }

    /// `$version`.
    pub(super) fn version(&self) -> u32 {
        self.writes.last().map_or(0, |write| write.version)
    }

    /// Time of the last write.
    pub(super) fn last_updated(&self) -> Moment {
        self.writes.last().map_or(Moment::from(jiff::Timestamp::UNIX_EPOCH), |write| write.at)
    }

    /// The packed properties.
    pub(super) const fn members(&self) -> Members<'_> {
        Members::new(&self.members)
    }

    /// The writes that something is left of.
    pub(super) const fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The section after a merge patch.
    pub(super) fn patched(&self, patch: &Patch, at: Moment) -> Self {
        self.written(self.members(), patch, at)
    }

    /// The section after all of it was replaced.
    pub(super) fn replaced(&self, patch: &Patch, at: Moment) -> Self {
        self.written(Members::default(), patch, at)
    }

    fn written(&self, old: Members<'_>, patch: &Patch, at: Moment) -> Self {
        let version = self.version() + 1;
        let mut members = Vec::with_capacity(self.members.len() + 32);
        patch.merge(old, version, &mut members);
        let mut writes = Vec::with_capacity(self.writes.len() + 1);
        writes.extend_from_slice(&self.writes);
        writes.push(Write { version, at });
        if writes.len() >= WRITES_BEFORE_PRUNING && writes.len().is_power_of_two() {
            let mut used = vec![version];
            collect_versions(Members::new(&members), &mut used);
            used.sort_unstable();
            writes.retain(|write| used.binary_search(&write.version).is_ok());
        }
        Self { members: members.into(), writes: writes.into() }
    }

    /// The section as the hub shows it.
    pub(super) fn to_json(&self, kind: SectionKind, keys: &Keys) -> Map<String, Value> {
        let mut json = self.members().to_json(keys);
        let metadata = self.metadata(kind, self.version(), self.members(), keys);
        json.insert("$metadata".to_owned(), metadata.into());
        json.insert("$version".to_owned(), self.version().into());
        json
    }

    fn metadata(&self, kind: SectionKind, version: u32, members: Members<'_>, keys: &Keys) -> Map<String, Value> {
        let mut json = Map::new();
        json.insert("$lastUpdated".to_owned(), self.time_of(version).to_string().into());
        if kind == SectionKind::Desired {
            json.insert("$lastUpdatedVersion".to_owned(), version.into());
        }
        for member in members {
            let inner = match member.node {
                Node::Object(inner) => inner,
                _ => Members::default(),
            };
            let metadata = self.metadata(kind, member.version, inner, keys);
            json.insert(keys.name(member.key).to_owned(), metadata.into());
        }
        json
    }

    fn time_of(&self, version: u32) -> Moment {
        let at = self.writes.binary_search_by_key(&version, |write| write.version);
        at.map_or_else(|_| self.last_updated(), |at| self.writes[at].at)
    }

    /// What a path leads to, `$version` and `$metadata` included.
    pub(super) fn at(&self, kind: SectionKind, path: &[Box<str>], keys: &Keys) -> Option<Value> {
        match path {
            [] => Some(self.to_json(kind, keys).into()),
            [only] if **only == *"$version" => Some(self.version().into()),
            [first, rest @ ..] if **first == *"$metadata" => self.metadata_at(kind, rest, keys),
            _ => node_at(self.members(), path, keys).map(|node| node.to_json(keys)),
        }
    }

    fn metadata_at(&self, kind: SectionKind, path: &[Box<str>], keys: &Keys) -> Option<Value> {
        let (mut version, mut members) = (self.version(), self.members());
        for (at, name) in path.iter().enumerate() {
            let is_last = at + 1 == path.len();
            match &**name {
                "$lastUpdated" if is_last => return Some(self.time_of(version).to_string().into()),
                "$lastUpdatedVersion" if is_last && kind == SectionKind::Desired => return Some(version.into()),
                _ => {}
            }
            let key = keys.find(name)?;
            let member = members.find(|member| member.key == key)?;
            version = member.version;
            members = match member.node {
                Node::Object(inner) => inner,
                _ => Members::default(),
            };
        }
        Some(self.metadata(kind, version, members, keys).into())
    }
}

/// The packed value under a path.
pub(super) fn node_at<'a>(mut members: Members<'a>, path: &[Box<str>], keys: &Keys) -> Option<Node<'a>> {
    let (last, parents) = path.split_last()?;
    for name in parents {
        let Node::Object(inner) = members.get(keys.find(name)?)? else { return None };
        members = inner;
    }
    members.get(keys.find(last)?)
}

fn collect_versions(members: Members<'_>, used: &mut Vec<u32>) {
    for member in members {
        used.push(member.version);
        if let Node::Object(inner) = member.node {
            collect_versions(inner, used);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patch(json: Value, keys: &mut Keys) -> Patch {
        Patch::compile(json.as_object().expect("an object"), keys)
    }

    #[test]
    fn metadata_mirrors_the_tree() {
        let mut keys = Keys::default();
        let at = |second| Moment::EPOCH.plus(second * super::super::moment::SECOND);
        let section = Section::new(&patch(json!({"report": {"every": 1, "on": true}, "x": [1]}), &mut keys), at(1));
        let section = section.patched(&patch(json!({"report": {"every": 2}}), &mut keys), at(2));
        assert_eq!(
            Value::from(section.to_json(SectionKind::Desired, &keys)),
            json!({
                "report": {"every": 2, "on": true}, "x": [1],
                "$metadata": {
                    "$lastUpdated": "1970-01-01T00:00:02.0000000Z", "$lastUpdatedVersion": 2,
                    "report": {
                        "$lastUpdated": "1970-01-01T00:00:02.0000000Z", "$lastUpdatedVersion": 2,
                        "every": {"$lastUpdated": "1970-01-01T00:00:02.0000000Z", "$lastUpdatedVersion": 2},
                        "on": {"$lastUpdated": "1970-01-01T00:00:01.0000000Z", "$lastUpdatedVersion": 1},
                    },
                    "x": {"$lastUpdated": "1970-01-01T00:00:01.0000000Z", "$lastUpdatedVersion": 1},
                },
                "$version": 2,
            })
        );
        let path = ["$metadata", "report", "on", "$lastUpdated"].map(Box::from);
        assert_eq!(section.at(SectionKind::Desired, &path, &keys), Some(json!("1970-01-01T00:00:01.0000000Z")));
    }

    #[test]
    fn forgets_writes_that_nothing_is_left_of() {
        let mut keys = Keys::default();
        let mut section = Section::new(&patch(json!({"first": 1}), &mut keys), Moment::EPOCH);
        for n in 0..1_000 {
            section = section.patched(&patch(json!({"n": n}), &mut keys), Moment::EPOCH.plus(n));
        }
        assert_eq!(section.version(), 1_001);
        assert!(section.writes().len() <= WRITES_BEFORE_PRUNING);
        assert_eq!(section.time_of(1), Moment::EPOCH);
        assert_eq!(section.last_updated(), Moment::EPOCH.plus(999));
    }
}
