//! Which writers meet: on a path, at a time, on devices that their conditions do not tell apart.
//!
//! Ten thousand manifests may write one path. They are compared by place only where their conditions
//! name the same value of one path (`tags.building = '43'`), and in the order of time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::clash::{Clash, above_and_below, same_path};
use super::writers::Writers;
use crate::plan::devices::{Overlap, best_place};

/// Pairs that are kept: nobody reads more, and each may take a query.
const PAIRS_MAX: usize = 200;
/// Comparisons of two writers that are made; about a tenth of a second.
const COMPARISONS_MAX: usize = 1_000_000;

/// The writers that meet.
pub(super) struct Pairs<'a> {
    /// By writers.
    pub(super) found: Vec<Pair<'a>>,
    /// Whether there were more to compare than is worth it.
    pub(super) is_cut: bool,
}

/// Two writers that meet.
pub(super) struct Pair<'a> {
    /// One that the plan brings about.
    pub(super) ours: usize,
    /// The other one.
    pub(super) other: usize,
    pub(super) meeting: Meeting,
    pub(super) overlap: Overlap,
    /// Not empty, by path.
    pub(super) clashes: Vec<Clash<'a>>,
}

/// When two writers are first at work together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meeting {
    /// Of the first writer.
    pub(super) row: usize,
    /// Of the other.
    pub(super) other_row: Option<usize>,
    pub(super) from: Timestamp,
    pub(super) until: Option<Timestamp>,
    /// When the other has ended.
    pub(super) other_until: Option<Timestamp>,
}

/// A write at a path, or above it.
#[derive(Clone, Copy)]
struct Write<'a> {
    source: usize,
    value: &'a Value,
    is_above: bool,
}

struct Search<'a, 'w> {
    writers: &'w Writers<'a>,
    /// First start and last end of each writer.
    hulls: Vec<(Timestamp, Option<Timestamp>)>,
    planned: Vec<bool>,
    found: BTreeMap<(usize, usize), Pair<'a>>,
    comparisons: usize,
    is_cut: bool,
}

