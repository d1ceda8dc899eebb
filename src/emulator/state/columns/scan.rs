//! A condition put to many twins at once.
//!
//! Rows are taken in blocks. In a block, every test of one column is a table by code; what `AND` and
//! `OR` leave open after the tables is asked of the twins one by one.

use rayon::prelude::*;

use super::column::{Codes, Column, cell_of};
use crate::emulator::state::devices::Slot;
use crate::emulator::state::places::Places;
use crate::emulator::state::view::{Located, Surroundings, TwinDocument, TwinPaths};
use crate::query::{Clause, Document, Field, Group, Grouping, Groups, Parts, ResolvedPath, Test, Truth};

/// Rows of a block. Sums are made block by block, so this decides their last digit.
const BLOCK: usize = 4_096;

/// Greatest number of combinations of group keys that are counted in a table.
const COMBINATIONS_MAX: usize = 1 << 12;

/// A condition, ready to be put to all twins.
#[derive(Debug)]
pub(in crate::emulator::state) struct Scan<'a> {
    places: &'a Places,
    around: Surroundings<'a>,
    paths: &'a TwinPaths,
    /// By index of their paths.
    lookups: Box<[Lookup<'a>]>,
    plan: Option<Plan<'a>>,
}

/// Where the value under a path comes from.
#[derive(Debug, Clone, Copy)]
enum Lookup<'a> {
    Nowhere,
    Column(&'a Column),
    Twin,
}

/// How to find the truth of a clause.
#[derive(Debug)]
enum Plan<'a> {
    /// The clause does not depend on the twin.
    Always(Logic),
    /// By the code of the row in one column.
    Table(&'a Column, Table, Test<'a>),
    /// By asking the row, which may mean to open its twin.
    Row(Test<'a>, Opens),
    Not(Box<Plan<'a>>),
    All(Box<[Plan<'a>]>),
    Any(Box<[Plan<'a>]>),
}

/// Whether a twin must be opened.
type Opens = bool;

/// The truth of each code.
type Table = Box<[Logic]>;

/// A [`Truth`] for which AND is the lesser, OR the greater, and NOT the difference to 2.
type Logic = u8;
const FALSE: Logic = 0;
const UNDEFINED: Logic = 1;
const TRUE: Logic = 2;

/// A document that holds the same under every path.
struct Only<'a>(Field<'a>);

/// A twin, by columns where there are any.
struct Row<'a> {
    scan: &'a Scan<'a>,
    row: usize,
    twin: TwinDocument<'a>,
}

impl Document for Only<'_> {
    fn lookup(&self, _: &ResolvedPath) -> Field<'_> {
        self.0
    }
}

impl Document for Row<'_> {
    fn lookup(&self, path: &ResolvedPath) -> Field<'_> {
        match self.scan.lookups.get(path.index()) {
            Some(Lookup::Nowhere) => Field::Undefined,
            Some(Lookup::Column(column)) => column.field(self.row),
            Some(Lookup::Twin) | None => self.twin.lookup(path),
        }
    }
}

const fn logic(truth: Truth) -> Logic {
    match truth {
        Truth::False => FALSE,
        Truth::Undefined => UNDEFINED,
        Truth::True => TRUE,
    }
}

impl<'a> Scan<'a> {
    /// Gets ready; the columns must be.
    pub(in crate::emulator::state) fn new(
        clause: Option<Clause<'a>>,
        paths: &'a TwinPaths,
        places: &'a Places,
        around: Surroundings<'a>,
    ) -> Self {
        let lookup = |located: &Located| match located {
            Located::Nowhere => Lookup::Nowhere,
            Located::Packed(source) => places.columns().get(source).map_or(Lookup::Twin, Lookup::Column),
            _ => Lookup::Twin,
        };
        let lookups: Box<[Lookup<'a>]> = paths.all().map(lookup).collect();
        let plan = clause.map(|clause| Plan::of(clause, &lookups));
        Self { places, around, paths, lookups, plan }
    }

    /// A twin as a document.
    pub(in crate::emulator::state) fn twin(&self, slot: Slot) -> TwinDocument<'a> {
        TwinDocument::new(self.places.seen(slot), self.paths, self.around)
    }

    /// All that are selected, in the order in which they come.
    pub(in crate::emulator::state) fn select(&self, slots: &[Slot]) -> Vec<Slot> {
        if self.plan.is_none() {
            return slots.to_vec();
        }
        slots.par_chunks(BLOCK).flat_map_iter(|block| self.selected(block)).collect()
    }

