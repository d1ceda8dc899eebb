//! `POST /devices/query` (reference 5).

use serde_json::Value;

use super::body::{Body, invalid};
use super::columns::Scan;
use super::fault::{FaultKind, HubFault};
use super::hub::HubState;
use super::job::{Job, Target};
use super::paging::PageRequest;
use super::paging::{Continuation, Page};
use super::record::{DeviceJobDocument, JOB_NAMES};
use super::reply::{ItemType, Reply};
use super::select::named;
use super::view::TwinPaths;
use crate::query::{self, Clause, Collection, Statement, Test, Truth, parse_query_as};

/// A page under way.
struct Filling {
    size: usize,
    items: Vec<Value>,
    /// Rows of this and all earlier pages.
    total: u64,
    /// `TOP`.
    total_max: u64,
}

impl Filling {
    fn new(page: &Page, statement: &Statement, total: u64) -> Self {
        Self { size: page.size, items: Vec::new(), total, total_max: statement.top().unwrap_or(u64::MAX) }
    }

    fn push(&mut self, row: Option<Value>) {
        self.items.extend(row);
        self.total += 1;
    }

    fn is_full(&self) -> bool {
        self.items.len() >= self.size || self.is_last()
    }

    const fn is_last(&self) -> bool {
        self.total >= self.total_max
    }
}

impl HubState {
    /// `POST /devices/query`.
    pub(super) fn query(&mut self, request: &Value, page: &PageRequest) -> Result<Reply, HubFault> {
        let text = Body::of(request)?.text("query")?.ok_or(FaultKind::ArgumentNull)?;
        let page = Page::read(page, text)?;
        let (parsed, problems) = parse_query_as(text, self.options.strictness.dialect());
        let parsed = parsed.ok_or_else(|| {
            let words = problems.first().map_or_else(String::new, |problem| {
                let column = text[..problem.span.start.min(text.len())].chars().count() + 1;
                let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
                format!(": column {column}: {}{help}", problem.message)
            });
            invalid(format!("BadRequest{words}"))
        })?;
        let statement = Statement::compile(&parsed);
        let (items, next) = match statement.collection() {
            Collection::Devices | Collection::Modules if statement.aggregates() => self.aggregate(&statement, &page)?,
            Collection::Devices | Collection::Modules => self.twin_rows(&statement, page)?,
            Collection::DeviceJobs => self.device_job_rows(&statement, page)?,
        };
        let item_type = match statement.item_type() {
            query::ItemType::Twin => ItemType::Twin,
            query::ItemType::DeviceJob => ItemType::DeviceJob,
            query::ItemType::Raw => ItemType::Raw,
        };
        Ok(Reply::Page { item_type, items, next: next.map(|next| next.write(text)) })
    }

    /// How many rows a query of twins has; nothing for one that is not about twins or does not parse.
    pub(super) fn count_rows(&mut self, text: &str) -> Option<usize> {
        let statement = Statement::compile(&parse_query_as(text, self.options.strictness.dialect()).0?);
        if statement.collection() == Collection::DeviceJobs {
            return None;
        }
        let modules = statement.collection() == Collection::Modules;
        let paths = TwinPaths::locate(statement.paths(), modules, &self.keys);
        self.devices.all_mut(modules).prepare(&paths.packed(0..statement.paths().len()));
        let places = self.devices.all(modules);
        let scan = Scan::new(statement.clause(), &paths, places, self.surroundings());
        if let Some(grouping) = statement.grouping() {
            return Some(statement.rows_of(scan.group(grouping, places.seen_order())).len());
        }
        let top = statement.top().and_then(|top| usize::try_from(top).ok()).unwrap_or(usize::MAX);
        Some(scan.select(places.seen_order()).len().min(top))
    }

