//! What stands between hubjobs and its hub: proxies of every temper, and a middlebox that looks into TLS
//! with an authority of its own. Each trouble has words that name it, and what cures it.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod middlebox;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use hubjobs::emulator::state::Fidelity;
use hubjobs::emulator::{Emulator, EmulatorConfig, Exposure, Served, StateDir};
use hubjobs::model::{ClockMode, EmulatorClock, HubSize, Sku};
use middlebox::{Authority, Manner, Middlebox};
use tokio::net::TcpListener;

/// Nobody has this name, and no query for it leaves the machine.
const HOST: &str = "contoso.invalid";
/// Nobody listens there.
const CLOSED: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 9));

const JOB: &str = "apiVersion: hubjobs.dev/v1\nkind: MethodJob\nmetadata: {name: nightly}\nspec:\n  \
                   target: {condition: \"tags.floor = 3\"}\n  schedule: {cron: \"0 22 * * *\", timeZone: UTC}\n  \
                   maxExecutionTime: 10m\n  method: {name: lockDoor}\n";

/// A project whose hub is a served emulator under the name of a real one.
struct Site {
    folder: tempfile::TempDir,
    hub: Served,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = EmulatorConfig {
            size: HubSize { sku: Sku::S1, units: NonZeroU32::MIN },
            clock: EmulatorClock { start: None, mode: ClockMode::Real },
            fleet: None,
            fidelity: Fidelity::default(),
            snapshot_after: hubjobs::emulator::SNAPSHOT_AFTER,
        };
        let bind = || TcpListener::bind("127.0.0.1:0");
        let exposure = Exposure {
            https: vec![bind().await.unwrap()],
            names: vec![HOST.parse().unwrap()],
            ..Exposure::plain(bind().await.unwrap())
        };
        let state = StateDir::new(folder.path().join("hub"));
        let hub = Emulator::open(&state, &config).unwrap().serve_on(exposure).await.unwrap();
        let this = Self { folder, hub };
        let localhost = format!("localhost:{}", this.hub.ports().https.unwrap().port());
        this.write("hubjobs.yaml", project(&localhost).as_bytes());
        this.write("job.yaml", JOB.as_bytes());
        this
    }

    fn write(&self, file: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(file);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Asks the hub for its jobs, in an environment of these variables; gives the exit code and what was
    /// written, as soon as it ends or asks again.
    fn ask(&self, environment: &str, words: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
        let host = if environment == "prod" { HOST } else { "localhost" };
        let key = self.hub.connection_string().rsplit("SharedAccessKey=").next().unwrap();
        let port = self.hub.ports().https.unwrap().port();
        let host = if environment == "prod" { host.to_owned() } else { format!("{host}:{port}") };
        let secret = format!("HostName={host};SharedAccessKeyName=iothubowner;SharedAccessKey={key}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        command.args(["status", "-v", "-e", environment]).args(words).current_dir(self.folder.path());
        command.env_clear().env("TEST_HUB", secret).envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut text, stderr) = (String::new(), child.stderr.take().unwrap());
        for line in std::io::BufRead::lines(std::io::BufReader::new(stderr)).map_while(Result::ok) {
            text.push_str(&line);
            text.push('\n');
            if line.contains("asking the hub again") {
                child.kill().unwrap();
            }
        }
        let output = child.wait_with_output().unwrap();
        text.push_str(&String::from_utf8_lossy(&output.stdout));
        (output.status.code(), text)
    }
}

fn project(localhost: &str) -> String {
    let hub = |host: &str| {
        format!("hub: {{hostName: \"{host}\", auth: {{connectionStringEnv: TEST_HUB}}, sku: S1}}\n      prune: never")
    };
    format!(
        "apiVersion: hubjobs.dev/v1\nkind: Project\nmetadata: {{name: p}}\nspec:\n  \
         ownerId: 2c9f2f0e-5d06-4c3a-a1ff-6c4b3a1f7d20\n  owner: p\n  manifests: [\"job.yaml\"]\n  \
         environments:\n    prod:\n      {}\n    here:\n      {}\n",
        hub(HOST),
        hub(localhost)
    )
}

