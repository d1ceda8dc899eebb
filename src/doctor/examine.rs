//! One hub, check by check. A check that an earlier failure makes pointless is skipped; each has a time
//! limit, so the whole ends.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use super::calls::{CallsSeen, look_at_jobs, look_at_rights};
use super::check::Check;
use super::code::Code;
use super::finding::{Examination, Finding, Findings};
use super::judge::{
    CapacitySeen, Identity, TlsSeen, judge_clock, judge_credential, judge_dns, judge_lanes, judge_query_budget,
    judge_rights, judge_sign_in, judge_size, judge_tcp, judge_tls,
};
use super::route::Route;
use crate::hub::rest::{RestHub, SignsInAs};
use crate::hub::{HubError, Observation};
use crate::model::{HubSize, ObservedJob, Owner};
use crate::net::Network;

/// Several sources may be asked for a token, one of them `az`.
const SIGN_IN_TIME_MAX: Duration = Duration::from_secs(45);

/// What is examined.
#[derive(Debug, Clone, Copy)]
pub struct Patient<'a> {
    /// Which of several hubs.
    pub hub_name: Option<&'a str>,
    /// Host name, or that it is an emulator.
    pub label: &'a str,
    /// Tier and units that the project declares.
    pub size: HubSize,
    /// Whose jobs are ours.
    pub owner: &'a Owner,
    /// Where the hub is.
    pub place: Place<'a>,
    /// Whether the project is valid.
    pub configuration: Configuration,
    /// The client, or why there is none.
    pub hub: Result<&'a RestHub, &'a Unusable>,
    /// An id that no job has.
    pub probe_id: &'a str,
}

/// Where a hub is.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// In this program, or another one on this machine.
    Emulator,
    /// Across the network.
    Remote {
        /// Its name.
        host: &'a str,
        /// Its port.
        port: u16,
        /// How it is reached.
        network: &'a Network,
    },
}

/// Whether a project is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Configuration {
    /// All of it.
    Valid {
        /// How many manifests it has.
        manifests: usize,
    },
    /// Some of its manifests are not.
    Invalid,
}

/// Why there is no client for a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// In words.
    pub said: String,
    /// What to do about it.
    pub help: Vec<String>,
}

impl Unusable {
    fn finding(&self, code: Code) -> Finding {
        self.help.iter().fold(Finding::new(Check::Credential, code, &self.said), Finding::help)
    }
}

impl Place<'_> {
    /// The first label of a host name, by which `az` knows a hub.
    fn short_name(&self) -> Option<&str> {
        match self {
            Self::Emulator => None,
            Self::Remote { host, .. } => host.split('.').next(),
        }
    }
}

/// Examines a hub. `clock` is the time that counts there, `machine` that of this machine, `queries` says
/// how many queries a plan over what was observed would ask, and `told` hears which check is made.
/// Changes nothing.
pub async fn examine(
    patient: &Patient<'_>,
    clock: impl Fn() -> Timestamp,
    machine: impl Fn() -> Timestamp,
    queries: impl Fn(&Observation, Timestamp) -> usize,
    told: impl Fn(Check),
) -> Examination {
    let mut findings = Findings::default();
    told(Check::Configuration);
    findings.push(judge_configuration(patient.configuration));
    told(Check::Credential);
    let (who, credential) = credential(patient, machine()).await;
    findings.push(credential);
    match patient.place {
        Place::Emulator => spare_the_route(&mut findings),
        Place::Remote { host, port, network } => {
            look_at_route(&mut findings, (host, port), network, &machine, &told).await;
        }
    }
    told(Check::SignIn);
    let calls = match (findings.obstacle(Check::SignIn), patient.hub, &who) {
        (None, Ok(hub), Some(who)) => Some((hub, who, look_at_rights(hub, patient.probe_id).await)),
        _ => None,
    };
    let Some((hub, who, seen)) = calls else {
        for check in Check::ALL.into_iter().filter(|check| *check >= Check::SignIn) {
            let obstacle = findings.obstacle(check).unwrap_or(Check::SignIn);
            findings.skip(check, obstacle);
        }
        return finish(patient, findings);
    };
    let identity = Identity { who, hub: patient.place.short_name().unwrap_or("HUB") };
    findings.push(judge_sign_in(&identity, &seen.rights));
    for finding in judge_rights(&identity, &seen.rights) {
        match findings.obstacle(finding.check) {
            Some(obstacle) => findings.skip(finding.check, obstacle),
            None => findings.push(finding),
        }
    }
    told(Check::Lanes);
    look_at_capacity(&mut findings, patient, hub, &seen, clock, queries).await;
    finish(patient, findings)
}

fn finish(patient: &Patient<'_>, findings: Findings) -> Examination {
    Examination {
        hub_name: patient.hub_name.map(str::to_owned),
        label: patient.label.to_owned(),
        size: patient.size.to_string(),
        findings: findings.into_vec(),
    }
}

fn judge_configuration(configuration: Configuration) -> Finding {
    match configuration {
        Configuration::Valid { manifests: 1 } => Finding::ok(Check::Configuration, "1 manifest, valid"),
        Configuration::Valid { manifests } => {
            Finding::ok(Check::Configuration, format!("{manifests} manifests, all valid"))
        }
        Configuration::Invalid => {
            Finding::new(Check::Configuration, Code::ConfigurationInvalid, "some manifests have errors")
                .help("`hubjobs validate` shows each with its line")
        }
    }
}

