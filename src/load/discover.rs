//! Finds files.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use ignore::WalkBuilder;

/// Endings that a folder is searched for.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Why a pattern finds nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidPattern {
    #[error("{0}")]
    Glob(String),
    #[error("it leaves the folder of the project")]
    Outside,
    #[error("it is empty")]
    Empty,
}

/// What one pattern found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files, relative to the folder searched.
    pub(super) files: Vec<PathBuf>,
    /// Folders that could not be searched, with the reason.
    pub(super) failures: Vec<(PathBuf, String)>,
}

/// Files below `dir` that a pattern means: one file, all YAML and JSON files of a folder, or those
/// that a glob matches. Hidden files and folders are skipped, `.hubjobs/` among them.
pub(super) fn discover(dir: &Path, pattern: &str) -> Result<Found, InvalidPattern> {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern).trim_end_matches('/');
    if pattern.is_empty() {
        return Err(InvalidPattern::Empty);
    }
    if pattern.starts_with('/') || pattern.split('/').any(|part| part == "..") || Path::new(pattern).is_absolute() {
        return Err(InvalidPattern::Outside);
    }
    let plain = dir.join(pattern);
    if plain.is_dir() {
        return Ok(walk(dir, &plain, |_, file| {
            file.extension().is_some_and(|e| ENDINGS.iter().any(|known| e == *known))
        }));
    }
    if plain.is_file() {
        return Ok(Found { files: vec![PathBuf::from(pattern)], failures: Vec::new() });
    }
    let glob = compile(pattern)?;
    let base = dir.join(literal_folders(pattern));
    if !base.is_dir() {
        return Ok(Found::default());
    }
    Ok(walk(dir, &base, |relative, _| glob.is_match(relative)))
}

fn compile(pattern: &str) -> Result<GlobMatcher, InvalidPattern> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| InvalidPattern::Glob(error.kind().to_string()))
}

/// The leading folders of a glob that hold no wildcard: nothing else needs to be searched.
fn literal_folders(pattern: &str) -> &str {
    let wild = pattern.find(['*', '?', '[', '{', '\\']).unwrap_or(pattern.len());
    pattern[..wild].rfind('/').map_or("", |slash| &pattern[..slash])
}

/// Symbolic links are followed, loops are failures.
fn walk(dir: &Path, base: &Path, wanted: impl Fn(&Path, &Path) -> bool) -> Found {
    let mut found = Found::default();
    let walk = WalkBuilder::new(base).standard_filters(false).hidden(true).follow_links(true).build();
    for entry in walk {
        match entry {
            Ok(entry) => {
                let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
                let relative = entry.path().strip_prefix(dir).unwrap_or(entry.path());
                if is_file && wanted(relative, entry.path()) {
                    found.files.push(relative.to_path_buf());
                }
            }
            Err(error) => found.failures.push(failure(dir, base, &error)),
        }
    }
    found
}

fn failure(dir: &Path, base: &Path, error: &ignore::Error) -> (PathBuf, String) {
    match error {
        ignore::Error::WithPath { path, err } => {
            let (_, why) = failure(dir, base, err);
            (path.strip_prefix(dir).unwrap_or(path).to_path_buf(), why)
        }
        ignore::Error::WithDepth { err, .. } => failure(dir, base, err),
        ignore::Error::Loop { child, .. } => {
            let path = child.strip_prefix(dir).unwrap_or(child).to_path_buf();
            (path, "a symbolic link to one of its own parent folders".to_owned())
        }
        ignore::Error::Io(io) if io.kind() == std::io::ErrorKind::NotFound => {
            (base.to_path_buf(), "a symbolic link to something that does not exist".to_owned())
        }
        other => (base.to_path_buf(), other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_literal_folders_are_searched() {
        assert_eq!(literal_folders("jobs/**/*.yaml"), "jobs");
        assert_eq!(literal_folders("a/b/c.yaml"), "a/b");
        assert_eq!(literal_folders("a/{b,c}/d.yaml"), "a");
        assert_eq!(literal_folders("*.yaml"), "");
        assert_eq!(literal_folders("jo?s/x.yaml"), "");
    }
}
