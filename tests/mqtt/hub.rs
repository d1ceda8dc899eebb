//! A served hub with its MQTT port, and devices that are registered there.

use std::sync::Arc;
use std::time::Duration;

use hubjobs::emulator::admin::EventsRequest;
use hubjobs::emulator::state::{Fidelity, Throttling};
use hubjobs::emulator::{Emulator, EmulatorConfig, Exposure, Served, StateDir};
use hubjobs::model::{ClockMode, EmulatorClock};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_rustls::TlsConnector;

use crate::device::{Device, token};
use crate::local_hub::{self, Caller};
use crate::wire::Hello;

pub(crate) struct Hub {
    pub(crate) dir: TempDir,
    pub(crate) served: Served,
    pub(crate) caller: Caller,
}

/// A clock that goes, and no throttles.
pub(crate) fn real() -> EmulatorConfig {
    let fidelity = Fidelity { throttling: Throttling::Off, ..Fidelity::default() };
    let clock = EmulatorClock { mode: ClockMode::Real, ..local_hub::config().clock };
    EmulatorConfig { clock, fidelity, ..local_hub::config() }
}

impl Hub {
    pub(crate) async fn start(config: &EmulatorConfig) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config).await
    }

    pub(crate) async fn start_in(dir: TempDir, config: &EmulatorConfig) -> Self {
        let bind = || TcpListener::bind("127.0.0.1:0");
        let exposure = Exposure { mqtt: vec![bind().await.unwrap()], ..Exposure::plain(bind().await.unwrap()) };
        let opened = Emulator::open(&StateDir::new(dir.path()), config).unwrap();
        let served = opened.serve_on(exposure).await.unwrap();
        let caller = Caller::new(served.connection_string());
        Self { dir, served, caller }
    }

    /// Stops it and starts it again.
    pub(crate) async fn restart(self, config: &EmulatorConfig) -> Self {
        let Self { dir, served, .. } = self;
        served.stop().await.unwrap();
        Self::start_in(dir, config).await
    }

    /// Registers a device; its key.
    pub(crate) async fn register(&self, id: &str) -> String {
        let identity = self.caller.put(&format!("/devices/{id}"), &json!({"deviceId": id})).await.ok();
        identity["authentication"]["symmetricKey"]["primaryKey"].as_str().unwrap().to_owned()
    }

    /// A TLS connection on which nothing was said yet.
    pub(crate) async fn dial(&self) -> Device {
        self.dial_with(None).await
    }

    pub(crate) async fn dial_with(
        &self,
        identity: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    ) -> Device {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.served.authority().unwrap()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // As the Python device SDK does.
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS12]);
        let config = config.unwrap().with_root_certificates(roots);
        let config = match identity {
            Some((certificate, key)) => config.with_client_auth_cert(vec![certificate], key).unwrap(),
            None => config.with_no_client_auth(),
        };
        let stream = TcpStream::connect(self.served.ports().mqtt.unwrap()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        Device::over(TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap())
    }

    /// What a device says first.
    pub(crate) fn hello(id: &str, key: &str) -> Hello {
        Hello::new(id, &token(key, &resource(id), now() + 3_600, None))
    }

    /// A registered device that is connected and listens to everything.
    pub(crate) async fn connected(&self, id: &str) -> Device {
        let key = self.register(id).await;
        let mut device = self.dial().await;
        device.connect(&Self::hello(id, &key)).await;
        for filter in ["$iothub/methods/POST/#", "$iothub/twin/PATCH/properties/desired/#", "$iothub/twin/res/#"] {
            device.subscribe(filter).await;
        }
        device
    }

    pub(crate) async fn twin(&self, id: &str) -> Value {
        self.caller.get(&format!("/twins/{id}")).await.ok()
    }

    /// Waits until a device is seen as connected or not.
    pub(crate) async fn sees(&self, id: &str, state: &str) {
        for _ in 0..200 {
            if self.twin(id).await["connectionState"] == state {
                return;
            }
            sleep(Duration::from_millis(25)).await;
        }
        panic!("{id} is never {state}");
    }

    /// Creates a method job over all devices.
    pub(crate) async fn lock_doors(&self, id: &str, response_timeout: u64, execution: u64) {
        let job = json!({"jobId": id, "type": "scheduleDeviceMethod", "queryCondition": "*", "startTime": "",
            "maxExecutionTimeInSeconds": execution, "cloudToDeviceMethod": {"methodName": "lockDoor",
            "payload": {"reason": "night"}, "responseTimeoutInSeconds": response_timeout}});
        self.caller.put(&format!("/jobs/v2/{id}"), &without_start(job)).await.ok();
    }

    /// Waits for the end of a job; its statistics.
    pub(crate) async fn finished(&self, id: &str) -> Value {
        for _ in 0..400 {
            let job = self.caller.get(&format!("/jobs/v2/{id}")).await.ok();
            if job["status"] == "completed" {
                return job["deviceJobStatistics"].clone();
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("{id} never ends");
    }

    /// The messages that devices sent.
    pub(crate) async fn events(&self) -> Vec<Value> {
        self.served.admin().events(&EventsRequest::default()).await.unwrap().events
    }

    /// What became of the devices of a job: id, status, response or error.
    pub(crate) async fn records(&self, id: &str) -> Vec<Value> {
        let query = json!({"query": format!("SELECT * FROM devices.jobs WHERE devices.jobs.jobId = '{id}'")});
        let records = self.caller.post("/devices/query", &query).await.ok();
        records.as_array().unwrap().clone()
    }
}

fn without_start(mut job: Value) -> Value {
    job.as_object_mut().unwrap().remove("startTime");
    job
}

/// What the token of a device or `device/module` is for.
pub(crate) fn resource(id: &str) -> String {
    match id.split_once('/') {
        Some((device, module)) => format!("localhost/devices/{device}/modules/{module}"),
        None => format!("localhost/devices/{id}"),
    }
}

pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
