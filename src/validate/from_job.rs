//! A manifest for a job that is on a hub already: the opposite of lowering.
//!
//! The manifest says what the job does, with no default left out. It is not held to the rules of
//! manifests: a hub takes conditions and times that validation refuses, and whoever reads the manifest
//! is to see what is there.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::lower::slug;
use super::raw::API_VERSION;
use super::variable::escape;
use crate::model::{
    JobAction, JobBody, JobId, ManifestName, MethodCall, ObservedJob, OccurrenceKind, OwnJobId, TargetCondition,
    TwinPatch,
};

/// What a manifest is to a job that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// The job is ours, and its manifest is gone: the same slot again.
    Own(OwnJobId),
    /// The job of somebody else fills the manifest's slot.
    Adopted,
    /// A manifest like the job, without a tie to it. It is suspended: the job itself is on the hub.
    Copied,
}

/// Why no manifest can be written for a job. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoManifest {
    /// Half an echo, or a job that is neither a method nor a twin update.
    #[error("the hub does not tell what it does")]
    NoBody,
    /// Without a start there is no `at`.
    #[error("the hub does not tell when it starts")]
    NoStart,
    /// Only one occurrence is on the hub.
    #[error("it is one run of a recurring manifest, and the hub does not know its cron")]
    Recurring,
}

/// The manifest of a job, as a document.
///
/// # Errors
/// When the hub told too little of the job.
pub fn manifest_of(job: &ObservedJob, name: &ManifestName, binding: &Binding) -> Result<Value, NoManifest> {
    let body = job.body.as_ref().ok_or(NoManifest::NoBody)?;
    let mut spec = Map::new();
    match binding {
        Binding::Own(own) if own.unit.generation.get() > 0 => {
            spec.insert("generation".to_owned(), json!(own.unit.generation.get()));
        }
        Binding::Own(_) => {}
        Binding::Adopted => drop(spec.insert("adopt".to_owned(), json!(job.id.as_str()))),
        Binding::Copied => drop(spec.insert("suspend".to_owned(), json!(true))),
    }
    spec.insert("target".to_owned(), target(body));
    spec.insert("schedule".to_owned(), schedule(job, binding)?);
    spec.insert("maxExecutionTime".to_owned(), json!(body.max_execution.to_string()));
    let kind = match &body.action {
        JobAction::Method(call) => {
            spec.insert("method".to_owned(), method(call));
            Kind::MethodJob
        }
        JobAction::Twin(patch) => {
            spec.insert("twin".to_owned(), twin(patch));
            Kind::TwinJob
        }
    };
    let spec = escaped(Value::Object(spec));
    Ok(json!({"apiVersion": API_VERSION, "kind": kind.as_str(), "metadata": {"name": name.as_str()}, "spec": spec}))
}

/// `${` in a text of the hub stands for itself; it names no variable of ours.
fn escaped(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(escape(&text)),
        Value::Array(items) => items.into_iter().map(escaped).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, escaped(value))).collect(),
        other => other,
    }
}

/// A name for the manifest of a job: the one in an id of our form, else the id made a name, else
/// `job`; with a number behind it if that is taken.
#[must_use]
pub fn name_for(id: &JobId, taken: &BTreeSet<ManifestName>) -> ManifestName {
    let words = || slug(id.as_str(), ManifestName::LEN_MAX).unwrap_or_else(|| "job".to_owned());
    let base = id.own().map_or_else(words, |own| own.name.as_str().to_owned());
    let candidates = std::iter::once(base.clone()).chain((2_u64..).map(|number| numbered(&base, number)));
    let mut free = candidates.filter_map(|text| ManifestName::new(&text).ok()).filter(|name| !taken.contains(name));
    free.next().expect("there are more numbers than names")
}

/// As much of a name as leaves room for a number.
fn numbered(base: &str, number: u64) -> String {
    let suffix = format!("-{number}");
    let room = ManifestName::LEN_MAX.saturating_sub(suffix.len());
    format!("{}{suffix}", base[..base.len().min(room)].trim_end_matches('-'))
}

