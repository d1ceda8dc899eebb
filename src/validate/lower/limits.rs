//! Limits on how far jobs may reach.

use super::super::raw;
use super::context::{At, Lowering};
use super::job::percent;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{ExpectedDevices, Limit, ManifestLimits, Percent, SafetyLimits, Target};

impl Lowering<'_> {
    /// Lowers `safety` of an environment.
    pub(super) fn safety(&mut self, at: &At<'_>, raw: Option<&raw::Safety>) -> Option<SafetyLimits> {
        let Some(raw::Safety { max_devices, max_percent_of_hub, max_new_jobs, max_cancel_percent }) = raw else {
            return Some(SafetyLimits::default());
        };
        let default = || Limit::by_default(SafetyLimits::MAX_CANCEL_PERCENT_DEFAULT);
        Some(SafetyLimits {
            max_devices: self.limit(&at.field("maxDevices"), *max_devices),
            max_percent_of_hub: self.percent_limit(&at.field("maxPercentOfHub"), *max_percent_of_hub)?,
            max_new_jobs: self.limit(&at.field("maxNewJobs"), *max_new_jobs),
            max_cancel_percent: self
                .percent_limit(&at.field("maxCancelPercent"), *max_cancel_percent)?
                .unwrap_or_else(default),
        })
    }

    /// Lowers `safety` of a manifest.
    pub(super) fn manifest_limits(&mut self, at: &At<'_>, raw: Option<&raw::JobSafety>) -> Option<ManifestLimits> {
        let Some(raw::JobSafety { max_devices, max_percent_of_hub }) = raw else {
            return Some(ManifestLimits::default());
        };
        Some(ManifestLimits {
            max_devices: self.limit(&at.field("maxDevices"), *max_devices),
            max_percent_of_hub: self.percent_limit(&at.field("maxPercentOfHub"), *max_percent_of_hub)?,
        })
    }

    fn limit(&self, at: &At<'_>, raw: Option<raw::Whole>) -> Option<Limit<u64>> {
        raw.map(|raw::Whole(value)| Limit::set(value, self.place(at)))
    }

    #[expect(clippy::option_option, reason = "a bad number and no number must not look alike")]
    fn percent_limit(&self, at: &At<'_>, raw: Option<f64>) -> Option<Option<Limit<Percent>>> {
        Some(percent(raw)?.map(|value| Limit::set(value, self.place(at))))
    }

    /// Lowers `expectDevices` of a manifest; `at` is its `spec`.
    #[expect(clippy::option_option, reason = "a finding and no expectation must not look alike")]
    pub(super) fn expected_devices(
        &mut self,
        at: &At<'_>,
        raw: Option<&raw::ExpectDevices>,
    ) -> Option<Option<Limit<ExpectedDevices>>> {
        let Some(raw::ExpectDevices { min, max }) = raw else { return Some(None) };
        let at = at.field("expectDevices");
        let number = |whole: &Option<raw::Whole>| whole.map(|raw::Whole(number)| number);
        if let Ok(expected) = ExpectedDevices::new(number(min), number(max)) {
            return Some(Some(Limit::set(expected, self.place(&at))));
        }
        let (Some(raw::Whole(min)), Some(raw::Whole(max))) = (min, max) else {
            // A member of the wrong type was reported, and is not here.
            if self.find(&at)?.value.as_object().is_none_or(|map| !map.is_empty()) {
                return None;
            }
            self.report_key(&at, |span| {
                Diagnostic::error(Code::MissingField, span, format!("`{at}` needs `min` or `max`"))
                    .label("neither is there")
                    .help("write it like `expectDevices: {max: 50}`")
            });
            return None;
        };
        let most = self.value_span(&at.field("max"));
        self.report(&at.field("min"), |span| {
            let message = format!("no number of devices is at least {min} and at most {max}");
            Diagnostic::error(Code::InvalidExpectation, span, message)
                .label("the least")
                .also(most, "the most")
                .help(format!("write `expectDevices: {{min: {max}, max: {min}}}` if they were swapped"))
        });
        None
    }

    /// Every device of a hub is never meant by accident only if somebody said how many those are.
    pub(super) fn check_acknowledged(&mut self, at: &At<'_>, target: &Target) {
        let has_max = self.find(&at.field("expectDevices").field("max")).is_some();
        if has_max || target.condition().as_str().trim() != "*" {
            return;
        }
        self.report(&at.field("target"), |span| {
            Diagnostic::error(Code::MissingAcknowledgement, span, "the target is every device of the hub")
                .label("how many may that be?")
                .note("a plan that finds more devices than you expect is refused")
                .help("add `expectDevices: {max: 6000}` to `spec`, with the number of your devices")
        });
    }
}