#[track_caller]
fn assert_says(answer: &(Option<i32>, String), words: &[&str]) {
    for word in words {
        assert!(answer.1.contains(word), "`{word}` is not in:\n{}", answer.1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_middlebox_is_named_and_can_be_trusted() {
    let site = Site::new().await;
    let middlebox = Middlebox::start(Manner::Inspect, site.hub.address()).await;
    let proxy = [("HTTPS_PROXY", middlebox.url())];
    let proxy = proxy.each_ref().map(|(name, url)| (*name, url.as_str()));
    let unknown = site.ask("prod", &[], &proxy);
    assert_says(&unknown, &["signed by `CN=Contoso Inspection CA`", "`--ca-file FILE`"]);
    assert_eq!(unknown.0, Some(1), "{}", unknown.1);

    let ca = site.write("ca.pem", middlebox.authority.pem.as_bytes());
    let ca = ca.to_str().unwrap();
    for trusted in
        [site.ask("prod", &["--ca-file", ca], &proxy), site.ask("prod", &[], &[proxy[0], ("HUBJOBS_CA_FILE", ca)])]
    {
        assert_eq!(trusted.0, Some(0), "{}", trusted.1);
    }
    // A file may hold several, and words between them.
    let other = Authority::new("Other CA").pem;
    let both = site.write("both.pem", format!("# ours\n{other}\n# theirs\n{}", middlebox.authority.pem).as_bytes());
    assert_eq!(site.ask("prod", &["--ca-file", both.to_str().unwrap()], &proxy).0, Some(0));
    let wrong = site.write("other.pem", other.as_bytes());
    assert_says(&site.ask("prod", &["--ca-file", wrong.to_str().unwrap()], &proxy), &["CN=Contoso Inspection CA"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ca_file_that_is_none_is_refused() {
    let site = Site::new().await;
    let authority = Authority::new("Contoso CA");
    let der = rustls_der(&authority.pem);
    let old = Authority::valid_until("Old CA", 2021);
    let broken = authority.pem.replacen("MII", "MIA", 1);
    let cases: [(&str, Option<&[u8]>, &str, &str); 9] = [
        ("missing.pem", None, "no such file", "that you may read"),
        ("empty.pem", Some(b" \n"), "it is empty", "BEGIN CERTIFICATE"),
        ("words.pem", Some(b"ask IT for this file\n"), "there is no certificate in it", "BEGIN CERTIFICATE"),
        ("key.pem", Some(authority.key_pem.as_bytes()), "it holds a private key", "openssl x509 -in"),
        ("ca.der", Some(&der), "it is in DER form", "openssl x509 -inform der"),
        ("old.pem", Some(old.pem.as_bytes()), "`CN=Old CA` in it expired on 2021-12-31", "present certificate"),
        ("broken.pem", Some(broken.as_bytes()), "certificate 1 in it is damaged", "BEGIN CERTIFICATE"),
        ("cut.pem", Some(&authority.pem.as_bytes()[..200]), "in it", "BEGIN CERTIFICATE"),
        ("hub", None, "it is a folder", "cat "),
    ];
    for (file, bytes, words, help) in cases {
        let path = site.folder.path().join(file);
        if let Some(bytes) = bytes {
            site.write(file, bytes);
        }
        let answer = site.ask("prod", &["--ca-file", path.to_str().unwrap()], &[]);
        assert_eq!(answer.0, Some(1), "{}", answer.1);
        assert_says(&answer, &[file, words, help]);
        assert!(!answer.1.contains("PRIVATE KEY-----"), "{}", answer.1);
    }
}

fn rustls_der(pem: &str) -> Vec<u8> {
    use rustls::pki_types::pem::PemObject as _;
    rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_does_not_let_through_is_named() {
    let site = Site::new().await;
    for (manner, user, words) in [
        (Manner::Refuse, "", "did not let the connection through"),
        (Manner::Nonsense, "", "did not let the connection through"),
        (Manner::HangUp, "", "closed the connection"),
        (Manner::InspectAfterPassword("u", "p"), "", "asks for a user and a password"),
        (Manner::InspectAfterPassword("u", "p"), "u:wrong@", "does not take the user and password in `HTTPS_PROXY`"),
        (Manner::Silent, "", "no connection came about in time"),
    ] {
        let middlebox = Middlebox::start(manner, site.hub.address()).await;
        let url = format!("http://{user}{}", middlebox.address);
        let answer = site.ask("prod", &[], &[("HTTPS_PROXY", &url)]);
        assert_says(&answer, &[words, &format!("the proxy `{}` (`HTTPS_PROXY`)", middlebox.address)]);
        assert!(!answer.1.contains("wrong"), "{}", answer.1);
    }
    let closed = format!("http://{CLOSED}");
    assert_says(
        &site.ask("prod", &[], &[("HTTPS_PROXY", &closed)]),
        &["the proxy `127.0.0.1:9` (`HTTPS_PROXY`) cannot be reached: the connection was refused"],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_variable_of_a_proxy_counts() {
    let site = Site::new().await;
    let middlebox = Middlebox::start(Manner::InspectAfterPassword("u", "p@ss"), site.hub.address()).await;
    let ca = site.write("ca.pem", middlebox.authority.pem.as_bytes());
    let url = format!("http://u:p%40ss@{}", middlebox.address);
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        for url in [url.as_str(), url.trim_start_matches("http://")] {
            let answer = site.ask("prod", &["--ca-file", ca.to_str().unwrap()], &[(variable, url)]);
            assert_eq!(answer.0, Some(0), "{variable}={url}: {}", answer.1);
        }
    }
    // Plain HTTP is not spoken to hubs, so this one is not asked.
    let before = middlebox.heads().len();
    let direct = site.ask("prod", &[], &[("HTTP_PROXY", &url)]);
    assert_says(&direct, &["its name cannot be resolved"]);
    for no_proxy in ["*", ".invalid", "x.example, contoso.invalid"] {
        let direct = site.ask("prod", &[], &[("HTTPS_PROXY", &url), ("NO_PROXY", no_proxy)]);
        assert_says(&direct, &["its name cannot be resolved"]);
    }
    assert_eq!(middlebox.heads().len(), before, "somebody went through the proxy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_variable_that_names_no_proxy_is_an_error() {
    let site = Site::new().await;
    for text in
        ["http://", "http://[", "http://proxy:99999", "socks5://127.0.0.1:1080", "ftp://x", "http://a b", ":8080"]
    {
        let answer = site.ask("prod", &[], &[("HTTPS_PROXY", text)]);
        assert_eq!(answer.0, Some(1), "{text}: {}", answer.1);
        assert_says(&answer, &["`HTTPS_PROXY` is not the address of an HTTP proxy; write `http://HOST:PORT`"]);
    }
    // An empty one is none.
    assert_says(&site.ask("prod", &[], &[("HTTPS_PROXY", "")]), &["its name cannot be resolved"]);
}

/// What runs on this machine is never behind a proxy, whatever `NO_PROXY` says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_machine_is_never_behind_a_proxy() {
    let site = Site::new().await;
    let middlebox = Middlebox::start(Manner::Refuse, site.hub.address()).await;
    let ca = site.hub.authority().unwrap().to_owned();
    let answer = site.ask("here", &["--ca-file", ca.to_str().unwrap()], &[("HTTPS_PROXY", &middlebox.url())]);
    assert_eq!(answer.0, Some(0), "{}", answer.1);
    assert!(middlebox.heads().is_empty());
}