fn target(body: &JobBody) -> Value {
    match body.condition == TargetCondition::all() {
        true => json!({"all": true}),
        false => json!({"condition": body.condition.as_str()}),
    }
}

/// Whole minutes, for a hub starts jobs at any second and a manifest does not.
fn schedule(job: &ObservedJob, binding: &Binding) -> Result<Value, NoManifest> {
    if let Binding::Own(own) = binding {
        let start = own.occurrence.start().to_string();
        return match own.occurrence.kind() {
            OccurrenceKind::At => Ok(json!({"at": start})),
            OccurrenceKind::Asap => Ok(json!({"asap": {"notAfter": start}})),
            OccurrenceKind::Cron => Err(NoManifest::Recurring),
        };
    }
    let start = job.start.or(job.created).ok_or(NoManifest::NoStart)?;
    let minute = Timestamp::from_second(start.as_second().div_euclid(60) * 60).unwrap_or(start);
    Ok(json!({"at": minute.to_string()}))
}

fn method(call: &MethodCall) -> Value {
    let mut method = Map::new();
    method.insert("name".to_owned(), json!(call.name.as_str()));
    if !call.payload.is_null() {
        method.insert("payload".to_owned(), call.payload.clone());
    }
    method.insert("responseTimeout".to_owned(), json!(call.response_timeout.to_string()));
    method.insert("connectTimeout".to_owned(), json!(call.connect_timeout.to_string()));
    Value::Object(method)
}

