//! Tokens, their forms and their refusals.

use data_encoding::HEXUPPER;
use rustls::pki_types::CertificateDer;
use sha1::Digest as _;

use super::*;
use crate::emulator::state::{Credentials, Proof};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

fn guard(policies: Policies, host: &str) -> Guard {
    Guard {
        policies,
        names: HubNames::new([host.parse().unwrap()]),
        token_time: TokenTime::Wall,
        bearers: Bearers::Refused,
    }
}

fn check(policies: &Policies, token: &str, host: &str, path: &[&str], right: Right, now: i64) -> Result<(), Refusal> {
    let path: Vec<_> = path.iter().map(|&part| part.to_owned()).collect();
    let access = Access { method: "GET", path: &path, right, now: Timestamp::from_second(now).unwrap() };
    guard(policies.clone(), host).authorize(Some(token), &access)
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
            "owner",
            "c2VjcmV0",
            "test.azure-devices.net",
            "SharedAccessSignature sr=test.azure-devices.net\
             &sig=uux4PSAK1s9efNcBHin0pm7O5oENedTWkhqGp8JAyFY%3D&se=1546308061&skn=owner",
        ),
        (
            "encode('Me')",
            "cGFzc3dvcmQ=",
            "uri",
            "SharedAccessSignature sr=uri&sig=kcWxXAK2OAaAoq2oCkaGzX2NMqDB8nCyNuq2fPYCDhk%3D\
             &skn=encode%28%27Me%27%29&se=12345",
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
        let mut policies = Policies::of_one(name, key);
        if !matches!(name, "iothubowner" | "service") {
            policies = Policies::of_custom(name, key);
        }
        let outcome = check(&policies, token, host, &["twins", "a"], Right::ServiceConnect, 0);
        assert_eq!(outcome, Ok(()), "{token}");
    }
}

const DEVICE_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const CONTOSO: &str = "contoso-hub.azure-devices.net";

fn credentials(proof: Proof) -> Credentials {
    Credentials { enabled: true, proof }
}

fn keys(primary: &str, secondary: &str) -> Credentials {
    credentials(Proof::Keys { primary: primary.to_owned(), secondary: secondary.to_owned() })
}

fn login<'a>(device_id: &'a str, module_id: Option<&'a str>, token: &'a str) -> DeviceLogin<'a> {
    let now = Timestamp::from_second(1_767_225_600).unwrap();
    DeviceLogin { device_id, module_id, token: Some(token), certificates: &[], path: None, now }
}

#[test]
fn published_vectors_of_devices() {
    let vectors = [
        ("thermo-01", None, "%2Fdevices%2Fthermo-01", "53lIgFH2Me8br8JxnN1aXHKCc%2BO6n1y8It40mZWY5nc%3D"),
        ("thermo-01", None, "%2fdevices%2fthermo-01", "PZ%2Bd%2FoRwaiF0xU6ICKqiGi52N4f%2BhbIi7kszoGO6yjw%3D"),
        (
            "thermo-01",
            Some("probe"),
            "%2Fdevices%2Fthermo-01%2Fmodules%2Fprobe",
            "kYMQKG2ys93DO4nILP%2B2PENrvClRt2gtRhhxoqbNP%2Bk%3D",
        ),
        ("a+b@c#1", None, "%2Fdevices%2Fa%2Bb%40c%231", "whiGaO6vRTcYBcTtaDJreMIn96fQSdxE5%2B30sMNhESk%3D"),
    ];
    let guard = guard(Policies::random(), CONTOSO);
    let expires = Some(Timestamp::from_second(1_767_225_600).unwrap());
    for (device, module, resource, signature) in vectors {
        let token = format!("SharedAccessSignature sr={CONTOSO}{resource}&sig={signature}&se=1767225600");
        for known in [keys(DEVICE_KEY, OWNER_KEY), keys(OWNER_KEY, DEVICE_KEY)] {
            assert_eq!(guard.admit(&login(device, module, &token), Some(&known)), Ok(Admission { expires }), "{token}");
        }
    }
}

