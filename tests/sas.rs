//! Shared access signatures against vectors of the SDKs' own tests, and of others.

use hubjobs::hub::rest::{SasKey, SasSigner};

struct Vector {
    name: &'static str,
    key: &'static str,
    /// Resource, not yet encoded.
    resource: &'static str,
    policy: Option<&'static str>,
    expiry: i64,
    token: &'static str,
}

const KEY_A: &str = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=";
const KEY_B: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
const KEY_C: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const YEAR_2026: i64 = 1_767_225_600;

const VECTORS: [Vector; 9] = [
    Vector {
        name: "V1, Node's common core",
        key: "cGFzc3dvcmQ=",
        resource: "uri",
        policy: Some("encode('Me')"),
        expiry: 12_345,
        token: "SharedAccessSignature sr=uri&sig=kcWxXAK2OAaAoq2oCkaGzX2NMqDB8nCyNuq2fPYCDhk%3D&se=12345&skn=encode%28%27Me%27%29",
    },
    Vector {
        name: "V3, Node's service SDK: a key without padding and with stray bits",
        key: "key",
        resource: "host",
        policy: Some("policy"),
        expiry: 12_345,
        token: "SharedAccessSignature sr=host&sig=88JmrIsVYOGmRSjCO1x1LLbv0K001Gikh1rjfJqbQXA%3D&se=12345&skn=policy",
    },
    Vector {
        name: "V4, the Go client",
        key: "c2VjcmV0",
        resource: "test.azure-devices.net",
        policy: Some("owner"),
        expiry: 1_546_308_061,
        token: "SharedAccessSignature sr=test.azure-devices.net&sig=uux4PSAK1s9efNcBHin0pm7O5oENedTWkhqGp8JAyFY%3D&se=1546308061&skn=owner",
    },
    Vector {
        name: "A",
        key: KEY_A,
        resource: "contoso.azure-devices.net",
        policy: Some("iothubowner"),
        expiry: 1_700_000_000,
        token: "SharedAccessSignature sr=contoso.azure-devices.net&sig=3ss2e2SglMMawycEigBriy52Wr6WXC4Dqjk0oU7k%2FGA%3D&se=1700000000&skn=iothubowner",
    },
    Vector {
        name: "B",
        key: KEY_B,
        resource: "contoso-hub.azure-devices.net",
        policy: Some("service"),
        expiry: YEAR_2026,
        token: "SharedAccessSignature sr=contoso-hub.azure-devices.net&sig=pj3DWr5APT9YL6OGGT4anl7c6RtzVUAnlSSwF79mSdk%3D&se=1767225600&skn=service",
    },
    Vector {
        name: "C, a device",
        key: KEY_C,
        resource: "contoso-hub.azure-devices.net/devices/thermo-01",
        policy: None,
        expiry: YEAR_2026,
        token: "SharedAccessSignature sr=contoso-hub.azure-devices.net%2Fdevices%2Fthermo-01&sig=53lIgFH2Me8br8JxnN1aXHKCc%2BO6n1y8It40mZWY5nc%3D&se=1767225600",
    },
    Vector {
        name: "E, a module",
        key: KEY_C,
        resource: "contoso-hub.azure-devices.net/devices/thermo-01/modules/probe",
        policy: None,
        expiry: YEAR_2026,
        token: "SharedAccessSignature sr=contoso-hub.azure-devices.net%2Fdevices%2Fthermo-01%2Fmodules%2Fprobe&sig=kYMQKG2ys93DO4nILP%2B2PENrvClRt2gtRhhxoqbNP%2Bk%3D&se=1767225600",
    },
    Vector {
        name: "F, the emulator",
        key: KEY_B,
        resource: "localhost",
        policy: Some("iothubowner"),
        expiry: YEAR_2026,
        token: "SharedAccessSignature sr=localhost&sig=Wv%2Bmxzgw5p%2FBqIkrOjgUDcxYVndhbWxJYtOpbpRdksg%3D&se=1767225600&skn=iothubowner",
    },
    Vector {
        name: "G, an id with characters to encode",
        key: KEY_C,
        resource: "contoso-hub.azure-devices.net/devices/a+b@c#1",
        policy: None,
        expiry: YEAR_2026,
        token: "SharedAccessSignature sr=contoso-hub.azure-devices.net%2Fdevices%2Fa%2Bb%40c%231&sig=whiGaO6vRTcYBcTtaDJreMIn96fQSdxE5%2B30sMNhESk%3D&se=1767225600",
    },
];

/// Vectors V2 (the raw HMAC) and D (lower-case hex, which this signer does not write) stand beside
/// the code.
#[test]
fn signs_as_the_sdks_do() {
    for Vector { name, key, resource, policy, expiry, token } in VECTORS {
        let signer = SasSigner::new(resource, policy, SasKey::from_base64(key).expect("base64"));
        assert_eq!(signer.sign(expiry).expose(), token, "{name}");
    }
}
