//! What a command works on: one environment of a valid project.

use std::path::PathBuf;
use std::sync::Arc;

use crate::load::PROJECT_FILE;
use crate::model::{
    Environment, EnvironmentName, Fleet, FormerNames, Hub, JobId, Manifest, ManifestName, ObservedJob, OwnJobId, Owner,
    Policy, Project, SuccessWhen,
};
use crate::plan::{Completeness, Selection};
use crate::run_once::Scope;

use super::args::Global;
use super::failure::Failure;
use super::plan_args::SelectionArgs;
use super::project::{find, open};
use super::select::select;
use super::terminal::Terminal;

fn names_fleet(environment: &Environment) -> bool {
    matches!(&environment.hub, Hub::Emulator(hub) if hub.fleet.is_some())
}

/// The variable that chooses an environment.
const ENVIRONMENT: &str = "HUBJOBS_ENV";

/// One hub of an environment of a valid project.
#[derive(Debug)]
pub(super) struct Context {
    /// Folder of the project file.
    pub(super) dir: PathBuf,
    /// The environment.
    pub(super) environment: Environment,
    /// Whose jobs.
    pub(super) owner: Owner,
    /// All manifests.
    pub(super) manifests: Vec<Arc<Manifest>>,
    /// All policies.
    pub(super) policies: Vec<Policy>,
    /// Names that they had before.
    former_names: FormerNames,
    /// Whether that is all that the project means to have.
    completeness: Completeness,
    /// Whether all files that were read are valid.
    pub(super) is_valid: bool,
    /// The emulator's devices, if the environment is one and has any.
    pub(super) fleet: Option<Fleet>,
}

/// What of a project must be valid for a command to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// All of it: the command decides what the hub's jobs should be.
    EveryManifest,
    /// The project file and the fleet: the command looks at jobs, or pulls the brake, and one broken
    /// manifest must not be in its way.
    ProjectFile,
}

impl Context {
    /// Loads the project that the command line means, once for each hub of the environment: all of
    /// them, or the one that `--hub` names. Warnings are shown.
    ///
    /// # Errors
    /// When anything needed is invalid, which is shown, or there is no such environment or hub.
    pub(super) fn load(global: &Global, terminal: &Terminal, need: Need) -> Result<Vec<Self>, Failure> {
        let dir = find(global.start());
        if !dir.join(PROJECT_FILE).is_file() {
            return Err(Failure::NoProject(dir));
        }
        let mut loaded = open(dir);
        let wanted = wanted(global);
        let chosen = loaded.file.as_ref().map(|file| choose(&file.project, wanted.as_deref())).transpose()?.cloned();
        let hubs = match (&loaded.file, &chosen) {
            (Some(file), Some(name)) => choose_hubs(&file.project, name, global.hub.as_deref())?,
            _ => Vec::new(),
        };
        loaded.read(|name| chosen.as_ref() == Some(name));
        let fleets: Vec<_> = hubs.iter().map(|environment| loaded.fleet(environment)).collect();
        let has_fleets = hubs.iter().zip(&fleets).all(|(hub, fleet)| fleet.is_some() == names_fleet(hub));
        if loaded.diagnostics.has_errors() && (need == Need::EveryManifest || hubs.is_empty() || !has_fleets) {
            loaded.show_findings(terminal);
            return Err(Failure::InvalidManifests);
        }
        if loaded.diagnostics.has_errors() {
            terminal
                .warn("some manifests have errors, so their jobs are known by their ids only; see `hubjobs validate`");
            loaded.is_complete = false;
        } else {
            loaded.show_findings(terminal);
        }
        let is_valid = !loaded.diagnostics.has_errors();
        let Some(file) = loaded.file else { return Err(Failure::InvalidManifests) };
        // A pattern may have matched nothing.
        let completeness = if loaded.is_complete { Completeness::Complete } else { Completeness::Partial };
        let former_names = FormerNames::new(loaded.manifests.iter().map(AsRef::as_ref));
        let context = |(environment, fleet): (Environment, Option<Fleet>)| Self {
            dir: loaded.dir.clone(),
            owner: file.project.owner_in(&environment.name),
            environment,
            manifests: loaded.manifests.clone(),
            policies: loaded.policies.clone(),
            former_names: former_names.clone(),
            completeness,
            is_valid,
            fleet,
        };
        Ok(hubs.into_iter().zip(fleets).map(context).collect())
    }

