//! A full disk refuses writes before they change anything, loses nothing, and is forgotten once there
//! is room. Two ways to fill one: a limit on the length of files, and a small file system of its own.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;
mod started_hub;

use std::fs;
use std::path::Path;
use std::process::Command;

use hubjobs::emulator::Attached;
use hubjobs::emulator::admin::{AdminError, TickRequest};
use jiff::SignedDuration;
use local_hub::{Answer, Caller};
use serde_json::{Value, json};
use started_hub::{Started, arguments, command, state_of};

/// Kilobytes of a file, or of a file system.
const SPACE_KB: u64 = 128;
const NEVER: u64 = u64::MAX;

/// Writes twins until one is refused; gives how many were acknowledged, and the refusal.
async fn fill(caller: &Caller) -> (u64, Answer) {
    caller.put("/devices/a", &json!({"deviceId": "a"})).await.ok();
    for written in 0.. {
        let patch = json!({"tags": {"written": written + 1, "text": "x".repeat(900)}});
        let answer = caller.patch("/twins/a", &patch).await;
        if answer.status != 200 {
            return (written, answer);
        }
    }
    unreachable!("the numbers do not end")
}

async fn twin(caller: &Caller) -> Value {
    caller.get("/twins/a").await.ok()
}

/// What must hold while the disk is full: reads go on, every kind of write is refused, and the refused
/// changed nothing.
async fn is_full(attached: &Attached, caller: &Caller, written: u64, refusal: &Answer) {
    assert_eq!(refusal.refusal(), (503, "ServiceUnavailable"), "{refusal:?}");
    assert!(refusal.text.contains("Nothing was changed") && refusal.text.contains("make room"), "{refusal:?}");
    let before = twin(caller).await;
    assert_eq!(before["tags"]["written"], written, "the refused write left no trace");
    let long = "x".repeat(2_000);
    let again = caller.patch("/twins/a", &json!({"tags": {"written": 0, "text": long}})).await;
    assert_eq!(again.status, 503, "{again:?}");
    assert_eq!(caller.post("/devices", &json!([{"id": "b", "statusReason": long}])).await.status, 503);
    let job = json!({"jobId": "late", "type": "scheduleUpdateTwin", "queryCondition": "*",
                     "updateTwin": {"etag": "*", "tags": {"text": long}}});
    assert_eq!(caller.put("/jobs/v2/late", &job).await.status, 503);
    // A tick needs little room; it is done or refused, and says the truth either way.
    let clock = attached.admin().clock().await.unwrap().now;
    let day = SignedDuration::from_hours(24);
    let ticked = attached.admin().tick(TickRequest::By(day)).await;
    let now = attached.admin().clock().await.unwrap().now;
    match ticked {
        Ok(reading) => assert!(now >= reading.now && reading.now >= clock + day),
        Err(AdminError::Refused(why)) => assert!(now < clock + day && why.contains("make room"), "{why}"),
        Err(other) => panic!("{other}"),
    }
    assert_eq!(twin(caller).await, before);
    assert_eq!(caller.get("/devices").await.ok().as_array().unwrap().len(), 1);
}

/// Kills it and starts it again without a limit: all that was acknowledged is there, and writes work.
async fn comes_back(process: Started, folder: &Path, expected: &Value) {
    let said = process.kill();
    assert!(said.contains("refused a write"), "{said}");
    let mut process = Started::spawn(command(folder, NEVER));
    let attached = process.attached(folder).await;
    let caller = Caller::new(attached.connection_string());
    assert_eq!(twin(&caller).await, *expected);
    caller.put("/devices/c", &json!({"deviceId": "c"})).await.ok();
}

