//! `hubjobs import`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::connect::Connection;
use super::context::Context;
use super::existing_args::ImportArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::project::{open, show};
use super::session::Session;
use crate::diagnostic::SourceMap;
use crate::hub::observe;
use crate::model::{JobId, ManifestName, ObservedJob};
use crate::report::{ImportedJob, Untrusted, counted, imports_json, json_text};
use crate::validate::{Binding, manifest_of, manifests, name_for, to_yaml};

/// Writes manifests for jobs on the hub. Changes nothing there, and overwrites no file.
///
/// # Errors
/// When the project is invalid, there is no such job, a file exists, or the hub cannot be read.
pub(super) async fn run(args: &ImportArgs, session: &Session) -> Result<Exit, Failure> {
    let context = session.one_hub()?;
    session.with_hub(context, async |connection| import(args, session, context, connection).await).await
}

async fn import(
    args: &ImportArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
) -> Result<Exit, Failure> {
    let jobs = session.read(observe(&connection.hub)).await?.jobs;
    let chosen = if args.all { every_job(args, context, &jobs) } else { named_jobs(args, context, &jobs)? };
    let (mut imported, skipped) = write_manifests(context, chosen, session);
    if imported.is_empty() && skipped == 0 {
        session.terminal.note("no job to import");
    }
    let mut sources = SourceMap::new();
    let folder = args.output.as_ref().map(|dir| match &session.global.chdir {
        Some(start) => start.join(dir),
        None => dir.clone(),
    });
    for job in &mut imported {
        check(job, folder.as_deref(), &mut sources, session)?;
    }
    match &folder {
        Some(folder) => write_files(folder, &mut imported, session)?,
        None if !session.global.json => print(&imported, session)?,
        None => {}
    }
    if session.global.json {
        session.terminal.result(&json_text(&imports_json(&imported)));
    }
    if folder.is_some() {
        warn_of_strays(context, &imported, session);
    }
    let broken = imported.iter().filter(|job| !job.is_valid).count();
    if broken > 0 {
        let manifests = counted(broken, "manifest");
        session
            .terminal
            .warn(&format!("{manifests} must be corrected first: the hub takes what manifests may not say"));
    }
    Ok(if broken + skipped > 0 { Exit::Error } else { Exit::Done })
}

/// A job, and what its manifest is to be to it.
type Chosen<'a> = (&'a ObservedJob, Binding);

/// Jobs of others that no manifest adopts, and the newest own job of each name that no manifest has.
fn every_job<'a>(args: &ImportArgs, context: &Context, jobs: &'a [ObservedJob]) -> Vec<Chosen<'a>> {
    let mut own: BTreeMap<ManifestName, &ObservedJob> = BTreeMap::new();
    let mut chosen = Vec::new();
    for job in jobs {
        match (context.own(&job.id), context.name_of(&job.id)) {
            (Some(id), _) => {
                let key = |job: &ObservedJob| context.own(&job.id).map(|own| (own.occurrence, own.unit));
                let newest = own.entry(id.name).or_insert(job);
                if key(newest) < key(job) {
                    *newest = job;
                }
            }
            (None, Some(_)) => {}
            (None, None) => chosen.push((job, foreign(job, args.adopt))),
        }
    }
    own.retain(|name, _| !context.has_manifest(name));
    let own = own.into_values().filter_map(|job| Some((job, Binding::Own(context.own(&job.id)?))));
    chosen.extend(own);
    chosen
}

const fn foreign(job: &ObservedJob, adopt: bool) -> Binding {
    if adopt && !job.status.is_terminal() { Binding::Adopted } else { Binding::Copied }
}

/// The jobs with the ids that somebody typed.
fn named_jobs<'a>(args: &ImportArgs, context: &Context, jobs: &'a [ObservedJob]) -> Result<Vec<Chosen<'a>>, Failure> {
    let ids: BTreeSet<_> = args.ids.iter().map(JobId::new).collect();
    let find = |id: JobId| {
        let job = jobs.iter().find(|job| job.id == id).ok_or_else(|| Failure::NoJob(id.as_str().to_owned()))?;
        let known = context.name_of(&id).filter(|name| context.has_manifest(name));
        if let Some(name) = known.clone().filter(|_| args.output.is_some()) {
            return Err(Failure::HasManifest { id, name });
        }
        match context.own(&id) {
            Some(own) => Ok((job, Binding::Own(own))),
            None if known.is_some() => Ok((job, Binding::Adopted)),
            None if args.adopt && job.status.is_terminal() => Err(Failure::AdoptsEnded(id)),
            None => Ok((job, foreign(job, args.adopt))),
        }
    };
    ids.into_iter().map(find).collect()
}

