//! `MethodJob` and `TwinJob`.

use std::collections::BTreeMap;

use super::super::raw;
use super::context::{At, Lowering};
use super::duration::Bounds;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{
    Digit, ExpectedDevices, JobAction, JobId, Limit, Manifest, ManifestLimits, ManifestName, ManifestSource, Percent,
    Schedule, Seconds, SuccessWhen, Target,
};

/// The hub forgets a job 30 days after it ran; one that runs longer makes no sense.
const MAX_EXECUTION: Bounds =
    Bounds { min: Seconds::new(1), max: Seconds::new(30 * Seconds::DAY.get()), default: Seconds::HOUR };

/// Lowers a direct method job.
pub(in crate::validate) fn method_job(
    cx: &mut Lowering<'_>,
    source: ManifestSource,
    raw: &raw::MethodJob<'_>,
) -> Option<Manifest> {
    let raw::MethodJob { metadata, spec, .. } = raw;
    let metadata = metadata.as_ref().and_then(|metadata| cx.job_metadata(metadata));
    let at = At::ROOT.field("spec");
    let raw::MethodJobSpec {
        suspend,
        generation,
        target,
        schedule,
        max_execution_time,
        method,
        success_when,
        expect_devices,
        safety,
        moved,
        adopt,
    } = spec.as_ref()?;
    let common = Common {
        suspend: *suspend,
        generation: *generation,
        target: target.as_ref(),
        schedule: schedule.as_ref(),
        max_execution_time: *max_execution_time,
        expect_devices: expect_devices.as_ref(),
        safety: safety.as_ref(),
        moved: moved.as_deref(),
        adopt: *adopt,
    };
    let common = cx.common(&at, &common);
    let method = method.as_ref().and_then(|method| cx.method(&at.field("method"), method));
    let success_when = success_when.as_ref().map_or_else(|| Some(SuccessWhen::default()), method_success);
    let (common, method) = (common?, method?);
    cx.check_execution_time(&at, common.max_execution, method.response_timeout, method.connect_timeout);
    manifest(metadata?, source, common, JobAction::Method(method), success_when?)
}

/// Lowers a twin job.
pub(in crate::validate) fn twin_job(
    cx: &mut Lowering<'_>,
    source: ManifestSource,
    raw: &raw::TwinJob<'_>,
) -> Option<Manifest> {
    let raw::TwinJob { metadata, spec, .. } = raw;
    let metadata = metadata.as_ref().and_then(|metadata| cx.job_metadata(metadata));
    let at = At::ROOT.field("spec");
    let raw::TwinJobSpec {
        suspend,
        generation,
        target,
        schedule,
        max_execution_time,
        twin,
        success_when,
        expect_devices,
        safety,
        moved,
        adopt,
    } = spec.as_ref()?;
    let common = Common {
        suspend: *suspend,
        generation: *generation,
        target: target.as_ref(),
        schedule: schedule.as_ref(),
        max_execution_time: *max_execution_time,
        expect_devices: expect_devices.as_ref(),
        safety: safety.as_ref(),
        moved: moved.as_deref(),
        adopt: *adopt,
    };
    let common = cx.common(&at, &common);
    let twin = twin.as_ref().and_then(|twin| cx.twin(&at.field("twin"), twin));
    let success_when = success_when.as_ref().map_or_else(|| Some(SuccessWhen::default()), twin_success);
    manifest(metadata?, source, common?, JobAction::Twin(twin?), success_when?)
}

/// The fields that both kinds have, as written.
struct Common<'r> {
    suspend: Option<bool>,
    generation: Option<raw::Whole>,
    target: Option<&'r raw::Target<'r>>,
    schedule: Option<&'r raw::Schedule<'r>>,
    max_execution_time: Option<&'r str>,
    expect_devices: Option<&'r raw::ExpectDevices>,
    safety: Option<&'r raw::JobSafety>,
    moved: Option<&'r [raw::Moved<'r>]>,
    adopt: Option<&'r str>,
}

/// The same fields, lowered.
struct Lowered {
    suspend: bool,
    generation: Digit,
    target: Target,
    schedule: Schedule,
    max_execution: Seconds,
    expect_devices: Option<Limit<ExpectedDevices>>,
    limits: ManifestLimits,
    moved_from: Vec<ManifestName>,
    adopt: Option<JobId>,
}

type Metadata = (ManifestName, BTreeMap<String, String>);

fn manifest(
    (name, labels): Metadata,
    source: ManifestSource,
    common: Lowered,
    action: JobAction,
    success_when: SuccessWhen,
) -> Option<Manifest> {
    let Lowered { suspend, generation, target, schedule, max_execution, expect_devices, limits, moved_from, adopt } =
        common;
    Some(Manifest {
        name,
        labels,
        source,
        suspend,
        generation,
        target,
        schedule,
        max_execution,
        action,
        success_when,
        expect_devices,
        limits,
        moved_from,
        adopt,
    })
}

