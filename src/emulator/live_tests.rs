//! The running hub: its journal, and when it says what.

use std::num::NonZeroU32;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;

use super::super::outbox::ToDevice;
use super::super::saved;
use super::super::server::EmulatorConfig;
use super::super::state::{DeviceTopic, Entropy, Fidelity};
use super::super::store::{StateDir, StateLock};
use super::*;
use crate::model::{EmulatorClock, HubSize, Sku};

fn open(dir: &StateDir) -> Arc<LiveHub> {
    let config = EmulatorConfig {
        size: HubSize { sku: Sku::S1, units: NonZeroU32::MIN },
        clock: EmulatorClock { start: Some(Timestamp::UNIX_EPOCH), mode: ClockMode::Fast },
        fleet: None,
        fidelity: Fidelity::default(),
        snapshot_after: 2_000,
    };
    let saved = saved::open(StateLock::acquire(dir).unwrap(), &config).unwrap();
    Arc::new(LiveHub::new(saved.kept, saved.seq, Arc::new(saved.store), saved.clock, config.snapshot_after))
}

async fn create(hub: &Arc<LiveHub>, device_id: String) -> Result<Reply, HubFault> {
    let (identity, entropy) = (serde_json::json!({"deviceId": device_id}), Entropy::new([7; 32]));
    hub.call(HubEvent::PutDevice { device_id, identity, if_match: None, entropy }).await
}

async fn device_count(hub: &Arc<LiveHub>) -> u64 {
    match hub.call(HubEvent::DeviceStatistics).await {
        Ok(Reply::Document { body, .. }) => body["totalDeviceCount"].as_u64().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_long_journal_gives_way_to_a_snapshot_while_the_hub_runs() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::new(folder.path());
    let hub = open(&dir);
    for number in 0..100 {
        create(&hub, format!("device-{number}")).await.unwrap();
    }
    assert!(!folder.path().join("snapshot-1.json").exists(), "there is a later one");
    drop(hub);
    assert_eq!(device_count(&open(&dir)).await, 100);
}

#[tokio::test]
async fn a_call_that_time_made_keeps_its_number_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::new(folder.path());
    let hub = open(&dir);
    create(&hub, "a".to_owned()).await.unwrap();
    let (sender, mut from_hub) = mpsc::channel(8);
    let event = HubEvent::OpenSession { device_id: "a".to_owned(), module_id: None, clean: true };
    let Ok(Reply::SessionOpened { session, .. }) = hub.open_session(event, sender).await else { panic!("not open") };
    let request = serde_json::json!({
        "type": "scheduleDeviceMethod", "queryCondition": "*", "cloudToDeviceMethod": {"methodName": "lock"},
    });
    hub.call(HubEvent::CreateJob { id: "j".to_owned(), request }).await.unwrap();
    hub.tick(hub.now() + Duration::from_secs(1)).await.unwrap();
    // The job waits for this; the call itself follows after the record.
    hub.call(HubEvent::Subscribe { session, topics: vec![DeviceTopic::Methods] }).await.unwrap();
    let Some(ToDevice::Call { call: 0, .. }) = from_hub.recv().await else { panic!("no call") };
    drop(hub);
    assert_eq!(open(&dir).first_call, 1, "a late answer to call 0 must not be taken for one to another call");
}

/// A device whose program listens to a topic, and what it hears.
async fn listen(hub: &Arc<LiveHub>, topic: DeviceTopic) -> mpsc::Receiver<ToDevice> {
    create(hub, "a".to_owned()).await.unwrap();
    let (sender, from_hub) = mpsc::channel(8);
    let event = HubEvent::OpenSession { device_id: "a".to_owned(), module_id: None, clean: true };
    let Ok(Reply::SessionOpened { session, .. }) = hub.open_session(event, sender).await else { panic!("not open") };
    hub.call(HubEvent::Subscribe { session, topics: vec![topic] }).await.unwrap();
    from_hub
}

#[tokio::test]
async fn a_device_hears_only_what_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let hub = open(&StateDir::new(folder.path()));
    let mut from_hub = listen(&hub, DeviceTopic::DesiredPatches).await;
    for round in 0..50 {
        let patch = serde_json::json!({"properties": {"desired": {"round": round}}});
        let event = HubEvent::PatchTwin { device_id: "a".to_owned(), module_id: None, patch, if_match: None };
        let of_caller = Arc::clone(&hub);
        let caller = tokio::spawn(async move { of_caller.call(event).await });
        let Some(ToDevice::Desired { .. }) = from_hub.recv().await else { panic!("no patch") };
        let (seq, store) = hub.lock().as_ref().map(|held| (held.seq, Arc::clone(&held.store))).unwrap();
        assert_eq!(store.log().committed(seq).now_or_never(), Some(Ok(())), "round {round}");
        caller.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_closed_hub_refuses_and_frees_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::new(folder.path());
    let hub = open(&dir);
    create(&hub, "a".to_owned()).await.unwrap();
    hub.close().unwrap();
    assert_eq!(create(&hub, "b".to_owned()).await.unwrap_err().kind, FaultKind::ServiceUnavailable);
    assert_eq!(device_count(&open(&dir)).await, 1);
}
