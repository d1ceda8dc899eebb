//! Jobs and configurations as the model sees them, for callers in this process.

use serde_json::{Map, Value};

use super::configuration::Configuration;
use super::hub::HubState;
use super::job::Job;
use super::job_request::{JobAction, JobRequest};
use crate::model::{
    self, JobBody, JobId, MethodCall, MethodName, ObservedConfiguration, ObservedJob, Seconds, TargetCondition,
    TwinPatch,
};

impl HubState {
    /// A job, if the hub knows it.
    #[must_use]
    pub fn observed_job(&self, id: &str) -> Option<ObservedJob> {
        let job = self.jobs.by_id(id)?;
        Some(ObservedJob {
            id: JobId::new(&*job.id),
            status: job.phase.status(),
            kind: Some(job.request.action.kind()),
            created: Some(job.created.timestamp()),
            start: Some(job.start.timestamp()),
            end: job.ended.map(|at| at.timestamp()),
            body: body(&job.request),
            statistics: job.begun.map(|_| Job::statistics(job)),
            failure_reason: job.failure_reason.clone(),
        })
    }

    /// All configurations, by id.
    #[must_use]
    pub fn observed_configurations(&self) -> Vec<ObservedConfiguration> {
        self.configurations.by_id.values().map(Configuration::observed).collect()
    }
}

/// The body, when the model has room for it: the hub takes names that the model does not.
fn body(request: &JobRequest) -> Option<JobBody> {
    let action = match &request.action {
        JobAction::Method(call) => model::JobAction::Method(MethodCall {
            name: MethodName::new(&call.name).ok()?,
            payload: call.payload.clone().unwrap_or_default(),
            response_timeout: Seconds::new(call.response_timeout),
            connect_timeout: Seconds::new(call.connect_timeout),
        }),
        JobAction::Twin(update) => {
            model::JobAction::Twin(TwinPatch { tags: own(update.body().tags), desired: own(update.body().desired) })
        }
    };
    Some(JobBody {
        condition: TargetCondition::new(&request.condition).ok()?,
        action,
        max_execution: Seconds::new(request.max_execution),
    })
}

/// Members that start with `$` are the service's own, never of a patch.
fn own(patch: Option<&Map<String, Value>>) -> Map<String, Value> {
    let members = patch.into_iter().flatten().filter(|(name, _)| !name.starts_with('$'));
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}