#[test]
fn each_refusal_of_a_device() {
    let mut guard = guard(Policies::random(), CONTOSO);
    guard.policies = Policies::of_one("device", OWNER_KEY);
    let known = keys(DEVICE_KEY, DEVICE_KEY);
    let own = |resource: &str| sign_until(DEVICE_KEY, &format!("{CONTOSO}{resource}"), None, 1_767_225_600);
    let of_policy =
        |resource: &str, name| sign_until(OWNER_KEY, &format!("{CONTOSO}{resource}"), Some(name), 1_767_225_600);
    let admit = |device, module, token: &str, known: Option<&Credentials>| {
        guard.admit(&login(device, module, token), known).map(|_| ())
    };
    assert_eq!(admit("a", None, &own("/devices/a"), Some(&known)), Ok(()));
    assert_eq!(admit("a", None, &own("/devices/a/"), Some(&known)), Ok(()));
    assert_eq!(admit("ab", None, &own("/devices/a"), Some(&known)), Err(Refusal::Resource));
    assert_eq!(admit("a", None, &own("/devices/ab"), Some(&known)), Err(Refusal::Resource));
    assert_eq!(admit("a", None, &own(""), Some(&known)), Err(Refusal::Resource));
    assert_eq!(admit("a", Some("m"), &own("/devices/a"), Some(&known)), Err(Refusal::Resource));
    assert_eq!(admit("a", None, &own("/devices/a/modules/m"), Some(&known)), Err(Refusal::Resource));
    assert_eq!(admit("a", None, &own("/devices/a"), Some(&keys(OWNER_KEY, OWNER_KEY))), Err(Refusal::Signature));
    assert_eq!(admit("a", None, &own("/devices/a"), None), Err(Refusal::UnknownDevice));
    let disabled = Credentials { enabled: false, ..known.clone() };
    assert_eq!(admit("a", None, &own("/devices/a"), Some(&disabled)), Err(Refusal::Disabled));
    assert_eq!(admit("a", None, "", Some(&known)), Err(Refusal::Missing));
    assert_eq!(admit("a", None, "secret", Some(&known)), Err(Refusal::Malformed));
    let old = sign_until(DEVICE_KEY, &format!("{CONTOSO}/devices/a"), None, 1_767_225_299);
    assert_eq!(admit("a", None, &old, Some(&known)), Err(Refusal::Expired));
    let late = sign_until(DEVICE_KEY, &format!("{CONTOSO}/devices/a"), None, 1_767_225_301);
    let expires = Some(Timestamp::from_second(1_767_225_601).unwrap());
    assert_eq!(guard.admit(&login("a", None, &late), Some(&known)), Ok(Admission { expires }), "not cut at once");
    let elsewhere = sign_until(DEVICE_KEY, "other.azure-devices.net/devices/a", None, 1_767_225_600);
    assert_eq!(admit("a", None, &elsewhere, Some(&known)), Err(Refusal::Resource));

    for resource in ["", "/devices", "/devices/a"] {
        assert_eq!(admit("a", None, &of_policy(resource, "device"), Some(&known)), Ok(()), "{resource}");
    }
    assert_eq!(admit("b", None, &of_policy("/devices/a", "device"), Some(&known)), Err(Refusal::Resource));
    assert_eq!(admit("a", None, &of_policy("", "nobody"), Some(&known)), Err(Refusal::Signature));
    guard.policies = Policies::of_one("registryReadWrite", OWNER_KEY);
    let rightless = guard.admit(&login("a", None, &of_policy("", "registryReadWrite")), Some(&known));
    assert_eq!(rightless, Err(Refusal::Right { needed: Right::DeviceConnect }));
}