fn twin(patch: &TwinPatch) -> Value {
    let sections = [("tags", &patch.tags), ("desired", &patch.desired)];
    let written = sections.into_iter().filter(|(_, section)| !section.is_empty());
    written.map(|(name, section)| (name.to_owned(), Value::Object(section.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::diagnostic::SourceMap;
    use crate::model::{JobStatus, Manifest, MethodName, Schedule, Seconds};
    use crate::validate::{manifests, to_yaml};

    fn body(condition: &str, payload: Value) -> JobBody {
        JobBody {
            condition: TargetCondition::new(condition).expect("a short condition"),
            action: JobAction::Method(MethodCall {
                name: MethodName::new("lockDoor").expect("a name"),
                payload,
                response_timeout: Seconds::new(45),
                connect_timeout: Seconds::ZERO,
            }),
            max_execution: Seconds::new(5_400),
        }
    }

    fn job(id: &str, body: Option<JobBody>) -> ObservedJob {
        ObservedJob {
            id: JobId::new(id),
            status: JobStatus::Scheduled,
            kind: None,
            created: None,
            start: "2026-12-01T09:30:17.5Z".parse().ok(),
            end: None,
            body,
            statistics: None,
            failure_reason: None,
        }
    }

    /// Written, and read again.
    fn reread(job: &ObservedJob, binding: &Binding) -> Manifest {
        let name = name_for(&job.id, &BTreeSet::new());
        let yaml = to_yaml(&manifest_of(job, &name, binding).expect("a manifest")).expect("a JSON value");
        let mut sources = SourceMap::new();
        let id = sources.add("a.yaml", yaml.clone());
        let mut read = manifests(&sources, &[id]);
        assert!(!read.diagnostics.has_errors(), "{yaml}\n{:?}", read.diagnostics);
        read.manifests.pop().expect("a manifest")
    }

    #[test]
    fn a_manifest_does_what_the_job_does() {
        let nasty = [
            json!(null),
            json!({"on": "yes", "a: b": "# no comment", "n": [1, "012", null], "": "\u{2028}---\n- kind: Project\n"}),
            json!("text\n---\napiVersion: x"),
            json!({"${a}": ["${hubKey}", "$${b} $$${c} ${"], "cost": "$5 {or so}"}),
            json!([123, 125]),
        ];
        for payload in nasty {
            let body = body("tags.name = 'it\\'s: #1 ${x}' AND tags.floor > 3", payload);
            let manifest = reread(&job("Nightly_Import", Some(body.clone())), &Binding::Copied);
            assert_eq!(manifest.body(), body);
            assert_eq!(manifest.body().revision(), body.revision());
            assert_eq!((manifest.name.as_str(), manifest.suspend), ("nightly-import", true));
            let Schedule::At(at) = manifest.schedule else { panic!("not at a time") };
            assert_eq!(at.start.to_string(), "2026-12-01T09:30:00Z");
        }
    }

    #[test]
    fn every_device_and_twin_patches() {
        let patch = json!({"a": {"b": null}, "on": "no"});
        let desired = patch.as_object().cloned().expect("an object");
        let action = JobAction::Twin(TwinPatch { desired, ..TwinPatch::default() });
        let body = JobBody { action, ..body("tags.a = 1", Value::Null) };
        assert_eq!(reread(&job("j", Some(body.clone())), &Binding::Copied).body(), body);
        // How many devices that may be is for a person to say: `expectDevices` is not made up.
        let every = JobBody { condition: TargetCondition::all(), ..body };
        let name = ManifestName::new("j").expect("a name");
        let document = manifest_of(&job("j", Some(every)), &name, &Binding::Copied).expect("a manifest");
        assert_eq!(document["spec"]["target"], json!({"all": true}));
    }

    #[test]
    fn an_own_job_gets_its_slot_back() {
        for (id, generation) in
            [("hj1-bldgx7q-lock-t2612010930-u0310-krmbuh6n", 3), ("hj1-bldgx7q-lock-n2612010930-u0000-krmbuh6n", 0)]
        {
            let own = JobId::new(id).own().expect("of our form");
            let manifest = reread(&job(id, Some(body("tags.a = 1", Value::Null))), &Binding::Own(own.clone()));
            assert_eq!((manifest.name, manifest.generation.get()), (own.name, generation));
            assert!(!manifest.suspend);
        }
        let cron = job("hj1-bldgx7q-lock-c2612010930-u0000-krmbuh6n", Some(body("tags.a = 1", Value::Null)));
        let binding = Binding::Own(cron.id.own().expect("of our form"));
        let name = ManifestName::new("lock").expect("a name");
        assert_eq!(manifest_of(&cron, &name, &binding), Err(NoManifest::Recurring));
    }

    #[test]
    fn too_little_is_said() {
        let name = ManifestName::new("lock").expect("a name");
        assert_eq!(manifest_of(&job("j", None), &name, &Binding::Copied), Err(NoManifest::NoBody));
        let timeless = ObservedJob { start: None, ..job("j", Some(body("*", Value::Null))) };
        assert_eq!(manifest_of(&timeless, &name, &Binding::Copied), Err(NoManifest::NoStart));
    }

    #[test]
    fn names_are_valid_and_free() {
        let mut taken = BTreeSet::new();
        let mut next = |id: &str| {
            let name = name_for(&JobId::new(id), &taken);
            taken.insert(name.clone());
            name.as_str().to_owned()
        };
        assert_eq!(next("Nightly Import"), "nightly-import");
        assert_eq!(next("nightly_import"), "nightly-import-2");
        assert_eq!(next("NIGHTLY.import"), "nightly-import-3");
        assert_eq!(next("é"), "job");
        assert_eq!(next("hj1-otherab-lock-t2612010900-u0000-k7m2q4xd"), "lock");
        assert_eq!(next("a-name-of-24-characters0"), "a-name-of-24-characters0");
        assert_eq!(next("a-name-of-24-characters0"), "a-name-of-24-character-2");
        assert_eq!(next("6f1b7a3e-0f0e-4b19-9d5e-1c2b3a4d5e6f"), "6f1b7a3e-0f0e-4b19-9d5e");
    }
}
