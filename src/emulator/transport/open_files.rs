//! The limit of open files, which is the limit of connections.

use super::limits::{CONNECTIONS_ENOUGH, CONNECTIONS_WANTED, FILES_RESERVED};

/// How many files this process may have open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenFiles {
    /// As many as anybody needs.
    Enough,
    /// Fewer, for the system does not allow more.
    Limited {
        /// How many.
        limit: u64,
        /// How many it wants.
        wanted: u64,
    },
}

/// Raises the limit as far as needed and allowed.
#[must_use]
pub fn raise_open_files() -> OpenFiles {
    let wanted = CONNECTIONS_WANTED + FILES_RESERVED;
    if limit_of_open_files() >= wanted {
        return OpenFiles::Enough;
    }
    let raised = rlimit::increase_nofile_limit(wanted);
    match raised.unwrap_or_else(|_| limit_of_open_files()) {
        limit if limit < CONNECTIONS_ENOUGH + FILES_RESERVED => OpenFiles::Limited { limit, wanted },
        _ => OpenFiles::Enough,
    }
}

/// The limit as it is. Windows has none of this kind.
#[cfg(unix)]
pub(super) fn limit_of_open_files() -> u64 {
    rlimit::Resource::NOFILE.get().map_or(1_024, |(soft, _)| soft)
}

/// The limit as it is. Windows has none of this kind.
#[cfg(not(unix))]
pub(super) const fn limit_of_open_files() -> u64 {
    u64::MAX
}
