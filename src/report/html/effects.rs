//! What each action does to its devices, folded but for the first few.

use maud::{Markup, html};
use serde_json::Value;

use super::page::{Data, Place};
use super::sections::{class, left_out};
use crate::model::Seconds;
use crate::report::document::{
    ChangePart, ChangedField, CreatePart, CurrentPart, EffectPart, ForecastPart, PathPart, RowPart, StepPart,
};
use crate::report::effect_text::is_same;
use crate::report::headline::percent;
use crate::report::untrusted::json_text;
use crate::report::when::{grouped, in_words};

/// Actions that are shown with all they do: a page of more is no longer read, and no longer small.
const SHOWN_MAX: usize = 250;
/// Those that are unfolded.
const OPEN: usize = 3;
/// Paths, fields or values of one action.
const LINES_MAX: usize = 200;

/// Every action that does something to devices, or to a job on the hub.
pub(super) fn effects(actions: &[&RowPart], place: Place) -> Markup {
    let rows: Vec<_> = actions.iter().filter(|row| row.effect.is_some() || create_of(row).is_some()).collect();
    html! {
        @if !rows.is_empty() {
            section aria-labelledby=(place.label("effects")) {
                (place.heading("effects", "On the devices"))
                @for (index, row) in rows.iter().take(SHOWN_MAX).enumerate() {
                    details open[index < OPEN] {
                        summary {
                            (place.part(&html! { span.v.(class(&row.step)) { (row.step.verb()) } " " (Data(&row.name)) }))
                            " " span.quiet { (Data(&row.when)) }
                        }
                        div.inside {
                            @if let Some(effect) = &row.effect { (effect_of(effect)) }
                            @if let Some(create) = create_of(row) { (job(row, create)) }
                        }
                    }
                }
                (left_out(rows.len(), SHOWN_MAX, "actions"))
            }
        }
    }
}

/// What jobs that are not due yet would do today.
pub(super) fn coming(coming: &[(&str, &str, &EffectPart)], place: Place) -> Markup {
    html! {
        @if !coming.is_empty() {
            section aria-labelledby=(place.label("coming")) {
                (place.heading("coming", "Not due yet, as of today"))
                @for (index, (name, when, effect)) in coming.iter().take(SHOWN_MAX).enumerate() {
                    details open[index < OPEN] {
                        summary {
                            (place.part(&html! { (Data(name)) }))
                            " " span.quiet { (Data(when)) }
                        }
                        div.inside { (effect_of(effect)) }
                    }
                }
                (left_out(coming.len(), SHOWN_MAX, "jobs to come"))
            }
        }
    }
}

const fn create_of(row: &RowPart) -> Option<&CreatePart> {
    match &row.step {
        StepPart::Create(create) | StepPart::Replace(create) => Some(create),
        _ => None,
    }
}

fn effect_of(effect: &EffectPart) -> Markup {
    html! {
        p {
            @match effect.devices {
                Some(1) => b { "1 device" },
                Some(devices) => b { (grouped(devices)) " devices" },
                None => b { "Devices not counted" },
            }
            @if let Some(share) = effect.percent_of_hub { ", " (percent(share)) " of the hub" }
            @if let Some(connected) = effect.connected { ", " (grouped(connected)) " connected" }
            " where " code { (Data(&effect.condition)) }
        }
        @if let Some(forecast) = &effect.forecast { (forecast_of(forecast)) }
        @match &effect.change {
            ChangePart::Method { name, payload } => {
                p { "Calls method " code { (Data(name)) } " with " code { (Data(&payload.to_string())) } }
            }
            ChangePart::Twin { paths } => (twin(paths)),
        }
        @if !effect.samples.is_empty() {
            p.quiet {
                "For example "
                @for (index, id) in effect.samples.iter().take(5).enumerate() { @if index > 0 { ", " } code { (Data(id)) } }
            }
        }
    }
}

fn forecast_of(forecast: &ForecastPart) -> Markup {
    let words = |seconds| in_words(Seconds::new(seconds));
    html! {
        p {
            "Takes at least " (words(forecast.duration_seconds)) " of the " (words(forecast.limit_seconds))
            " that it may take, and about " (grouped(forecast.messages)) " messages"
        }
    }
}

