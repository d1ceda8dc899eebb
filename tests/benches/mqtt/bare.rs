//! The floor: a server that says what a hub would say, byte for byte, and knows nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

use crate::wire;

const CONNACK: [u8; 4] = [0x20, 2, 0, 0];
const SUBACK: [u8; 5] = [0x90, 3, 0, 1, 0];

pub(crate) struct Bare {
    pub(crate) port: u16,
    pub(crate) authority: PathBuf,
    call: watch::Sender<bool>,
    answers: mpsc::UnboundedReceiver<()>,
}

impl Bare {
    /// Serves on a free port.
    pub(crate) async fn serve(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let authority = folder.join("authority.pem");
        let acceptor = acceptor(&authority);
        let (call, called) = watch::channel(false);
        let (answered, answers) = mpsc::unbounded_channel();
        let calls = Arc::new(AtomicU64::new(0));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, answered) = (acceptor.clone(), answered.clone());
                tokio::spawn(speak(stream, acceptor, called.clone(), Arc::clone(&calls), answered));
            }
        });
        Self { port, authority, call, answers }
    }

    /// Calls every device and waits for as many answers.
    pub(crate) async fn call_all(mut self, count: usize) {
        self.call.send(true).unwrap();
        for _ in 0..count {
            self.answers.recv().await.unwrap();
        }
    }
}

async fn speak(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    mut called: watch::Receiver<bool>,
    calls: Arc<AtomicU64>,
    answered: mpsc::UnboundedSender<()>,
) {
    stream.set_nodelay(true).unwrap();
    let mut stream = acceptor.accept(stream).await.unwrap();
    let mut bytes = vec![0; 512];
    for reply in [&CONNACK[..], &SUBACK] {
        assert_ne!(stream.read(&mut bytes).await.unwrap(), 0);
        stream.write_all(reply).await.unwrap();
        stream.flush().await.unwrap();
    }
    called.wait_for(|called| *called).await.unwrap();
    let topic = format!("$iothub/methods/POST/lockDoor/?$rid={:x}", calls.fetch_add(1, Ordering::Relaxed));
    stream.write_all(&wire::publish(&topic, br#"{"reason":"night"}"#, None)).await.unwrap();
    stream.flush().await.unwrap();
    assert_ne!(stream.read(&mut bytes).await.unwrap(), 0);
    let _ = answered.send(());
    // Until the device leaves.
    let _ = stream.read(&mut bytes).await;
}

/// An authority, written down for the devices, and a certificate of it: as much to check as the hub's.
fn acceptor(authority: &Path) -> TlsAcceptor {
    let (authority_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    std::fs::write(authority, params.self_signed(&authority_key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}
