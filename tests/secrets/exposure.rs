//! Who may look at a secret: few places, and each has a reason.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Calls that take a secret out of its type, or write a text without masking what is in it.
const DOORS: [&str; 4] = [".expose_secret()", ".expose()", "::expose)", ".reveal("];

/// Files that may use them, and what for. Tests at the end of a file do not count.
const MAY: &[(&str, &str)] = &[
    ("cli/emulator/policies.rs", "`--show-keys` asks for the keys of the emulator"),
    ("cli/emulator/start.rs", "its result is the connection string of the emulator"),
    ("cli/known_secrets.rs", "looks for them in texts"),
    ("cli/terminal.rs", "what it reveals is masked before"),
    ("emulator/admin.rs", "the header of an admin call"),
    ("emulator/attach.rs", "its connection string, for the client"),
    ("emulator/auth/key.rs", "compares, signs, and writes the files of the state"),
    ("emulator/auth/policy.rs", "the keys of the emulator, for `--show-keys`"),
    ("emulator/server/mod.rs", "its connection string is made of a key"),
    ("emulator/server/served.rs", "its connection strings, for the client"),
    ("emulator/server/unserved.rs", "its connection string is made of a key, for the client"),
    ("emulator/tls/authority.rs", "the authority signs"),
    ("emulator/tls/mod.rs", "the server proves itself"),
    ("forge/token.rs", "the header of a call"),
    ("hub/entra/credential.rs", "the proof of an application, for the credentials of Azure"),
    ("hub/entra/github.rs", "the header of a call"),
    ("hub/entra/tokens.rs", "the token, for the header of a call"),
    ("hub/rest/sas.rs", "signs, compares"),
    ("hub/rest/signature.rs", "the header of a call"),
    ("net/env_proxy.rs", "the password in the address of a proxy, for the HTTP library"),
    ("report/document/seal.rs", "signs plans"),
];

#[test]
fn secrets_are_exposed_in_few_places() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let opens = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).expect("a readable source");
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        DOORS.iter().any(|door| code.contains(door))
    };
    let path =
        |file: &PathBuf| file.strip_prefix(&root).expect("a file of the folder").to_string_lossy().replace('\\', "/");
    let found: BTreeSet<String> = files.iter().filter(|file| opens(file)).map(path).collect();
    let may: BTreeSet<String> = MAY.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, may, "a secret leaves its type in another place than before");
    assert!(MAY.iter().all(|(_, reason)| !reason.is_empty()));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Types that hold a secret say nothing of it, in any of the ways in which a text is made of a value.
#[test]
fn types_with_secrets_do_not_print_them() {
    use hubjobs::hub::rest::{ConnectionString, SasSigner};
    use hubjobs::report::document::PlanKey;

    const KEY: &str = "bWFya2VkLW1hcmtlZC1tYXJrZWQtbWFya2VkLW1hcms=";
    let text = format!("HostName=h.net;SharedAccessKeyName=s;SharedAccessKey={KEY}");
    let connection = ConnectionString::parse(&text).expect("well-formed");
    let key = PlanKey::from_base64(KEY).expect("32 bytes");
    let hubjobs::hub::rest::SasCredential::SharedAccessKey { key: sas, .. } = connection.credential.clone() else {
        panic!("a key")
    };
    let signer = SasSigner::new("h.net", None, sas.clone());
    let token = signer.sign(1_700_000_000);
    let shown = format!("{connection:?} {connection:#?} {key:?} {sas:?} {sas} {signer:?} {token:?} {token:#?} {token}");
    let signature = token.expose().split("sig=").nth(1).expect("a signature");
    for secret in [KEY, "marked", "109, 97, 114", &signature[..20]] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