impl Lowering<'_> {
    fn common(&mut self, at: &At<'_>, raw: &Common<'_>) -> Option<Lowered> {
        let Common { suspend, generation, target, schedule, max_execution_time, expect_devices, safety, moved, adopt } =
            raw;
        let target = target.and_then(|target| self.target(&at.field("target"), target));
        let schedule = schedule.and_then(|schedule| self.schedule(&at.field("schedule"), schedule));
        let max_execution = self.duration(&at.field("maxExecutionTime"), *max_execution_time, &MAX_EXECUTION);
        let expected = self.expected_devices(at, *expect_devices);
        let limits = self.manifest_limits(&at.field("safety"), *safety);
        if let Some(target) = &target {
            self.check_acknowledged(at, target);
        }
        let moved_from = self.moved(&at.field("moved"), *moved);
        let adopt = self.adopt(&at.field("adopt"), *adopt, schedule.as_ref());
        let generation = generation.map_or(Some(0), |raw::Whole(generation)| u8::try_from(generation).ok());
        Some(Lowered {
            suspend: suspend.unwrap_or_default(),
            generation: Digit::new(generation?)?,
            target: target?,
            schedule: schedule?,
            max_execution: max_execution?,
            expect_devices: expected?,
            limits: limits?,
            moved_from: moved_from?,
            adopt: adopt?,
        })
    }

    fn job_metadata(&mut self, raw: &raw::JobMetadata<'_>) -> Option<Metadata> {
        let raw::JobMetadata { name, labels } = raw;
        let labels = labels.iter().flatten().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let text = (*name)?;
        match ManifestName::new(text) {
            Ok(name) => Some((name, labels)),
            Err(why) => {
                self.report(&At::ROOT.field("metadata").field("name"), |span| {
                    let finding = Diagnostic::error(Code::InvalidName, span, why.to_string())
                        .label("not a manifest name")
                        .note("the name is part of every job id, which has 64 characters for everything");
                    match slug(text, ManifestName::LEN_MAX) {
                        Some(slug) => finding.help(format!("write `{slug}`")),
                        None => finding.help("write 1 to 24 of a-z, 0-9 and inner `-`, such as `lock-doors`"),
                    }
                });
                None
            }
        }
    }

    /// A job that ends before a device could answer fails on every slow one.
    fn check_execution_time(&mut self, at: &At<'_>, max: Seconds, response: Seconds, connect: Seconds) {
        let needed = Seconds::new(response.get() + connect.get());
        if max >= needed {
            return;
        }
        let message = format!("the job ends after {max}, before a device that takes {needed} has answered");
        self.report(&at.field("maxExecutionTime"), |span| {
            Diagnostic::warning(Code::ExecutionTooShort, span, message)
                .label("shorter than the method's timeouts together")
                .note(format!("`responseTimeout` is {response}, `connectTimeout` is {connect}"))
                .help(format!("write at least `maxExecutionTime: {needed}`"))
        });
    }
}

fn method_success(raw: &raw::MethodSuccess) -> Option<SuccessWhen> {
    let raw::MethodSuccess { method_status, min_succeeded_percent } = raw;
    let status = |raw::Whole(status): &raw::Whole| i32::try_from(*status).ok();
    let method_status = match method_status {
        Some(list) => Some(list.iter().map(status).collect::<Option<Vec<_>>>()?),
        None => None,
    };
    Some(SuccessWhen { method_status, min_succeeded: percent(*min_succeeded_percent)? })
}

fn twin_success(raw: &raw::TwinSuccess) -> Option<SuccessWhen> {
    let raw::TwinSuccess { min_succeeded_percent } = raw;
    Some(SuccessWhen { method_status: None, min_succeeded: percent(*min_succeeded_percent)? })
}

/// The schema holds the number within its bounds.
#[expect(clippy::option_option, reason = "a bad number and no number must not look alike")]
pub(super) fn percent(number: Option<f64>) -> Option<Option<Percent>> {
    number.map(Percent::new).transpose().ok()
}

/// What a text could be as a name: lower case, hyphens for all that is not allowed.
pub(in crate::validate) fn slug(text: &str, len_max: usize) -> Option<String> {
    let mut slug = String::new();
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            _ if !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    if slug.len() > len_max {
        // Whole words, if there are any.
        slug.truncate(slug[..=len_max].rfind('-').filter(|at| *at > 0).unwrap_or(len_max));
    }
    let slug = slug.trim_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_names() {
        for text in ["Lock Doors!", "--x--", "a_b", "a-very-long-name-that-goes-on-and-on"] {
            let slug = slug(text, ManifestName::LEN_MAX).expect("has letters");
            assert!(ManifestName::new(&slug).is_ok(), "{slug}");
        }
        assert_eq!(slug("äöü", 24), None);
    }
}
