//! A file with the certificates of authorities that are trusted beside the system's.

use std::path::{Path, PathBuf};
use std::{fs, io};

use reqwest::Certificate;

use super::Network;

/// Why a file of authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CaFileError {
    /// It cannot be read.
    #[error("`{}` cannot be read: {kind}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        kind: io::ErrorKind,
    },
    /// There is no certificate in it.
    #[error("`{}` holds no certificate in PEM form", .0.display())]
    NoCertificate(PathBuf),
}

impl Network {
    /// Trusts the authorities in a file of PEM certificates, beside those of the system.
    ///
    /// # Errors
    /// When the file cannot be read, or holds none.
    pub fn with_ca_file(path: &Path) -> Result<Self, CaFileError> {
        let pem = fs::read(path).map_err(|error| CaFileError::Unreadable { path: path.into(), kind: error.kind() })?;
        let none = || CaFileError::NoCertificate(path.into());
        let authorities = Certificate::from_pem_bundle(&pem).map_err(|_| none())?;
        if authorities.is_empty() {
            return Err(none());
        }
        Ok(Self { authorities: authorities.into() })
    }
}
