//! The state folder: its file names, and writing files that only the owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::error::{OnFile, StoreError};

/// The folder that holds the state of one emulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir(PathBuf);

impl StateDir {
    /// A folder, which need not exist yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    pub(super) fn endpoint(&self) -> PathBuf {
        self.0.join("endpoint.json")
    }

    /// Where the shared access policies are kept.
    pub(in crate::emulator) fn keys(&self) -> PathBuf {
        self.0.join("keys.json")
    }

    /// Where the keys and certificates of TLS are kept.
    pub(in crate::emulator) fn tls(&self) -> PathBuf {
        self.0.join("tls.json")
    }

    /// Where the certificate of the authority is, for clients to trust.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.0.join("authority.pem")
    }

    pub(super) fn snapshot(&self, generation: u64) -> PathBuf {
        self.0.join(format!("snapshot-{generation}.json"))
    }

    pub(super) fn journal(&self, generation: u64) -> PathBuf {
        self.0.join(format!("journal-{generation}.log"))
    }

    /// Creates the folder for its owner alone, and keeps it out of git.
    pub(super) fn prepare(&self) -> Result<(), StoreError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0).on_file("create", &self.0)?;
        let ignore = self.0.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").on_file("write", &ignore)?;
        }
        Ok(())
    }

    /// Whether there is a state in it, or what is left of one.
    pub(in crate::emulator) fn has_state(&self) -> Result<bool, StoreError> {
        Ok(!self.generations("snapshot-", ".json")?.is_empty() || !self.generations("journal-", ".log")?.is_empty())
    }

    /// Copies its files, private as they are, into a new folder.
    pub(in crate::emulator) fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        let copy = Self::new(to);
        copy.prepare()?;
        for entry in fs::read_dir(&self.0).on_file("list", &self.0)? {
            let entry = entry.on_file("list", &self.0)?;
            if entry.file_type().on_file("list", &self.0)?.is_file() {
                let path = to.join(entry.file_name());
                // With the permissions.
                fs::copy(entry.path(), &path).and_then(|_| File::open(&path)?.sync_all()).on_file("write", &path)?;
            }
        }
        copy.sync()
    }

    /// A private file that nobody else finds, and that goes with its handle where the system allows it.
    pub(in crate::emulator) fn scratch(&self, name: &str) -> Result<File, StoreError> {
        let path = self.0.join(name).with_extension("tmp");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).on_file("create", &path)?;
        // Windows refuses while it is open; `.tmp` says what it is.
        let _ = fs::remove_file(&path);
        Ok(file)
    }

    /// Generations of which a file `<prefix><n><suffix>` exists, ascending.
    pub(super) fn generations(&self, prefix: &str, suffix: &str) -> Result<Vec<u64>, StoreError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.0).on_file("list", &self.0)? {
            let name = entry.on_file("list", &self.0)?.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(prefix)?.strip_suffix(suffix));
            found.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Makes the names in the folder durable. Windows has no such call and needs none.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        if cfg!(unix) {
            File::open(&self.0).and_then(|dir| dir.sync_all()).on_file("sync", &self.0)?;
        }
        Ok(())
    }

    /// Writes a file so that a crash leaves either its old content or its new one. The name is
    /// durable only after [`Self::sync`].
    pub(in crate::emulator) fn replace(&self, path: &Path, content: &[u8]) -> Result<(), StoreError> {
        let temporary = path.with_extension("tmp");
        let mut file = create_private(&temporary)?;
        file.write_all(content).on_file("write", &temporary)?;
        file.sync_all().on_file("sync", &temporary)?;
        fs::rename(&temporary, path).on_file("replace", path)
    }
}

/// A new, empty file that only its owner may read; an old one of that name is emptied.
pub(super) fn create_private(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).on_file("create", path)
}

/// Removes a file that may be missing already.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).on_file("remove", path),
        _ => Ok(()),
    }
}
