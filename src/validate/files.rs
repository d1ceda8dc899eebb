//! Whole files: the project file, the manifests, a fleet file.

use rayon::prelude::*;

use super::compose::compose;
use super::cross;
use super::documents::{self, Checked, Meaning};
use super::effective::{Uses, check_everywhere};
use super::exposed::exposed_secrets;
use super::kind::Kind;
use super::lower::{Claim, Memo};
use super::overlay::Overlay;
use super::project_file::ProjectFile;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceId, SourceMap, Span};
use crate::model::{Fleet, Manifest, Policy, Project};

/// Enough for threads that fall behind, few enough that a memo pays.
const CHUNKS_PER_THREAD: usize = 8;

/// The manifests of a project.
#[derive(Debug, Default)]
pub struct Validated {
    /// Those without errors, ordered by file and place.
    pub manifests: Vec<Manifest>,
    /// The policies among them, without errors, in the same order.
    pub policies: Vec<Policy>,
    /// Where their names stand.
    policy_places: Vec<Span>,
    /// Everything found.
    pub diagnostics: Diagnostics,
    /// Whether every document was read without errors. If not, nobody may conclude that a manifest
    /// is gone.
    pub complete: bool,
}

/// What the files are that are validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// All of a project: a patch that matches nothing, or a variable that nothing names, is a mistake.
    Project,
    /// Some files, perhaps not all.
    Files,
}

/// Validates job manifests without a project, all files in parallel: no variable has a value. Fleets
/// among them are checked and left out.
#[must_use]
pub fn manifests(sources: &SourceMap, ids: &[SourceId]) -> Validated {
    manifests_in(sources, ids, &[], Coverage::Files)
}

/// Validates job manifests as each of some environments has them, all files in parallel. The manifests
/// given back are those of the first environment. What the environments do not change is checked once,
/// and what several of them find is said once.
#[must_use]
pub fn manifests_in(sources: &SourceMap, ids: &[SourceId], overlays: &[&Overlay], coverage: Coverage) -> Validated {
    let nothing = Overlay::default();
    let overlays = if overlays.is_empty() { &[&nothing][..] } else { overlays };
    let chunk = ids.len().div_ceil(rayon::current_num_threads() * CHUNKS_PER_THREAD).max(1);
    let parts: Vec<_> = ids.par_chunks(chunk).map(|ids| Part::read(sources, ids, overlays)).collect();
    let mut whole = Part::default();
    parts.into_iter().for_each(|part| whole.append(part));
    let Part { manifests, policies, places, policy_places, claims, findings, is_broken, is_unread, uses } = whole;
    let mut diagnostics: Diagnostics = findings.into_iter().collect();
    diagnostics.extend(cross::duplicate_names(&manifests, &places));
    diagnostics.extend(cross::contested_claims(&manifests, &places, &claims));
    diagnostics.extend(cross::duplicate_policies(&policies, &policy_places));
    // What could not be read may be what a patch is for.
    if coverage == Coverage::Project && !is_unread {
        diagnostics.extend(cross::unmatched_patches(overlays, &uses));
        diagnostics.extend(cross::unused_variables(overlays, &uses));
    }
    Validated { manifests, policies, policy_places, diagnostics, complete: !is_broken }
}

impl Validated {
    /// Policies for environments that the project does not have. Such a policy would hold nowhere, and
    /// nobody would notice.
    #[must_use]
    pub fn astray(&self, project: &Project) -> Vec<Diagnostic> {
        let policies = self.policies.iter().zip(&self.policy_places);
        policies.flat_map(|(policy, place)| cross::unknown_environments(policy, *place, project)).collect()
    }
}

/// What some of the files hold.
#[derive(Default)]
struct Part<'o> {
    manifests: Vec<Manifest>,
    policies: Vec<Policy>,
    /// Where the names of the manifests stand.
    places: Vec<Span>,
    claims: Vec<Claim>,
    /// Where the names of the policies stand.
    policy_places: Vec<Span>,
    findings: Vec<Diagnostic>,
    is_broken: bool,
    /// Whether a document could not even be read as YAML.
    is_unread: bool,
    /// What of the environments was of use.
    uses: Uses<'o>,
}

