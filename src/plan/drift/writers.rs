//! The twin jobs of ours in the order of time, and which of them wrote something after another.
//!
//! Ten thousand jobs may have written one path. Those whose conditions name another value of one path
//! (`tags.building = '43'`) wrote to other devices, and are not even looked at.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{JobAction, JobId, JobStatus, Manifest, Percent, TargetCondition};
use crate::plan::devices::{Devices, best_place};
use crate::plan::inventory::{Inventory, OwnJob};
use crate::plan::leaf::{Leaf, leaves};

/// A job of ours that wrote to twins, or is about to.
pub(super) struct Writer<'a> {
    pub(super) job: &'a OwnJob<'a>,
    pub(super) condition: &'a TargetCondition,
    pub(super) devices: Devices<'a>,
    pub(super) written: Vec<Leaf<'a>>,
}

/// The twin jobs of ours that have run or do, the earliest first.
pub(super) fn writers<'a>(inventory: &'a Inventory<'a>) -> Vec<Writer<'a>> {
    let mut writers: Vec<_> = inventory.own().filter_map(Writer::new).collect();
    writers.sort_by(|a, b| a.key().cmp(&b.key()));
    writers
}

impl<'a> Writer<'a> {
    fn new(job: &'a OwnJob<'a>) -> Option<Self> {
        let body = job.seen.body.as_ref()?;
        match &body.action {
            JobAction::Twin(patch) if !job.seen.status.is_cancellable() && job.seen.status != JobStatus::Cancelled => {
                let devices = Devices::new(Cow::Borrowed(body.condition.as_str()));
                Some(Self { job, condition: &body.condition, devices, written: leaves(patch) })
            }
            _ => None,
        }
    }

    fn key(&self) -> (Option<Timestamp>, &'a JobId) {
        (self.job.seen.start.or(self.job.seen.created), &self.job.seen.id)
    }

    /// It ended, changed a device, and was good enough for its manifest.
    pub(super) fn has_succeeded(&self, manifest: &Manifest) -> bool {
        let seen = self.job.seen;
        let is_good = seen.statistics.is_none_or(|statistics| {
            let least = manifest.success_when.min_succeeded;
            let is_enough = |least: Percent| least.is_reached_by(statistics.succeeded_count, statistics.executed());
            statistics.succeeded_count > 0 && least.is_none_or(is_enough)
        });
        seen.status == JobStatus::Completed && is_good
    }
}

/// Who wrote what after whom, by index.
pub(super) struct Later<'w, 'a> {
    pub(super) writers: &'w [Writer<'a>],
    by_path: BTreeMap<&'w [&'a str], ByPlace<'w>>,
}

/// Writers of one path, each list in the order of time.
#[derive(Default)]
struct ByPlace<'w> {
    /// The path by whose values their conditions are told apart, such as `tags.building`.
    place: Option<&'w str>,
    /// Those whose conditions demand one, by value.
    by_value: BTreeMap<&'w str, Vec<usize>>,
    /// The others.
    anywhere: Vec<usize>,
}

impl<'w, 'a> Later<'w, 'a> {
    pub(super) fn new(writers: &'w [Writer<'a>]) -> Self {
        let mut by_path: BTreeMap<&'w [&'a str], Vec<usize>> = BTreeMap::new();
        for (index, writer) in writers.iter().enumerate() {
            for leaf in &writer.written {
                by_path.entry(&leaf.names).or_default().push(index);
            }
        }
        let by_path = by_path.into_iter().map(|(path, of_path)| (path, ByPlace::new(writers, of_path))).collect();
        Self { writers, by_path }
    }

    /// Those that wrote a value after another one did, above or below it, too; perhaps several times.
    /// Some that their conditions tell apart from it are missing.
    pub(super) fn than(&self, index: usize, leaf: &'w Leaf<'a>) -> impl Iterator<Item = usize> {
        let (devices, names) = (&self.writers[index].devices, &*leaf.names);
        let above = (1..names.len()).filter_map(|len| self.by_path.get(&names[..len]));
        let below = self.by_path.range(names..).take_while(|(path, _)| path.starts_with(names));
        let places = above.chain(below.map(|(_, place)| place));
        places.flat_map(|place| place.of(devices)).flat_map(move |of_place| after(of_place, index)).copied()
    }
}

fn after(indexes: &[usize], index: usize) -> &[usize] {
    &indexes[indexes.partition_point(|earlier| *earlier <= index)..]
}

impl<'w> ByPlace<'w> {
    fn new(writers: &'w [Writer<'_>], of_path: Vec<usize>) -> Self {
        let devices: Vec<_> = of_path.iter().map(|index| &writers[*index].devices).collect();
        let Some(place) = best_place(&devices) else {
            return Self { anywhere: of_path, ..Self::default() };
        };
        let mut all = Self { place: Some(place), ..Self::default() };
        for index in of_path {
            match writers[index].devices.values_at(place) {
                Some(values) => values.iter().for_each(|value| all.by_value.entry(value).or_default().push(index)),
                None => all.anywhere.push(index),
            }
        }
        all
    }

    /// The lists of those that may have written to such devices.
    fn of(&self, devices: &Devices<'_>) -> Vec<&[usize]> {
        let of_place: Vec<_> = match self.place.and_then(|place| devices.values_at(place)) {
            Some(values) => values.iter().filter_map(|value| self.by_value.get(value.as_str())).collect(),
            None => self.by_value.values().collect(),
        };
        of_place.into_iter().chain([&self.anywhere]).map(Vec::as_slice).collect()
    }
}