    /// The same, of one block after the other, as far as they are asked for.
    pub(in crate::emulator::state) fn matching<'s>(&'s self, slots: &'s [Slot]) -> impl Iterator<Item = Slot> + 's {
        slots.chunks(BLOCK).flat_map(|block| self.selected(block))
    }

    fn selected(&self, block: &[Slot]) -> Vec<Slot> {
        let truths = self.truths(block);
        block.iter().zip(truths).filter(|(_, truth)| *truth == TRUE).map(|(slot, _)| *slot).collect()
    }

    /// The groups of all that are selected.
    pub(in crate::emulator::state) fn group<'s>(&self, grouping: &'s Grouping, slots: &[Slot]) -> Groups<'s> {
        let blocks: Vec<Groups<'s>> = slots.par_chunks(BLOCK).map(|block| self.group_block(grouping, block)).collect();
        let mut groups = Groups::new(grouping);
        blocks.into_iter().for_each(|later| groups.merge(later));
        groups
    }

    fn group_block<'s>(&self, grouping: &'s Grouping, block: &[Slot]) -> Groups<'s> {
        let mut groups = Groups::new(grouping);
        let truths = self.truths(block);
        if grouping.keys().is_empty() && grouping.only_counts() {
            let selected = truths.iter().filter(|truth| **truth == TRUE).count();
            if let (Some(slot), true) = (block.first(), selected > 0) {
                let group = groups.of(&self.row(*slot));
                groups.add_many(group, selected as u64);
            }
            return groups;
        }
        let selected = block.iter().zip(truths).filter(|(_, truth)| *truth == TRUE).map(|(slot, _)| *slot);
        match self.combinations(grouping) {
            Some((columns, count)) => self.group_by_codes(&columns, count, selected, &mut groups),
            None => selected.for_each(|slot| {
                let row = self.row(slot);
                let group = groups.of(&row);
                groups.add(group, &row);
            }),
        }
        groups
    }

    /// The columns that are grouped by, and how many combinations of their codes there are, if these
    /// are few.
    fn combinations(&self, grouping: &Grouping) -> Option<(Vec<&'a Column>, usize)> {
        let column = |path: &ResolvedPath| match self.lookups.get(path.index()) {
            Some(Lookup::Column(column)) if !matches!(column.codes(), Codes::Words(_)) => Some(*column),
            _ => None,
        };
        let columns: Vec<&Column> = grouping.keys().iter().map(column).collect::<Option<_>>()?;
        let count = columns.iter().try_fold(1_usize, |count, column| count.checked_mul(column.cell_count()))?;
        (count <= COMBINATIONS_MAX).then_some((columns, count))
    }

    fn group_by_codes<'s>(
        &self,
        columns: &[&'a Column],
        count: usize,
        selected: impl Iterator<Item = Slot>,
        groups: &mut Groups<'s>,
    ) {
        let only_counts = groups.grouping().only_counts();
        let mut known: Vec<Option<Group>> = vec![None; count];
        let mut table = vec![0_u32; count];
        for slot in selected {
            let at = self.places.at(slot);
            let combination = columns.iter().fold(0, |sum, column| sum * column.cell_count() + column.code(at));
            let group = match known[combination] {
                Some(group) => group,
                None => *known[combination].insert(groups.of(&self.row(slot))),
            };
            if only_counts {
                table[combination] += 1;
            } else {
                groups.add(group, &self.row(slot));
            }
        }
        for (group, count) in known.into_iter().zip(table) {
            if let (Some(group), true) = (group, count > 0) {
                groups.add_many(group, count.into());
            }
        }
    }

    fn row(&self, slot: Slot) -> Row<'_> {
        Row { scan: self, row: self.places.at(slot), twin: self.twin(slot) }
    }

    fn truths(&self, block: &[Slot]) -> Vec<Logic> {
        let mut truths = vec![TRUE; block.len()];
        if let Some(plan) = &self.plan {
            self.fill(plan, block, None, &mut truths);
        }
        truths
    }

    /// Fills in the truth of each row. Where `done` says so, nobody will look.
    fn fill(&self, plan: &Plan<'a>, block: &[Slot], done: Option<(&[Logic], Logic)>, out: &mut [Logic]) {
        match plan {
            Plan::Always(truth) => out.fill(*truth),
            Plan::Table(column, table, test) => self.fill_by_code(column, table, *test, block, out),
            Plan::Row(test, opens) => {
                let asked = self.fill_by_row(*test, block, done, out);
                self.places.columns().opened(if *opens { asked } else { 0 });
            }
            Plan::Not(inner) => {
                self.fill(inner, block, done, out);
                out.iter_mut().for_each(|truth| *truth = TRUE - *truth);
            }
            Plan::All(inner) => self.fold(inner, block, FALSE, out),
            Plan::Any(inner) => self.fold(inner, block, TRUE, out),
        }
    }

    /// AND, which `FALSE` decides, or OR, which `TRUE` decides.
    fn fold(&self, inner: &[Plan<'a>], block: &[Slot], decisive: Logic, out: &mut [Logic]) {
        out.fill(TRUE - decisive);
        let mut one = vec![UNDEFINED; block.len()];
        for plan in inner {
            self.fill(plan, block, Some((&*out, decisive)), &mut one);
            let both = out.iter_mut().zip(&one);
            if decisive == FALSE {
                both.for_each(|(all, one)| *all = (*all).min(*one));
            } else {
                both.for_each(|(any, one)| *any = (*any).max(*one));
            }
        }
    }

    fn fill_by_code(&self, column: &Column, table: &Table, test: Test<'a>, block: &[Slot], out: &mut [Logic]) {
        let rows = block.iter().map(|slot| self.places.at(*slot)).zip(out);
        let of = |code: usize| table.get(code).copied().unwrap_or(UNDEFINED);
        match column.codes() {
            Codes::Bytes(codes) => {
                rows.for_each(|(row, out)| *out = of(codes.get(row).copied().unwrap_or_default().into()));
            }
            Codes::Shorts(codes) => {
                rows.for_each(|(row, out)| *out = of(codes.get(row).copied().unwrap_or_default().into()));
            }
            Codes::Words(words) => rows.for_each(|(row, out)| {
                *out = match words.get(row).map(|word| cell_of(*word).ok_or(*word)) {
                    None => of(0),
                    Some(Ok(code)) => of(code as usize),
                    Some(Err(bits)) => logic(test.truth(&Only(Field::Number(f64::from_bits(bits))))),
                };
            }),
        }
    }

    fn fill_by_row(&self, test: Test<'a>, block: &[Slot], done: Option<(&[Logic], Logic)>, out: &mut [Logic]) -> u64 {
        let mut asked = 0;
        for (at, (slot, out)) in block.iter().zip(out).enumerate() {
            if done.is_none_or(|(truths, decisive)| truths[at] != decisive) {
                *out = logic(test.truth(&self.row(*slot)));
                asked += 1;
            }
        }
        asked
    }
}

