//! Finds files.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

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
        return Ok(walk(dir, &plain, |file| file.extension().is_some_and(|e| ENDINGS.iter().any(|known| e == *known))));
    }
    if plain.is_file() {
        return Ok(Found { files: vec![PathBuf::from(pattern)], failures: Vec::new() });
    }
    let glob = compile(pattern)?;
    let base = dir.join(literal_folders(pattern));
    if !base.is_dir() {
        return Ok(Found::default());
    }
    Ok(walk(dir, &base, |relative| glob.is_match(relative)))
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

/// Everything below `base`; symbolic links are followed, but not in circles.
fn walk(dir: &Path, base: &Path, wanted: impl Fn(&Path) -> bool) -> Found {
    let entered = base.canonicalize().into_iter().collect();
    let mut walk = Walk { dir, wanted, found: Found::default(), entered };
    walk.folder(base);
    walk.found
}

struct Walk<'a, F> {
    dir: &'a Path,
    wanted: F,
    found: Found,
    /// The real paths of the base and of the folders that links led into and that are not left yet.
    entered: Vec<PathBuf>,
}

impl<F: Fn(&Path) -> bool> Walk<'_, F> {
    fn folder(&mut self, folder: &Path) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.failure(folder, error.to_string()),
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
                Ok((_, entry)) if is_hidden(&entry.file_name()) => {}
                Ok((kind, entry)) if kind.is_symlink() => self.link(&entry.path()),
                Ok((kind, entry)) if kind.is_dir() => self.folder(&entry.path()),
                Ok((kind, entry)) if kind.is_file() => self.file(&entry.path()),
                Ok(_) => {}
                Err(error) => self.failure(folder, error.to_string()),
            }
        }
    }

    fn link(&mut self, link: &Path) {
        let real = match link.canonicalize() {
            Ok(real) => real,
            Err(_) => return self.failure(link, "a symbolic link to something that does not exist".to_owned()),
        };
        if real.is_file() {
            return self.file(link);
        }
        if !real.is_dir() {
            return;
        }
        let here = link.parent().and_then(|parent| parent.canonicalize().ok()).unwrap_or_default();
        if here.starts_with(&real) || self.entered.iter().any(|entered| entered.starts_with(&real)) {
            return self.failure(link, "a symbolic link to a folder that it stands in".to_owned());
        }
        self.entered.push(real);
        self.folder(link);
        self.entered.pop();
    }

    fn file(&mut self, file: &Path) {
        let relative = file.strip_prefix(self.dir).unwrap_or(file);
        if (self.wanted)(relative) {
            self.found.files.push(relative.to_path_buf());
        }
    }

    fn failure(&mut self, path: &Path, why: String) {
        self.found.failures.push((path.strip_prefix(self.dir).unwrap_or(path).to_path_buf(), why));
    }
}

fn is_hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
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