/// Files may not become longer than [`SPACE_KB`]: the shell sets the limit, and has the signal ignored
/// that would end the process.
fn with_short_files(folder: &Path, snapshot_after: u64) -> Command {
    let mut shell = Command::new("sh");
    // The limit of sh counts blocks of 512 bytes.
    let script = format!("ulimit -S -f {}; trap '' XFSZ; exec \"$0\" \"$@\"", SPACE_KB * 2);
    shell.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_hubjobs")).args(arguments(folder, snapshot_after));
    shell
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_cannot_grow_refuse_writes_until_they_can() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Started::spawn(with_short_files(folder.path(), NEVER));
    let attached = process.attached(folder.path()).await;
    let caller = Caller::new(attached.connection_string());
    let (written, refusal) = fill(&caller).await;
    assert!(written > 40, "{written} writes in {SPACE_KB} KiB");
    is_full(&attached, &caller, written, &refusal).await;
    let grow = ["--pid", &process.pid().to_string(), "--fsize=unlimited"].map(str::to_owned);
    match Command::new("prlimit").args(grow).status() {
        Ok(status) if status.success() => {
            let patch = json!({"tags": {"written": written + 1, "text": "y".repeat(3_000)}});
            caller.patch("/twins/a", &patch).await.ok();
        }
        _ => println!("no prlimit here, so the room comes with a restart only"),
    }
    let expected = twin(&caller).await;
    comes_back(process, folder.path(), &expected).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_without_room_leaves_the_old_generation() {
    let folder = tempfile::tempdir().unwrap();
    // The snapshot of 200 devices of 1 KB is longer than a file may be, their journal is tried before.
    let mut process = Started::spawn(with_short_files(folder.path(), 60_000));
    let attached = process.attached(folder.path()).await;
    let caller = Caller::new(attached.connection_string());
    let devices = |first: u64| -> Value {
        let one = |n| json!({"id": format!("device-{n}"), "importMode": "create", "tags": {"n": n}});
        (first..first + 50).map(one).collect()
    };
    let mut acknowledged = 0;
    while caller.post("/devices", &devices(acknowledged)).await.status == 200 {
        acknowledged += 50;
    }
    assert!(acknowledged > 100, "{acknowledged}");
    let mut names: Vec<_> = fs::read_dir(state_of(folder.path())).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.retain(|name| name.to_str().is_some_and(|name| name.starts_with("snapshot") || name.starts_with("journal")));
    names.sort();
    assert_eq!(names, ["journal-1.log", "snapshot-1.json"], "what did not fit is gone");
    let said = process.kill();
    assert!(said.contains("the journal grows on") && said.contains("refused a write"), "{said}");
    // It starts as well while there is still no room, for those who only read.
    for limited in [true, false] {
        let command = if limited { with_short_files(folder.path(), NEVER) } else { command(folder.path(), NEVER) };
        let mut process = Started::spawn(command);
        let attached = process.attached(folder.path()).await;
        let caller = Caller::new(attached.connection_string());
        assert_eq!(caller.get("/statistics/devices").await.ok()["totalDeviceCount"], acknowledged);
    }
}

/// A file system of its own, taken away when dropped.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={SPACE_KB}k"), "tmpfs"]).arg(folder.path());
        let mounted = mount.output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0.path()).status().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_until_there_is_room() {
    let Some(small) = Small::mount() else {
        println!("skipped: only root may mount; the tests with short files have run");
        return;
    };
    let folder = small.0.path();
    // Something else on the disk, which later goes.
    fs::write(folder.join("ballast"), [1; 16 << 10]).unwrap();
    let mut process = Started::spawn(command(folder, NEVER));
    let attached = process.attached(folder).await;
    let caller = Caller::new(attached.connection_string());
    let (written, refusal) = fill(&caller).await;
    assert!(written > 15, "{written}");
    is_full(&attached, &caller, written, &refusal).await;
    fs::remove_file(folder.join("ballast")).unwrap();
    let patch = json!({"tags": {"written": written + 1, "text": "y".repeat(3_000)}});
    caller.patch("/twins/a", &patch).await.ok();
    let expected = twin(&caller).await;
    comes_back(process, folder, &expected).await;
}
