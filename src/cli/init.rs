//! `hubjobs init`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use uuid::Uuid;

use super::args::{Global, InitArgs};
use super::ci_files::{CiService, CiTarget, Place, is_pinned};
use super::context::{choose, wanted};
use super::exit::Exit;
use super::failure::Failure;
use super::project::{find, open};
use super::repository::{self, Repository};
use super::terminal::Terminal;
use crate::load::PROJECT_FILE;
use crate::model::{EnvironmentName, Hub, OwnerSlug};
use crate::validate::{schema_json, to_yaml};

/// Where the schema is put, so that editors need no network.
const SCHEMA_FILE: &str = "schemas/manifest.schema.json";

/// The environment that pipelines are for, unless something else is said.
const ENVIRONMENT: &str = "prod";

/// Starts a project, or gives one its pipelines: writes files, and overwrites none.
///
/// # Errors
/// When one of the files exists with another text, or cannot be written.
pub(super) fn run(args: &InitArgs, global: &Global, terminal: &Terminal) -> Result<Exit, Failure> {
    match args.ci {
        Some(service) => pipelines(service, args, global, terminal),
        None => project_here(args, global, terminal),
    }
}

fn project_here(args: &InitArgs, global: &Global, terminal: &Terminal) -> Result<Exit, Failure> {
    let dir = global.start();
    let files = files(&owner(args, dir)?)?;
    if let Some((path, _)) = files.iter().find(|(path, _)| dir.join(path).exists()) {
        return Err(Failure::Exists(shown(dir, path)));
    }
    write_all(dir, &files, terminal)?;
    let there = global.chdir.as_ref().map(|dir| format!(" -C {}", dir.display())).unwrap_or_default();
    terminal.note(&format!("next: `hubjobs{there} plan`, then `hubjobs{there} apply --auto-approve --wait`"));
    Ok(Exit::Done)
}

/// Writes the pipelines, and the project if there is none.
fn pipelines(service: CiService, args: &InitArgs, global: &Global, terminal: &Terminal) -> Result<Exit, Failure> {
    let dir = find(global.start());
    let top = repository::top(&dir);
    if let Some(top) = top.as_ref().filter(|top| dir.canonicalize().is_ok_and(|dir| dir != **top)) {
        return Err(Failure::NotAtTop { project: dir, top: top.clone() });
    }
    let has_project = dir.join(PROJECT_FILE).is_file();
    let (environment, hub) = match has_project {
        true => pipeline_environment(&dir, global, terminal)?,
        false => (EnvironmentName::new(wanted(global).as_deref().unwrap_or(ENVIRONMENT))?, None),
    };
    let is_known = hub.is_some();
    let target = CiTarget { environment: environment.to_string(), hub, repository: Repository::read(top.as_deref()) };
    let mut wanted = if has_project { Vec::new() } else { files(&owner(args, &dir)?)? };
    wanted.extend(service.files(&target));
    let mut missing = Vec::new();
    for (path, text) in wanted {
        match Place::of(&dir.join(path), &text) {
            Place::Free => missing.push((path, text)),
            Place::Same => terminal.note(&format!("  = {}", shown(&dir, path).display())),
            Place::Taken => return Err(Failure::Exists(shown(&dir, path))),
        }
    }
    write_all(&dir, &missing, terminal)?;
    terminal.result(&service.setup(&target));
    if !is_known {
        terminal
            .note(&format!("`{PROJECT_FILE}` has no hub in Azure named `{environment}` yet; its comments show one"));
    }
    if service == CiService::Github && !is_pinned() {
        terminal.note("the workflows name hubjobs by its tag; a released hubjobs pins it to a commit");
    }
    Ok(Exit::Done)
}

/// The environment that pipelines are for, and the name of its hub if that is in Azure: the one that `-e` names, else
/// `prod`, else the only one in Azure.
fn pipeline_environment(
    dir: &Path,
    global: &Global,
    terminal: &Terminal,
) -> Result<(EnvironmentName, Option<String>), Failure> {
    let loaded = open(dir.to_owned());
    let Some(file) = &loaded.file else {
        loaded.show_findings(terminal);
        return Err(Failure::InvalidManifests);
    };
    let environments = &file.project.environments;
    let hub_of = |name: &EnvironmentName| {
        environments.get(name)?.iter().find_map(|environment| match &environment.hub {
            Hub::Remote(hub) => hub.host_name.split('.').next().map(str::to_owned),
            Hub::Emulator(_) => None,
        })
    };
    let name = match wanted(global) {
        Some(wanted) => choose(&file.project, Some(&wanted))?.clone(),
        None => {
            let usual = EnvironmentName::new(ENVIRONMENT)?;
            let mut in_azure = environments.keys().filter(|name| hub_of(name).is_some());
            match (environments.contains_key(&usual), in_azure.next(), in_azure.next()) {
                (false, Some(only), None) => only.clone(),
                _ => usual,
            }
        }
    };
    let hub = hub_of(&name);
    Ok((name, hub))
}

