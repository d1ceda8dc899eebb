//! Manifests for the tests of this room; only their schedules matter.

use jiff::Timestamp;

use crate::model::{
    At, ConcurrencyPolicy, Cron, CronExpression, Digit, JobAction, Manifest, ManifestLimits, ManifestName,
    ManifestSource, Schedule, Seconds, SuccessWhen, Target, TwinPatch, Zone,
};

pub(super) fn manifest(name: &str, schedule: Schedule) -> Manifest {
    Manifest {
        name: ManifestName::new(name).expect("a name"),
        labels: Default::default(),
        source: ManifestSource { path: format!("{name}.yaml"), line: 1 },
        suspend: false,
        generation: Digit::ZERO,
        target: Target::All,
        schedule,
        max_execution: Seconds::HOUR,
        action: JobAction::Twin(TwinPatch::default()),
        success_when: SuccessWhen::default(),
        expect_devices: None,
        limits: ManifestLimits::default(),
        moved_from: Vec::new(),
        adopt: None,
    }
}

pub(super) fn cron(expression: &str, zone: &str, starting_deadline: Seconds) -> Schedule {
    Schedule::Cron(Cron {
        expression: CronExpression::parse(expression).expect("an expression"),
        zone: Zone::new(zone).expect("a zone"),
        starting_deadline,
        concurrency: ConcurrencyPolicy::Forbid,
    })
}

pub(super) fn at(text: &str, starting_deadline: Seconds) -> Schedule {
    Schedule::At(At::parse(text, None, starting_deadline).expect("a time"))
}

pub(super) fn time(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}
