//! Who may do what: shared access policies, and the check of their signatures. Written apart from
//! the client's signing on purpose: a shared mistake would pass every test.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::names::HubNames;

/// How long a token is still taken after it expired, for clocks that go wrong.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What a policy may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// Read identities, read jobs.
    RegistryRead,
    /// Write identities, create and cancel jobs; includes reading.
    RegistryWrite,
    /// Twins, queries and direct methods.
    ServiceConnect,
    /// Act as a device. No call of the service API needs it.
    DeviceConnect,
}

/// The policies every hub is born with, and what they allow.
const BUILT_IN: [(&str, &[Right]); 5] = [
    ("iothubowner", &[Right::RegistryRead, Right::RegistryWrite, Right::ServiceConnect, Right::DeviceConnect]),
    ("service", &[Right::ServiceConnect]),
    ("device", &[Right::DeviceConnect]),
    ("registryRead", &[Right::RegistryRead]),
    ("registryReadWrite", &[Right::RegistryRead, Right::RegistryWrite]),
];

/// A secret that signs tokens, in base64 as connection strings hold it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Key(String);

impl Key {
    /// 32 random bytes.
    pub(super) fn random() -> Self {
        Self(BASE64_STANDARD.encode(random_bytes()))
    }

    /// A secret as it was written down.
    pub(super) const fn new(text: String) -> Self {
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the text is this secret. How long it takes tells nothing of the secret.
    pub(super) fn is(&self, text: &str) -> bool {
        Sha256::digest(text) == Sha256::digest(&self.0)
    }

    /// Whether the signature is this key's over the text. Constant time.
    fn signed(&self, text: &str, signature: &[u8]) -> bool {
        let Ok(key) = BASE64_STANDARD.decode(&self.0) else { return false };
        Hmac::<Sha256>::new_from_slice(&key).is_ok_and(|mut mac| {
            mac.update(text.as_bytes());
            mac.verify_slice(signature).is_ok()
        })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// 32 random bytes that nobody can guess.
pub(super) fn random_bytes() -> [u8; 32] {
    rand::rng().random()
}

/// A shared access policy. Two keys, so that one can be replaced while the other is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Policy {
    name: String,
    primary_key: Key,
    secondary_key: Key,
}

/// The policies of a hub, with their keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Policies(Vec<Policy>);

impl Policies {
    /// The built-in policies, with new keys.
    pub(super) fn random() -> Self {
        let policy = |(name, _): (&str, _)| Policy {
            name: name.to_owned(),
            primary_key: Key::random(),
            secondary_key: Key::random(),
        };
        Self(BUILT_IN.map(policy).into())
    }

    /// Primary key of the policy that may do everything.
    pub(super) fn owner_key(&self) -> Option<&Key> {
        self.find("iothubowner").map(|policy| &policy.primary_key)
    }

    fn find(&self, name: &str) -> Option<&Policy> {
        self.0.iter().find(|policy| policy.name == name)
    }

    /// Checks an `Authorization` header in the order of the service: form, policy, signature,
    /// expiry, resource, right.
    ///
    /// # Errors
    /// Why the caller may not do it.
    pub(super) fn authorize(&self, header: Option<&str>, access: &Access<'_>) -> Result<(), Refusal> {
        let token = Token::parse(header.ok_or(Refusal::Missing)?).ok_or(Refusal::Malformed)?;
        let policy = self.find(&token.policy).ok_or(Refusal::Signature)?;
        let signed_text = format!("{}\n{}", token.resource, token.expiry);
        let keys = [&policy.primary_key, &policy.secondary_key];
        if !keys.into_iter().any(|key| key.signed(&signed_text, &token.signature)) {
            return Err(Refusal::Signature);
        }
        let expiry = token.expiry.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
        let usable_until = expiry.ok_or(Refusal::Malformed)?.checked_add(SKEW).unwrap_or(Timestamp::MAX);
        if access.wall_now > usable_until {
            return Err(Refusal::Expired);
        }
        if !covers(token.resource, access) {
            return Err(Refusal::Resource);
        }
        let rights = BUILT_IN.iter().find(|(name, _)| *name == policy.name).map_or(&[][..], |(_, rights)| *rights);
        if rights.contains(&access.right) { Ok(()) } else { Err(Refusal::Right { needed: access.right }) }
    }
}

/// What a caller wants to do.
#[derive(Debug)]
pub(super) struct Access<'a> {
    /// Names under which this hub is known.
    pub(super) names: &'a HubNames,
    /// Segments of the path, percent-decoded.
    pub(super) path: &'a [String],
    /// What the call needs.
    pub(super) right: Right,
    /// Time of the machine: tokens are of the real world, whatever the hub's clock says.
    pub(super) wall_now: Timestamp,
}

/// Why a caller was refused. The reply does not tell; the log does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("there is no `Authorization` header")]
    Missing,
    #[error("the `Authorization` header is not a shared access signature of a policy")]
    Malformed,
    #[error("no key of that policy made the signature")]
    Signature,
    #[error("the token has expired")]
    Expired,
    #[error("the token is for another hub or resource")]
    Resource,
    #[error("the policy lacks the right {needed:?}")]
    Right { needed: Right },
}

