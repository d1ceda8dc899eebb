//! Connection strings: `HostName=...;SharedAccessKeyName=...;SharedAccessKey=...`.

use std::env::{self, VarError};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use zeroize::Zeroizing;

use super::endpoint::{HostName, InvalidHostName};
use super::sas::{InvalidSasKey, InvalidSasToken, SasKey, SasToken};

/// How to sign in to the service API of a hub. `Debug` hides the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SasCredential {
    /// The key of a shared access policy; tokens are made from it as needed.
    SharedAccessKey {
        /// Name of the policy.
        policy: String,
        /// One of its two keys.
        key: SasKey,
    },
    /// A token made elsewhere; when it expires, the hub says so.
    SharedAccessSignature(SasToken),
}

/// A connection string for the service API of a hub, taken apart. `Debug` hides the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionString {
    /// Where the hub listens.
    pub host: HostName,
    /// Its port, when the string names one.
    pub port: Option<u16>,
    /// How to sign in.
    pub credential: SasCredential,
    /// Parts that were ignored, in words; worth showing.
    pub warnings: Vec<String>,
}

/// Why a text is not a connection string for the service API. No variant holds a piece of the
/// text: what stands in a wrong place may be the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConnectionString {
    /// A part is not of the form `name=value`.
    #[error("part {0} of the connection string is not of the form `name=value`")]
    NotAPair(usize),
    /// A name stands twice.
    #[error("`{0}` stands twice in the connection string")]
    Duplicate(&'static str),
    /// A name is missing or has no value.
    #[error("the connection string has no `{0}`")]
    Missing(&'static str),
    /// The string of a device, which cannot manage jobs.
    #[error(
        "this is the connection string of a device; jobs need one of a shared access policy, such as `iothubowner`"
    )]
    OfADevice,
    /// Both ways to sign in.
    #[error("the connection string has both `SharedAccessKey` and `SharedAccessSignature`; keep one")]
    KeyAndSignature,
    /// `HostName` is not a host.
    #[error("`HostName` is {0}")]
    Host(#[from] InvalidHostName),
    /// The port behind `HostName` is not a number from 1 to 65535.
    #[error("the port in `HostName` is not a number from 1 to 65535")]
    Port,
    /// The policy name is not of the form that Azure gives.
    #[error("`SharedAccessKeyName` holds a character other than A-Z, a-z, 0-9, `_`, `-`, `.` and `@`")]
    Policy,
    /// The key cannot be one.
    #[error(transparent)]
    Key(#[from] InvalidSasKey),
    /// The signature cannot be one.
    #[error("`SharedAccessSignature` is {0}")]
    Signature(#[from] InvalidSasToken),
}

/// Where a connection string comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The environment variable of that name.
    Variable(String),
    /// A file.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the environment variable `{name}`"),
            Self::File(path) => write!(f, "the file `{}`", path.display()),
        }
    }
}

/// Why no connection string came out of an environment variable or a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionStringError {
    /// There is no such variable.
    #[error("the environment variable `{0}` is not set; it should hold a connection string of the hub")]
    Unset(String),
    /// The file cannot be read.
    #[error("the file `{}` cannot be read ({kind}); it should hold a connection string of the hub", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        kind: io::ErrorKind,
    },
    /// It holds nothing; in CI, often a secret that this run may not see.
    #[error("{0} is empty; a secret may be missing or hidden from this run")]
    Empty(Origin),
    /// It holds bytes that are no text.
    #[error("{0} is not UTF-8 text")]
    NotText(Origin),
    /// It holds something else.
    #[error("{origin}: {source}")]
    Invalid {
        /// Where it stands.
        origin: Origin,
        /// What is wrong.
        source: InvalidConnectionString,
    },
}

impl ConnectionStringError {
    /// Where it should be.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Self::Unset(name) => Origin::Variable(name.clone()),
            Self::Unreadable { path, .. } => Origin::File(path.clone()),
            Self::Empty(origin) | Self::NotText(origin) | Self::Invalid { origin, .. } => origin.clone(),
        }
    }
}

impl ConnectionString {
    /// Takes a connection string apart. Names are read in any case, blanks around them and a
    /// trailing `;` are forgiven, names that do not concern a service are ignored with a warning.
    ///
    /// # Errors
    /// When it is not one, or is that of a device.
    pub fn parse(text: &str) -> Result<Self, InvalidConnectionString> {
        let parts = Parts::split(text)?;
        if parts.device {
            return Err(InvalidConnectionString::OfADevice);
        }
        let (host, port) = host_and_port(parts.host.ok_or(InvalidConnectionString::Missing("HostName"))?)?;
        let credential = match (parts.key, parts.signature) {
            (Some(_), Some(_)) => return Err(InvalidConnectionString::KeyAndSignature),
            (None, Some(token)) => SasCredential::SharedAccessSignature(SasToken::parse(token)?),
            (key, None) => {
                let policy = policy(parts.policy.ok_or(InvalidConnectionString::Missing("SharedAccessKeyName"))?)?;
                let key = key.ok_or(InvalidConnectionString::Missing("SharedAccessKey"))?;
                SasCredential::SharedAccessKey { policy, key: SasKey::from_base64(key)? }
            }
        };
        Ok(Self { host, port, credential, warnings: parts.warnings })
    }

