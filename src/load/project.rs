//! The files of a project.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::discover::{InvalidPattern, discover};
use super::read::{Wanted, read_all};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceId, SourceMap, Span};

/// Name of the file that makes a folder a project.
pub const PROJECT_FILE: &str = "hubjobs.yaml";

/// An entry of `spec.manifests`, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// A file, a folder or a glob, relative to the project file.
    pub text: String,
    /// Where a finding about it points.
    pub span: Span,
}

/// Files that were found and read.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Those with a text, ordered by path.
    pub ids: Vec<SourceId>,
    /// What was wrong with the others.
    pub diagnostics: Diagnostics,
}

impl Loaded {
    /// Whether everything that was asked for was found and read. If not, nobody may conclude that a
    /// manifest is gone: a pattern that matches nothing may mean a folder that is not checked out.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.diagnostics.has_errors() && self.diagnostics.iter().all(|finding| finding.code != Code::NoManifests)
    }
}

/// Reads the project file of a folder.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn project(dir: &Path, sources: &mut SourceMap) -> Result<SourceId, Box<Diagnostic>> {
    let path = dir.join(PROJECT_FILE);
    if path.exists() {
        return read_one(Wanted { shown: shown(dir, Path::new(PROJECT_FILE)), file: path, is_regular: false }, sources);
    }
    let id = sources.add(shown(dir, Path::new(PROJECT_FILE)), String::new());
    let message = format!("`{}` is no hubjobs project: it has no `{PROJECT_FILE}`", dir.display());
    let finding = Diagnostic::error(Code::ProjectNotFound, Span::file(id), message);
    Err(Box::new(finding.help("`hubjobs init` makes a project here; `-C DIR` works in another folder")))
}

/// Reads the files that a project's `spec.manifests` means. The project file itself is never one.
pub fn manifests(dir: &Path, patterns: &[Pattern], sources: &mut SourceMap) -> Loaded {
    let mut diagnostics = Diagnostics::new();
    let mut files = Vec::new();
    for pattern in patterns {
        match discover(dir, &pattern.text) {
            Ok(found) => {
                for (folder, why) in found.failures {
                    diagnostics.push(not_searched(pattern, &shown(dir, &folder), &why));
                }
                if found.files.is_empty() {
                    diagnostics.push(nothing_matched(pattern));
                }
                files.extend(found.files.into_iter().filter(|file| file != Path::new(PROJECT_FILE)));
            }
            Err(why) => diagnostics.push(invalid_pattern(pattern, &why)),
        }
    }
    // As bytes: comparing paths part by part takes longer than finding them did.
    files.sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    files.dedup();
    let wanted = files
        .into_par_iter()
        .map(|file| Wanted { shown: shown(dir, &file), file: dir.join(file), is_regular: true })
        .collect();
    read(wanted, diagnostics, sources)
}

/// Reads files and folders that were named on the command line, relative to `dir`.
pub fn paths(dir: &Path, named: &[PathBuf], sources: &mut SourceMap) -> Loaded {
    let mut diagnostics = Diagnostics::new();
    let mut wanted = Vec::new();
    for path in named {
        let full = dir.join(path);
        if !full.is_dir() {
            wanted.push(Wanted { shown: slashed(path), file: full, is_regular: false });
            continue;
        }
        let found = discover(&full, ".").unwrap_or_default();
        let id = (!found.failures.is_empty()).then(|| sources.add(slashed(path), String::new()));
        for (folder, why) in found.failures {
            let span = Span::file(id.unwrap_or_else(|| sources.add(slashed(path), String::new())));
            let message = format!("cannot search `{}`: {why}", slashed(&path.join(folder)));
            diagnostics.push(Diagnostic::error(Code::FileUnreadable, span, message));
        }
        let mut files = found.files;
        files.sort();
        wanted.extend(files.into_iter().map(|f| Wanted {
            shown: slashed(&path.join(&f)),
            file: full.join(f),
            is_regular: true,
        }));
    }
    read(wanted, diagnostics, sources)
}

