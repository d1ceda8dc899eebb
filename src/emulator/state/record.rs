//! Per-device records of jobs, the documents of `devices.jobs` (reference 2.9).

use std::cell::OnceCell;

use serde_json::{Value, json};

use super::devices::{Devices, SEPARATOR};
use super::job::{Job, Target, TargetState, Verdict};
use super::view::field_of_json;
use crate::model::JobKind;
use crate::query::{Document, Field, Project, ResolvedPath};

/// The record of one device in one job.
#[derive(Debug)]
pub(super) struct DeviceJobDocument<'a> {
    job: &'a Job,
    target: &'a Target,
    devices: &'a Devices,
    made: OnceCell<Value>,
}

impl<'a> DeviceJobDocument<'a> {
    /// The record of a target.
    pub(super) const fn new(job: &'a Job, target: &'a Target, devices: &'a Devices) -> Self {
        Self { job, target, devices, made: OnceCell::new() }
    }

    fn make(&self) -> Value {
        let Self { job, target, .. } = self;
        let created = job.begun.unwrap_or(job.created);
        let updated = if target.state.is_done() { target.at } else { created };
        let (device_id, module_id) = self.names();
        let mut json = json!({
            "deviceId": device_id,
            "jobId": &*job.id,
            "jobType": job.request.action.kind().wire_name(),
            "status": target.state.status(),
            "startTimeUtc": job.start.to_string(),
            "endTimeUtc": job.deadline().to_string(),
            "createdDateTimeUtc": created.to_string(),
            "lastUpdatedDateTimeUtc": updated.to_string(),
        });
        if let Some(module_id) = module_id {
            json["moduleId"] = module_id.into();
        }
        let verdict = match target.state {
            TargetState::Answered(at) | TargetState::Failed(at) => job.verdicts.get(at as usize),
            _ => None,
        };
        if target.state.is_done() {
            json["outcome"] = outcome(job.request.action.kind(), verdict);
        }
        if let Some(Verdict::Error { code, description }) = verdict {
            json["error"] = json!({"code": code, "description": description});
        }
        json
    }

    fn names(&self) -> (&str, Option<&str>) {
        let id = self.devices.id(self.target.slot);
        let module = self.target.slot.is_module().then(|| id.split_once(SEPARATOR)).flatten();
        module.map_or((id, None), |(device, module)| (device, Some(module)))
    }

    fn at(&self, path: &ResolvedPath) -> Option<&Value> {
        let record = self.made.get_or_init(|| self.make());
        path.keys().iter().try_fold(record, |value, key| value.get(&**key))
    }
}

fn outcome(kind: JobKind, verdict: Option<&Verdict>) -> Value {
    match (kind, verdict) {
        (JobKind::DeviceMethod, Some(Verdict::Answer { status, payload })) => {
            json!({"deviceMethodResponse": {"status": status, "payload": payload}})
        }
        _ => json!({}),
    }
}

impl TargetState {
    /// The state with the words of the wire.
    const fn status(self) -> &'static str {
        match self {
            Self::Pending | Self::Waiting | Self::Ready => "pending",
            Self::Called => "running",
            Self::Updated | Self::Answered(_) => "completed",
            Self::Failed(_) => "failed",
        }
    }
}

/// What is the same in all records of a job.
pub(super) const JOB_NAMES: [&str; 2] = ["jobId", "jobType"];

/// Holds [`JOB_NAMES`] only.
impl Document for Job {
    fn lookup(&self, path: &ResolvedPath) -> Field<'_> {
        match path.keys() {
            [only] if **only == *JOB_NAMES[0] => Field::String(&self.id),
            [only] if **only == *JOB_NAMES[1] => Field::String(self.request.action.kind().wire_name()),
            _ => Field::Undefined,
        }
    }
}

impl Document for DeviceJobDocument<'_> {
    fn lookup(&self, path: &ResolvedPath) -> Field<'_> {
        match path.keys() {
            [only] => match &**only {
                "deviceId" => Field::String(self.names().0),
                "jobId" => Field::String(&self.job.id),
                "jobType" => Field::String(self.job.request.action.kind().wire_name()),
                "status" => Field::String(self.target.state.status()),
                _ => self.at(path).map_or(Field::Undefined, field_of_json),
            },
            _ => self.at(path).map_or(Field::Undefined, field_of_json),
        }
    }
}

impl Project for DeviceJobDocument<'_> {
    fn json(&self, path: &ResolvedPath) -> Option<Value> {
        self.at(path).cloned()
    }

    fn whole(&self) -> Value {
        self.make()
    }
}
