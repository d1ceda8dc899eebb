//! The files of a state: whatever is in them, they are refused, or they are a hub that goes on, and
//! whose snapshot is that hub.
//!
//! An input is the letter of a mode and two parts with the byte 0x1e in between. `r`: they are the
//! files, byte for byte. Else they are lines: those of the snapshot without the last one, and the
//! records of the journal, one frame a line; checksums are made here, since no fuzzer guesses them.
//! `t` then tears the journal at a place that its last byte tells.

use hubjobs::emulator::read_state;
use hubjobs::emulator::state::{HubEvent, HubState, PageRequest, Restoration, SnapshotRecord};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const FORMAT: u32 = 2;

pub(crate) fn run(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else { return };
    let at = rest.iter().position(|byte| *byte == 0x1e).unwrap_or(rest.len());
    let (snapshot, journal) = (&rest[..at], rest.get(at + 1..).unwrap_or_default());
    let (snapshot, mut journal) = match mode {
        b'r' => (snapshot.to_vec(), journal.to_vec()),
        _ => (sealed_snapshot(snapshot), sealed_journal(journal)),
    };
    if let (b't', Some(place)) = (mode, data.last()) {
        let len = journal.len() * usize::from(*place) / 256;
        journal[len..].fill(0);
    }
    if lasts_long(&snapshot, &journal) {
        return;
    }
    let Ok(hub) = read_state(&snapshot, &journal) else { return };
    let lines = records(&hub);
    let mut restoration = Restoration::new();
    for line in &lines {
        let text = serde_json::to_string(line).unwrap();
        restoration.push(serde_json::from_str(&text).unwrap()).expect("a snapshot reads back");
    }
    let restored = restoration.finish().expect("a snapshot reads back");
    assert_eq!(records(&restored), lines);
    go_on(hub);
}

/// Whether years pass in the journal: what is due every five minutes takes its time then, as it did
/// when it was written.
fn lasts_long(snapshot: &[u8], journal: &[u8]) -> bool {
    let Ok(begun) = read_state(snapshot, &sealed_journal(b"")) else { return false };
    let last = begun.now().saturating_add(SignedDuration::from_hours(24 * 400)).unwrap_or(Timestamp::MAX);
    let is_late = |rest: &[u8]| {
        let at = rest.split(|byte| *byte == b'"').next().and_then(|at| std::str::from_utf8(at).ok());
        at.is_some_and(|at| at.parse().is_ok_and(|at: Timestamp| at > last))
    };
    (0..journal.len()).any(|at| journal[at..].strip_prefix(b"\"at\":\"").is_some_and(is_late))
}

/// Looks at everything in the hub, and lets a little time go by.
fn go_on(mut hub: HubState) {
    let now = hub.now();
    let query = |from: &str| json!({"query": format!("SELECT * FROM {from}")});
    let page = || PageRequest { max_item_count: None, continuation: None };
    for from in ["devices", "devices.modules", "devices.jobs"] {
        let _ = hub.apply(HubEvent::Query { request: query(from), page: page() }, now);
    }
    let lists = [
        HubEvent::ListJobs { job_type: None, job_status: None, page: page() },
        HubEvent::ListDevices { top: None },
        HubEvent::ListConfigurations { top: None },
        HubEvent::ReadMessages { from: None, device_id: None, count: None },
        HubEvent::DeviceStatistics,
    ];
    for event in lists {
        let _ = hub.apply(event, now);
    }
    let _ = hub.advance_slice(now.saturating_add(SignedDuration::from_mins(10)).unwrap_or(now));
}

fn records(hub: &HubState) -> Vec<SnapshotRecord> {
    hub.snapshot().collect()
}

fn sealed_snapshot(lines: &[u8]) -> Vec<u8> {
    let mut file = lines.to_vec();
    if !file.ends_with(b"\n") {
        file.push(b'\n');
    }
    let crc = crc32fast::hash(&file);
    file.extend(format!("end {crc:08x}\n").bytes());
    file
}

fn sealed_journal(lines: &[u8]) -> Vec<u8> {
    let mut file = b"hubjobsJ".to_vec();
    file.extend(FORMAT.to_le_bytes());
    seal(&mut file, 0);
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let len = u32::try_from(line.len() + 2).unwrap();
        let mut payload = [b"[", line, b"]"].concat();
        payload.resize(payload.len().next_multiple_of(8), 0);
        let start = file.len();
        file.extend(b"HJfr");
        file.extend(len.to_le_bytes());
        file.extend(crc32fast::hash(&payload).to_le_bytes());
        seal(&mut file, start);
        file.extend(payload);
    }
    file.extend([0; 64]);
    file
}

/// Adds the checksum of all from `start` on.
fn seal(file: &mut Vec<u8>, start: usize) {
    let crc = crc32fast::hash(&file[start..]);
    file.extend(crc.to_le_bytes());
}
