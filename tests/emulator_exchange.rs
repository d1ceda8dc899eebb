//! `hubjobs emulator export` and `import`: everything comes back to the last bit, devices come and go in
//! the form of the az CLI, and a bad line imports nothing.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;
mod started_hub;

use std::fs;
use std::path::Path;
use std::process::Command;

use local_hub::Caller;
use serde_json::{Value, json};
use started_hub::{Started, command, state_of};

/// Exit code, stdout, stderr.
fn hubjobs(folder: &Path, words: &[&str]) -> (i32, String, String) {
    let mut hubjobs = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
    let output = hubjobs.arg("-C").arg(folder).arg("emulator").args(words).env_remove("HUBJOBS_LOG").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn done(folder: &Path, words: &[&str]) -> String {
    let (code, out, err) = hubjobs(folder, words);
    assert_eq!(code, 0, "{words:?}: {err}");
    out
}

async fn start(folder: &Path) -> (Started, Caller) {
    let mut process = Started::spawn(command(folder, u64::MAX));
    let attached = process.attached(folder).await;
    let caller = Caller::new(attached.connection_string());
    (process, caller)
}

/// A hub with devices of every kind, a module, a deleted device and jobs.
async fn write_much(caller: &Caller) {
    for n in 0..30 {
        let id = format!("device-{n:02}");
        caller.put(&format!("/devices/{id}"), &json!({"deviceId": id})).await.ok();
        let patch = json!({"tags": {"n": n, "text": "grün \"@\" \u{1f512}", "deep": {"a": [1, {"b": 1.5}]}},
                           "properties": {"desired": {"every": n * 1_000_000_007_i64, "on": true}}});
        caller.patch(&format!("/twins/{id}"), &patch).await.ok();
    }
    caller
        .patch("/twins/device-03", &json!({"tags": {"text": null}, "properties": {"desired": {"on": false}}}))
        .await
        .ok();
    caller.put("/devices/device-00/modules/camera", &json!({"deviceId": "device-00", "moduleId": "camera"})).await.ok();
    let edge =
        json!({"deviceId": "edge", "capabilities": {"iotEdge": true}, "status": "disabled", "statusReason": "why"});
    caller.put("/devices/edge", &edge).await.ok();
    let thumbprints = json!({"primaryThumbprint": "A".repeat(40), "secondaryThumbprint": "B".repeat(40)});
    let signed = json!({"deviceId": "signed", "authentication": {"type": "selfSigned", "x509Thumbprint": thumbprints}});
    caller.put("/devices/signed", &signed).await.ok();
    assert_eq!(caller.delete("/devices/device-29").await.status, 204);
    let job = json!({"jobId": "wave", "type": "scheduleUpdateTwin", "queryCondition": "tags.n < 3",
                     "updateTwin": {"etag": "*", "tags": {"wave": 1}}});
    caller.put("/jobs/v2/wave", &job).await.ok();
}

fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_exported_comes_back_to_the_last_bit() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (served, first, second) = (one.path().join("served"), one.path().join("first"), one.path().join("second"));
    let (process, caller) = start(one.path()).await;
    write_much(&caller).await;
    let expected = [caller.get("/devices?top=100").await.text, caller.get("/twins/device-03").await.text];
    done(one.path(), &["export", served.to_str().unwrap()]);
    assert!(lines(&served).len() > 30, "a served emulator can be exported");
    process.kill();

    done(one.path(), &["export", first.to_str().unwrap()]);
    assert_eq!((mode(&first), mode(&served)), (0o600, 0o600), "keys are secrets");
    done(other.path(), &["import", first.to_str().unwrap()]);
    done(other.path(), &["export", second.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(&first).unwrap(), fs::read_to_string(&second).unwrap());
    assert_eq!(
        fs::read(state_of(one.path()).join("keys.json")).unwrap(),
        fs::read(state_of(other.path()).join("keys.json")).unwrap()
    );

    let (_process, caller) = start(other.path()).await;
    assert!([caller.get("/devices?top=100").await.text, caller.get("/twins/device-03").await.text] == expected);
    assert_eq!(caller.get("/jobs/v2/wave").await.ok()["jobId"], "wave");
    caller.get("/devices/device-00/modules/camera").await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_can_be_left_out() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (process, caller) = start(one.path()).await;
    write_much(&caller).await;
    let key = |device: &Value| device["authentication"]["symmetricKey"]["primaryKey"].as_str().unwrap().to_owned();
    let old = key(&caller.get("/devices/device-05").await.ok());
    process.kill();
    let path = one.path().join("export");
    let policy: Value = serde_json::from_slice(&fs::read(state_of(one.path()).join("keys.json")).unwrap()).unwrap();
    for words in [&["export", "--without-keys"][..], &["export", "--without-keys", "--devices"]] {
        let out = done(one.path(), words);
        assert!(!out.contains(&old) && out.contains("device-05"));
        assert!(!out.contains(policy[0]["primaryKey"].as_str().unwrap()), "{words:?}");
        fs::write(&path, out).unwrap();
        let folder = if words.len() == 2 { other.path().join("state") } else { other.path().join("devices") };
        fs::create_dir(&folder).unwrap();
        done(&folder, &["import", path.to_str().unwrap()]);
        let (_process, caller) = start(&folder).await;
        assert_ne!(key(&caller.get("/devices/device-05").await.ok()), old);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_come_and_go_in_the_form_of_the_az_cli() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = one.path().join("devices.txt");
    // As the CLI writes them: etags and metadata of another hub, null for what is not there.
    let thermo = json!({"id": "thermo", "eTag": "MTIz", "importMode": null, "status": "disabled", "statusReason": "repair",
        "authentication": {"type": "sas", "symmetricKey": {"primaryKey": "MDEyMzQ1Njc4OWFiY2RlZg==",
            "secondaryKey": "ZmVkY2JhOTg3NjU0MzIxMA=="}, "x509Thumbprint": {"primaryThumbprint": null}},
        "twinETag": "AAAAAAAAAAc=", "tags": {"building": "43"}, "capabilities": {"iotEdge": false}, "deviceScope": null,
        "properties": {"desired": {"every": 5, "$metadata": {"$lastUpdated": "2020-01-01T00:00:00Z"}, "$version": 7},
                       "reported": {"fw": "2.1", "$metadata": {}, "$version": 9}}});
    let camera = json!({"id": "thermo", "moduleId": "camera", "eTag": "MTIz", "authentication": {"type": "sas"},
        "tags": {}, "properties": {"desired": {"fps": 30}}});
    fs::write(&path, format!("{thermo}\n{camera}\n{{\"id\":\"plain\"}}\n")).unwrap();
    assert_eq!(done(one.path(), &["import", path.to_str().unwrap()]), "2 devices\n");

    let (process, caller) = start(one.path()).await;
    let identity = caller.get("/devices/thermo").await.ok();
    assert_eq!(identity["authentication"]["symmetricKey"], thermo["authentication"]["symmetricKey"]);
    assert_eq!((&identity["status"], &identity["statusReason"]), (&json!("disabled"), &json!("repair")));
    let twin = caller.get("/twins/thermo").await.ok();
    assert_eq!((&twin["tags"], &twin["properties"]["desired"]["every"]), (&thermo["tags"], &json!(5)));
    assert_eq!(twin["properties"]["reported"]["fw"], "2.1");
    assert_eq!(caller.get("/twins/thermo/modules/camera").await.ok()["properties"]["desired"]["fps"], 30);
    process.kill();

    let (first, second) = (other.path().join("first"), other.path().join("second"));
    done(one.path(), &["export", "--devices", first.to_str().unwrap()]);
    let exported = lines(&first);
    assert_eq!(exported.len(), 3);
    let found = exported.iter().find(|line| line["id"] == "thermo" && line.get("moduleId").is_none()).unwrap();
    for member in ["status", "statusReason", "tags", "capabilities"] {
        assert_eq!(found[member], thermo[member], "{member}");
    }
    done(other.path(), &["import", first.to_str().unwrap()]);
    done(other.path(), &["export", "--devices", second.to_str().unwrap()]);
    let without_times = |path: &Path| -> Vec<Value> {
        let mut all = lines(path);
        for line in &mut all {
            for section in ["desired", "reported"] {
                line["properties"][section]["$metadata"].take();
            }
        }
        all
    };
    assert_eq!(without_times(&first), without_times(&second));
}

#[test]
fn every_bad_line_is_named_and_nothing_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("devices.txt");
    fs::write(
        &path,
        "{\"id\":\"a\"}\n{\"id\":\"a\"}\n{\"id\":\"b\",\n\n{\"id\":\"c d\"}\n{\"id\":\"e\",\"status\":\"odd\"}\n",
    )
    .unwrap();
    let (code, out, err) = hubjobs(folder.path(), &["import", path.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (1, ""));
    for line in [2, 3, 5, 6] {
        assert!(err.contains(&format!("devices.txt:{line}: ")), "line {line}: {err}");
    }
    assert!(err.contains("4 lines of `") && err.contains("cannot be imported, so nothing was"), "{err}");
    assert!(!err.contains("\\u{"), "line breaks are broken lines: {err}");
    assert!(hubjobs(folder.path(), &["export"]).2.contains("there is no emulator state"));
    fs::write(&path, "{\"hubjobsEmulatorExport\":9,\"at\":\"2026-01-01T00:00:00Z\",\"wall\":\"2026-01-01T00:00:00Z\",\"policies\":null}\n")
        .unwrap();
    let (_, _, err) = hubjobs(folder.path(), &["import", path.to_str().unwrap()]);
    assert!(err.contains("devices.txt:1: the export has version 9"), "{err}");
}

#[test]
fn a_file_from_windows_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("devices.txt");
    fs::write(&path, "\u{feff}{\"id\":\"a\"}\r\n{\"id\":\"b\"}\r\n").unwrap();
    assert_eq!(done(folder.path(), &["import", path.to_str().unwrap()]), "2 devices\n");
}

#[test]
fn a_state_is_replaced_only_on_request_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("devices.txt");
    fs::write(&path, "{\"id\":\"a\"}\n").unwrap();
    done(folder.path(), &["import", path.to_str().unwrap()]);
    let before = done(folder.path(), &["export"]);
    fs::write(&path, "{\"id\":\"b\"}\n{\"id\":\"c\"}\n").unwrap();
    let (code, _, err) = hubjobs(folder.path(), &["import", path.to_str().unwrap()]);
    assert!(code == 1 && err.contains("already; nothing was imported") && err.contains("--replace"), "{err}");
    assert_eq!(done(folder.path(), &["export"]), before);
    let (code, out, err) = hubjobs(folder.path(), &["import", "--replace", path.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (0, "2 devices\n"), "{err}");
    assert!(err.contains("no-project.replaced-1"), "{err}");
    let copy = state_of(folder.path()).with_file_name("no-project.replaced-1");
    fs::remove_dir_all(state_of(folder.path())).unwrap();
    fs::rename(copy, state_of(folder.path())).unwrap();
    assert_eq!(done(folder.path(), &["export"]), before, "the copy is whole");
}
