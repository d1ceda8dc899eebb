//! Whether the hub fits the size that the project declares, who holds its lanes, and what a plan asks.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::doctor::check::Check;
use crate::doctor::code::Code;
use crate::doctor::finding::Finding;
use crate::model::{HubSize, ObservedJob, Owner, Sku};

/// Devices of a free hub ("IoT Hub pricing"), and configurations ("IoT Hub quotas and throttling").
const FREE_DEVICES_MAX: u64 = 500;
const FREE_CONFIGURATIONS_MAX: usize = 10;

/// Holders of lanes that are named one by one.
const NAMED_MAX: usize = 3;

/// What the hub shows of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::doctor) struct CapacitySeen<'a> {
    /// What the project declares.
    pub(in crate::doctor) size: HubSize,
    /// The short name of the hub, for commands; nothing for an emulator, whose size is known.
    pub(in crate::doctor) hub: Option<&'a str>,
    /// Every job; nothing when they may not be read.
    pub(in crate::doctor) jobs: Option<&'a [ObservedJob]>,
    /// Devices; nothing when they may not be counted.
    pub(in crate::doctor) devices: Option<u64>,
    /// Automatic device configurations; nothing when they may not be read.
    pub(in crate::doctor) configurations: Option<usize>,
    /// Whether a call was refused because the tier does not have it.
    pub(in crate::doctor) lacks_jobs: bool,
}

/// Judges the declared tier and units. A hub does not tell what it is; what it holds may contradict.
pub(in crate::doctor) fn judge_size(seen: &CapacitySeen<'_>) -> Finding {
    let CapacitySeen { size, .. } = *seen;
    let Some(hub) = seen.hub else {
        return Finding::new(
            Check::Size,
            Code::NotApplicable,
            format!("the emulator is {size} because the project says so"),
        );
    };
    let ask = || format!("`az iot hub show --name {hub} --query sku`, then set `sku` and `units` in hubjobs.yaml");
    if seen.lacks_jobs {
        let said = "the hub is of a Basic tier, which has no jobs";
        return Finding::new(Check::Size, Code::TierWithoutJobs, said)
            .help(format!("`az iot hub update --name {hub} --sku S1` makes it a standard hub, at its price"));
    }
    let active = seen.jobs.map(|jobs| jobs.iter().filter(|job| !job.status.is_terminal()).count());
    if let Some(active) = active.filter(|active| *active > size.lanes()) {
        let said = format!("{active} jobs hold lanes, and {size} has {}", size.lanes());
        return Finding::new(Check::Size, Code::SizeTooSmall, said).help(ask());
    }
    let doubt = |said: String| Finding::new(Check::Size, Code::SizeDoubtful, said).help(ask());
    match (size.sku, seen.devices, seen.configurations) {
        (Sku::F1, Some(devices), _) if devices > FREE_DEVICES_MAX => {
            doubt(format!("{devices} devices, and a free hub has at most {FREE_DEVICES_MAX}"))
        }
        (Sku::F1, _, Some(count)) if count > FREE_CONFIGURATIONS_MAX => {
            doubt(format!("{count} configurations, and a free hub has at most {FREE_CONFIGURATIONS_MAX}"))
        }
        _ => fitting(*seen, active),
    }
}

/// Nothing contradicts the size, as far as anything was seen.
fn fitting(CapacitySeen { size, devices, .. }: CapacitySeen<'_>, active: Option<usize>) -> Finding {
    let counted = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let seen: Vec<_> =
        [active.map(|count| counted(count as u64, "active job")), devices.map(|count| counted(count, "device"))]
            .into_iter()
            .flatten()
            .collect();
    match seen.is_empty() {
        true => Finding::new(Check::Size, Code::NeedsEarlier, "because neither jobs nor devices could be counted"),
        false => Finding::ok(Check::Size, format!("nothing contradicts {size}: {}", seen.join(", "))),
    }
}

/// Judges who holds the lanes.
pub(in crate::doctor) fn judge_lanes(size: HubSize, owner: &Owner, jobs: &[ObservedJob], now: Timestamp) -> Finding {
    let active: Vec<_> = jobs.iter().filter(|job| !job.status.is_terminal()).collect();
    let (total, held) = (size.lanes(), active.len());
    if held == 0 {
        return Finding::ok(Check::Lanes, format!("all {total} free"));
    }
    let (mut own, mut other_owners, mut foreign) = (Vec::new(), BTreeMap::<_, usize>::new(), Vec::new());
    for job in active {
        match job.id.own() {
            Some(id) if id.owner == *owner => own.push(id.name.to_string()),
            Some(id) => *other_owners.entry(id.owner).or_default() += 1,
            None => foreign.push(format!("`{}`{}", job.id, start(job, now))),
        }
    }
    let mut holders = Vec::new();
    let named = |count: usize, whose: &str, names: &[String]| {
        let rest = if names.len() > NAMED_MAX { ", ..." } else { "" };
        format!("{count} by {whose} ({}{rest})", names[..names.len().min(NAMED_MAX)].join(", "))
    };
    if !own.is_empty() {
        own.sort();
        holders.push(named(own.len(), "this project", &own));
    }
    holders.extend(other_owners.iter().map(|(other, count)| format!("{count} by the hubjobs project `{other}`")));
    if !foreign.is_empty() {
        foreign.sort();
        holders.push(named(foreign.len(), "jobs that hubjobs did not make", &foreign));
    }
    let said = format!("{held} of {total} held: {}", holders.join("; "));
    if held >= total && own.is_empty() {
        return Finding::new(Check::Lanes, Code::LanesFull, said)
            .help("`hubjobs status --all` shows them; apply defers jobs until one has ended");
    }
    Finding::ok(Check::Lanes, said)
}

