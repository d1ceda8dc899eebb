//! The file that keeps the authority and the server's certificate, and when they are made anew.

use std::fs;
use std::io::ErrorKind;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::TlsError;
use super::authority::{Identity, new_authority, new_server};
use crate::emulator::names::HubNames;
use crate::emulator::store::{StateDir, StoreError};

/// A certificate that ends sooner is made anew, since an emulator may run for weeks.
const REMAINING_MIN: SignedDuration = SignedDuration::from_hours(60 * 24);

/// What the file holds.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) authority: Identity,
    pub(super) server: Server,
}

/// The certificate of the server.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Server {
    /// Names in the certificate.
    names: Vec<String>,
    /// Its end.
    ends: Timestamp,
    pub(super) identity: Identity,
}

/// Reads the file, brings it up to date, and puts the authority's certificate beside it.
///
/// # Errors
/// When a file cannot be used or a certificate cannot be made.
pub(super) fn open(dir: &StateDir, names: &HubNames, now: Timestamp) -> Result<Kept, TlsError> {
    let kept = match read(dir)? {
        Some(kept) if kept.server.serves(names, now) => kept,
        Some(Kept { authority, .. }) => write(dir, authority, names, now)?,
        None => write(dir, new_authority()?, names, now)?,
    };
    publish(dir, &kept.authority.certificate)?;
    Ok(kept)
}

impl Server {
    fn serves(&self, names: &HubNames, now: Timestamp) -> bool {
        let same = self.names.iter().map(String::as_str).eq(names.iter().map(|name| name.as_str()));
        same && self.ends.duration_since(now) > REMAINING_MIN
    }
}

fn read(dir: &StateDir) -> Result<Option<Kept>, StoreError> {
    let path = dir.tls();
    match fs::read(&path) {
        // The text of the error would quote the file.
        Ok(json) => serde_json::from_slice(&json).map(Some).map_err(|error| StoreError::Damaged {
            detail: format!("line {} is not what was written", error.line()),
            path,
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Io { action: "read", path, source }),
    }
}

fn write(dir: &StateDir, authority: Identity, names: &HubNames, now: Timestamp) -> Result<Kept, TlsError> {
    let (identity, ends) = new_server(&authority, names, now)?;
    let server = Server { names: names.iter().map(|name| name.as_str().to_owned()).collect(), ends, identity };
    let kept = Kept { authority, server };
    let path = dir.tls();
    let json = serde_json::to_vec_pretty(&kept).map_err(|error| StoreError::Io {
        action: "encode",
        path: path.clone(),
        source: error.into(),
    })?;
    dir.replace(&path, &json)?;
    Ok(kept)
}

/// `authority.pem`, for clients to trust; only written when it differs.
fn publish(dir: &StateDir, certificate: &str) -> Result<(), StoreError> {
    let path = dir.authority();
    if fs::read(&path).is_ok_and(|there| there == certificate.as_bytes()) {
        return Ok(());
    }
    dir.replace(&path, certificate.as_bytes())
}
