//! TLS as clients meet it: what they verify, what they trust, and how long that lasts.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use hubjobs::emulator::{Emulator, Exposure, Served, StateDir};
use local_hub::config;
use reqwest::Certificate;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Serves all protocols on free ports.
async fn serve(dir: &StateDir, names: &[&str]) -> Served {
    let bind = || TcpListener::bind("127.0.0.1:0");
    let exposure = Exposure {
        https: vec![bind().await.unwrap()],
        mqtt: vec![bind().await.unwrap()],
        names: names.iter().map(|name| name.parse().unwrap()).collect(),
        ..Exposure::plain(bind().await.unwrap())
    };
    Emulator::open(dir, &config()).unwrap().serve_on(exposure).await.unwrap()
}

fn authority(served: &Served) -> String {
    std::fs::read_to_string(served.authority().unwrap()).unwrap()
}

/// A TLS client that trusts that authority alone.
async fn handshake(
    served: &Served,
    port: u16,
    versions: &[&'static SupportedProtocolVersion],
    name: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority(served).as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await
}

#[tokio::test]
async fn both_versions_and_every_name() {
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&StateDir::new(folder.path()), &["my-hub.azure-devices.net"]).await;
    let ports = served.ports();
    for port in [ports.https.unwrap().port(), ports.mqtt.unwrap().port()] {
        for versions in [&[&rustls::version::TLS12][..], &[&rustls::version::TLS13]] {
            // A client that is given an address asks for no name.
            for name in ["localhost", "127.0.0.1", "::1", "my-hub.azure-devices.net"] {
                handshake(&served, port, versions, name).await.unwrap();
            }
            assert!(handshake(&served, port, versions, "other-hub.azure-devices.net").await.is_err());
        }
    }
}

#[tokio::test]
async fn https_answers_as_http_does() {
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&StateDir::new(folder.path()), &[]).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let trusted = Certificate::from_pem(authority(&served).as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    let secret = served.secure_connection_string().unwrap();
    let host = format!("localhost:{}", served.ports().https.unwrap().port());
    assert!(secret.starts_with(&format!("HostName={host};SharedAccessKeyName=iothubowner;SharedAccessKey=")), "{host}");
    let caller = local_hub::Caller::new(secret);
    let url = format!("https://{host}/statistics/devices?api-version=2021-04-12");
    let answer = http.get(&url).header("Authorization", caller.token(600)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(http.get(&url).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn the_authority_stays_and_the_certificate_follows_the_names() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::new(folder.path());
    let served = serve(&dir, &[]).await;
    let first = authority(&served);
    let https = served.ports().https.unwrap().port();
    assert!(handshake(&served, https, rustls::ALL_VERSIONS, "hub.test").await.is_err());
    served.stop().await.unwrap();
    let kept = std::fs::read_to_string(folder.path().join("tls.json")).unwrap();
    let served = serve(&dir, &[]).await;
    assert_eq!(std::fs::read_to_string(folder.path().join("tls.json")).unwrap(), kept);
    served.stop().await.unwrap();
    let served = serve(&dir, &["hub.test"]).await;
    assert_eq!(authority(&served), first);
    handshake(&served, served.ports().https.unwrap().port(), rustls::ALL_VERSIONS, "hub.test").await.unwrap();
    served.stop().await.unwrap();
    std::fs::write(folder.path().join("tls.json"), "{}").unwrap();
    let bind = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let exposure = Exposure { https: vec![bind], ..Exposure::plain(TcpListener::bind("127.0.0.1:0").await.unwrap()) };
    let refused = Emulator::open(&dir, &config()).unwrap().serve_on(exposure).await.unwrap_err().to_string();
    assert!(refused.contains("tls.json"), "{refused}");
}

/// A second opinion, where there is one: the shape that strict clients want.
#[tokio::test]
async fn openssl_finds_nothing_wrong() {
    if Command::new("openssl").arg("version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&StateDir::new(folder.path()), &[]).await;
    let stream =
        handshake(&served, served.ports().mqtt.unwrap().port(), rustls::ALL_VERSIONS, "localhost").await.unwrap();
    let leaf = folder.path().join("leaf.der");
    std::fs::write(&leaf, &stream.get_ref().1.peer_certificates().unwrap()[0]).unwrap();
    let run = |arguments: &[&str], files: &[&Path]| {
        let output = Command::new("openssl").args(arguments).args(files).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let authority = served.authority().unwrap();
    let strict = ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "localhost", "-CAfile"];
    run(&strict, &[authority, &leaf]);
    let shown = run(&["x509", "-noout", "-text", "-in"], &[authority]);
    for part in ["Basic Constraints: critical", "Certificate Sign", "Subject Key Identifier"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let shown = run(&["x509", "-noout", "-text", "-in"], &[&leaf]);
    for part in ["Authority Key Identifier", "DNS:localhost", "IP Address:127.0.0.1", "prime256v1"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_keys_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&StateDir::new(folder.path()), &[]).await;
    let mode = folder.path().join("tls.json").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!authority(&served).contains("PRIVATE"));
}

#[tokio::test]
async fn who_does_not_speak_tls_is_not_waited_for() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&StateDir::new(folder.path()), &[]).await;
    let port = served.ports().https.unwrap().port();
    let mut stranger = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    let _ = stranger.read_to_end(&mut said).await;
    assert!(said.len() < 16, "{said:?}");
    let silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    handshake(&served, port, rustls::ALL_VERSIONS, "localhost").await.unwrap();
    drop(silent);
}

/// As many as the limit of open files allows, both ends being in this process.
#[tokio::test]
async fn ten_thousand_idle_connections_do_not_hurt() {
    let _ = hubjobs::emulator::transport::raise_open_files();
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&StateDir::new(folder.path()), &[]).await;
    let mut idle = Vec::new();
    for _ in 0..10_000 {
        match TcpStream::connect(served.address()).await {
            Ok(stream) => idle.push(stream),
            // No file is left on our side.
            Err(_) => break,
        }
    }
    idle.truncate(idle.len().saturating_sub(64));
    assert!(idle.len() > 100, "{}", idle.len());
    let caller = local_hub::Caller::new(served.connection_string());
    for _ in 0..20 {
        assert_eq!(caller.get("/statistics/devices").await.status, 200);
    }
    let large = caller.request(reqwest::Method::GET, "/statistics/devices").header("x-large", "x".repeat(33_000));
    assert_eq!(large.send().await.unwrap().status(), 431);
    drop(idle);
    served.stop().await.unwrap();
}
