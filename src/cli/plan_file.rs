//! Saved plans on disk, and the key that signs them.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::args::Global;
use super::failure::Failure;
use super::plan_failure::PlanFailure;
use crate::report::document::{PlanKey, Provenance, SavedPlan, is_saved_plan, open, seal};

/// The variable that holds the key.
pub(super) const KEY: &str = "HUBJOBS_PLAN_KEY";

/// Longest file that is read: a plan of 10 000 actions with large payloads has a tenth of it.
const LEN_MAX: u64 = 256 << 20;

/// Where a plan is that the command line names, as people type it.
#[must_use]
pub(super) fn place(global: &Global, path: &Path) -> PathBuf {
    global.chdir.as_ref().map_or_else(|| path.to_owned(), |dir| dir.join(path))
}

/// The key that signs plans; nothing when none is set. One that is set and of no use is an error: to
/// go on without it would be to sign nothing and check nothing.
///
/// # Errors
/// When the variable is empty, or no key.
pub(super) fn key() -> Result<Option<PlanKey>, Failure> {
    let Some(text) = std::env::var_os(KEY) else { return Ok(None) };
    let text = Zeroizing::new(text.into_string().unwrap_or_default());
    Ok(Some(PlanKey::from_base64(&text).map_err(PlanFailure::Key)?))
}

/// Reads a saved plan, and says what is known of who wrote it.
///
/// # Errors
/// When the file cannot be read, is no plan, or was changed.
pub(super) fn read(path: &Path, key: Option<&PlanKey>) -> Result<(SavedPlan, Provenance), Failure> {
    let failed = |source| Failure::Read { path: path.to_owned(), source };
    let mut text = Vec::new();
    let len = File::open(path).and_then(|file| file.take(LEN_MAX + 1).read_to_end(&mut text)).map_err(failed)?;
    if len as u64 > LEN_MAX {
        return Err(PlanFailure::TooLong { path: path.to_owned(), mib: LEN_MAX >> 20 }.into());
    }
    Ok(open(&text, key).map_err(|why| PlanFailure::Unusable { path: path.to_owned(), why })?)
}

/// Whether a plan may be written there: nothing but an earlier plan, or an empty file, is overwritten.
///
/// # Errors
/// When something else is there.
pub(super) fn check_place(path: &Path) -> Result<(), Failure> {
    if path.file_name() == Some(OsStr::new("-")) {
        return Err(PlanFailure::Stdout.into());
    }
    let failed = |source| Failure::Read { path: path.to_owned(), source };
    let refused = || Err(PlanFailure::NotOverwritten(path.to_owned()).into());
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
        Ok(metadata) if !metadata.is_file() || metadata.len() > LEN_MAX => refused(),
        Ok(metadata) if metadata.len() == 0 => Ok(()),
        Ok(_) if is_saved_plan(&fs::read(path).map_err(failed)?) => Ok(()),
        Ok(_) => refused(),
    }
}

/// Writes a plan, signed when there is a key, for its owner alone: payloads may be nobody else's
/// business. A plan that was there before is replaced only by a whole one.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(path: &Path, plan: &SavedPlan, key: Option<&PlanKey>) -> Result<(), Failure> {
    let failed = |source| Failure::Write { path: path.to_owned(), source };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = create(&temporary).and_then(|mut file| {
        file.write_all(seal(plan, key).as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    written.map_err(|error| {
        // The error is told; what is left of the file is of no use.
        let _ = fs::remove_file(&temporary);
        failed(error)
    })
}

/// A new file for its owner alone.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