/// Reads one file of a project, such as a fleet file.
///
/// # Errors
/// When it cannot be read.
pub fn file(dir: &Path, path: &Path, sources: &mut SourceMap) -> Result<SourceId, Box<Diagnostic>> {
    read_one(Wanted { shown: shown(dir, path), file: dir.join(path), is_regular: false }, sources)
}

fn read_one(wanted: Wanted, sources: &mut SourceMap) -> Result<SourceId, Box<Diagnostic>> {
    let read = read_all(vec![wanted], sources).pop();
    read.expect("one result for each file")
}

fn read(wanted: Vec<Wanted>, mut diagnostics: Diagnostics, sources: &mut SourceMap) -> Loaded {
    let mut ids = Vec::with_capacity(wanted.len());
    for read in read_all(wanted, sources) {
        match read {
            Ok(id) => ids.push(id),
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    Loaded { ids, diagnostics }
}

fn nothing_matched(pattern: &Pattern) -> Diagnostic {
    Diagnostic::warning(Code::NoManifests, pattern.span, format!("`{}` matches no file", pattern.text))
        .label("nothing found")
        .help("a file, a folder, or a pattern such as `jobs/**/*.yaml`; paths are relative to `hubjobs.yaml`")
}

fn invalid_pattern(pattern: &Pattern, why: &InvalidPattern) -> Diagnostic {
    let message = format!("`{}` is not a file pattern: {why}", pattern.text);
    let help = match why {
        InvalidPattern::Outside => {
            "manifests live below the folder of `hubjobs.yaml`; move it up to their common parent"
        }
        InvalidPattern::Glob(_) | InvalidPattern::Empty => "write a pattern such as `jobs/**/*.yaml`",
    };
    Diagnostic::error(Code::InvalidGlob, pattern.span, message).label("not a pattern").help(help)
}

fn not_searched(pattern: &Pattern, folder: &str, why: &str) -> Diagnostic {
    Diagnostic::error(Code::FileUnreadable, pattern.span, format!("cannot search `{folder}`: {why}"))
        .label("while looking for these files")
        .help("remove the link, or narrow the pattern so that it is not searched")
}

/// A path as printed: from where the user is, with `/` on every platform.
fn shown(dir: &Path, relative: &Path) -> String {
    if dir == Path::new(".") || dir == Path::new("") { slashed(relative) } else { slashed(&dir.join(relative)) }
}

fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::read::FILE_SIZE_MAX;
    use super::*;

    /// A folder with empty files of these names.
    fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().expect("has a parent")).expect("a writable folder");
            fs::write(path, "").expect("a writable file");
        }
        dir
    }

    /// Loads what the patterns mean; gives the paths of the files and the codes of the findings.
    fn loaded(dir: &Path, patterns: &[&str]) -> (Vec<String>, Vec<Code>) {
        let mut sources = SourceMap::new();
        let span = Span::file(sources.add(PROJECT_FILE, String::new()));
        let patterns: Vec<_> = patterns.iter().map(|text| Pattern { text: (*text).to_owned(), span }).collect();
        let loaded = manifests(dir, &patterns, &mut sources);
        let relative =
            |path: &str| path.strip_prefix(&slashed(dir)).expect("below it").trim_start_matches('/').to_owned();
        let files = loaded.ids.iter().map(|id| relative(sources.get(*id).path())).collect();
        (files, loaded.diagnostics.iter().map(|finding| finding.code).collect())
    }

    #[test]
    fn patterns_name_files_folders_and_globs() {
        let dir = folder(&["hubjobs.yaml", "a.yaml", "jobs/b.yml", "jobs/c/d.json", "jobs/notes.md", "jobs/c/e.yaml"]);
        let files = |patterns: &[&str]| loaded(dir.path(), patterns).0;
        assert_eq!(files(&["a.yaml"]), ["a.yaml"]);
        assert_eq!(files(&["jobs"]), ["jobs/b.yml", "jobs/c/d.json", "jobs/c/e.yaml"]);
        assert_eq!(files(&["./jobs/"]), files(&["jobs"]));
        assert_eq!(files(&["jobs/*.yml"]), ["jobs/b.yml"]);
        assert_eq!(files(&["jobs/**/*.{yaml,json}"]), ["jobs/c/d.json", "jobs/c/e.yaml"]);
        assert_eq!(files(&["**/*.yaml"]), ["a.yaml", "jobs/c/e.yaml"], "the project file is no manifest");
        assert_eq!(files(&["jobs/c", "**/*.yaml", "jobs/c/e.yaml"]), ["a.yaml", "jobs/c/d.json", "jobs/c/e.yaml"]);
    }

    #[test]
    fn a_pattern_that_matches_nothing_makes_the_view_partial() {
        let dir = folder(&["jobs/a.yaml"]);
        let is_complete = |patterns: &[&str]| {
            let mut sources = SourceMap::new();
            let span = Span::file(sources.add(PROJECT_FILE, String::new()));
            let patterns: Vec<_> = patterns.iter().map(|text| Pattern { text: (*text).to_owned(), span }).collect();
            manifests(dir.path(), &patterns, &mut sources).is_complete()
        };
        assert!(is_complete(&["jobs/*.yaml"]));
        assert!(!is_complete(&["jobs/*.yaml", "more/*.yaml"]));
    }

    #[test]
    fn hidden_files_are_skipped() {
        let dir = folder(&["jobs/.hubjobs/state.yaml", "jobs/.draft.yaml", "jobs/a.yaml", ".git/config.yaml"]);
        assert_eq!(loaded(dir.path(), &["**/*.yaml"]).0, ["jobs/a.yaml"]);
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_followed_but_not_in_circles() {
        use std::os::unix::fs::symlink;
        let dir = folder(&["jobs/a.yaml", "shared/b.yaml"]);
        symlink(dir.path().join("shared"), dir.path().join("jobs/shared")).expect("a link");
        assert_eq!(loaded(dir.path(), &["jobs"]), (vec!["jobs/a.yaml".into(), "jobs/shared/b.yaml".into()], vec![]));
        symlink(dir.path().join("jobs"), dir.path().join("shared/again")).expect("a link");
        let (files, codes) = loaded(dir.path(), &["jobs"]);
        assert_eq!(files, ["jobs/a.yaml", "jobs/shared/b.yaml"]);
        assert_eq!(codes, [Code::FileUnreadable]);
    }

    #[cfg(unix)]
    #[test]
    fn a_dangling_link_is_a_finding() {
        let dir = folder(&["jobs/a.yaml"]);
        std::os::unix::fs::symlink("gone.yaml", dir.path().join("jobs/b.yaml")).expect("a link");
        assert_eq!(loaded(dir.path(), &["jobs"]), (vec!["jobs/a.yaml".into()], vec![Code::FileUnreadable]));
    }

    #[test]
    fn what_cannot_be_read_is_a_finding_and_the_rest_is_read() {
        let dir = folder(&["a.yaml", "large.yaml", "latin1.yaml"]);
        let large = fs::File::create(dir.path().join("large.yaml")).expect("a writable file");
        large.set_len(FILE_SIZE_MAX + 1).expect("a sparse file");
        fs::write(dir.path().join("latin1.yaml"), b"stra\xdfe").expect("a writable file");
        assert_eq!(loaded(dir.path(), &["*.yaml"]), (vec!["a.yaml".into()], vec![Code::FileTooLarge, Code::NotUtf8]));
        let mut sources = SourceMap::new();
        let named = paths(dir.path(), &["gone.yaml".into(), "a.yaml".into(), ".".into()], &mut sources);
        assert_eq!(named.ids.len(), 2, "a.yaml, by name and in its folder");
        assert!(!named.is_complete());
        assert_eq!(named.diagnostics.iter().next().map(|finding| finding.code), Some(Code::FileUnreadable));
    }
}
