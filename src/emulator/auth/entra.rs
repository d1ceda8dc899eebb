//! Bearer tokens of Microsoft Entra ID, checked against keys from a file, so that sign-in can be tried
//! without Entra.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

use super::limits::SKEW_SECONDS;
use super::role;

/// What tokens for IoT Hub are for: the resource, and the application that stands for it in tokens of
/// version 2.
const AUDIENCES: [&str; 2] = ["https://iothubs.azure.net", "89d10474-74af-4874-99a7-c23c2f643083"];

/// Whose tokens are taken.
pub struct Entra {
    keys: Vec<VerificationKey>,
    /// `None` takes every tenant of Entra.
    issuer: Option<String>,
    audiences: Vec<String>,
}

struct VerificationKey {
    id: String,
    algorithms: &'static [Algorithm],
    key: DecodingKey,
}

impl fmt::Debug for Entra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keys, issuer, audiences } = self;
        let keys: Vec<_> = keys.iter().map(|key| &key.id).collect();
        f.debug_struct("Entra").field("keys", &keys).field("issuer", issuer).field("audiences", audiences).finish()
    }
}

/// The text is no set of keys that can verify tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJwks {
    /// Not JSON of that kind.
    #[error("not a JSON Web Key Set: expected {{\"keys\": [..]}}")]
    Form,
    /// No RSA or elliptic key with an id.
    #[error("no key in it can be used: each needs a `kid`, and `kty` RSA or EC")]
    NoKey,
}

/// Why a bearer token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::emulator) enum BearerFault {
    #[error("the emulator takes no bearer tokens; start it with `--entra-jwks FILE`")]
    NotTaken,
    #[error("the bearer token is not a JSON Web Token with a `kid`")]
    Malformed,
    #[error("the keys have none of that `kid`")]
    UnknownKey,
    #[error("the key of that `kid` did not make the signature of the bearer token")]
    Signature,
    #[error("the bearer token has expired")]
    Expired,
    #[error("the bearer token is not valid yet")]
    NotYet,
    #[error("the bearer token is from another issuer")]
    Issuer,
    #[error("the bearer token is for another audience")]
    Audience,
}

/// Who a bearer token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Principal {
    /// Its object id in Entra, else what comes next to that.
    pub(super) id: String,
    roles: Vec<String>,
}

impl Principal {
    /// Whether one of its roles holds that data action, such as `jobs/read`.
    pub(super) fn may(&self, action: &str) -> bool {
        self.roles.iter().any(|name| role::grants(name, action))
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: i64,
    nbf: Option<i64>,
    #[serde(default)]
    roles: Vec<String>,
    oid: Option<String>,
    appid: Option<String>,
    azp: Option<String>,
    sub: Option<String>,
}

/// One, or several.
struct Audience(Vec<String>);

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = match Value::deserialize(deserializer)? {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect(),
            _ => Vec::new(),
        };
        Ok(Self(texts))
    }
}

impl Entra {
    /// Takes tokens that one of these keys signed, from that issuer (every tenant of Entra if `None`)
    /// and for one of those audiences (IoT Hub's if there are none).
    ///
    /// # Errors
    /// When there is no usable key.
    pub fn new(jwks: &str, issuer: Option<String>, audiences: Vec<String>) -> Result<Self, InvalidJwks> {
        let set: Value = serde_json::from_str(jwks).map_err(|_| InvalidJwks::Form)?;
        let listed = set["keys"].as_array().ok_or(InvalidJwks::Form)?;
        // Keys of other kinds may stand beside ours.
        let keys: Vec<_> = listed.iter().filter_map(VerificationKey::read).collect();
        if keys.is_empty() {
            return Err(InvalidJwks::NoKey);
        }
        let audiences = if audiences.is_empty() { AUDIENCES.map(str::to_owned).to_vec() } else { audiences };
        Ok(Self { keys, issuer, audiences })
    }

    /// Who the token speaks for.
    ///
    /// # Errors
    /// Why it is refused.
    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Result<Principal, BearerFault> {
        let header = decode_header(token).map_err(|_| BearerFault::Malformed)?;
        let id = header.kid.ok_or(BearerFault::Malformed)?;
        let key = self.keys.iter().find(|key| key.id == id).ok_or(BearerFault::UnknownKey)?;
        if !key.algorithms.contains(&header.alg) {
            return Err(BearerFault::Signature);
        }
        let mut validation = Validation::new(header.alg);
        // Its checks of time know one clock only; ours are below.
        (validation.validate_exp, validation.validate_aud) = (false, false);
        validation.required_spec_claims.clear();
        let claims = decode::<Claims>(token, &key.key, &validation).map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => BearerFault::Signature,
            _ => BearerFault::Malformed,
        })?;
        self.judge(claims.claims, now)
    }

    fn judge(&self, claims: Claims, now: Timestamp) -> Result<Principal, BearerFault> {
        let skew = SignedDuration::from_secs(SKEW_SECONDS);
        let time = |second| Timestamp::from_second(second).map_err(|_| BearerFault::Malformed);
        if now > time(claims.exp)?.saturating_add(skew).unwrap_or(Timestamp::MAX) {
            return Err(BearerFault::Expired);
        }
        if let Some(from) = claims.nbf
            && now < time(from)?.saturating_sub(skew).unwrap_or(Timestamp::MIN)
        {
            return Err(BearerFault::NotYet);
        }
        let issued = match &self.issuer {
            Some(issuer) => same(issuer, &claims.iss),
            None => is_tenant(&claims.iss),
        };
        if !issued {
            return Err(BearerFault::Issuer);
        }
        let Audience(meant) = &claims.aud;
        if !meant.iter().any(|meant| self.audiences.iter().any(|audience| same(audience, meant))) {
            return Err(BearerFault::Audience);
        }
        let id = claims.oid.or(claims.appid).or(claims.azp).or(claims.sub).unwrap_or_default();
        Ok(Principal { id, roles: claims.roles })
    }
}

impl VerificationKey {
    fn read(listed: &Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(listed.clone()).ok()?;
        let algorithms: &[Algorithm] = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256],
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => &[Algorithm::ES256],
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P384 => &[Algorithm::ES384],
            _ => return None,
        };
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self { id: jwk.common.key_id?, algorithms, key })
    }
}

/// With or without a slash at the end: tokens of version 1 have it, scopes do not.
fn same(a: &str, b: &str) -> bool {
    a.trim_end_matches('/').eq_ignore_ascii_case(b.trim_end_matches('/'))
}

/// Issuers of version 1 and 2 of Entra's tokens.
fn is_tenant(issuer: &str) -> bool {
    let v1 = issuer.strip_prefix("https://sts.windows.net/").and_then(|rest| rest.strip_suffix('/'));
    let v2 = issuer.strip_prefix("https://login.microsoftonline.com/").and_then(|rest| rest.strip_suffix("/v2.0"));
    v1.or(v2).is_some_and(|tenant| uuid::Uuid::try_parse(tenant).is_ok())
}

#[cfg(test)]
#[path = "entra_tests.rs"]
mod tests;
