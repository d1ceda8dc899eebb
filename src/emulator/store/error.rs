//! What can go wrong with the state folder, in words that say what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why the state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused a file operation.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, such as `write`.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process holds the folder.
    #[error("the emulator state in `{}` is in use by another process; stop that one first", dir.display())]
    InUse {
        /// The state folder.
        dir: PathBuf,
    },
    /// A file does not hold what was written to it.
    #[error(
        "the emulator state is damaged: `{}`: {detail}; restore that folder from a copy, \
         or move it away to start with an empty hub",
        path.display()
    )]
    Damaged {
        /// The damaged file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// A file was written by another version.
    #[error(
        "`{}` has format {found}, this version reads format {supported}; \
         use the version that wrote it, or move the folder away to start with an empty hub",
        path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format of this version.
        supported: u32,
    },
}

impl StoreError {
    pub(super) fn damaged(path: &Path, detail: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), detail: detail.into() }
    }
}

/// Turns an I/O result into ours, naming the action and the file.
pub(super) trait OnFile<T> {
    fn on_file(self, action: &'static str, path: &Path) -> Result<T, StoreError>;
}

impl<T> OnFile<T> for io::Result<T> {
    fn on_file(self, action: &'static str, path: &Path) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Io { action, path: path.to_owned(), source })
    }
}
