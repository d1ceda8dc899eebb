//! A file with the certificates of authorities that are trusted beside the system's.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::Network;

/// Longest file that is read. All authorities of the world are a hundredth of it.
const LEN_MAX: u64 = 16 << 20;

/// Why a file of authorities cannot be used. The text of the file is never shown.
#[derive(Debug, thiserror::Error)]
#[error("`{}` cannot be used as a CA file: {reason}", path.display())]
pub struct CaFileError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: BadCaFile,
}

/// What is wrong with a file of authorities. `Display` is a fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCaFile {
    /// It is not there.
    #[error("no such file")]
    Missing,
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(io::ErrorKind),
    /// It is a folder.
    #[error("it is a folder")]
    Folder,
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It is very long.
    #[error("it has more than {} MiB", LEN_MAX >> 20)]
    TooLong,
    /// It holds the key of somebody, which is nobody else's business.
    #[error("it holds a private key")]
    PrivateKey,
    /// It is one certificate in binary form.
    #[error("it is in DER form, not PEM")]
    Der,
    /// There is no certificate in it.
    #[error("there is no certificate in it, in PEM form")]
    NoCertificate,
    /// A certificate cannot be read.
    #[error("certificate {0} in it is damaged")]
    Damaged(usize),
    /// None of them is valid any more.
    #[error("the certificate of `{subject}` in it expired on {}", expired.strftime("%Y-%m-%d"))]
    Expired {
        /// Whose certificate; of several, that which expired last.
        subject: String,
        /// When.
        expired: Timestamp,
    },
}

impl CaFileError {
    /// What to type.
    #[must_use]
    pub fn help(&self) -> String {
        let path = self.path.display();
        match self.reason {
            BadCaFile::PrivateKey => format!("write the certificates alone: `openssl x509 -in {path} -out ca.pem`"),
            BadCaFile::Der => format!("convert it: `openssl x509 -inform der -in {path} -out ca.pem`"),
            BadCaFile::Folder => format!("name one file; several go into one: `cat {path}/*.pem > ca.pem`"),
            BadCaFile::Expired { .. } => "ask whoever runs the proxy for its present certificate".to_owned(),
            BadCaFile::Missing | BadCaFile::Unreadable(_) => {
                "`--ca-file FILE`, or `HUBJOBS_CA_FILE`, names a file that you may read".to_owned()
            }
            BadCaFile::Empty | BadCaFile::TooLong | BadCaFile::NoCertificate | BadCaFile::Damaged(_) => {
                "it holds one or more blocks `-----BEGIN CERTIFICATE-----`, as a company's IT gives them out".to_owned()
            }
        }
    }
}

impl Network {
    /// Trusts the authorities in a file of PEM certificates, beside those of the system.
    ///
    /// # Errors
    /// When the file cannot be read, holds no certificate that is valid today, or holds a private key.
    pub fn with_ca_file(path: &Path) -> Result<Self, CaFileError> {
        let authorities = read(path).and_then(|pem| authorities(&pem, Timestamp::now()));
        let authorities = authorities.map_err(|reason| CaFileError { path: path.to_owned(), reason })?;
        Ok(Self { authorities: authorities.into() })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, BadCaFile> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => BadCaFile::Missing,
        io::ErrorKind::IsADirectory => BadCaFile::Folder,
        kind => BadCaFile::Unreadable(kind),
    };
    if path.is_dir() {
        return Err(BadCaFile::Folder);
    }
    let mut pem = Vec::new();
    let len = File::open(path).and_then(|file| file.take(LEN_MAX + 1).read_to_end(&mut pem)).map_err(unreadable)?;
    if len as u64 > LEN_MAX { Err(BadCaFile::TooLong) } else { Ok(pem) }
}

/// The certificates in a text, of which at least one is valid at `now`.
fn authorities(pem: &[u8], now: Timestamp) -> Result<Vec<CertificateDer<'static>>, BadCaFile> {
    const DER_SEQUENCE: u8 = 0x30;
    let holds = |text: &[u8]| pem.windows(text.len()).any(|window| window == text);
    if pem.trim_ascii().is_empty() {
        return Err(BadCaFile::Empty);
    }
    if holds(b"PRIVATE KEY-----") {
        return Err(BadCaFile::PrivateKey);
    }
    if !holds(b"-----BEGIN ") && pem[0] == DER_SEQUENCE {
        return Err(BadCaFile::Der);
    }
    let mut authorities = Vec::new();
    let mut last: Option<(Timestamp, String)> = None;
    for (number, certificate) in (1..).zip(CertificateDer::pem_slice_iter(pem)) {
        let certificate = certificate.map_err(|_| BadCaFile::Damaged(number))?;
        let (_, parsed) = X509Certificate::from_der(&certificate).map_err(|_| BadCaFile::Damaged(number))?;
        let ends = Timestamp::from_second(parsed.validity().not_after.timestamp()).unwrap_or(Timestamp::MAX);
        last = last.max(Some((ends, parsed.subject().to_string())));
        authorities.push(certificate);
    }
    match last {
        None => Err(BadCaFile::NoCertificate),
        Some((expired, subject)) if expired < now => Err(BadCaFile::Expired { subject, expired }),
        Some(_) => Ok(authorities),
    }
}
