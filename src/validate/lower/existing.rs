//! Jobs that are on the hub already: earlier names, and a job of somebody else.

use super::super::raw;
use super::context::{At, Lowering};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::{JobId, ManifestName, Schedule};

/// What a manifest claims beside its name, and where that is written. Only one manifest may have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::validate) struct Claim {
    pub(in crate::validate) what: Claimed,
    pub(in crate::validate) place: Span,
}

/// What a manifest claims beside its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::validate) enum Claimed {
    /// A name that it had before.
    EarlierName(ManifestName),
    /// A job of somebody else.
    Job(JobId),
}

impl Lowering<'_> {
    /// Lowers `moved`.
    pub(super) fn moved(&mut self, at: &At<'_>, raw: Option<&[raw::Moved<'_>]>) -> Option<Vec<ManifestName>> {
        let mut names = Vec::new();
        for (index, raw::Moved { from }) in raw.unwrap_or_default().iter().enumerate() {
            let item = at.item(index);
            let place = item.field("from");
            match ManifestName::new((*from)?) {
                Ok(name) => {
                    self.claim(&place, Claimed::EarlierName(name.clone()));
                    names.push(name);
                }
                Err(why) => self.report(&place, |span| {
                    Diagnostic::error(Code::InvalidName, span, why.to_string())
                        .label("no manifest ever had this name")
                        .help("write the `metadata.name` that this manifest had before")
                }),
            }
        }
        Some(names)
    }

    /// Lowers `adopt`, which only a run at a given time can do: its slot is known before it runs.
    #[expect(clippy::option_option, reason = "a bad id and no id must not look alike")]
    pub(super) fn adopt(
        &mut self,
        at: &At<'_>,
        raw: Option<&str>,
        schedule: Option<&Schedule>,
    ) -> Option<Option<JobId>> {
        let Some(id) = raw else { return Some(None) };
        // The schema has refused any other.
        if id.is_empty() || id.chars().count() > JobId::LEN_MAX {
            return None;
        }
        match schedule {
            Some(Schedule::Cron(_) | Schedule::Asap(_)) => {
                self.report_key(at, |span| {
                    Diagnostic::error(Code::AdoptWithoutAt, span, "only a manifest with `at` can adopt a job")
                        .label("which run would the job be?")
                        .help("set `schedule.at` to the start of the job, or remove `adopt`")
                });
                None
            }
            Some(Schedule::At(_)) | None => {
                let id = JobId::new(id);
                self.claim(at, Claimed::Job(id.clone()));
                Some(Some(id))
            }
        }
    }
}