fn twin(paths: &[PathPart]) -> Markup {
    html! {
        div.scroll role="group" aria-label="Values" tabindex="0" {
            table {
                caption { "Values that are written" }
                thead { tr {
                    th scope="col" { "Path" } th.n scope="col" { "Devices" } th scope="col" { "Now" }
                    th scope="col" { "Becomes" }
                } }
                tbody { @for path in paths.iter().take(LINES_MAX) { (twin_path(path)) } }
            }
        }
        (left_out(paths.len(), LINES_MAX, "paths"))
    }
}

fn twin_path(path: &PathPart) -> Markup {
    let from = path.from.as_deref().unwrap_or_default();
    let unnamed = [(path.compound, "an object or a list"), (path.unlisted, "other values")];
    let unnamed: Vec<_> = unnamed.into_iter().filter(|(devices, _)| *devices > 0).collect();
    let lines = from.len() + unnamed.len();
    html! {
        @for (index, current) in from.iter().enumerate() {
            tr {
                @if index == 0 { (path_head(path, lines)) }
                td.n { (grouped(current.devices)) }
                td { @match &current.value { Some(value) => code { (Data(&value.to_string())) }, None => "unset" } }
                td { (becomes(path, Some(current))) }
            }
        }
        @for (index, (devices, what)) in unnamed.iter().enumerate() {
            tr {
                @if from.len() + index == 0 { (path_head(path, lines)) }
                td.n { (grouped(*devices)) }
                td { (what) }
                td { (becomes(path, None)) }
            }
        }
        @if lines == 0 {
            tr {
                (path_head(path, 1))
                td.n { @if path.from.is_some() { "0" } @else { "?" } }
                td { @if path.from.is_some() { "no device" } @else { "not counted" } }
                td { (becomes(path, None)) }
            }
        }
    }
}

fn path_head(path: &PathPart, lines: usize) -> Markup {
    html! { th scope="rowgroup" rowspan=(lines) { code { (Data(&path.path)) } } }
}

fn becomes(path: &PathPart, current: Option<&CurrentPart>) -> Markup {
    let now = current.map(|current| current.value.as_ref());
    html! {
        @match now {
            Some(Some(now)) if is_same(now, &path.to) => span.same { "the same" },
            Some(None) if path.to.is_null() => span.same { "stays unset" },
            _ if path.to.is_null() => span.cancel { "deleted" },
            _ => span.change { code { (Data(&path.to.to_string())) } },
        }
    }
}

/// The job as the hub is asked for it, and how it differs from the one that it replaces.
fn job(row: &RowPart, create: &CreatePart) -> Markup {
    html! {
        @if !create.changes.is_empty() { (changes(&create.changes)) }
        @for id in &create.cancels_first { p { "Cancels first " code { (Data(id)) } } }
        details {
            summary { "The job in full" }
            div.inside {
                p { code { (Data(&create.job_id)) } }
                @if let Some(source) = &row.source { p.quiet { (Data(&source.path)) ":" (source.line) } }
                pre { (json_text(&create.job)) }
            }
        }
    }
}

fn changes(changes: &[ChangedField]) -> Markup {
    let side = |side: &Option<Value>| {
        html! {
            @match side {
                None => "absent",
                Some(Value::Null) => "null, deletes it",
                Some(value) => code { (Data(&value.to_string())) },
            }
        }
    };
    html! {
        div.scroll role="group" aria-label="Changes" tabindex="0" {
            table {
                caption { "What differs from the job that it replaces" }
                thead { tr { th scope="col" { "Field" } th scope="col" { "On the hub" } th scope="col" { "In git" } } }
                tbody {
                    @for change in changes.iter().take(LINES_MAX) {
                        tr { th scope="row" { code { (Data(&change.path)) } } td { (side(&change.from)) } td { (side(&change.to)) } }
                    }
                }
            }
        }
        (left_out(changes.len(), LINES_MAX, "fields"))
    }
}