#[test]
fn certificates_by_thumbprint() {
    let guard = guard(Policies::random(), CONTOSO);
    let shown = [CertificateDer::from(vec![1, 2, 3])];
    let admit = |known: &Credentials, shown: &[CertificateDer<'static>]| {
        let login = DeviceLogin { certificates: shown, ..login("a", None, "") };
        guard.admit(&login, Some(known))
    };
    let sha1 = HEXUPPER.encode(&sha1::Sha1::digest([1, 2, 3]));
    let sha256 = HEXUPPER.encode(&sha2::Sha256::digest([1, 2, 3]));
    let with_colons: Vec<_> = sha1.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap()).collect();
    for thumbprint in [sha1.clone(), sha1.to_lowercase(), sha256, with_colons.join(":")] {
        let known = credentials(Proof::Thumbprints(vec![thumbprint]));
        assert_eq!(admit(&known, &shown), Ok(Admission { expires: None }));
        assert_eq!(admit(&known, &[CertificateDer::from(vec![1, 2])]), Err(Refusal::Thumbprint));
        assert_eq!(admit(&known, &[]), Err(Refusal::Missing));
    }
    assert_eq!(admit(&credentials(Proof::Authority), &shown), Err(Refusal::Authority));
    assert_eq!(admit(&keys(DEVICE_KEY, DEVICE_KEY), &shown), Err(Refusal::OtherProof));
    let token = sign_until(DEVICE_KEY, &format!("{CONTOSO}/devices/a"), None, 1_767_225_600);
    let known = credentials(Proof::Thumbprints(vec![sha1]));
    assert_eq!(guard.admit(&login("a", None, &token), Some(&known)), Err(Refusal::OtherProof));
}

#[test]
fn each_refusal() {
    let owner = Policies::of_one("iothubowner", OWNER_KEY);
    let try_it = |token: &str, host, now| check(&owner, token, host, &["jobs"], Right::RegistryWrite, now);
    let host = "contoso.azure-devices.net";
    assert_eq!(try_it(OWNER_TOKEN, host, 1_700_000_300), Ok(()), "within the skew");
    assert_eq!(try_it(OWNER_TOKEN, host, 1_700_000_301), Err(Refusal::Expired));
    assert_eq!(try_it(OWNER_TOKEN, "localhost", 0), Err(Refusal::Resource));
    assert_eq!(try_it(&OWNER_TOKEN.replace("3ss2", "3ss3"), host, 0), Err(Refusal::Signature));
    assert_eq!(try_it(&OWNER_TOKEN.replace("1700000000", "1800000000"), host, 0), Err(Refusal::Signature));
    assert_eq!(try_it(&OWNER_TOKEN.replace("=iothubowner", "=nobody"), host, 0), Err(Refusal::Signature));
    assert_eq!(try_it("Bearer abc", host, 0), Err(Refusal::Bearer(BearerFault::NotTaken)));
    assert_eq!(try_it("Basic abc", host, 0), Err(Refusal::Malformed));
    assert_eq!(try_it(&format!("{OWNER_TOKEN}&se=1"), host, 0), Err(Refusal::Malformed));
}

/// A token made here, to try resources for which no vector is published.
fn sign_until(key: &str, resource: &str, policy: Option<&str>, expiry: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&BASE64_STANDARD.decode(key).unwrap()).unwrap();
    mac.update(format!("{resource}\n{expiry}").as_bytes());
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes()).replace('+', "%2B").replace('/', "%2F");
    let name = policy.map(|policy| format!("&skn={policy}")).unwrap_or_default();
    format!("SharedAccessSignature sr={resource}&sig={signature}&se={expiry}{name}")
}

fn sign(key: &str, resource: &str, policy: &str) -> String {
    sign_until(key, resource, Some(policy), 1_700_000_000)
}

#[test]
fn resources_cover_whole_segments() {
    let owner = Policies::of_one("iothubowner", OWNER_KEY);
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
        check(&Policies::of_one(policy, OWNER_KEY), &token, "localhost", &[], right, 0) == Ok(())
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
    let policies = Policies::of_one("iothubowner", OWNER_KEY);
    assert!(!format!("{policies:?}").contains(&OWNER_KEY[..8]));
    assert!(!format!("{:?}", keys(OWNER_KEY, OWNER_KEY)).contains(&OWNER_KEY[..8]));
}