/// Who signs in, and what that credential is worth. With Entra a token is asked for.
async fn credential(patient: &Patient<'_>, now: Timestamp) -> (Option<SignsInAs>, Finding) {
    let (hub, code) = match (patient.hub, patient.place) {
        (Ok(hub), _) => (hub, Code::CredentialUnusable),
        (Err(unusable), Place::Emulator) => return (None, unusable.finding(Code::HubFailed)),
        (Err(unusable), Place::Remote { .. }) => return (None, unusable.finding(Code::CredentialUnusable)),
    };
    let who = match timeout(SIGN_IN_TIME_MAX, hub.signs_in_as()).await {
        Ok(Ok(who)) => who,
        Ok(Err(error)) => {
            let help = if let HubError::SignIn(failure) = &error { failure.help() } else { Vec::new() };
            return (None, Unusable { said: error.to_string(), help }.finding(code));
        }
        Err(_) => {
            let said = format!("no token came within {} s", SIGN_IN_TIME_MAX.as_secs());
            return (
                None,
                Finding::new(Check::Credential, Code::TooSlow, said).help("`hubjobs -vv doctor` shows who was asked"),
            );
        }
    };
    let finding = match patient.place {
        Place::Emulator => Finding::new(Check::Credential, Code::NotApplicable, "the emulator hands out its own"),
        Place::Remote { .. } => judge_credential(&who, now),
    };
    (Some(who), finding)
}

/// The way to an emulator is short.
fn spare_the_route(findings: &mut Findings) {
    for check in [Check::Dns, Check::Tcp, Check::Tls] {
        findings.push(Finding::new(check, Code::NotApplicable, "the emulator is on this machine"));
    }
    findings.push(Finding::new(Check::Clock, Code::NotApplicable, "the emulator has a clock of its own"));
}

async fn look_at_route(
    findings: &mut Findings,
    (host, port): (&str, u16),
    network: &Network,
    machine: &impl Fn() -> Timestamp,
    told: &impl Fn(Check),
) {
    told(Check::Dns);
    let mut route = Route::to(host, port, network);
    let dns = route.look_at_dns().await;
    findings.push(judge_dns(host, &dns));
    match findings.obstacle(Check::Tcp) {
        Some(obstacle) => findings.skip(Check::Tcp, obstacle),
        None => {
            told(Check::Tcp);
            findings.push(judge_tcp(host, port, &route.look_at_tcp().await));
        }
    }
    if let Some(obstacle) = findings.obstacle(Check::Tls) {
        findings.skip(Check::Tls, obstacle);
        findings.skip(Check::Clock, Check::Tls);
        return;
    }
    told(Check::Tls);
    let (tls, clock) = route.look_at_tls(machine).await;
    findings.push(judge_tls(host, machine(), &tls));
    match (findings.obstacle(Check::Clock), tls) {
        (None, TlsSeen::Trusted(_) | TlsSeen::TrustedUnread) => findings.push(judge_clock(clock)),
        (obstacle, _) => findings.skip(Check::Clock, obstacle.unwrap_or(Check::Tls)),
    }
}

async fn look_at_capacity(
    findings: &mut Findings,
    patient: &Patient<'_>,
    hub: &RestHub,
    seen: &CallsSeen,
    clock: impl Fn() -> Timestamp,
    queries: impl Fn(&Observation, Timestamp) -> usize,
) {
    let observation = match findings.obstacle(Check::Lanes) {
        None => Some(look_at_jobs(hub).await),
        Some(_) => None,
    };
    let jobs: Option<&[ObservedJob]> = match &observation {
        Some(Ok(observation)) => Some(&observation.jobs),
        _ => None,
    };
    match findings.obstacle(Check::Size) {
        Some(obstacle) => findings.skip(Check::Size, obstacle),
        None => findings.push(judge_size(&CapacitySeen {
            size: patient.size,
            hub: patient.place.short_name(),
            jobs,
            devices: seen.devices,
            configurations: seen.configurations,
            lacks_jobs: seen.rights.read_jobs.is_beyond_tier() || seen.rights.create_jobs.is_beyond_tier(),
        })),
    }
    match &observation {
        None => findings.skip(Check::Lanes, findings.obstacle(Check::Lanes).unwrap_or(Check::ReadJobs)),
        Some(Err(why)) => findings.push(
            Finding::new(Check::Lanes, Code::HubFailed, why.clone())
                .help("repeat the command; `hubjobs -vv doctor` shows every call"),
        ),
        Some(Ok(observation)) => {
            findings.push(judge_lanes(patient.size, patient.owner, &observation.jobs, clock()));
        }
    }
    match (&observation, findings.obstacle(Check::QueryBudget)) {
        (Some(Ok(observation)), None) => {
            findings.push(judge_query_budget(patient.size, queries(observation, clock())));
        }
        (_, obstacle) => findings.skip(Check::QueryBudget, obstacle.unwrap_or(Check::Lanes)),
    }
}
