//! PURE. Plans, outcomes and jobs as text for people and as JSON for machines.
//!
//! Texts carry ANSI styles; whoever writes them strips what the receiver cannot show. Whatever came
//! from the hub passes [`Untrusted`] on its way into a text. JSON has a `formatVersion`; members may
//! be added within a version, never changed or removed.

mod advice;
mod conformance;
mod device;
mod doctor;
pub mod document;
mod drift;
mod effect_text;
mod event;
mod headline;
mod html;
mod hubs;
mod import_json;
mod job_json;
mod job_text;
mod markdown;
mod occurrence;
mod outcome_json;
mod outcome_text;
mod plan_github;
mod plan_json;
mod plan_sarif;
mod plan_text;
mod policy_cases;
mod reason;
mod render;
mod style;
mod table;
mod timeline_text;
mod untrusted;
mod verdict;
mod when;
mod wrap;

pub use conformance::{ConformanceTitle, conformance_json, conformance_text};
pub use device::{DeviceFailure, DeviceRow, devices_csv, devices_json, devices_text};
pub use doctor::{doctor_json, doctor_text};
pub use document::{DocumentSource, PlanDocument, finding_part};
pub use drift::{drift_json, drift_text};
pub use event::Event;
pub use hubs::{HubPlan, HubsForm, NoPlan, render_hubs};
pub use import_json::{ImportedJob, imports_json};
pub use job_json::{job_json, jobs_json};
pub use job_text::{JobRow, jobs_text};
pub use markdown::{MARKDOWN_LEN_MAX, MARKDOWN_LEN_MIN, failure_markdown};
pub use occurrence::{Upcoming, UpcomingStart};
pub use outcome_json::outcome_json;
pub use outcome_text::{OutcomeTally, outcome_text, tally, tally_text};
pub use plan_json::plan_json;
pub use plan_text::{Detail, findings_text, plan_text, summary_text};
pub use policy_cases::{TriedCase, cases_json, cases_text};
pub use render::{PlanForm, RenderOptions, render};
pub use style::{error_label, warning_label};
pub use untrusted::{Untrusted, json_line, json_text};
pub use verdict::{FailureCount, JobVerdict, verdict_json, verdict_text, verdicts_summary_text};
pub use when::{counted, grouped, in_words, local_and_utc, utc, zone_of};
pub use wrap::wrapped;

/// Version of every JSON form; raised when a reader would have to change.
pub const FORMAT_VERSION: u32 = 1;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod snapshot_tests;
