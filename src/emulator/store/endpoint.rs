//! `endpoint.json`: where the process that owns the folder serves it.

use std::fmt;
use std::io::ErrorKind;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::directory::{StateDir, remove};
use super::error::{OnFile, StoreError};
use super::lock::StateLock;
use crate::emulator::auth::Key;

/// How to reach the process that serves a state. Holds keys, so its file is private.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::emulator) struct Endpoint {
    /// Where it listens.
    pub(in crate::emulator) address: SocketAddr,
    /// Host name for clients that use HTTPS, with its port where that is not 443; none without HTTPS.
    #[serde(default)]
    pub(in crate::emulator) host_name: Option<String>,
    /// Bearer key of the admin calls, new at every start.
    pub(in crate::emulator) admin_key: Key,
    /// Connection string of `iothubowner`.
    pub(in crate::emulator) connection_string: Key,
    /// The process, for people.
    pub(in crate::emulator) pid: u32,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("address", &self.address).field("pid", &self.pid).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Publishes it in the folder that the lock holds.
    pub(in crate::emulator) fn publish(&self, lock: &StateLock) -> Result<(), StoreError> {
        let path = lock.dir().endpoint();
        let json = serde_json::to_vec_pretty(self).map_err(|error| StoreError::Io {
            action: "encode",
            path: path.clone(),
            source: error.into(),
        })?;
        lock.dir().replace(&path, &json)
    }

    /// Takes it back.
    pub(in crate::emulator) fn withdraw(lock: &StateLock) -> Result<(), StoreError> {
        remove(&lock.dir().endpoint())
    }

    /// What the folder says, if anything. Only worth something while the folder is taken: a killed
    /// process leaves its file behind.
    pub(in crate::emulator) fn read(dir: &StateDir) -> Result<Option<Self>, StoreError> {
        let path = dir.endpoint();
        match std::fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).on_file("read", &path),
        }
    }
}