/// `SharedAccessSignature sr=..&sig=..&se=..&skn=..`, in any order.
struct Token<'a> {
    /// As received: the signature covers this text, not what it means.
    resource: &'a str,
    expiry: &'a str,
    signature: Vec<u8>,
    policy: String,
}

impl<'a> Token<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        let (scheme, fields) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("SharedAccessSignature") {
            return None;
        }
        let (mut resource, mut expiry, mut signature, mut policy) = (None, None, None, None);
        for field in fields.split('&') {
            let (name, value) = field.split_once('=')?;
            let slot = match name.trim().to_ascii_lowercase().as_str() {
                "sr" => &mut resource,
                "se" => &mut expiry,
                "sig" => &mut signature,
                "skn" => &mut policy,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        let signature = BASE64_STANDARD.decode(decoded(signature?)?).ok()?;
        Some(Self { resource: resource?, expiry: expiry?, signature, policy: decoded(policy?)? })
    }
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Into::into)
}

/// Whether the resource is this hub, or a part of it in which the path lies.
fn covers(resource: &str, access: &Access<'_>) -> bool {
    let Some(resource) = decoded(resource) else { return false };
    let mut segments = resource.trim_end_matches('/').split('/');
    let authority = segments.next().unwrap_or_default();
    let mut path = access.path.iter();
    access.names.contain(authority) && segments.all(|segment| path.next().is_some_and(|part| part == segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A policy whose primary key is given.
    fn policies(name: &str, key: &str) -> Policies {
        let policy = Policy { name: name.to_owned(), primary_key: Key(key.to_owned()), secondary_key: Key::random() };
        Policies(vec![policy])
    }

    fn check(
        policies: &Policies,
        token: &str,
        host: &str,
        path: &[&str],
        right: Right,
        now: i64,
    ) -> Result<(), Refusal> {
        let access = Access {
            names: &HubNames::new([host.parse().unwrap()]),
            path: &path.iter().map(|&part| part.to_owned()).collect::<Vec<_>>(),
            right,
            wall_now: Timestamp::from_second(now).unwrap(),
        };
        policies.authorize(Some(token), &access)
    }

    const OWNER_KEY: &str = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=";
    const OWNER_TOKEN: &str = "SharedAccessSignature sr=contoso.azure-devices.net\
        &sig=3ss2e2SglMMawycEigBriy52Wr6WXC4Dqjk0oU7k%2FGA%3D&se=1700000000&skn=iothubowner";

    #[test]
    fn published_vectors() {
        let contoso = "contoso-hub.azure-devices.net";
        let b = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
        let vectors = [
            ("iothubowner", OWNER_KEY, "contoso.azure-devices.net", OWNER_TOKEN),
            (
                "service",
                b,
                contoso,
                "SharedAccessSignature sr=contoso-hub.azure-devices.net\
                 &sig=pj3DWr5APT9YL6OGGT4anl7c6RtzVUAnlSSwF79mSdk%3D&se=1767225600&skn=service",
            ),
            (
                "iothubowner",
                b,
                "localhost",
                "SharedAccessSignature skn=iothubowner&se=1767225600\
                 &sig=Wv%2Bmxzgw5p%2FBqIkrOjgUDcxYVndhbWxJYtOpbpRdksg%3D&sr=localhost",
            ),
        ];
        for (name, key, host, token) in vectors {
            let outcome =
                check(&policies(name, key), token, host, &["twins", "a"], Right::ServiceConnect, 1_699_999_999);
            assert_eq!(outcome, Ok(()), "{token}");
        }
    }

    #[test]
    fn each_refusal() {
        let owner = policies("iothubowner", OWNER_KEY);
        let try_it = |token: &str, host, now| check(&owner, token, host, &["jobs"], Right::RegistryWrite, now);
        let host = "contoso.azure-devices.net";
        assert_eq!(try_it(OWNER_TOKEN, host, 1_700_000_300), Ok(()), "within the skew");
        assert_eq!(try_it(OWNER_TOKEN, host, 1_700_000_301), Err(Refusal::Expired));
        assert_eq!(try_it(OWNER_TOKEN, "localhost", 0), Err(Refusal::Resource));
        assert_eq!(try_it(&OWNER_TOKEN.replace("3ss2", "3ss3"), host, 0), Err(Refusal::Signature));
        assert_eq!(try_it(&OWNER_TOKEN.replace("1700000000", "1800000000"), host, 0), Err(Refusal::Signature));
        assert_eq!(try_it(&OWNER_TOKEN.replace("=iothubowner", "=nobody"), host, 0), Err(Refusal::Signature));
        assert_eq!(try_it("Bearer abc", host, 0), Err(Refusal::Malformed));
        assert_eq!(try_it(&format!("{OWNER_TOKEN}&se=1"), host, 0), Err(Refusal::Malformed));
    }

    /// A token made here, to try resources for which no vector is published.
    fn sign(key: &str, resource: &str, policy: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&BASE64_STANDARD.decode(key).unwrap()).unwrap();
        mac.update(format!("{resource}\n1700000000").as_bytes());
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes()).replace('+', "%2B").replace('/', "%2F");
        format!("SharedAccessSignature sr={resource}&sig={signature}&se=1700000000&skn={policy}")
    }

    #[test]
    fn resources_cover_whole_segments() {
        let owner = policies("iothubowner", OWNER_KEY);
        let covers = |resource: &str, path: &[&str]| {
            check(&owner, &sign(OWNER_KEY, resource, "iothubowner"), "Localhost", path, Right::RegistryRead, 0).is_ok()
        };
        assert!(covers("LOCALHOST", &["devices", "a"]));
        assert!(covers("localhost%3A8443", &["devices", "a"]));
        assert!(covers("localhost%3a8443", &["devices", "a"]));
        assert!(!covers("other%3A8443", &["devices", "a"]));
        assert!(covers("localhost/devices", &["devices", "a"]));
        assert!(covers("localhost%2Fdevices%2Fa%2Bb", &["devices", "a+b"]));
        assert!(!covers("localhost/devices/a", &["devices", "ab"]));
        assert!(!covers("localhost/devices/a/b", &["devices", "a"]));
    }

    #[test]
    fn rights_by_policy() {
        use Right::{RegistryRead, RegistryWrite, ServiceConnect};
        let allowed = |policy: &str, right| {
            let token = sign(OWNER_KEY, "localhost", policy);
            check(&policies(policy, OWNER_KEY), &token, "localhost", &[], right, 0) == Ok(())
        };
        for right in [RegistryRead, RegistryWrite, ServiceConnect] {
            assert!(allowed("iothubowner", right));
            assert!(!allowed("device", right));
        }
        assert!(allowed("service", ServiceConnect) && !allowed("service", RegistryRead));
        assert!(allowed("registryRead", RegistryRead) && !allowed("registryRead", RegistryWrite));
        assert!(allowed("registryReadWrite", RegistryRead) && allowed("registryReadWrite", RegistryWrite));
        assert!(!allowed("registryReadWrite", ServiceConnect));
    }

    #[test]
    fn keys_do_not_show() {
        let policies = policies("iothubowner", OWNER_KEY);
        assert!(!format!("{policies:?}").contains(&OWNER_KEY[..8]));
    }
}
