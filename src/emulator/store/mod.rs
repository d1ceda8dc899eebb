//! The emulator's state on disk: a snapshot and a journal of the events since, so that nothing
//! acknowledged is lost to a `kill -9`.
//!
//! ```text
//! .gitignore            `*`
//! lock                  held by the process that owns the folder; the system frees it on a kill
//! endpoint.json         where that process serves, so that others can connect instead
//! keys.json             shared access policies
//! tls.json              the certificate authority and the server's certificate, with their keys
//! authority.pem         the authority's certificate, for clients to trust
//! snapshot-<n>.json     the whole state when generation n began
//! journal-<n>.log       every event since
//! ```
//!
//! Invariants: a reply leaves only after its event was synced ([`commit_log`]); a generation begins
//! with the rename of its snapshot, and its journal exists before that; a damaged record is dropped
//! only when it can be the tail of a write that was never acknowledged; nothing changes in memory for
//! which the journal has no room reserved.
//!
//! Knows no hub: events and snapshots are whatever serde takes.

mod commit_log;
mod directory;
mod endpoint;
mod error;
mod journal;
mod journal_file;
mod lock;
mod open;
mod snapshot;

pub(in crate::emulator) use commit_log::{LogFailed, NoReserve};
pub use directory::StateDir;
pub(in crate::emulator) use endpoint::Endpoint;
pub use error::StoreError;
pub(in crate::emulator) use journal::Record;
pub(in crate::emulator) use lock::StateLock;
pub(in crate::emulator) use open::{FreshStore, Image, Recovered, RecoveredState, Replayed, Store, read_bytes};
