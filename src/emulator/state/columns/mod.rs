//! Columns: what all twins hold under one path, kept beside the twins so that queries need not open
//! them. A path gets its column when a query first names it; nobody declares anything.
//!
//! A column is a cache. Writes only note which rows it has wrong; the next query that uses it mends
//! them, or reads it anew when that is less work. What has no form as a column (too many distinct
//! strings) is read from the twins, and so is what is no packed value.

mod column;
mod scan;

use std::sync::atomic::{AtomicU64, Ordering};

use self::column::Column;
pub(super) use self::scan::Scan;
use super::device::Device;
use super::devices::Slot;
use super::keys::Key;
use super::limits::Part;
use super::patch::Patch;
use super::twin::TwinWrite;
use super::view::{field_of_node, follow};
use crate::query::Field;

/// So many columns are kept.
const COLUMNS_MAX: usize = 64;
/// So much memory they may take, in bytes; the ones used last stay.
const BYTES_MAX: usize = 96 << 20;
/// When more than one row in so many is wrong, reading all of them anew is less work.
const ROWS_PER_WRONG_ROW: usize = 8;

/// Where the values of a column stand in a twin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) part: Part,
    /// Never empty.
    pub(super) keys: Box<[Key]>,
}

/// What a write may have changed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change<'a> {
    /// Nothing in the twin.
    Connection,
    /// Tags and desired properties.
    Written(&'a TwinWrite),
    /// Reported properties.
    Reported(&'a Patch),
    /// Anything.
    All,
}

/// How columns were used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ColumnUse {
    /// How many there are.
    pub columns: usize,
    /// How many were read from all twins.
    pub reads: u64,
    /// Rows that were mended.
    pub mended_rows: u64,
    /// Twins that queries had to open, because a path had no column.
    pub opened_twins: u64,
}

/// The columns of all devices, or of all modules.
#[derive(Debug, Default)]
pub(super) struct Columns {
    kept: Vec<Kept>,
    /// Counts uses.
    turn: u64,
    reads: u64,
    mended_rows: u64,
    opened_twins: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    source: Source,
    /// None if it has no form.
    column: Option<Column>,
    wrong: Wrong,
    /// When it was used last.
    turn: u64,
}

/// Rows that are not as in the twins.
#[derive(Debug)]
enum Wrong {
    Rows(Vec<Slot>),
    All,
}

/// A copy begins without any: they are made again when they are needed.
impl Clone for Columns {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Change<'_> {
    fn concerns(self, source: &Source) -> bool {
        match (self, source.part) {
            (Self::All, _) => true,
            (Self::Written(write), Part::Tags | Part::Desired) => write.touches(source.part, source.keys[0]),
            (Self::Reported(patch), Part::Reported) => patch.names(source.keys[0]),
            _ => false,
        }
    }
}

impl Columns {
    /// A device was written, or is new. `rows` is how many there are.
    pub(super) fn changed(&mut self, slot: Slot, change: Change<'_>, rows: usize) {
        for kept in self.kept.iter_mut().filter(|kept| change.concerns(&kept.source)) {
            kept.wrong.add(slot, rows);
        }
    }

    /// Many devices may have been written.
    pub(super) fn all_changed(&mut self) {
        self.kept.iter_mut().for_each(|kept| kept.wrong = Wrong::All);
    }

    /// Sees to it that these columns are there and right, as far as they have a form. `rows` is how
    /// many places there are; `device` gives what stands at a place.
    pub(super) fn prepare<'d>(
        &mut self,
        sources: &[&Source],
        rows: usize,
        row_of: impl Fn(Slot) -> usize + Sync,
        device: impl Fn(usize) -> Option<&'d Device> + Sync,
    ) {
        self.turn += 1;
        for source in sources {
            let known = self.kept.iter().position(|kept| kept.source == **source);
            let at = known.unwrap_or_else(|| {
                self.kept.push(Kept { source: (*source).clone(), column: None, wrong: Wrong::All, turn: 0 });
                self.kept.len() - 1
            });
            let kept = &mut self.kept[at];
            kept.turn = self.turn;
            let field = |row: usize| device(row).map_or(Field::Undefined, |device| source.field(device));
            let mended = kept.mend(&row_of, &field);
            if let Some(mended) = mended {
                self.mended_rows += mended;
            } else {
                kept.column = Column::read(rows, field);
                kept.wrong = Wrong::Rows(Vec::new());
                self.reads += 1;
            }
        }
        self.make_room();
    }

    /// A column that is right, after [`Self::prepare`].
    fn get(&self, source: &Source) -> Option<&Column> {
        self.kept.iter().find(|kept| kept.source == *source)?.column.as_ref()
    }

    /// Counts twins that a query opened.
    pub(super) fn opened(&self, twins: u64) {
        self.opened_twins.fetch_add(twins, Ordering::Relaxed);
    }

    /// How they were used so far.
    pub(super) fn used(&self) -> ColumnUse {
        ColumnUse {
            columns: self.kept.len(),
            reads: self.reads,
            mended_rows: self.mended_rows,
            opened_twins: self.opened_twins.load(Ordering::Relaxed),
        }
    }

    /// Drops what was used longest ago, but nothing of the query that is coming.
    fn make_room(&mut self) {
        loop {
            let bytes: usize = self.kept.iter().filter_map(|kept| kept.column.as_ref()).map(Column::bytes).sum();
            let oldest = self.kept.iter().enumerate().filter(|(_, kept)| kept.turn < self.turn);
            let Some((at, _)) = oldest.min_by_key(|(_, kept)| kept.turn) else { return };
            if bytes <= BYTES_MAX && self.kept.len() <= COLUMNS_MAX {
                return;
            }
            self.kept.swap_remove(at);
        }
    }
}

impl Kept {
    /// Sets right what is wrong, and says how much that was. Nothing if the column must be read anew.
    fn mend<'d>(&mut self, row_of: &impl Fn(Slot) -> usize, field: &impl Fn(usize) -> Field<'d>) -> Option<u64> {
        let Wrong::Rows(slots) = &mut self.wrong else { return None };
        let Some(column) = &mut self.column else {
            // It had no form; so many rows would have to change that it has one now.
            return Some(0);
        };
        for slot in &*slots {
            let row = row_of(*slot);
            column.set(row, field(row)).ok()?;
        }
        let mended = slots.len() as u64;
        slots.clear();
        Some(mended)
    }
}

impl Wrong {
    fn add(&mut self, slot: Slot, rows: usize) {
        if let Self::Rows(slots) = self {
            if slots.last() != Some(&slot) {
                slots.push(slot);
            }
            if slots.len() > (rows / ROWS_PER_WRONG_ROW).max(64) {
                *self = Self::All;
            }
        }
    }
}

impl Source {
    /// What a device has there.
    pub(super) fn field<'d>(&self, device: &'d Device) -> Field<'d> {
        let twin = &device.twin;
        let members = match self.part {
            Part::Tags => twin.tags(),
            Part::Desired => twin.desired.members(),
            Part::Reported => twin.reported.members(),
        };
        follow(members, &self.keys).map_or(Field::Undefined, field_of_node)
    }
}
