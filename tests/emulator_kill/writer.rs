//! One connection that writes, and remembers what was acknowledged.

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::local_hub::{Answer, Caller};

/// More devices of one writer than this are rather deleted.
const DEVICES_MAX: usize = 14;

/// How many devices jobs write to.
pub(crate) const TARGETS: u64 = 20;

/// What is known of one device; nothing where a reply never came.
#[derive(Debug, Clone, Default)]
struct Known {
    identity: Option<Value>,
    twin: Option<Value>,
}

/// A request.
#[derive(Debug, Clone)]
enum Write {
    Create(String),
    /// Tags, desired properties, and their new value.
    Patch(String, u64),
    /// The identity, and its new reason.
    Update(String, u64),
    Delete(String),
    Bulk(Vec<String>),
    /// A job for later.
    Schedule(String),
    /// A job for now.
    Start(String),
    Cancel(String),
}

/// One connection that writes.
pub(crate) struct Writer {
    number: u64,
    dice: Dice,
    next: u64,
    devices: BTreeMap<String, Known>,
    /// Scheduled jobs, and whether they were cancelled.
    jobs: BTreeMap<String, bool>,
    started: Vec<String>,
    /// What was sent when the hub was killed.
    pending: Option<Write>,
    /// How many writes were acknowledged.
    pub(crate) acknowledged: u64,
}

/// All devices of the hub.
pub(crate) struct Actual {
    identities: BTreeMap<String, Value>,
    twins: BTreeMap<String, Value>,
}

impl Actual {
    pub(crate) async fn read(caller: &Caller) -> Self {
        let identities = caller.get("/devices?top=1000").await.ok();
        let query = json!({"query": "SELECT * FROM devices"});
        let request = caller.request(Method::POST, "/devices/query").header("x-ms-max-item-count", "1000").json(&query);
        let twins = Answer::of(request).await;
        assert!(twins.header("x-ms-continuation").is_none(), "one page");
        let by_id = |list: Value| {
            let Value::Array(list) = list else { panic!("{list}") };
            list.into_iter().map(|item| (item["deviceId"].as_str().unwrap().to_owned(), item)).collect()
        };
        let mut actual = Self { identities: by_id(identities), twins: by_id(twins.ok()) };
        let targets = actual.identities.extract_if(.., |id, _| id.starts_with("target-")).count();
        if targets == 0 {
            make_targets(caller).await;
        }
        actual
    }

    pub(crate) fn count(&self) -> usize {
        self.identities.len()
    }
}

impl Writer {
    pub(crate) fn new(number: u64, dice: Dice) -> Self {
        Self {
            number,
            dice,
            next: 0,
            devices: BTreeMap::new(),
            jobs: BTreeMap::new(),
            started: Vec::new(),
            pending: None,
            acknowledged: 0,
        }
    }

    pub(crate) fn device_count(&self) -> usize {
        self.devices.len()
    }

    pub(crate) fn started_jobs(&self) -> impl Iterator<Item = &str> {
        self.started.iter().map(String::as_str)
    }

    /// Writes until the hub is gone.
    pub(crate) async fn write(mut self, caller: Caller) -> Self {
        loop {
            let write = self.choose();
            match self.send(&caller, &write).await {
                Ok(answer) => self.acknowledge(write, &answer),
                Err(_) => {
                    self.pending = Some(write);
                    return self;
                }
            }
        }
    }

