//! What may stand between hubjobs and its hub: proxies of every temper, and one that looks into TLS with
//! an authority of its own. Whatever name is asked for, the upstream of the test is behind it.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What a proxy does with those who come.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// Ends their TLS with a certificate of its own, and speaks plain HTTP to the upstream.
    Inspect,
    /// The same, for those who know this user and password.
    InspectAfterPassword(&'static str, &'static str),
    /// Lets nobody through.
    Refuse,
    /// Says nothing at all.
    Silent,
    /// Hangs up.
    HangUp,
    /// Speaks no HTTP.
    Nonsense,
}

/// An authority that nobody trusts yet.
pub(crate) struct Authority {
    pub(crate) pem: String,
    pub(crate) key_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        Self::valid_until(name, 2049)
    }

    pub(crate) fn valid_until(name: &str, year: i32) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(year, 12, 31));
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { key_pem: key.serialize_pem(), issuer: Issuer::new(params, key), pem }
    }

    /// What a server of that name needs.
    pub(crate) fn server(&self, host: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap())
    }
}

/// A proxy that runs until the runtime ends.
pub(crate) struct Middlebox {
    pub(crate) address: SocketAddr,
    pub(crate) authority: Arc<Authority>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Middlebox {
    pub(crate) async fn start(manner: Manner, upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (authority, heads) = (Arc::new(Authority::new("Contoso Inspection CA")), Arc::default());
        let visit = Visit { manner, upstream, authority: Arc::clone(&authority), heads: Arc::clone(&heads) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(visit.clone().receive(stream));
            }
        });
        Self { address, authority, heads }
    }

    /// As `HTTPS_PROXY` has it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What those who came asked for.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Visit {
    manner: Manner,
    upstream: SocketAddr,
    authority: Arc<Authority>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Visit {
    async fn receive(self, mut stream: TcpStream) {
        let Some(head) = read_head(&mut stream).await else { return };
        self.heads.lock().unwrap().push(head.clone());
        match &self.manner {
            Manner::Inspect => self.inspect(stream, &head).await,
            Manner::InspectAfterPassword(user, password) => {
                let proof = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
                let is_proof = |line: &str| {
                    line.split_once(": ")
                        .is_some_and(|(name, value)| name.eq_ignore_ascii_case("proxy-authorization") && value == proof)
                };
                if head.lines().any(is_proof) {
                    return self.inspect(stream, &head).await;
                }
                let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\
                              Content-Length: 0\r\n\r\n";
                let _ = stream.write_all(answer.as_bytes()).await;
            }
            Manner::Refuse => {
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
            }
            Manner::Silent => tokio::time::sleep(Duration::from_secs(600)).await,
            Manner::HangUp => {}
            Manner::Nonsense => {
                let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
            }
        }
    }

    async fn inspect(self, mut stream: TcpStream, head: &str) {
        let Some(host) = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(':').next()) else { return };
        let acceptor = TlsAcceptor::from(self.authority.server(host));
        let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
        let Ok(mut inside) = acceptor.accept(stream).await else { return };
        let Ok(mut upstream) = TcpStream::connect(self.upstream).await else { return };
        let _ = copy_bidirectional(&mut inside, &mut upstream).await;
    }
}

/// The lines of a request before its body.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// A server that answers every request with what `answer` makes of its head.
pub(crate) async fn answering(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_one(stream, Arc::clone(&answer)));
        }
    });
    address
}

async fn answer_one(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: Arc<impl Fn(&str) -> String>) {
    let Some(head) = read_head(&mut stream).await else { return };
    let len =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; len.unwrap_or(0)];
    let _ = stream.read_exact(&mut body).await;
    let _ = stream.write_all(answer(&head).as_bytes()).await;
}
