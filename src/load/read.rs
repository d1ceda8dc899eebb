//! Reads files.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use rayon::prelude::*;

use crate::diagnostic::{Code, Diagnostic, SourceId, SourceMap, Span};

/// Largest file that is read, in bytes.
pub const FILE_SIZE_MAX: u64 = 8 * 1024 * 1024;

/// Why a file has no text.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("not a regular file")]
    NotAFile,
    #[error("larger than {} MiB", FILE_SIZE_MAX / 1024 / 1024)]
    TooLarge,
    #[error("not UTF-8 at byte {0}")]
    NotUtf8(usize),
}

/// A file to read: where it is, and how its path is printed.
pub(super) struct Wanted {
    pub(super) file: PathBuf,
    pub(super) shown: String,
    /// Whether it is known to be a regular file. Opening a pipe would wait for a writer.
    pub(super) is_regular: bool,
}

/// Reads all files in parallel and adds them in the order given. Unreadable ones have no text and
/// a finding.
pub(super) fn read_all(wanted: Vec<Wanted>, sources: &mut SourceMap) -> Vec<Result<SourceId, Box<Diagnostic>>> {
    let texts: Vec<_> = wanted.par_iter().map(read).collect();
    let add = |(wanted, text): (Wanted, Result<String, Unreadable>)| match text {
        Ok(text) => Ok(sources.add(wanted.shown, text)),
        Err(why) => {
            let id = sources.add(wanted.shown.clone(), String::new());
            Err(Box::new(diagnostic(&wanted.shown, id, &why)))
        }
    };
    wanted.into_iter().zip(texts).map(add).collect()
}

fn read(wanted: &Wanted) -> Result<String, Unreadable> {
    if !wanted.is_regular && !std::fs::metadata(&wanted.file)?.is_file() {
        return Err(Unreadable::NotAFile);
    }
    let file = File::open(&wanted.file)?;
    let size = file.metadata()?.len();
    if size > FILE_SIZE_MAX {
        return Err(Unreadable::TooLarge);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    // The file may grow while it is read.
    file.take(FILE_SIZE_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_SIZE_MAX {
        return Err(Unreadable::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| Unreadable::NotUtf8(error.utf8_error().valid_up_to()))
}

fn diagnostic(shown: &str, id: SourceId, why: &Unreadable) -> Diagnostic {
    let (code, help) = match why {
        Unreadable::Io(_) => (Code::FileUnreadable, "check that the path is right and that you may read it"),
        Unreadable::NotAFile => (Code::FileUnreadable, "name a file, a folder or a pattern such as `jobs/**/*.yaml`"),
        Unreadable::TooLarge => (Code::FileTooLarge, "narrow `spec.manifests` in hubjobs.yaml, or split the file"),
        Unreadable::NotUtf8(_) => (Code::NotUtf8, "save the file as UTF-8"),
    };
    Diagnostic::error(code, Span::file(id), format!("cannot read `{shown}`: {}", said(why))).help(help)
}

/// Operating systems word their errors differently; the common ones are said in our words.
fn said(why: &Unreadable) -> String {
    match why {
        Unreadable::Io(error) => match error.kind() {
            std::io::ErrorKind::NotFound => "no such file".to_owned(),
            std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        },
        other => other.to_string(),
    }
}
