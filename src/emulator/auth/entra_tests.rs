//! Bearer tokens, signed by keys made here.

use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_767_225_600;
const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

struct Signer {
    key: EncodingKey,
    algorithm: Algorithm,
    jwk: Value,
}

impl Signer {
    fn elliptic(kid: &str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        // An uncompressed point: 4, x, y.
        let (x, y) = pair.der_bytes()[1..].split_at(32);
        let [x, y] = [x, y].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        let jwk = json!({"kid": kid, "kty": "EC", "crv": "P-256", "use": "sig", "x": x, "y": y});
        Self { key: EncodingKey::from_ec_der(&pair.serialize_der()), algorithm: Algorithm::ES256, jwk }
    }

    /// Our libraries make no RSA keys; where OpenSSL is at hand, it does.
    fn rsa(kid: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let pem = folder.path().join("key.pem");
        let run = |words: &[&str]| Command::new("openssl").args(words).output().ok().filter(|out| out.status.success());
        let pem = pem.to_str().unwrap();
        run(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", pem])?;
        let der = run(&["rsa", "-in", pem, "-traditional", "-outform", "DER"])?.stdout;
        let modulus = String::from_utf8(run(&["rsa", "-in", pem, "-noout", "-modulus"])?.stdout).unwrap();
        let modulus = data_encoding::HEXUPPER.decode(modulus.trim().strip_prefix("Modulus=")?.as_bytes()).unwrap();
        let jwk = json!({"kid": kid, "kty": "RSA", "n": BASE64_URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB"});
        Some(Self { key: EncodingKey::from_rsa_der(&der), algorithm: Algorithm::RS256, jwk })
    }

    fn kid(&self) -> String {
        self.jwk["kid"].as_str().unwrap().to_owned()
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid()), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.key).unwrap()
    }
}

fn claims() -> Value {
    json!({
        "iss": format!("https://sts.windows.net/{TENANT}/"),
        "aud": "https://iothubs.azure.net",
        "exp": NOW + 3_600,
        "nbf": NOW - 10,
        "oid": "pipeline",
        "roles": ["IoT Hub Data Reader"],
    })
}

fn with(member: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[member] = value;
    claims
}

fn set(signers: &[&Signer]) -> String {
    json!({"keys": signers.iter().map(|signer| &signer.jwk).collect::<Vec<_>>()}).to_string()
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

#[test]
fn both_kinds_of_keys() {
    let elliptic = Signer::elliptic("e");
    let signers: Vec<_> = [Some(&elliptic), Signer::rsa("r").as_ref()].into_iter().flatten().map(|s| s.kid()).collect();
    assert!(signers.contains(&"e".to_owned()));
    let entra = Entra::new(&set(&[&elliptic]), None, Vec::new()).unwrap();
    assert_eq!(entra.verify(&elliptic.sign(&claims()), now()).unwrap().id, "pipeline");
    if let Some(rsa) = Signer::rsa("r") {
        let entra = Entra::new(&set(&[&elliptic, &rsa]), None, Vec::new()).unwrap();
        assert_eq!(entra.verify(&rsa.sign(&claims()), now()).unwrap().id, "pipeline");
        assert_eq!(entra.verify(&elliptic.sign(&claims()), now()).unwrap().id, "pipeline");
    }
}

#[test]
fn each_refusal_of_a_bearer() {
    let (known, other) = (Signer::elliptic("k"), Signer::elliptic("k"));
    let entra = Entra::new(&set(&[&known]), None, Vec::new()).unwrap();
    let verify = |claims: &Value| entra.verify(&known.sign(claims), now()).map(|_| ()).err();
    assert_eq!(verify(&claims()), None);
    assert_eq!(verify(&with("exp", (NOW - 300).into())), None, "within the skew");
    assert_eq!(verify(&with("exp", (NOW - 301).into())), Some(BearerFault::Expired));
    assert_eq!(verify(&with("nbf", (NOW + 301).into())), Some(BearerFault::NotYet));
    assert_eq!(verify(&with("aud", "https://vault.azure.net".into())), Some(BearerFault::Audience));
    assert_eq!(verify(&with("iss", "https://evil.example/".into())), Some(BearerFault::Issuer));
    assert_eq!(verify(&json!({"aud": "https://iothubs.azure.net"})), Some(BearerFault::Malformed));
    let verify = |token: &str| entra.verify(token, now()).map(|_| ()).err();
    assert_eq!(verify(&other.sign(&claims())), Some(BearerFault::Signature));
    assert_eq!(verify(&Signer::elliptic("x").sign(&claims())), Some(BearerFault::UnknownKey));
    assert_eq!(verify("abc"), Some(BearerFault::Malformed));
    // A signature that anybody can make, since the key is public.
    let header = Header { kid: Some("k".to_owned()), ..Header::new(Algorithm::HS256) };
    let forged = encode(&header, &claims(), &EncodingKey::from_secret(known.jwk.to_string().as_bytes())).unwrap();
    assert_eq!(verify(&forged), Some(BearerFault::Signature));
    let none = BASE64_URL_SAFE_NO_PAD.encode(json!({"alg": "none", "kid": "k"}).to_string());
    let unsigned = format!("{none}.{}.", BASE64_URL_SAFE_NO_PAD.encode(claims().to_string()));
    assert_eq!(verify(&unsigned), Some(BearerFault::Malformed));
}

#[test]
fn forms_of_version_1_and_2() {
    let known = Signer::elliptic("k");
    let v2 = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let entra = Entra::new(&set(&[&known]), None, Vec::new()).unwrap();
    let takes = |entra: &Entra, claims: &Value| entra.verify(&known.sign(claims), now()).is_ok();
    for claims in [
        with("aud", "https://iothubs.azure.net/".into()),
        with("aud", json!(["https://iothubs.azure.net"])),
        with("aud", "89d10474-74af-4874-99a7-c23c2f643083".into()),
        with("iss", v2.clone().into()),
    ] {
        assert!(takes(&entra, &claims), "{claims}");
    }
    let own = Entra::new(&set(&[&known]), Some(v2.clone()), vec!["https://iothubs.azure.us".to_owned()]).unwrap();
    let mut claims = with("iss", v2.into());
    assert!(!takes(&own, &claims));
    claims["aud"] = "https://iothubs.azure.us/".into();
    assert!(takes(&own, &claims));
    claims["iss"] = format!("https://sts.windows.net/{TENANT}/").into();
    assert!(!takes(&own, &claims));
}

#[test]
fn a_set_needs_a_key() {
    let refused = |text: &str| Entra::new(text, None, Vec::new()).unwrap_err();
    assert_eq!(refused("{"), InvalidJwks::Form);
    assert_eq!(refused("[]"), InvalidJwks::Form);
    assert_eq!(refused(r#"{"keys": [{"kty": "oct", "k": "AA", "kid": "a"}]}"#), InvalidJwks::NoKey);
}