fn start(job: &ObservedJob, now: Timestamp) -> String {
    match job.start {
        Some(start) if start > now => format!(", starts {}", start.strftime("%Y-%m-%d %H:%MZ")),
        _ => format!(", {}", job.status),
    }
}

/// Judges what a plan would ask.
pub(in crate::doctor) fn judge_query_budget(size: HubSize, queries: usize) -> Finding {
    let allowed = size.queries_per_minute();
    let said = format!("a plan asks {queries} of {allowed} queries a minute");
    if usize::try_from(allowed).is_ok_and(|allowed| queries > allowed) {
        return Finding::new(Check::QueryBudget, Code::BudgetExceeded, said)
            .help("plans leave the rest uncounted; `hubjobs plan -l team=a` asks for some manifests only, and a unit more raises the rate");
    }
    Finding::ok(Check::QueryBudget, said)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::model::{JobId, JobStatus};

    const OWN: &str = "hj1-bldg-lock-c2612012100-u0000-aaaaaaaa";
    const OTHER: &str = "hj1-fleet3a-wash-c2612012100-u0000-aaaaaaaa";

    fn size(sku: Sku) -> HubSize {
        HubSize { sku, units: NonZeroU32::MIN }
    }

    fn now() -> Timestamp {
        "2026-12-01T08:00:00Z".parse().expect("a time")
    }

    fn job(id: &str, status: JobStatus) -> ObservedJob {
        ObservedJob {
            id: JobId::new(id),
            status,
            kind: None,
            created: None,
            start: "2026-12-01T21:00:00Z".parse().ok(),
            end: None,
            body: None,
            statistics: None,
            failure_reason: None,
        }
    }

    fn lanes(sku: Sku, jobs: &[ObservedJob]) -> Finding {
        judge_lanes(size(sku), &Owner::parse("bldg").expect("an owner"), jobs, now())
    }

    #[test]
    fn lanes_are_held_by_us_by_other_projects_and_by_others() {
        let jobs = [
            job(OWN, JobStatus::Scheduled),
            job(OTHER, JobStatus::Running),
            job("nightly-import", JobStatus::Queued),
            job("old", JobStatus::Completed),
        ];
        assert_eq!(
            lanes(Sku::S2, &jobs).said,
            "3 of 5 held: 1 by this project (lock); 1 by the hubjobs project `fleet3a`; 1 by jobs that hubjobs did \
             not make (`nightly-import`, starts 2026-12-01 21:00Z)"
        );
    }

    #[test]
    fn only_lanes_full_of_others_are_worth_a_warning() {
        for (id, code) in [(OWN, Code::AsItShouldBe), (OTHER, Code::LanesFull), ("x", Code::LanesFull)] {
            assert_eq!(lanes(Sku::S1, &[job(id, JobStatus::Scheduled)]).code, code, "{id}");
            assert_eq!(lanes(Sku::S2, &[job(id, JobStatus::Scheduled)]).code, Code::AsItShouldBe, "{id}");
        }
        assert_eq!(lanes(Sku::S1, &[job("x", JobStatus::Failed)]).said, "all 1 free");
    }

    #[test]
    fn what_the_hub_holds_may_contradict_the_size() {
        let jobs = [job(OWN, JobStatus::Running), job(OTHER, JobStatus::Running)];
        let seen = |sku, devices, configurations| CapacitySeen {
            size: size(sku),
            hub: Some("contoso"),
            jobs: Some(&jobs),
            devices,
            configurations,
            lacks_jobs: false,
        };
        for (seen, code) in [
            (seen(Sku::S2, Some(1), None), Code::AsItShouldBe),
            (seen(Sku::S1, Some(1), None), Code::SizeTooSmall),
            (CapacitySeen { jobs: None, ..seen(Sku::F1, Some(500), Some(10)) }, Code::AsItShouldBe),
            (CapacitySeen { jobs: None, ..seen(Sku::F1, Some(501), None) }, Code::SizeDoubtful),
            (CapacitySeen { jobs: None, ..seen(Sku::F1, None, Some(11)) }, Code::SizeDoubtful),
            (CapacitySeen { jobs: None, ..seen(Sku::S1, None, None) }, Code::NeedsEarlier),
            (CapacitySeen { lacks_jobs: true, ..seen(Sku::S3, None, None) }, Code::TierWithoutJobs),
            (CapacitySeen { hub: None, ..seen(Sku::S1, None, None) }, Code::NotApplicable),
        ] {
            assert_eq!(judge_size(&seen).code, code, "{seen:?}");
        }
    }

    #[test]
    fn a_plan_may_ask_as_much_as_a_minute_allows() {
        assert_eq!(judge_query_budget(size(Sku::S1), 20).code, Code::AsItShouldBe);
        assert_eq!(judge_query_budget(size(Sku::S1), 21).code, Code::BudgetExceeded);
    }
}