    fn twin_rows(&mut self, statement: &Statement, page: Page) -> Result<(Vec<Value>, Option<Continuation>), HubFault> {
        let (after, total) = match &page.after {
            None => (None, 0),
            Some(Continuation::Device(id, total)) => (Some(&**id), *total),
            Some(_) => return Err(other_query()),
        };
        let modules = statement.collection() == Collection::Modules;
        let paths = TwinPaths::locate(statement.paths(), modules, &self.keys);
        self.devices.all_mut(modules).prepare(&paths.packed(statement.clause().map_or_else(Vec::new, Clause::paths)));
        let places = self.devices.all(modules);
        let named = named(statement.clause(), &paths, places);
        let order = named.as_deref().unwrap_or_else(|| places.seen_order());
        let start = after.map_or(0, |id| order.partition_point(|slot| places.seen(*slot).id.as_ref() <= id));
        let scan = Scan::new(statement.clause(), &paths, places, self.seen_surroundings());
        let mut filling = Filling::new(&page, statement, total);
        let mut last = None;
        let mut matching = scan.matching(&order[start..]);
        while !filling.is_full() {
            let Some(slot) = matching.next() else { return Ok((filling.items, None)) };
            filling.push(statement.row(&scan.twin(slot)));
            last = Some(slot);
        }
        let more = !filling.is_last() && matching.next().is_some();
        let next =
            last.filter(|_| more).map(|slot| Continuation::Device(places.seen(slot).id.to_string(), filling.total));
        Ok((filling.items, next))
    }

    fn device_job_rows(
        &self,
        statement: &Statement,
        page: Page,
    ) -> Result<(Vec<Value>, Option<Continuation>), HubFault> {
        let (from, after, total) = match &page.after {
            None => (0, None, 0),
            Some(Continuation::DeviceJob(number, index, total)) => (*number, Some(*index as usize), *total),
            Some(_) => return Err(other_query()),
        };
        let skipped = |job: &Job| if job.number == from { after.map_or(0, |index| index + 1) } else { 0 };
        let wanted = tests_of_jobs(statement);
        let has_rows = |job: &&Job| wanted.iter().all(|test| test.truth(*job) == Truth::True);
        let all = self.jobs.from(from).filter(has_rows).flat_map(|job| {
            let targets = job.targets.iter().enumerate().skip(skipped(job));
            targets.map(move |(index, target)| (job, index, target))
        });
        let document = |job, target| DeviceJobDocument::new(job, target, &self.devices);
        let mut filling = Filling::new(&page, statement, total);
        let mut matching =
            all.filter(|(job, _, target): &(&Job, usize, &Target)| statement.matches(&document(job, target)));
        let mut last = None;
        while !filling.is_full() {
            let Some((job, index, target)) = matching.next() else { return Ok((filling.items, None)) };
            filling.push(statement.row(&document(job, target)));
            last = Some((job.number, u32::try_from(index).unwrap_or(u32::MAX)));
        }
        let more = !filling.is_last() && matching.next().is_some();
        let next = last.filter(|_| more).map(|(number, index)| Continuation::DeviceJob(number, index, filling.total));
        Ok((filling.items, next))
    }

    /// Rows of groups: they come of all documents at once and are cut into pages afterwards.
    fn aggregate(
        &mut self,
        statement: &Statement,
        page: &Page,
    ) -> Result<(Vec<Value>, Option<Continuation>), HubFault> {
        let start = match page.after {
            None => 0,
            Some(Continuation::Rows(rows)) => usize::try_from(rows).unwrap_or(usize::MAX),
            Some(_) => return Err(other_query()),
        };
        let Some(grouping) = statement.grouping() else { return Ok((Vec::new(), None)) };
        let modules = statement.collection() == Collection::Modules;
        let paths = TwinPaths::locate(statement.paths(), modules, &self.keys);
        self.devices.all_mut(modules).prepare(&paths.packed(0..statement.paths().len()));
        let places = self.devices.all(modules);
        let named = named(statement.clause(), &paths, places);
        let order = named.as_deref().unwrap_or_else(|| places.seen_order());
        let scan = Scan::new(statement.clause(), &paths, places, self.seen_surroundings());
        let rows = statement.rows_of(scan.group(grouping, order));
        let end = start.saturating_add(page.size).min(rows.len());
        let next = (end < rows.len()).then_some(Continuation::Rows(end as u64));
        Ok((rows.into_iter().take(end).skip(start).collect(), next))
    }
}

/// The tests that are the same for all records of a job: a job that does not pass them has no rows, and
/// none of its records needs a look.
fn tests_of_jobs(statement: &Statement) -> Vec<Test<'_>> {
    let of_job = |path: &usize| matches!(statement.paths()[*path].keys(), [only] if JOB_NAMES.contains(&&**only));
    let tests = statement.clause().map_or_else(Vec::new, Clause::required);
    tests.into_iter().filter(|test| test.paths().iter().all(of_job)).collect()
}

fn other_query() -> HubFault {
    invalid("The continuation token belongs to another query.")
}