impl<'a> Pairs<'a> {
    pub(super) fn of(writers: &Writers<'a>) -> Self {
        let mut by_path: BTreeMap<&[&'a str], Vec<Write<'a>>> = BTreeMap::new();
        for (source, writer) in writers.all.iter().enumerate() {
            for leaf in &writer.leaves {
                by_path.entry(&leaf.names).or_default().push(Write { source, value: leaf.value, is_above: false });
            }
        }
        let mut search = Search::new(writers);
        // Paths in their order: what is below a path comes right behind it.
        let mut above: Vec<(&[&'a str], Vec<Write<'a>>)> = Vec::new();
        for (path, writes) in by_path {
            while above.last().is_some_and(|(outer, _)| !path.starts_with(outer)) {
                above.pop();
            }
            let outer = above.iter().flat_map(|(_, writes)| writes.iter().copied());
            let all: Vec<_> =
                outer.map(|write| Write { is_above: true, ..write }).chain(writes.iter().copied()).collect();
            search.meet(path, &all);
            above.push((path, writes));
        }
        Self { found: search.found.into_values().collect(), is_cut: search.is_cut }
    }
}

impl<'a, 'w> Search<'a, 'w> {
    fn new(writers: &'w Writers<'a>) -> Self {
        let hull = |source: &super::writers::Source<'_>| {
            let from = source.runs.iter().map(|run| run.from).min().unwrap_or(Timestamp::MAX);
            let until = source.runs.iter().map(|run| run.until.unwrap_or(Timestamp::MAX)).max();
            (from, until.filter(|until| *until < Timestamp::MAX))
        };
        Self {
            writers,
            hulls: writers.all.iter().map(hull).collect(),
            planned: writers.all.iter().map(|source| source.runs.iter().any(|run| run.is_planned())).collect(),
            found: BTreeMap::new(),
            comparisons: 0,
            is_cut: false,
        }
    }

    /// Compares all that write one path, or above it.
    fn meet(&mut self, path: &[&'a str], writes: &[Write<'a>]) {
        let mut writes = writes.to_vec();
        if writes.len() < 2 || !writes.iter().any(|write| self.planned[write.source]) {
            return;
        }
        writes.sort_by_key(|write| (self.hulls[write.source].0, write.source));
        let (buckets, rest) = self.by_place(&writes);
        self.sweep(path, &rest, &[]);
        for bucket in buckets {
            self.sweep(path, &bucket, &rest);
        }
    }

    /// The writes by the value that their conditions demand of one path, such as `tags.building`, and
    /// those that demand none of it. Both are in the order of the writes.
    fn by_place(&self, writes: &[Write<'a>]) -> (Vec<Vec<Write<'a>>>, Vec<Write<'a>>) {
        let devices = |write: &Write<'_>| &self.writers.all[write.source].devices;
        let Some(place) = best_place(&writes.iter().map(devices).collect::<Vec<_>>()) else {
            return (Vec::new(), writes.to_vec());
        };
        let (mut buckets, mut rest): (BTreeMap<&str, Vec<_>>, Vec<_>) = (BTreeMap::new(), Vec::new());
        for write in writes {
            match devices(write).values_at(place) {
                None => rest.push(*write),
                Some(values) => {
                    for value in values {
                        buckets.entry(value).or_default().push(*write);
                    }
                }
            }
        }
        (buckets.into_values().collect(), rest)
    }

    /// Compares the members of a group with each other and with others, none of which are compared
    /// with each other, as far as their times allow.
    fn sweep(&mut self, path: &[&'a str], group: &[Write<'a>], others: &[Write<'a>]) {
        let tagged = |writes: &[Write<'a>], is_member: bool| -> Vec<_> {
            writes.iter().map(|write| (*write, is_member)).collect()
        };
        let mut all = tagged(group, true);
        all.extend(tagged(others, false));
        all.sort_by_key(|(write, _)| (self.hulls[write.source].0, write.source));
        self.comparisons += all.len();
        // Still at work: those that the plan brings about, and all the others.
        let (mut planned, mut present): (Vec<(Write<'a>, bool)>, Vec<_>) = (Vec::new(), Vec::new());
        for (write, is_member) in all {
            let from = self.hulls[write.source].0;
            let is_over =
                |(earlier, _): &(Write<'a>, bool)| self.hulls[earlier.source].1.is_some_and(|until| until <= from);
            planned.retain(|earlier| !is_over(earlier));
            present.retain(|earlier| !is_over(earlier));
            let is_planned = self.planned[write.source];
            let partners = planned.iter().chain(present.iter().filter(|_| is_planned));
            for (earlier, _) in partners.filter(|(_, member)| *member || is_member) {
                self.comparisons += 1;
                self.is_cut |= self.comparisons > COMPARISONS_MAX;
                if self.is_cut {
                    return;
                }
                compare(self.writers, &mut self.found, &mut self.is_cut, path, *earlier, write);
            }
            if is_planned { &mut planned } else { &mut present }.push((write, is_member));
        }
    }
}

fn compare<'a>(
    writers: &Writers<'a>,
    found: &mut BTreeMap<(usize, usize), Pair<'a>>,
    is_cut: &mut bool,
    path: &[&'a str],
    a: Write<'a>,
    b: Write<'a>,
) {
    let is_redundant = match (a.is_above, b.is_above) {
        (true, true) => return, // met further up
        (false, false) => Some(same_path(a.value, b.value)),
        (true, false) => above_and_below(a.value, b.value),
        (false, true) => above_and_below(b.value, a.value),
    };
    let (key, Some(is_redundant)) = ((a.source.min(b.source), a.source.max(b.source)), is_redundant) else { return };
    if !found.contains_key(&key) {
        let Some(pair) = pair(writers, key) else { return };
        if found.len() >= PAIRS_MAX {
            *is_cut = true;
            return;
        }
        found.insert(key, pair);
    }
    let Some(pair) = found.get_mut(&key) else { return };
    let (ours, theirs) = if a.source == pair.ours { (a.value, b.value) } else { (b.value, a.value) };
    let clash = Clash { names: path.to_vec(), ours, theirs, is_redundant };
    // Members of several groups are compared several times.
    if !pair.clashes.contains(&clash) {
        pair.clashes.push(clash);
    }
}

/// The two, if they are at work together on devices that may be the same.
fn pair<'a>(writers: &Writers<'a>, (a, b): (usize, usize)) -> Option<Pair<'a>> {
    let (first, second) = (&writers.all[a], &writers.all[b]);
    if first.identity == second.identity {
        return None;
    }
    let (ours, other, meeting) = match (meeting(writers, a, b), meeting(writers, b, a)) {
        (Some(one), Some(two)) if two.from < one.from || (two.from == one.from && two.row < one.row) => (b, a, two),
        (Some(meeting), _) => (a, b, meeting),
        (None, Some(meeting)) => (b, a, meeting),
        (None, None) => return None,
    };
    let overlap = first.devices.overlap(&second.devices)?;
    Some(Pair { ours, other, meeting, overlap, clashes: Vec::new() })
}

/// The first time at which a run of `ours` that the plan brings about meets one of the other.
fn meeting(writers: &Writers<'_>, ours: usize, other: usize) -> Option<Meeting> {
    let others = &writers.all[other].runs;
    let mut ended = 0;
    for run in writers.all[ours].runs.iter().filter(|run| run.is_planned()) {
        while others.get(ended).is_some_and(|other| other.until.is_some_and(|until| until <= run.from)) {
            ended += 1;
        }
        let near = others[ended..].iter().take_while(|other| run.until.is_none_or(|until| other.from < until));
        for other in near {
            if run.overlaps(other) {
                let until = [run.until, other.until].into_iter().flatten().min();
                let (from, other_until) = (run.from.max(other.from), other.until);
                return Some(Meeting { row: run.row?, other_row: other.row, from, until, other_until });
            }
        }
    }
    None
}