    /// Reads the connection string that an environment variable holds.
    ///
    /// # Errors
    /// When the variable is unset, empty, or holds something else.
    pub fn from_env(name: &str) -> Result<Self, ConnectionStringError> {
        let origin = || Origin::Variable(name.to_owned());
        match env::var(name) {
            Ok(text) => Self::read(&Zeroizing::new(text), origin),
            Err(VarError::NotPresent) => Err(ConnectionStringError::Unset(name.to_owned())),
            Err(VarError::NotUnicode(_)) => Err(ConnectionStringError::NotText(origin())),
        }
    }

    /// Reads the connection string that a file holds, such as a secret that Kubernetes mounts.
    ///
    /// # Errors
    /// When the file cannot be read, is empty, or holds something else.
    pub fn from_file(path: &Path) -> Result<Self, ConnectionStringError> {
        let origin = || Origin::File(path.to_owned());
        let unreadable =
            |error: io::Error| ConnectionStringError::Unreadable { path: path.to_owned(), kind: error.kind() };
        let bytes = Zeroizing::new(fs::read(path).map_err(unreadable)?);
        let text = std::str::from_utf8(&bytes).map_err(|_| ConnectionStringError::NotText(origin()))?;
        Self::read(text.trim(), origin)
    }

    fn read(text: &str, origin: impl Fn() -> Origin) -> Result<Self, ConnectionStringError> {
        if text.trim().is_empty() {
            return Err(ConnectionStringError::Empty(origin()));
        }
        Self::parse(text).map_err(|source| ConnectionStringError::Invalid { origin: origin(), source })
    }
}

/// The values by name, not yet looked at.
#[derive(Default)]
struct Parts<'a> {
    host: Option<&'a str>,
    policy: Option<&'a str>,
    key: Option<&'a str>,
    signature: Option<&'a str>,
    device: bool,
    warnings: Vec<String>,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, InvalidConnectionString> {
        let mut parts = Self::default();
        for (index, part) in text.split(';').map(str::trim).enumerate().filter(|(_, part)| !part.is_empty()) {
            // Keys and signatures hold `=` themselves, so only the first one separates.
            let (name, value) = part.split_once('=').ok_or(InvalidConnectionString::NotAPair(index + 1))?;
            parts.take(index + 1, name.trim(), value.trim())?;
        }
        Ok(parts)
    }

    fn take(&mut self, position: usize, name: &str, value: &'a str) -> Result<(), InvalidConnectionString> {
        let (known, place) = match name.to_ascii_lowercase().as_str() {
            "hostname" => ("HostName", &mut self.host),
            "sharedaccesskeyname" => ("SharedAccessKeyName", &mut self.policy),
            "sharedaccesskey" => ("SharedAccessKey", &mut self.key),
            "sharedaccesssignature" => ("SharedAccessSignature", &mut self.signature),
            "deviceid" | "moduleid" | "x509" => {
                self.device = true;
                return Ok(());
            }
            _ => {
                // The name itself is not shown: in a string cut in the wrong place it is a secret.
                self.warnings
                    .push(format!("part {position} of the connection string is not known here and was ignored"));
                return Ok(());
            }
        };
        if value.is_empty() {
            return Err(InvalidConnectionString::Missing(known));
        }
        match place.replace(value) {
            Some(_) => Err(InvalidConnectionString::Duplicate(known)),
            None => Ok(()),
        }
    }
}

fn host_and_port(text: &str) -> Result<(HostName, Option<u16>), InvalidConnectionString> {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) if !port.starts_with("//") => (host, Some(port)),
        _ => (text, None),
    };
    let port = port.map(|digits| digits.parse().ok().filter(|port| *port != 0).ok_or(InvalidConnectionString::Port));
    Ok((HostName::new(host)?, port.transpose()?))
}