impl<'o> Part<'o> {
    fn read(sources: &SourceMap, ids: &[SourceId], overlays: &[&'o Overlay]) -> Self {
        let mut memo = Memo::default();
        let mut part = Self::default();
        for id in ids {
            let composed = compose(sources, *id);
            part.is_unread |= composed.is_broken;
            part.is_broken |= composed.is_broken || !composed.findings.is_empty();
            part.findings.extend(composed.findings);
            part.findings.extend(exposed_secrets(sources, *id));
            for document in &composed.documents {
                let checked = check_everywhere(sources, document, overlays, &mut part.uses, &mut memo);
                part.add(checked);
            }
        }
        part
    }

    fn add(&mut self, checked: Checked) {
        self.findings.extend(checked.findings);
        match checked.meaning {
            Some(Meaning::Manifest(manifest)) => {
                self.places.push(checked.place);
                self.claims.extend(checked.claims);
                self.manifests.push(*manifest);
            }
            Some(Meaning::Project(_)) => self.findings.push(misplaced(Kind::Project, checked.place)),
            Some(Meaning::Policy(policy)) => {
                self.policy_places.push(checked.place);
                self.policies.push(*policy);
            }
            Some(Meaning::Fleet(_)) => {}
            None => self.is_broken = true,
        }
    }

    fn append(&mut self, mut behind: Self) {
        self.manifests.append(&mut behind.manifests);
        self.places.append(&mut behind.places);
        self.claims.append(&mut behind.claims);
        self.policies.append(&mut behind.policies);
        self.policy_places.append(&mut behind.policy_places);
        self.findings.append(&mut behind.findings);
        self.is_broken |= behind.is_broken;
        self.is_unread |= behind.is_unread;
        self.uses.append(behind.uses);
    }
}

/// Validates a project file, which holds one `Project` document and nothing else.
#[must_use]
pub fn project(sources: &SourceMap, id: SourceId) -> (Option<ProjectFile>, Diagnostics) {
    only(sources, id, Kind::Project, |meaning| match meaning {
        Meaning::Project(project) => Some(*project),
        Meaning::Manifest(_) | Meaning::Fleet(_) | Meaning::Policy(_) => None,
    })
}

/// Validates a fleet file, which holds one `Fleet` document and nothing else.
#[must_use]
pub fn fleet(sources: &SourceMap, id: SourceId) -> (Option<Fleet>, Diagnostics) {
    only(sources, id, Kind::Fleet, |meaning| match meaning {
        Meaning::Fleet(fleet) => Some(*fleet),
        Meaning::Manifest(_) | Meaning::Project(_) | Meaning::Policy(_) => None,
    })
}

/// Reads a file that holds one document of one kind.
fn only<T>(
    sources: &SourceMap,
    id: SourceId,
    kind: Kind,
    pick: impl Fn(Meaning) -> Option<T>,
) -> (Option<T>, Diagnostics) {
    let composed = compose(sources, id);
    let mut diagnostics: Diagnostics = composed.findings.into_iter().collect();
    let mut memo = Memo::default();
    let mut picked = None;
    let mut first: Option<Span> = None;
    for document in &composed.documents {
        let checked = documents::check(sources, document, Vec::new(), &mut memo);
        diagnostics.extend(checked.findings);
        match checked.kind {
            Some(other) if other != kind => diagnostics.push(misplaced(other, checked.place)),
            Some(_) => match first {
                Some(first) => diagnostics.push(second_document(kind, checked.place, first)),
                None => {
                    first = Some(checked.place);
                    picked = checked.meaning.and_then(&pick);
                }
            },
            None => {}
        }
    }
    if first.is_none() && diagnostics.is_empty() {
        diagnostics.push(no_document(sources, id, kind));
    }
    diagnostics.extend(exposed_secrets(sources, id));
    let picked = picked.filter(|_| !diagnostics.has_errors());
    (picked, diagnostics)
}

fn misplaced(kind: Kind, place: Span) -> Diagnostic {
    let help = match kind {
        Kind::Project => {
            "a `Project` stands alone in `hubjobs.yaml` at the root of the project; move or remove this one"
        }
        Kind::Fleet => "move it to a file of its own, and name that in `emulator.fleet`",
        Kind::MethodJob | Kind::TwinJob | Kind::Policy => {
            "move it to a file that `spec.manifests` of the project matches"
        }
    };
    Diagnostic::error(Code::MisplacedKind, place, format!("a `{kind}` does not belong in this file"))
        .label("misplaced")
        .help(help)
}

fn second_document(kind: Kind, place: Span, first: Span) -> Diagnostic {
    let code = if kind == Kind::Project { Code::DuplicateProject } else { Code::MisplacedKind };
    Diagnostic::error(code, place, format!("the file has more than one `{kind}`"))
        .label("second one")
        .also(first, "first one")
        .help("remove one of them")
}

fn no_document(sources: &SourceMap, id: SourceId, kind: Kind) -> Diagnostic {
    let message = format!("`{}` holds no `{kind}` document", sources.get(id).path());
    let help = format!("`hubjobs schema --example {kind}` prints one to start from");
    Diagnostic::error(Code::MissingField, Span::file(id), message).help(help)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::example::example;
    use super::*;
    use crate::model::{
        ConcurrencyPolicy, Hub, HubName, JobAction, JobKind, Percent, PrunePolicy, SafetyLimits, Schedule, Seconds,
        Shape, Sku, Target,
    };

    fn source(text: &str) -> (SourceMap, SourceId) {
        let mut sources = SourceMap::new();
        let id = sources.add("jobs/a.yaml", text.to_owned());
        (sources, id)
    }

    fn only_manifest(text: &str) -> Manifest {
        let (sources, id) = source(text);
        let mut validated = manifests(&sources, &[id]);
        assert!(validated.complete && validated.diagnostics.is_empty(), "{:?}", validated.diagnostics);
        validated.manifests.pop().expect("one manifest")
    }

    fn minimal(schedule: &str, action: &str) -> String {
        format!(
            "apiVersion: hubjobs.dev/v1\nkind: {}\nmetadata: {{name: a}}\n\
             spec:\n  target: {{all: true}}\n  expectDevices: {{max: 1000}}\n  schedule: {schedule}\n  {action}\n",
            if action.starts_with("method") { "MethodJob" } else { "TwinJob" },
        )
    }

    #[test]
    fn every_field_of_a_method_job_arrives() {
        let manifest = only_manifest(&example(Kind::MethodJob));
        assert_eq!(manifest.name.as_str(), "lock-doors");
        assert_eq!(manifest.source.to_string(), "jobs/a.yaml:4");
        assert_eq!(manifest.labels.get("team").map(String::as_str), Some("facilities"));
        assert_eq!((manifest.suspend, manifest.generation.get()), (false, 0));
        assert_eq!(manifest.target.condition().as_str(), "tags.building = '43' AND tags.floor = 3");
        let Schedule::Cron(cron) = &manifest.schedule else { panic!("{:?}", manifest.schedule) };
        assert_eq!((cron.expression.as_str(), cron.zone.name()), ("0 22 * * 1-5", "Europe/Berlin"));
        assert_eq!((cron.starting_deadline, cron.concurrency), (Seconds::new(1800), ConcurrencyPolicy::Forbid));
        assert_eq!(manifest.max_execution, Seconds::new(600));
        let JobAction::Method(call) = &manifest.action else { panic!("{:?}", manifest.action) };
        assert_eq!((call.name.as_str(), &call.payload), ("lockDoor", &json!({"reason": "night"})));
        assert_eq!((call.response_timeout, call.connect_timeout), (Seconds::new(15), Seconds::new(5)));
        assert_eq!(manifest.success_when.method_status, Some(vec![200, 202]));
        assert_eq!(manifest.success_when.min_succeeded, Some(Percent::whole(95)));
    }

    #[test]
    fn what_is_left_out_has_the_documented_default() {
        let manifest = only_manifest(&minimal("{cron: '0 0 * * *', timeZone: UTC}", "method: {name: m}"));
        assert_eq!((manifest.target, manifest.max_execution), (Target::All, Seconds::HOUR));
        let Schedule::Cron(cron) = &manifest.schedule else { panic!("{:?}", manifest.schedule) };
        assert_eq!((cron.starting_deadline, cron.concurrency), (Seconds::HOUR, ConcurrencyPolicy::Forbid));
        let JobAction::Method(call) = &manifest.action else { panic!("{:?}", manifest.action) };
        assert_eq!((call.response_timeout, call.connect_timeout), (Seconds::new(30), Seconds::ZERO));
        assert_eq!(call.payload, Value::Null);
        assert_eq!((manifest.success_when.method_status, manifest.success_when.min_succeeded), (None, None));
    }

    #[test]
    fn nulls_of_a_twin_patch_stay_and_times_are_instants() {
        let manifest = only_manifest(&minimal(
            "{at: '2026-07-01T09:30', timeZone: Europe/Berlin, startingDeadline: 2h}",
            "twin: {tags: {a: {b: null}}, desired: {list: [1, '2']}}",
        ));
        assert_eq!(manifest.action.kind(), JobKind::TwinUpdate);
        let JobAction::Twin(patch) = &manifest.action else { panic!("{:?}", manifest.action) };
        assert_eq!(Value::from(patch.tags.clone()), json!({"a": {"b": null}}));
        assert_eq!(Value::from(patch.desired.clone()), json!({"list": [1, "2"]}));
        let Schedule::At(at) = &manifest.schedule else { panic!("{:?}", manifest.schedule) };
        assert_eq!((at.start.to_string().as_str(), at.starting_deadline), ("2026-07-01T07:30:00Z", Seconds::new(7200)));
    }

    #[test]
    fn one_bad_document_takes_only_itself_away() {
        let good = minimal("{at: '2026-07-01T09:30Z'}", "twin: {tags: {x: 1}}");
        let bad = good.replace("name: a", "name: b").replace("twin", "twins");
        let (sources, id) = source(&format!("{good}---\n{bad}---\n[\n"));
        let validated = manifests(&sources, &[id]);
        assert_eq!(validated.manifests.len(), 1);
        assert!(!validated.complete && validated.diagnostics.counts().errors == 2, "{:?}", validated.diagnostics);
        let (sources, id) = source(&format!("{good}kind: TwinJob\n---\n{}", good.replace("name: a", "name: b")));
        let validated = manifests(&sources, &[id]);
        let names: Vec<_> = validated.manifests.iter().map(|manifest| manifest.name.as_str()).collect();
        assert_eq!((names, validated.complete), (vec!["b"], false), "the first has a duplicate key");
    }

    #[test]
    fn a_project_says_where_its_other_files_are_named() {
        let (sources, id) = source(&example(Kind::Project));
        let (file, found) = project(&sources, id);
        assert!(found.is_empty(), "{found:?}");
        let file = file.expect("the example is valid");
        let text = |span: Span| sources.get(span.source).text()[span.bytes()].to_owned();
        assert_eq!(
            file.manifests.iter().map(|(pattern, span)| (pattern.as_str(), text(*span))).collect::<Vec<_>>(),
            [("jobs/**/*.yaml", "jobs/**/*.yaml".to_owned())]
        );
        assert_eq!(
            file.fleets.iter().map(|((name, _), span)| (name.as_str(), text(*span))).collect::<Vec<_>>(),
            [("local", "fleet.yaml".to_owned())]
        );
        let environments: Vec<_> = file.project.environments.into_values().flatten().collect();
        let [local, prod, eu, us] = &environments[..] else { panic!("three environments, one with two hubs") };
        let hub_names = [local, prod, eu, us].map(|hub| hub.hub_name.as_ref().map(HubName::as_str));
        assert_eq!(hub_names, [None, None, Some("eu"), Some("us")]);
        assert_eq!((local.prune, local.lookahead), (PrunePolicy::CancelScheduled, Seconds::HOUR));
        assert_eq!(local.safety, SafetyLimits::default());
        assert_eq!((local.hub.size().sku, prod.hub.size().units.get()), (Sku::S3, 2));
        assert!(matches!(&prod.hub, Hub::Remote(hub) if hub.host_name == "contoso.azure-devices.net"));
    }

    #[test]
    fn generators_of_a_fleet_become_shapes() {
        let (sources, id) = source(&example(Kind::Fleet));
        let (fleet, found) = fleet(&sources, id);
        assert!(found.is_empty(), "{found:?}");
        let fleet = fleet.expect("the example is valid");
        let group = &fleet.groups[0];
        assert_eq!((fleet.seed, group.count, group.id_pattern.render(7)), (43, 100, "lock-00007".to_owned()));
        let shape = |name: &str| group.tags.iter().find(|(key, _)| key == name).map(|(_, template)| &template.shape);
        assert_eq!(shape("building"), Some(&Shape::Weighted(vec![(json!("42"), 1), (json!("43"), 1)])));
        assert_eq!(shape("floor"), Some(&Shape::Integers { from: 1, to: 12 }));
        let desired = &group.desired[0].1.shape;
        assert_eq!(*desired, Shape::Constant(json!({"intervalSeconds": 300})));
        let lock = &group.methods["lockDoor"];
        assert_eq!((lock.latency_min_ms, lock.latency_max_ms, lock.fail), (50, 2000, Percent::whole(2)));
    }
}
