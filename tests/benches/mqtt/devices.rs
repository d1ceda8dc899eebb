//! Devices in a process of their own: this bench, started again.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::wire::{self, Heard, Hello};

/// Devices that are on their way in at once.
const CONNECTING_MAX: usize = 128;
const PORT: &str = "HUBJOBS_MQTT_PORT";
const AUTHORITY: &str = "HUBJOBS_MQTT_AUTHORITY";
const KEY: &str = "HUBJOBS_MQTT_KEY";
const COUNT: &str = "HUBJOBS_MQTT_COUNT";

pub(crate) fn id(number: usize) -> String {
    format!("lock-{number:05}")
}

/// What the devices need to know.
pub(crate) struct Devices {
    pub(crate) port: u16,
    pub(crate) authority: PathBuf,
    /// Of a policy by which devices may connect.
    pub(crate) key: String,
    pub(crate) count: usize,
}

/// Devices that are connected.
pub(crate) struct Process {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Process {
    /// Lets them go; how many methods they answered.
    pub(crate) fn finish(mut self) -> usize {
        drop(self.child.stdin.take());
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        assert!(self.child.wait().unwrap().success());
        line.trim().parse().unwrap()
    }
}

impl Devices {
    /// Whether this process is one of devices.
    pub(crate) fn requested() -> Option<Self> {
        let var = |name: &str| std::env::var(name).ok();
        Some(Self {
            port: var(PORT)?.parse().ok()?,
            authority: var(AUTHORITY)?.into(),
            key: var(KEY)?,
            count: var(COUNT)?.parse().ok()?,
        })
    }

    /// Starts the process and waits until all devices are connected and listen.
    pub(crate) fn start(&self) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(PORT, self.port.to_string()).env(COUNT, self.count.to_string());
        command.env(AUTHORITY, &self.authority).env(KEY, &self.key);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "connected\n");
        Process { child, out }
    }

    /// Is the devices, until standard input ends.
    #[expect(clippy::print_stdout, reason = "the other process reads it")]
    pub(crate) fn run(&self) {
        let runtime = Runtime::new().unwrap();
        let answered = Arc::new(AtomicUsize::new(0));
        runtime.block_on(self.connect(&answered));
        println!("connected");
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        println!("{}", answered.load(Ordering::SeqCst));
        runtime.shutdown_background();
    }

    async fn connect(&self, answered: &Arc<AtomicUsize>) {
        let connector = self.connector();
        let gate = Arc::new(Semaphore::new(CONNECTING_MAX));
        let (connected, mut all) = mpsc::channel::<()>(1);
        for number in 0..self.count {
            let pass = Arc::clone(&gate).acquire_owned().await.unwrap();
            let (connector, port, connected) = (connector.clone(), self.port, connected.clone());
            let (id, answered) = (id(number), Arc::clone(answered));
            let hello = Hello::new(&id, &self.token(&id));
            tokio::spawn(async move {
                let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
                let mut device = Device { stream, bytes: Vec::new() };
                device.enter(&hello).await;
                drop((pass, connected));
                while device.answer().await {
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        drop(connected);
        // Ends once every device has let go of its sender.
        assert!(all.recv().await.is_none());
    }

    fn connector(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.authority).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        // Ten thousand devices have not met the server before.
        config.resumption = Resumption::disabled();
        TlsConnector::from(Arc::new(config))
    }

    fn token(&self, id: &str) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let resource = encode(&format!("localhost/devices/{id}"));
        let expiry = jiff::Timestamp::now().as_second() + 3_600;
        let mut mac = Hmac::<Sha256>::new_from_slice(&BASE64_STANDARD.decode(&self.key).unwrap()).unwrap();
        mac.update(format!("{resource}\n{expiry}").as_bytes());
        let signature = encode(&BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        format!("SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn=iothubowner")
    }
}

struct Device {
    stream: TlsStream<TcpStream>,
    bytes: Vec<u8>,
}

impl Device {
    /// Connects, and listens to methods.
    async fn enter(&mut self, hello: &Hello) {
        self.say(&hello.packet()).await;
        assert_eq!(self.hear().await, Some(Heard::ConnAck { present: false, code: 0 }));
        self.say(&wire::subscribe(1, &[("$iothub/methods/POST/#", 0)])).await;
        assert_eq!(self.hear().await, Some(Heard::SubAck(1, vec![0])));
    }

    /// Waits for a method and answers it at once; no longer when the connection is over.
    async fn answer(&mut self) -> bool {
        let Some(Heard::Publish(topic, _)) = self.hear().await else { return false };
        let (_, rid) = topic.split_once("$rid=").unwrap();
        let topic = format!("$iothub/methods/res/200/?$rid={rid}");
        self.say(&wire::publish(&topic, br#"{"locked":true}"#, None)).await;
        true
    }

    async fn say(&mut self, packet: &[u8]) {
        self.stream.write_all(packet).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    async fn hear(&mut self) -> Option<Heard> {
        loop {
            if let Some((heard, len)) = wire::read(&self.bytes) {
                self.bytes.drain(..len);
                return Some(heard);
            }
            match self.stream.read_buf(&mut self.bytes).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}