fn policy(text: &str) -> Result<String, InvalidConnectionString> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.@".contains(&b);
    text.bytes().all(allowed).then(|| text.to_owned()).ok_or(InvalidConnectionString::Policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=";
    const TOKEN: &str = "SharedAccessSignature sr=h.net&sig=c2VjcmV0%3D&se=1700000000&skn=service";

    fn parse(text: &str) -> Result<ConnectionString, InvalidConnectionString> {
        ConnectionString::parse(&text.replace("{KEY}", KEY).replace("{TOKEN}", TOKEN))
    }

    #[test]
    fn reads_what_the_portal_shows() {
        let read = parse("HostName=Contoso.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey={KEY}")
            .expect("well-formed");
        assert_eq!((read.host.as_str(), read.port), ("contoso.azure-devices.net", None));
        let SasCredential::SharedAccessKey { policy, key } = &read.credential else { panic!("a key") };
        assert_eq!((policy.as_str(), key), ("iothubowner", &SasKey::from_base64(KEY).expect("base64")));
        assert!(read.warnings.is_empty());
    }

    #[test]
    fn forgives_case_blanks_order_and_a_trailing_separator() {
        let strict = parse("HostName=localhost:8443;SharedAccessKeyName=a.b@c_d-e;SharedAccessKey={KEY}");
        let loose = parse(" sharedaccesskey = {KEY} ; HOSTNAME = LocalHost:8443 ;; SharedAccessKeyName=a.b@c_d-e ; ");
        assert_eq!(strict, loose);
        assert_eq!(strict.map(|read| read.port), Ok(Some(8443)));
    }

    #[test]
    fn takes_a_ready_made_token_whole() {
        let read = parse("HostName=h.net;SharedAccessSignature={TOKEN}").expect("well-formed");
        let SasCredential::SharedAccessSignature(token) = &read.credential else { panic!("a token") };
        assert_eq!(token.expose(), TOKEN);
    }

    #[test]
    fn refuses_what_cannot_work() {
        use InvalidConnectionString as Invalid;
        for (text, why) in [
            ("", Invalid::Missing("HostName")),
            ("{KEY}", Invalid::Missing("HostName")),
            ("plain", Invalid::NotAPair(1)),
            ("HostName=h.net;plain", Invalid::NotAPair(2)),
            ("HostName=h.net", Invalid::Missing("SharedAccessKeyName")),
            ("HostName=h.net;SharedAccessKey={KEY}", Invalid::Missing("SharedAccessKeyName")),
            ("HostName=h.net;SharedAccessKeyName=service", Invalid::Missing("SharedAccessKey")),
            ("HostName=h.net;SharedAccessKeyName=service;SharedAccessKey=", Invalid::Missing("SharedAccessKey")),
            ("HostName=h.net;hostname=h.net", Invalid::Duplicate("HostName")),
            (
                "HostName=h.net;SharedAccessKeyName=s;SharedAccessKey={KEY};SharedAccessSignature={TOKEN}",
                Invalid::KeyAndSignature,
            ),
            ("HostName=h.net;DeviceId=thermo-01;SharedAccessKey={KEY}", Invalid::OfADevice),
            ("HostName=h.net;DeviceId=thermo-01;x509=true", Invalid::OfADevice),
            ("HostName=https://h.net;SharedAccessKeyName=s;SharedAccessKey={KEY}", Invalid::Host(InvalidHostName)),
            ("HostName=h.net:x;SharedAccessKeyName=s;SharedAccessKey={KEY}", Invalid::Port),
            ("HostName=h.net:0;SharedAccessKeyName=s;SharedAccessKey={KEY}", Invalid::Port),
            ("HostName=h.net;SharedAccessKeyName=s p;SharedAccessKey={KEY}", Invalid::Policy),
            ("HostName=h.net;SharedAccessKeyName=s;SharedAccessKey=no!", Invalid::Key(InvalidSasKey::NotBase64)),
            ("HostName=h.net;SharedAccessSignature=Bearer x", Invalid::Signature(InvalidSasToken)),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn ignores_unknown_parts_with_a_warning_that_shows_nothing_of_them() {
        let read = parse("HostName=h.net;SharedAccessKeyName=s;SharedAccessKey={KEY};GatewayHostName=edge")
            .expect("well-formed");
        assert_eq!(read.warnings, ["part 4 of the connection string is not known here and was ignored"]);
    }

    #[test]
    fn no_text_of_it_shows_a_secret() {
        let by_key = parse("HostName=h.net;SharedAccessKeyName=s;SharedAccessKey={KEY}").expect("well-formed");
        let by_token = parse("HostName=h.net;SharedAccessSignature={TOKEN}").expect("well-formed");
        let shown = format!("{by_key:?} {by_key:#?} {by_token:?} {by_token:#?}");
        assert!(!shown.contains(KEY) && !shown.contains("c2VjcmV0") && !shown.contains("97, 98"), "{shown}");
        for text in [
            "{KEY}",
            "{KEY};{KEY}",
            "HostName={KEY}",
            "HostName=h.net;SharedAccessKeyName={KEY}",
            "HostName=h;SharedAccessKeyName=s;SharedAccessKey=!{KEY}",
        ] {
            let error = parse(text).expect_err("malformed");
            assert!(!format!("{error} {error:?}").contains(&KEY[..8]), "{error}");
        }
    }

    #[test]
    fn says_which_variable_is_missing() {
        let error = ConnectionString::from_env("HUBJOBS_TEST_NEVER_SET").expect_err("unset");
        assert_eq!(
            error.to_string(),
            "the environment variable `HUBJOBS_TEST_NEVER_SET` is not set; it should hold a connection string of the hub"
        );
    }
}
