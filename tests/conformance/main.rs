//! One suite over every implementation of the hub client: straight onto the emulator's state
//! machine, and over HTTP. What passes both is a property of the hub, not of a client.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod fleet;
#[path = "../local_hub/mod.rs"]
mod local_hub;
mod suite;

use std::num::NonZeroU32;

use hubjobs::emulator::admin::TickRequest;
use hubjobs::emulator::state::{Fidelity, HubEvent, HubOptions};
use hubjobs::emulator::{Emulator, EmulatorConfig, InProcessHub, Served, StateDir};
use hubjobs::hub::rest::{ConnectionString, Endpoint, RestConfig, RestHub};
use hubjobs::model::{ClockMode, EmulatorClock, HubSize, Sku};
use jiff::{SignedDuration, Timestamp};
use local_hub::Caller;
use serde_json::Value;
use suite::TestHub;
use tempfile::TempDir;
use tokio::net::TcpListener;

const SIZE: HubSize = HubSize { sku: Sku::S3, units: NonZeroU32::MIN };

fn start() -> Timestamp {
    "2026-12-01T08:00:00Z".parse().unwrap()
}

/// The client trait straight onto the state machine.
struct InProcess(InProcessHub);

impl InProcess {
    async fn begin() -> Self {
        Self(InProcessHub::with_fleet(HubOptions::new(SIZE), &fleet::fleet(), start()).unwrap())
    }
}

impl TestHub for InProcess {
    type Client = InProcessHub;

    fn client(&self) -> &InProcessHub {
        &self.0
    }

    async fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn tick(&self, by: SignedDuration) {
        self.0.advance_to(self.0.now() + by);
    }

    async fn configure(&self, id: &str, configuration: Value) {
        let id = id.to_owned();
        self.0.apply(HubEvent::PutConfiguration { id, configuration, if_match: None }).unwrap();
    }
}

/// The REST client in front of an emulator that is served on loopback.
struct OverHttp {
    client: RestHub,
    served: Served,
    _dir: TempDir,
}

impl OverHttp {
    async fn begin() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = EmulatorConfig {
            size: SIZE,
            clock: EmulatorClock { start: Some(start()), mode: ClockMode::Fast },
            fleet: Some(fleet::fleet()),
            fidelity: Fidelity::default(),
            snapshot_after: hubjobs::emulator::SNAPSHOT_AFTER,
        };
        let emulator = Emulator::open(&StateDir::new(dir.path()), &config).unwrap();
        let served = emulator.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).await.unwrap();
        let connection = ConnectionString::parse(served.connection_string()).unwrap();
        let endpoint = Endpoint::loopback(served.address()).unwrap();
        let client = RestHub::connect(RestConfig::emulator(endpoint, connection)).unwrap();
        Self { client, served, _dir: dir }
    }
}

impl TestHub for OverHttp {
    type Client = RestHub;

    fn client(&self) -> &RestHub {
        &self.client
    }

    async fn now(&self) -> Timestamp {
        self.served.admin().clock().await.unwrap().now
    }

    async fn tick(&self, by: SignedDuration) {
        self.served.admin().tick(TickRequest::By(by)).await.unwrap();
    }

    async fn configure(&self, id: &str, configuration: Value) {
        let caller = Caller::new(self.served.connection_string());
        caller.put(&format!("/configurations/{id}"), &configuration).await.ok();
    }
}

macro_rules! conformance {
    ($($fact:ident),+ $(,)?) => {
        conformance! { @module in_process, InProcess: $($fact),+ }
        conformance! { @module over_http, OverHttp: $($fact),+ }
    };
    (@module $module:ident, $hub:ident: $($fact:ident),+) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $fact() {
                    super::suite::$fact(&super::$hub::begin().await).await;
                }
            )+
        }
    };
}

conformance! {
    unknown_job_is_absent,
    twin_job_runs_and_its_body_is_echoed,
    method_job_has_a_result_for_each_device,
    an_id_is_used_once,
    only_a_waiting_job_can_be_cancelled,
    a_waiting_job_holds_a_lane,
    a_start_is_at_most_a_week_ahead,
    a_bad_condition_fails_later,
    a_job_for_nobody_completes,
    lists_are_filtered_and_paged,
    queries_are_paged_and_refused_when_bad,
    configurations_show_what_they_write,
    devices_are_counted_by_their_connection,
}
