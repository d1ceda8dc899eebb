//! The emulator as a process: its clock, its admin calls, and who gets to serve a state.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;

use std::time::Duration;

use hubjobs::emulator::admin::{AdminError, TickRequest};
use hubjobs::emulator::{Emulator, EmulatorConfig, EmulatorError, Session, StateDir, StoreError, attach, connect};
use hubjobs::model::{ClockMode, EmulatorClock};
use jiff::{SignedDuration, Timestamp};
use local_hub::{Caller, config, serve};
use serde_json::json;

/// What ends within this on a busy machine ends by itself.
const PATIENCE: Duration = Duration::from_secs(60);
const START: &str = "2026-12-01T08:00:00Z";

fn start() -> Timestamp {
    START.parse().unwrap()
}

fn real() -> EmulatorConfig {
    EmulatorConfig { clock: EmulatorClock { start: Some(start()), mode: ClockMode::Real }, ..config() }
}

#[tokio::test]
async fn a_fast_clock_stands_still_and_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::new(folder.path());
    let served = serve(&dir, &config()).await;
    let reading = served.admin().clock().await.unwrap();
    assert_eq!((reading.now, reading.mode), (start(), ClockMode::Fast));
    let hour = SignedDuration::from_hours(1);
    assert_eq!(served.admin().tick(TickRequest::By(hour)).await.unwrap().now, start() + hour);
    let to = TickRequest::To(start() + hour * 3);
    assert_eq!(served.admin().tick(to).await.unwrap().now, start() + hour * 3);
    let back = served.admin().tick(TickRequest::To(start())).await.unwrap_err();
    assert!(matches!(&back, AdminError::Refused(why) if why.contains("only moves forward")), "{back}");
    served.stop().await.unwrap();
    let served = serve(&dir, &config()).await;
    assert_eq!(served.admin().clock().await.unwrap().now, start() + hour * 3);
}

#[tokio::test]
async fn a_real_clock_runs_also_while_the_emulator_is_off() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::new(folder.path());
    let served = serve(&dir, &real()).await;
    let before = served.admin().clock().await.unwrap();
    assert_eq!(before.mode, ClockMode::Real);
    served.stop().await.unwrap();
    tokio::time::sleep(Duration::from_millis(120)).await;
    let served = serve(&dir, &real()).await;
    let after = served.admin().clock().await.unwrap().now;
    assert!(after.duration_since(before.now) >= SignedDuration::from_millis(120));
    assert!(after.duration_since(start()) < SignedDuration::from_secs(60));
    served.stop().await.unwrap();
    let served = serve(&dir, &config()).await;
    let fast = served.admin().clock().await.unwrap();
    assert!(fast.mode == ClockMode::Fast && fast.now.duration_since(start()) < SignedDuration::from_secs(60));
}

#[tokio::test]
async fn a_real_clock_starts_jobs_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&StateDir::new(folder.path()), &real()).await;
    let caller = Caller::new(served.connection_string());
    let job = json!({"jobId": "now", "type": "scheduleUpdateTwin", "queryCondition": "*",
                     "updateTwin": {"etag": "*", "tags": {"wave": 1}}});
    caller.put("/jobs/v2/now", &job).await.ok();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if caller.get("/jobs/v2/now").await.ok()["status"] == "completed" {
            return;
        }
    }
    panic!("the job never ended");
}

#[tokio::test]
async fn waiting_for_a_job_jumps_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&StateDir::new(folder.path()), &config()).await;
    let caller = Caller::new(served.connection_string());
    for block in 0..4 {
        let devices: Vec<_> =
            (0..100).map(|n| json!({"id": format!("thermo-{block}-{n}"), "importMode": "create"})).collect();
        caller.post("/devices", &json!(devices)).await.ok();
    }
    let job = json!({"jobId": "wave", "type": "scheduleUpdateTwin", "queryCondition": "*",
                     "startTime": "2026-12-01T09:00:00Z", "updateTwin": {"etag": "*", "tags": {"wave": 1}}});
    caller.put("/jobs/v2/wave", &job).await.ok();
    let mut calls = 0;
    while served.admin().advance(&[hubjobs::model::JobId::new("wave")]).await.unwrap().progressed {
        calls += 1;
        assert!(calls < 100, "no end in sight");
    }
    let ended = caller.get("/jobs/v2/wave").await.ok();
    assert_eq!(ended["status"], "completed");
    assert_eq!(ended["deviceJobStatistics"]["succeededCount"], 400);
    let now = served.admin().clock().await.unwrap().now;
    assert!(now >= start() + SignedDuration::from_hours(1) && now < start() + SignedDuration::from_hours(2), "{now}");
    assert!(calls > 1, "progress comes in slices");
}