fn owner(args: &InitArgs, dir: &Path) -> Result<OwnerSlug, Failure> {
    match &args.owner {
        Some(slug) => Ok(OwnerSlug::new(slug)?),
        None => owner_from(dir),
    }
}

fn write_all(dir: &Path, files: &[(&str, String)], terminal: &Terminal) -> Result<(), Failure> {
    for (path, text) in files {
        write(&dir.join(path), text)?;
        terminal.note(&format!("  + {}", shown(dir, path).display()));
    }
    Ok(())
}

/// A path as people type it.
fn shown(dir: &Path, path: &str) -> PathBuf {
    if dir == Path::new(".") { PathBuf::from(path) } else { dir.join(path) }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    written.map_err(|source| Failure::Write { path: path.to_owned(), source })
}

/// The first letters and digits of the folder's name.
fn owner_from(dir: &Path) -> Result<OwnerSlug, Failure> {
    let full = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let name = full.file_name().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    let slug: String = name.chars().filter(char::is_ascii_alphanumeric).take(OwnerSlug::LEN_MAX).collect();
    Ok(OwnerSlug::new(if slug.is_empty() { "me" } else { &slug })?)
}

/// Paths and texts of the first files.
fn files(owner: &OwnerSlug) -> Result<Vec<(&'static str, String)>, Failure> {
    Ok(vec![
        (PROJECT_FILE, project(owner)?),
        ("fleet.yaml", fleet()?),
        ("jobs/example.yaml", jobs()?),
        (SCHEMA_FILE, schema_json()),
    ])
}

/// A document below a comment, which tells editors where the schema is.
fn document(comment: &str, up: &str, value: &Value) -> Result<String, Failure> {
    Ok(format!("# yaml-language-server: $schema={up}{SCHEMA_FILE}\n#\n{comment}{}", to_yaml(value)?))
}

fn project(owner: &OwnerSlug) -> Result<String, Failure> {
    let comment = "\
# The project: whose jobs, which manifests, which hubs.
#
# `ownerId` and `owner` are part of every job id: never copy them to another repository, and never
# change them while jobs wait. The hub of `local` is an emulator in hubjobs itself. A real one:
#
#     prod:
#       hub:
#         hostName: contoso.azure-devices.net
#         auth: entra
#         sku: S1
#       prune: never
";
    let emulator = json!({
        "fleet": "fleet.yaml",
        "sku": "S3",
        "clock": {"start": "2026-12-01T08:00:00Z", "mode": "fast"},
    });
    let value = json!({
        "apiVersion": "hubjobs.dev/v1",
        "kind": "Project",
        "metadata": {"name": "example"},
        "spec": {
            "ownerId": Uuid::new_v4().to_string(),
            "owner": owner.as_str(),
            "manifests": ["jobs/**/*.yaml"],
            "environments": {"local": {"hub": {"emulator": emulator}, "prune": "cancelScheduled"}},
        },
    });
    document(comment, "", &value)
}

fn fleet() -> Result<String, Failure> {
    let comment = "# The devices of the emulator. The same file grows the same devices everywhere.\n";
    let locks = json!({
        "name": "locks",
        "count": 200,
        "idPattern": "lock-{n:03}",
        "tags": {"building": {"$choose": ["42", "43"]}},
        "reported": {"locked": false},
        "connectivity": {"offlinePercent": 4},
        "methods": {"lockDoor": {"status": 200, "payload": {"locked": true}, "reports": {"locked": true}}},
    });
    let value = json!({
        "apiVersion": "hubjobs.dev/v1",
        "kind": "Fleet",
        "metadata": {"name": "example"},
        "spec": {"seed": 43, "groups": [locks]},
    });
    document(comment, "", &value)
}

fn jobs() -> Result<String, Failure> {
    let comment = "\
# Lock every door of building 43: once, as soon as possible.
#
# `hubjobs schema --example MethodJob` and `--example TwinJob` show all that can be said.
";
    let value = json!({
        "apiVersion": "hubjobs.dev/v1",
        "kind": "MethodJob",
        "metadata": {"name": "lock-doors"},
        "spec": {
            "target": {"condition": "tags.building = '43'"},
            "schedule": {"asap": {"notAfter": "2026-12-08T08:00:00Z"}},
            "maxExecutionTime": "10m",
            "method": {"name": "lockDoor", "payload": {"reason": "example"}, "responseTimeout": "15s"},
            "successWhen": {"methodStatus": [200], "minSucceededPercent": 90},
        },
    });
    document(comment, "../", &value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_writes_is_valid() {
        let dir = tempfile::tempdir().expect("a folder");
        for (path, text) in files(&OwnerSlug::new("team").expect("a slug")).expect("JSON values") {
            write(&dir.path().join(path), &text).expect("an empty folder");
        }
        let mut loaded = open(dir.path().to_owned());
        loaded.read(|_| true);
        let project = loaded.file.as_ref().expect("a valid project file").project.clone();
        let environment = project.environments.values().flatten().next().expect("an environment");
        assert!(loaded.fleet(environment).is_some());
        assert_eq!(loaded.manifests.len(), 1);
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    }
}