/// The manifests, and how many jobs could get none.
fn write_manifests(context: &Context, chosen: Vec<Chosen<'_>>, session: &Session) -> (Vec<ImportedJob>, usize) {
    let names = |manifest: &crate::model::Manifest| [vec![manifest.name.clone()], manifest.moved_from.clone()].concat();
    let mut taken: BTreeSet<_> = context.manifests.iter().flat_map(|manifest| names(manifest)).collect();
    let (mut imported, mut skipped) = (Vec::new(), 0);
    for (job, binding) in chosen {
        let name = match &binding {
            Binding::Own(own) => own.name.clone(),
            Binding::Adopted | Binding::Copied => context.name_of(&job.id).unwrap_or_else(|| name_for(&job.id, &taken)),
        };
        match manifest_of(job, &name, &binding) {
            Ok(document) => {
                taken.insert(name.clone());
                imported.push(ImportedJob { id: job.id.clone(), name, document, path: None, is_valid: true });
            }
            Err(why) => {
                session.terminal.warn(&format!("`{}` was left out: {why}", Untrusted::new(job.id.as_str())));
                skipped += 1;
            }
        }
    }
    (imported, skipped)
}

/// Holds a manifest to the rules of manifests, and shows what is wrong with it.
fn check(
    job: &mut ImportedJob,
    folder: Option<&Path>,
    sources: &mut SourceMap,
    session: &Session,
) -> Result<(), Failure> {
    let path = file(folder.unwrap_or(Path::new("")), &job.name);
    let id = sources.add(path.display().to_string(), to_yaml(&job.document)?);
    let found = manifests(sources, &[id]).diagnostics;
    job.is_valid = !found.has_errors();
    show(&found, sources, &session.terminal);
    Ok(())
}

fn file(folder: &Path, name: &ManifestName) -> PathBuf {
    folder.join(format!("{name}.yaml"))
}

fn print(imported: &[ImportedJob], session: &Session) -> Result<(), Failure> {
    let documents: Vec<_> = imported.iter().map(|job| to_yaml(&job.document)).collect::<Result<_, _>>()?;
    session.terminal.result(&documents.join("---\n"));
    Ok(())
}

/// One file a manifest. Nothing is written when one of them exists.
fn write_files(folder: &Path, imported: &mut [ImportedJob], session: &Session) -> Result<(), Failure> {
    if let Some(job) = imported.iter().find(|job| file(folder, &job.name).exists()) {
        return Err(Failure::ImportedExists(file(folder, &job.name)));
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| Failure::Write { path, source }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    for job in imported {
        let path = file(folder, &job.name);
        let text = to_yaml(&job.document)?;
        // Whatever came into being since, it is not ours to overwrite.
        let opened = OpenOptions::new().write(true).create_new(true).open(&path);
        opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed(&path))?;
        session.terminal.note(&format!("  + {} from `{}`", path.display(), Untrusted::new(job.id.as_str())));
        job.path = Some(path.display().to_string());
    }
    Ok(())
}

/// Manifests that no pattern of the project matches would be of no effect.
fn warn_of_strays(context: &Context, imported: &[ImportedJob], session: &Session) {
    let mut loaded = open(context.dir.clone());
    loaded.read(|name| *name == context.environment.name);
    let is_read = |job: &&ImportedJob| loaded.manifests.iter().any(|manifest| manifest.name == job.name);
    let strays: Vec<_> = imported.iter().filter(|job| job.is_valid && !is_read(job)).collect();
    if let Some(path) = strays.first().and_then(|job| job.path.as_ref()) {
        let count = counted(strays.len(), "file");
        session.terminal.warn(&format!(
            "{count} such as `{path}` will not be read: no pattern in `spec.manifests` of the project matches"
        ));
    }
}