#[tokio::test]
async fn one_process_serves_and_the_others_connect() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::new(folder.path().join("not/yet/there"));
    assert!(attach(&dir).await.unwrap().is_none());
    let served = serve(&dir, &config()).await;
    let in_use = Emulator::open(&dir, &config()).unwrap_err();
    assert!(matches!(in_use, EmulatorError::Store(StoreError::InUse { .. })), "{in_use}");
    let Session::Other(attached) = connect(&dir, &config()).await.unwrap() else { panic!("not attached") };
    assert_eq!(attached.address(), served.address());
    assert_eq!(attached.connection_string(), served.connection_string());
    attached.admin().shutdown().await.unwrap();
    served.ended().await.unwrap();
    let own = connect(&dir, &config()).await.unwrap();
    assert!(matches!(own, Session::Own(_)) && own.address().ip().is_loopback());
    let gone = attached.admin().clock().await.unwrap_err().to_string();
    assert!(gone.contains("does not answer"), "{gone}");
    own.close().await.unwrap();
    assert!(attach(&dir).await.unwrap().is_none());
}

#[tokio::test]
async fn who_serves_does_not_leave_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::new(folder.path());
    let owner = connect(&dir, &config()).await.unwrap();
    assert_eq!(owner.others(), 0);
    let (second, third) = (connect(&dir, &config()).await.unwrap(), connect(&dir, &config()).await.unwrap());
    assert_eq!((owner.others(), second.others()), (2, 0));
    let mut closing = tokio::spawn(owner.close());
    second.close().await.unwrap();
    // Longer than a lease lasts that nobody renews.
    let early = tokio::time::timeout(Duration::from_secs(6), &mut closing).await;
    assert!(early.is_err(), "it left the third alone");
    third.admin().clock().await.unwrap();
    third.close().await.unwrap();
    tokio::time::timeout(PATIENCE, closing).await.unwrap().unwrap().unwrap();
    assert!(attach(&dir).await.unwrap().is_none());
}

#[tokio::test]
async fn a_killed_client_does_not_hold_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::new(folder.path());
    let owner = connect(&dir, &config()).await.unwrap();
    let killed = std::thread::spawn(move || {
        // Its runtime ends with all tasks, and the session says no farewell.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        std::mem::forget(runtime.block_on(connect(&dir, &config())).unwrap());
    });
    tokio::task::spawn_blocking(|| killed.join().unwrap()).await.unwrap();
    assert_eq!(owner.others(), 1);
    tokio::time::timeout(PATIENCE, owner.close()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_shutdown_waits_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::new(folder.path());
    let owner = connect(&dir, &config()).await.unwrap();
    let other = connect(&dir, &config()).await.unwrap();
    let closing = tokio::spawn(owner.close());
    other.admin().shutdown().await.unwrap();
    tokio::time::timeout(PATIENCE, closing).await.unwrap().unwrap().unwrap();
    assert!(other.admin().clock().await.is_err());
}

#[tokio::test]
async fn the_admin_side_has_a_key_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&StateDir::new(folder.path()), &config()).await;
    let caller = Caller::new(served.connection_string());
    assert_eq!(caller.get("/$hubjobs/clock").await.status, 401);
    assert_eq!(caller.post_empty("/$hubjobs/shutdown").await.status, 401);
    let shown = format!("{served:?} {:?}", served.admin());
    let key = served.connection_string().rsplit_once("SharedAccessKey=").unwrap().1;
    assert!(!shown.contains(key) && !shown.to_lowercase().contains("key"), "{shown}");
}

#[cfg(unix)]
#[tokio::test]
async fn secrets_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&StateDir::new(folder.path()), &config()).await;
    for name in ["endpoint.json", "keys.json", "snapshot-1.json", "journal-1.log"] {
        let mode = folder.path().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(std::fs::read_to_string(folder.path().join(".gitignore")).unwrap(), "*\n");
    let before = served.connection_string().to_owned();
    let dir = StateDir::new(folder.path());
    served.stop().await.unwrap();
    let key = |text: &str| text.rsplit_once("SharedAccessKey=").unwrap().1.to_owned();
    assert_eq!(key(serve(&dir, &config()).await.connection_string()), key(&before), "keys are kept");
}