    /// The selection that the command line makes.
    ///
    /// # Errors
    /// When it names a manifest that does not exist, or selects none.
    pub(super) fn select(&self, args: &SelectionArgs) -> Result<Selection, Failure> {
        select(&self.manifests, args)
    }

    /// What a run over this environment is about.
    #[must_use]
    pub(super) fn scope<'a>(&'a self, selection: &'a Selection) -> Scope<'a> {
        Scope {
            environment: &self.environment,
            owner: &self.owner,
            manifests: &self.manifests,
            policies: &self.policies,
            completeness: self.completeness,
            selection,
        }
    }

    /// The parts of a job's id, under the name that its manifest has now, if the job is ours.
    #[must_use]
    pub(super) fn own(&self, id: &JobId) -> Option<OwnJobId> {
        let mut own = id.own().filter(|own| own.owner == self.owner)?;
        own.name = self.former_names.current(&own.name).clone();
        Some(own)
    }

    /// The manifest that a job belongs to: it created or adopted it.
    #[must_use]
    pub(super) fn name_of(&self, id: &JobId) -> Option<ManifestName> {
        let adopting = || self.manifests.iter().find(|manifest| manifest.adopt.as_ref() == Some(id));
        self.own(id).map(|own| own.name).or_else(|| adopting().map(|manifest| manifest.name.clone()))
    }

    /// Whether the project has a manifest of that name.
    #[must_use]
    pub(super) fn has_manifest(&self, name: &ManifestName) -> bool {
        self.manifests.iter().any(|manifest| manifest.name == *name)
    }

    /// When jobs of that name count as a success.
    #[must_use]
    pub(super) fn success_when(&self, name: &ManifestName) -> SuccessWhen {
        let manifest = self.manifests.iter().find(|manifest| manifest.name == *name);
        manifest.map(|manifest| manifest.success_when.clone()).unwrap_or_default()
    }

    /// The jobs that a word on the command line means: those of a manifest, adopted ones included, else
    /// the one with that id, perhaps foreign. Sorted by run, newest last.
    #[must_use]
    pub(super) fn jobs_of<'a>(&self, word: &str, jobs: &'a [ObservedJob]) -> Vec<&'a ObservedJob> {
        let of_name = |job: &&ObservedJob| self.name_of(&job.id).is_some_and(|name| name.as_str() == word);
        let mut found: Vec<_> = jobs.iter().filter(of_name).collect();
        if found.is_empty() {
            found = jobs.iter().filter(|job| job.id.as_str() == word).collect();
        }
        found.sort_by_key(|job| self.own(&job.id).map(|own| (own.occurrence, own.unit)));
        found
    }
}

/// The environment that the command line or `HUBJOBS_ENV` names.
pub(super) fn wanted(global: &Global) -> Option<String> {
    let named = global.environment.clone().or_else(|| std::env::var(ENVIRONMENT).ok());
    named.filter(|name| !name.is_empty())
}

/// The environment of a project that is meant: the one named, else `local`, else the only one.
///
/// # Errors
/// When there is none of that name, or none is named and which is meant is not clear.
pub(super) fn choose<'p>(project: &'p Project, wanted: Option<&str>) -> Result<&'p EnvironmentName, Failure> {
    let known = || project.environments.keys().map(ToString::to_string).collect();
    let named = |name: &str| project.environments.keys().find(|known| known.as_str() == name);
    match wanted {
        Some(wanted) => {
            named(wanted).ok_or_else(|| Failure::UnknownEnvironment { wanted: wanted.to_owned(), known: known() })
        }
        None => {
            let only = project.environments.keys().next().filter(|_| project.environments.len() == 1);
            named("local").or(only).ok_or_else(|| Failure::NoDefaultEnvironment { known: known() })
        }
    }
}

/// The hubs of an environment that are meant: all of them, or the one that `--hub` names.
fn choose_hubs(project: &Project, name: &EnvironmentName, hub: Option<&str>) -> Result<Vec<Environment>, Failure> {
    let hubs = project.environments.get(name).map_or(&[][..], Vec::as_slice);
    let Some(wanted) = hub else { return Ok(hubs.to_vec()) };
    let named = |environment: &&Environment| environment.hub_name.as_ref().is_some_and(|name| name.as_str() == wanted);
    match hubs.iter().find(named) {
        Some(hub) => Ok(vec![hub.clone()]),
        None => Err(Failure::UnknownHub {
            wanted: wanted.to_owned(),
            environment: name.to_string(),
            known: hubs.iter().filter_map(|hub| hub.hub_name.as_ref()).map(ToString::to_string).collect(),
        }),
    }
}