    fn name(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}-{}-{}", self.number, self.next)
    }

    fn choose(&mut self) -> Write {
        let ids: Vec<String> = self.devices.keys().cloned().collect();
        if ids.is_empty() || self.dice.percent(15) && ids.len() < DEVICES_MAX {
            return Write::Create(self.name("device"));
        }
        let id = ids[self.dice.index(ids.len())].clone();
        self.next += 1;
        let open: Vec<String> = self.jobs.iter().filter(|(_, gone)| !**gone).map(|(id, _)| id.clone()).collect();
        match self.dice.below(10) {
            0..=3 => Write::Patch(id, self.next),
            4 => Write::Update(id, self.next),
            5 => Write::Delete(id),
            6 if ids.len() < DEVICES_MAX => Write::Bulk((0..5).map(|_| self.name("bulk")).collect()),
            7 if open.len() < 2 => Write::Schedule(self.name("later")),
            8 => Write::Start(self.name("now")),
            9 if !open.is_empty() => Write::Cancel(open[self.dice.index(open.len())].clone()),
            _ => Write::Delete(id),
        }
    }

    async fn send(&self, caller: &Caller, write: &Write) -> reqwest::Result<(u16, Value)> {
        let twin_job = |id: &str| {
            json!({"jobId": id, "type": "scheduleUpdateTwin", "queryCondition": "tags.isTarget = true",
                   "updateTwin": {"etag": "*", "tags": {}}})
        };
        let request: RequestBuilder = match write {
            Write::Create(id) => caller.request(Method::PUT, &device(id)).json(&json!({"deviceId": id})),
            Write::Patch(id, value) => {
                let (path, number) = (format!("/twins/{id}"), self.number);
                let patch = json!({"tags": {"owner": number, "value": value},
                                   "properties": {"desired": {"value": value, "text": "@ ".repeat(40)}}});
                caller.request(Method::PATCH, &path).json(&patch)
            }
            Write::Update(id, value) => {
                let identity = json!({"deviceId": id, "status": "disabled", "statusReason": value.to_string()});
                caller.request(Method::PUT, &device(id)).header("If-Match", "\"*\"").json(&identity)
            }
            Write::Delete(id) => caller.request(Method::DELETE, &device(id)).header("If-Match", "\"*\""),
            Write::Bulk(ids) => {
                let list: Vec<_> = ids.iter().map(|id| json!({"id": id, "importMode": "create"})).collect();
                caller.request(Method::POST, "/devices").json(&list)
            }
            Write::Schedule(id) => {
                let mut job = twin_job(id);
                let start = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(100);
                job["startTime"] = start.to_string().into();
                caller.request(Method::PUT, &format!("/jobs/v2/{id}")).json(&job)
            }
            Write::Start(id) => {
                let mut job = twin_job(id);
                job["updateTwin"]["tags"]["run"] = id.as_str().into();
                caller.request(Method::PUT, &format!("/jobs/v2/{id}")).json(&job)
            }
            Write::Cancel(id) => {
                caller.request(Method::POST, &format!("/jobs/v2/{id}/cancel")).header("Content-Length", "0")
            }
        };
        let response = request.send().await?;
        let status = response.status().as_u16();
        // A reply of which only the head arrived is none.
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    fn acknowledge(&mut self, write: Write, (status, body): &(u16, Value)) {
        let is_refused_job = *status == 429 && matches!(write, Write::Schedule(_) | Write::Start(_));
        if is_refused_job {
            return;
        }
        assert!(matches!(status, 200 | 204), "{write:?}: {status} {body}");
        self.acknowledged += 1;
        match write {
            Write::Create(id) => {
                self.devices.insert(id, Known { identity: Some(body.clone()), twin: None });
            }
            Write::Patch(id, _) => self.devices.get_mut(&id).unwrap().twin = Some(body.clone()),
            // The twin shows the identity's etag and status, which this changed.
            Write::Update(id, _) => {
                self.devices.insert(id, Known { identity: Some(body.clone()), twin: None });
            }
            Write::Delete(id) => drop(self.devices.remove(&id)),
            Write::Bulk(ids) => self.devices.extend(ids.into_iter().map(|id| (id, Known::default()))),
            Write::Schedule(id) => drop(self.jobs.insert(id, false)),
            Write::Start(id) => self.started.push(id),
            Write::Cancel(id) => drop(self.jobs.insert(id, true)),
        }
    }

    /// Compares with the hub, and takes over what the hub did of the last write.
    pub(crate) async fn compare(&mut self, actual: &Actual, caller: &Caller) {
        if let Some(pending) = self.pending.take() {
            self.settle(&pending, actual, caller).await;
        }
        for (id, known) in &mut self.devices {
            let identity = actual.identities.get(id).unwrap_or_else(|| panic!("{id} was acknowledged"));
            let twin = &actual.twins[id];
            assert_eq!(known.identity.as_ref().unwrap_or(identity), identity);
            assert_eq!(known.twin.as_ref().unwrap_or(twin), twin);
            *known = Known { identity: Some(identity.clone()), twin: Some(twin.clone()) };
        }
        let own = |id: &&String| id.split('-').nth(1) == Some(&*self.number.to_string());
        for id in actual.identities.keys().filter(own) {
            assert!(self.devices.contains_key(id), "{id} was deleted, or refused");
        }
        // Old jobs are only ever looked at again at the end of a world, so that a round stays short.
        for (id, gone) in self.jobs.iter().rev().take(4) {
            let job = caller.get(&format!("/jobs/v2/{id}")).await.ok();
            let expected: &[&str] = if *gone { &["cancelled"] } else { &["queued", "scheduled"] };
            assert!(expected.contains(&job["status"].as_str().unwrap()), "{job}");
        }
        for id in self.started.iter().rev().take(2) {
            let job = caller.get(&format!("/jobs/v2/{id}")).await.ok();
            assert!(["queued", "running", "completed"].contains(&job["status"].as_str().unwrap()), "{job}");
        }
    }

    /// The last write was done wholly or not at all.
    async fn settle(&mut self, pending: &Write, actual: &Actual, caller: &Caller) {
        match pending {
            Write::Create(id) => {
                if actual.identities.contains_key(id) {
                    self.devices.insert(id.clone(), Known::default());
                }
            }
            Write::Patch(id, value) => {
                let (known, found) = (self.devices.get_mut(id).unwrap(), &actual.twins[id]);
                let [tag, desired] = [&found["tags"]["value"], &found["properties"]["desired"]["value"]];
                assert_eq!(tag, desired, "half of a patch: {found}");
                if tag == *value
                    && let Some(before) = known.twin.take()
                {
                    assert_eq!(found["version"], before["version"].as_u64().unwrap() + 1, "{before}\n{found}");
                    assert_ne!(found["etag"], before["etag"]);
                }
            }
            Write::Update(id, value) => {
                let known = self.devices.get_mut(id).unwrap();
                if actual.identities[id]["statusReason"] == value.to_string().as_str() {
                    *known = Known::default();
                }
            }
            Write::Delete(id) => {
                if !actual.identities.contains_key(id) {
                    self.devices.remove(id);
                }
            }
            Write::Bulk(ids) => {
                let found = ids.iter().filter(|id| actual.identities.contains_key(*id)).count();
                assert!(found == 0 || found == ids.len(), "{found} of {ids:?}");
                if found > 0 {
                    self.devices.extend(ids.iter().map(|id| (id.clone(), Known::default())));
                }
            }
            Write::Schedule(id) | Write::Start(id) => {
                match caller.get(&format!("/jobs/v2/{id}")).await.ok()["status"].as_str() {
                    Some("unknown") => {}
                    Some("scheduled" | "queued" | "running" | "completed") if matches!(pending, Write::Start(_)) => {
                        self.started.push(id.clone());
                    }
                    Some("scheduled" | "queued") => drop(self.jobs.insert(id.clone(), false)),
                    other => panic!("{id}: {other:?}"),
                }
            }
            Write::Cancel(id) => {
                let job = caller.get(&format!("/jobs/v2/{id}")).await.ok();
                self.jobs.insert(id.clone(), job["status"] == "cancelled");
            }
        }
    }
}

/// Devices that jobs write to, and nobody else.
async fn make_targets(caller: &Caller) {
    let target = |n| json!({"id": format!("target-{n}"), "importMode": "create", "tags": {"isTarget": true}});
    caller.post("/devices", &(0..TARGETS).map(target).collect()).await.ok();
}

fn device(id: &str) -> String {
    format!("/devices/{id}")
}
