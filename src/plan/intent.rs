//! What a plan means to do, apart from when: the part that a reviewer agrees to, and its digest.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::input::Selection;
use super::row::{Plan, Step};
use crate::model::{ConcurrencyPolicy, Manifest, Schedule, canonical_json, sha256_hex};

/// What a plan means to do: on which hub, with which manifests, and which jobs it cancels. Neither
/// times of planning nor numbers of devices are in it, nor whatever else moves while nobody decides
/// anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// Environment.
    pub environment: String,
    /// Its hub: host name, or `emulator`.
    pub hub: String,
    /// Owner token, part of every job id.
    pub owner: String,
    /// Every manifest that the plan is about, by name.
    pub manifests: Vec<ManifestIntent>,
    /// Ids of the jobs that are cancelled, sorted.
    pub cancels: Vec<String>,
}

/// What one manifest means to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManifestIntent {
    /// Its name.
    pub name: String,
    /// When, as in the manifest, with defaults filled in and instants in UTC.
    pub schedule: Value,
    /// `spec.generation`.
    pub generation: u8,
    /// `spec.suspend`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
    /// Revision of its jobs, as it stands in their ids.
    pub revision: String,
    /// `sha256:` and the digest of the body of its jobs: a revision has 40 bits only, which is too few
    /// against somebody who searches for two bodies with the same one.
    pub body: String,
    /// `spec.moved`, the names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved_from: Vec<String>,
    /// `spec.adopt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<String>,
}

impl Intent {
    /// What a plan for that hub means to do with the manifests of its selection.
    #[must_use]
    pub fn new(plan: &Plan, hub: &str, manifests: &[Arc<Manifest>], selection: &Selection) -> Self {
        // Hashing ten thousand bodies takes as long as all the rest of a plan: on all cores.
        let covered = manifests.par_iter().filter(|manifest| selection.covers(&manifest.name));
        let mut manifests: Vec<_> = covered.map(|manifest| ManifestIntent::new(manifest)).collect();
        manifests.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            environment: plan.environment.to_string(),
            hub: hub.to_owned(),
            owner: plan.owner.to_string(),
            manifests,
            cancels: cancels(plan).into_iter().collect(),
        }
    }

    /// `sha256:` and the digest over the RFC 8785 form: the same intent has the same one on every
    /// machine, at any time.
    #[must_use]
    pub fn digest(&self) -> String {
        let value = serde_json::to_value(self).expect("its maps have texts as keys");
        sha256_hex(canonical_json(&value).as_bytes())
    }
}

impl ManifestIntent {
    fn new(manifest: &Manifest) -> Self {
        let (revision, body) = manifest.body().revision_and_digest();
        Self {
            name: manifest.name.to_string(),
            schedule: schedule(&manifest.schedule),
            generation: manifest.generation.get(),
            suspend: manifest.suspend,
            revision: revision.to_string(),
            body,
            moved_from: manifest.moved_from.iter().map(ToString::to_string).collect(),
            adopt: manifest.adopt.as_ref().map(ToString::to_string),
        }
    }
}

/// A zone beside `at` serves printing only, and is not in it.
fn schedule(schedule: &Schedule) -> Value {
    match schedule {
        Schedule::At(at) => {
            json!({"at": at.start.to_string(), "startingDeadline": at.starting_deadline.to_string()})
        }
        Schedule::Cron(cron) => json!({
            "cron": cron.expression.as_str(),
            "timeZone": cron.zone.name(),
            "startingDeadline": cron.starting_deadline.to_string(),
            "concurrencyPolicy": match cron.concurrency {
                ConcurrencyPolicy::Forbid => "Forbid",
                ConcurrencyPolicy::Allow => "Allow",
            },
        }),
        Schedule::Asap(asap) => json!({"asap": {"notAfter": asap.not_after.to_string()}}),
    }
}

/// Every job that the plan cancels, be it for a successor.
fn cancels(plan: &Plan) -> BTreeSet<String> {
    let mut cancels = BTreeSet::new();
    for row in &plan.rows {
        match &row.step {
            Step::Cancel { id, .. } => {
                cancels.insert(id.to_string());
            }
            Step::Create(create) => cancels.extend(create.after.iter().map(ToString::to_string)),
            Step::Deferred(_) | Step::Blocked { .. } | Step::Idle { .. } => {}
        }
    }
    cancels
}
