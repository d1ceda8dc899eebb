//! Reading the hub, planning and reviewing: what `plan` and `apply` begin with.

use std::collections::HashSet;

use super::connect::{Connection, hub_label};
use super::context::Context;
use super::counting::while_counting;
use super::failure::Failure;
use super::plan_args::{CountsArg, ReviewArgs};
use super::session::Session;
use super::terminal::{Form, Terminal};
use super::tide::HubClock;
use crate::expand::next_occurrences;
use crate::model::{Hub, Manifest, ManifestName, Schedule, Seconds};
use crate::plan::{Counts, Intent, Plan, Review, Selection};
use crate::report::{
    Detail, DocumentSource, Event, PlanDocument, Upcoming, UpcomingStart, findings_text, plan_text, wrapped, zone_of,
};
use crate::run_once::{Inquiry, plan_once, review_offline, review_once};

impl ReviewArgs {
    /// What a review is to look at.
    #[must_use]
    pub(super) fn inquiry<'a>(&'a self, connection: &'a Connection) -> Inquiry<'a> {
        let counts = match self.counts {
            CountsArg::All => Counts::All,
            CountsArg::None => Counts::None,
        };
        connection.inquiry(counts, &self.acknowledgements)
    }
}

/// Reads the hub, plans, and reviews the plan. Changes nothing.
///
/// # Errors
/// When the hub cannot be read, or its clock and ours disagree.
pub(super) async fn look(
    session: &Session,
    context: &Context,
    connection: &Connection,
    selection: &Selection,
    inquiry: &Inquiry<'_>,
) -> Result<Review, Failure> {
    connection.now().await?;
    let scope = context.scope(selection);
    let reviewed = async {
        let planned = plan_once(&connection.hub, &scope, &*connection.clock).await?;
        review_once(&connection.hub, &scope, planned, inquiry).await
    };
    session.read(while_counting(&session.terminal, &connection.asking, reviewed)).await
}

/// Plans and reviews without the hub. Its time is the machine's; that of an emulator, which may not run,
/// is the one at which the project file starts it.
#[must_use]
pub(super) fn look_offline(context: &Context, selection: &Selection) -> Review {
    let start = match &context.environment.hub {
        Hub::Emulator(hub) => hub.clock.start,
        Hub::Remote(_) => None,
    };
    let now = start.unwrap_or_else(|| HubClock::machine().read());
    review_offline(&context.scope(selection), now)
}

/// Writes a review down. With `occurrences`, so many next runs of every manifest come with it, else
/// one of each that no row is about.
#[must_use]
pub(super) fn document(
    context: &Context,
    selection: &Selection,
    review: &Review,
    occurrences: Option<u16>,
) -> PlanDocument {
    let upcoming = upcoming(context, selection, review.plan(), occurrences);
    let intent = &intent(context, selection, review);
    let (hub, manifests) = (&hub_label(&context.environment), &context.manifests);
    PlanDocument::new(&DocumentSource { review, hub, intent, manifests, upcoming: &upcoming })
}

/// What a plan means to do.
#[must_use]
pub(super) fn intent(context: &Context, selection: &Selection, review: &Review) -> Intent {
    Intent::new(review.plan(), &hub_label(&context.environment), &context.manifests, selection)
}

/// How much the command line wants to be told.
pub(super) const fn detail(session: &Session) -> Detail {
    if session.global.verbose > 0 { Detail::Full } else { Detail::Brief }
}

/// Shows a plan to people or machines.
pub(super) fn show(document: &PlanDocument, detail: Detail, terminal: &Terminal) {
    match terminal.form() {
        Form::Text => {
            show_text(document, detail, terminal);
        }
        Form::Events => {
            for row in document.rows.iter().filter(|row| row.step.is_action()) {
                terminal.event(&Event::PlannedAction(row));
            }
            terminal.event(&Event::PlanSummary(document));
            for finding in &document.findings {
                terminal.event(&Event::Finding(finding));
            }
        }
    }
}

/// Shows a plan to people: what it does on stdout, what is wrong with it on stderr.
pub(super) fn show_text(document: &PlanDocument, detail: Detail, terminal: &Terminal) {
    let width = terminal.width();
    terminal.result(&plan_text(document, detail, width));
    let findings = findings_text(&document.findings);
    terminal.stderr(&width.map_or_else(|| findings.clone(), |width| wrapped(&findings, width)));
}

/// The next runs: as many as asked for of every manifest, else one of each that no row is about.
fn upcoming(context: &Context, selection: &Selection, plan: &Plan, count: Option<u16>) -> Vec<Upcoming> {
    let with_rows: HashSet<&ManifestName> = plan.rows.iter().map(|row| &row.name).collect();
    let has_row = |manifest: &Manifest| with_rows.contains(&manifest.name);
    let is_wanted = |manifest: &&Manifest| {
        !manifest.suspend && selection.covers(&manifest.name) && (count.is_some() || !has_row(manifest))
    };
    let next = |manifest: &Manifest| {
        let lookahead = context.environment.lookahead;
        let deadline = starting_deadline(manifest);
        let start = |next: crate::expand::Occurrence| UpcomingStart {
            start: next.start,
            local: next.local,
            zone: zone_of(manifest).cloned(),
            dst: next.dst,
            apply_between: (
                next.start.checked_sub(lookahead.to_signed()).unwrap_or(next.start),
                next.start.checked_add(deadline.to_signed()).unwrap_or(next.start),
            ),
        };
        let starts = next_occurrences(manifest, plan.now, usize::from(count.unwrap_or(1)));
        Upcoming { name: manifest.name.clone(), starts: starts.into_iter().map(start).collect() }
    };
    let mut upcoming: Vec<_> = context.manifests.iter().map(AsRef::as_ref).filter(is_wanted).map(next).collect();
    upcoming.retain(|next| !next.starts.is_empty());
    upcoming.sort_by(|a, b| a.name.cmp(&b.name));
    upcoming
}

fn starting_deadline(manifest: &Manifest) -> Seconds {
    match &manifest.schedule {
        Schedule::At(at) => at.starting_deadline,
        Schedule::Cron(cron) => cron.starting_deadline,
        Schedule::Asap(_) => Seconds::ZERO,
    }
}