impl<'a> Plan<'a> {
    fn of(clause: Clause<'a>, lookups: &[Lookup<'a>]) -> Self {
        // Tables first: what they decide need not be asked of the rows.
        let plans = |clauses: Vec<Clause<'a>>| {
            let mut plans: Vec<Self> = clauses.into_iter().map(|clause| Self::of(clause, lookups)).collect();
            plans.sort_by_key(Self::asks_rows);
            plans.into_boxed_slice()
        };
        match clause.parts() {
            Parts::All(clauses) => Self::All(plans(clauses)),
            Parts::Any(clauses) => Self::Any(plans(clauses)),
            Parts::Not(clause) => Self::Not(Box::new(Self::of(clause, lookups))),
            Parts::Test(test) => Self::of_test(test, lookups),
        }
    }

    fn of_test(test: Test<'a>, lookups: &[Lookup<'a>]) -> Self {
        let paths = test.paths();
        let nowhere = || paths.iter().all(|path| matches!(lookups.get(*path), Some(Lookup::Nowhere)));
        match paths[..] {
            [] => Self::Always(logic(test.truth(&Only(Field::Undefined)))),
            _ if nowhere() => Self::Always(logic(test.truth(&Only(Field::Undefined)))),
            [only] => match lookups.get(only) {
                Some(Lookup::Column(column)) => {
                    let codes = 0..u32::try_from(column.cell_count()).unwrap_or(u32::MAX);
                    let table = codes.map(|code| logic(test.truth(&Only(column.cell(code))))).collect();
                    Self::Table(column, table, test)
                }
                _ => Self::Row(test, true),
            },
            _ => Self::Row(test, paths.iter().any(|path| matches!(lookups.get(*path), Some(Lookup::Twin) | None))),
        }
    }

    fn asks_rows(&self) -> bool {
        match self {
            Self::Always(_) | Self::Table(..) => false,
            Self::Row(..) => true,
            Self::Not(inner) => inner.asks_rows(),
            Self::All(inner) | Self::Any(inner) => inner.iter().any(Self::asks_rows),
        }
    }
}
