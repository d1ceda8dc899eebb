//! What an emulator keeps beside its journal, and how a hub comes back from it.

use std::fs;
use std::io::ErrorKind;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::auth::Policies;
use super::clock::{ModeWord, VirtualClock};
use super::server::{EmulatorConfig, EmulatorError};
use super::state::{Fidelity, HubEvent, HubOptions, HubState, Restoration, SnapshotRecord};
use super::store::{
    FreshStore, Image, Record, Recovered, RecoveredState, Replayed, StateDir, StateLock, Store, StoreError, read_bytes,
};
use crate::model::{ClockMode, Fleet, sha256_base32};

/// What snapshots keep.
#[derive(Debug)]
pub(super) struct Kept {
    /// What is not the hub's own affair.
    pub(super) about: About,
    /// The hub.
    pub(super) hub: HubState,
}

/// How the emulator was run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct About {
    /// How its clock went.
    #[serde(with = "ModeWord")]
    mode: ClockMode,
    /// Which fleet its devices were made from.
    fleet: Option<String>,
}

/// One line of a snapshot.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::large_enum_variant, reason = "nearly all are of the large kind, and none is kept")]
pub(super) enum Piece {
    /// The first.
    About(About),
    /// All others.
    Hub(SnapshotRecord),
}

impl Piece {
    /// The piece without keys; an import gives new ones.
    pub(super) fn without_keys(self) -> Self {
        match self {
            Self::Hub(record) => Self::Hub(record.without_keys()),
            about @ Self::About(_) => about,
        }
    }
}

impl Kept {
    /// The lines of a snapshot.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Piece> {
        std::iter::once(Piece::About(self.about.clone())).chain(self.hub.snapshot().map(Piece::Hub))
    }
}

/// A hub as its last process left it, and where it goes on.
pub(super) struct Saved {
    pub(super) kept: Kept,
    pub(super) seq: u64,
    pub(super) store: Store,
    pub(super) clock: VirtualClock,
}

/// Opens the hub in the folder, or begins it there.
///
/// # Errors
/// When the files cannot be used, or the fleet is not possible.
pub(super) fn open(lock: StateLock, config: &EmulatorConfig) -> Result<Saved, EmulatorError> {
    let wall = Timestamp::now();
    let mut pieces = Pieces::default();
    match Store::open(lock, |piece| pieces.take(piece))? {
        Recovered::Fresh(fresh) => begin(fresh, config, wall),
        Recovered::State(recovered) => {
            let path = recovered.dir().path().to_owned();
            let kept = pieces.finish().map_err(|detail| StoreError::Damaged { path, detail })?;
            Ok(resume(kept, recovered, config, wall)?)
        }
    }
}

/// Reads a hub from the bytes of a snapshot and of its journal, as a start does. Touches no file, so
/// that anybody can try what damaged bytes do.
///
/// # Errors
/// When they are damaged, or of another version.
pub fn read_state(snapshot: &[u8], journal: &[u8]) -> Result<HubState, StoreError> {
    let apply = |kept: &mut Kept, record| replay(&mut kept.hub, record);
    let kept = read_bytes((snapshot, journal), Pieces::default(), Pieces::take, Pieces::finish, apply)?;
    Ok(kept.hub)
}

/// The hub in the folder, as it was left; nothing if there is none. Changes nothing there.
///
/// # Errors
/// When the files cannot be used.
pub(super) fn reopen(lock: StateLock) -> Result<Option<(Kept, Replayed)>, StoreError> {
    let mut pieces = Pieces::default();
    let Recovered::State(recovered) = Store::open(lock, |piece| pieces.take(piece))? else { return Ok(None) };
    let path = recovered.dir().path().to_owned();
    let mut kept = pieces.finish().map_err(|detail| StoreError::Damaged { path, detail })?;
    let replayed = recovered.replay(|record| replay(&mut kept.hub, record))?;
    Ok(Some((kept, replayed)))
}

/// A hub without devices, which begins at that time. The fleet counts as made.
pub(super) fn empty(config: &EmulatorConfig, at: Timestamp) -> Kept {
    let about = About { mode: config.clock.mode, fleet: config.fleet.as_ref().map(fingerprint) };
    Kept { about, hub: HubState::new(options(config), at) }
}

/// The pieces of a snapshot, as they come.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    about: Option<About>,
    hub: Restoration,
}

impl Pieces {
    /// Takes the next.
    pub(super) fn take(&mut self, piece: Piece) -> Result<(), String> {
        match piece {
            Piece::About(about) => {
                self.about = Some(about);
                Ok(())
            }
            Piece::Hub(record) => self.hub.push(record).map_err(|bad| bad.to_string()),
        }
    }

    /// The hub that they are.
    pub(super) fn finish(self) -> Result<Kept, String> {
        let about = self.about.ok_or("the snapshot does not say how it was made")?;
        let hub = self.hub.finish().map_err(|bad| bad.to_string())?;
        Ok(Kept { about, hub })
    }
}

fn begin(fresh: FreshStore, config: &EmulatorConfig, wall: Timestamp) -> Result<Saved, EmulatorError> {
    let now = config.clock.start.unwrap_or(wall);
    let mut kept = empty(config, now);
    if let Some(fleet) = &config.fleet {
        kept.hub.add_fleet(fleet).map_err(|refused| EmulatorError::Fleet { name: fleet.name.clone(), refused })?;
    }
    let store = fresh.begin(Image { at: now, wall, pieces: kept.pieces() })?;
    Ok(Saved { kept, seq: 0, store, clock: VirtualClock::new(config.clock.mode, now, wall) })
}

fn resume(
    mut kept: Kept,
    recovered: RecoveredState,
    config: &EmulatorConfig,
    wall: Timestamp,
) -> Result<Saved, StoreError> {
    let Replayed { at, wall: left, seq, records, store } = recovered.replay(|record| replay(&mut kept.hub, record))?;
    let mode = config.clock.mode;
    let off = match (kept.about.mode, mode) {
        (ClockMode::Real, ClockMode::Real) => wall.duration_since(left.min(wall)),
        _ => SignedDuration::ZERO,
    };
    let now = at.saturating_add(off).unwrap_or(at);
    // Neither is in the journal, so the snapshot must have it.
    let is_another_kind = kept.hub.lose_sessions() | kept.take_over(config);
    if is_another_kind || records > 0 {
        let begun = store.begin_generation(Image { at: now, wall, pieces: kept.pieces() });
        match begun {
            // Records to come are replayed under these options, so the snapshot must have them.
            Err(error) if is_another_kind => return Err(error),
            Err(error) => tracing::warn!("the journal of the last run goes on: {error}"),
            Ok(_) => {}
        }
    }
    Ok(Saved { kept, seq, store, clock: VirtualClock::new(mode, now, wall) })
}

fn options(config: &EmulatorConfig) -> HubOptions {
    let seed = config.fleet.as_ref().map_or(0, |fleet| fleet.seed);
    let Fidelity { strictness, throttling, lanes, consistency_lag } = config.fidelity;
    HubOptions { strictness, throttling, lanes, consistency_lag, seed, ..HubOptions::new(config.size) }
}

impl Kept {
    /// Takes over what the caller decides anew at every start; says whether that changed anything.
    fn take_over(&mut self, config: &EmulatorConfig) -> bool {
        if self.about.fleet != config.fleet.as_ref().map(fingerprint) {
            tracing::warn!(
                "the fleet file has changed since this emulator first started; its devices stay as they are; \
                 remove the state folder to start again with the new fleet"
            );
        }
        let before = (self.about.mode, self.hub.options());
        self.about.mode = config.clock.mode;
        self.hub.set_options(options(config));
        before != (self.about.mode, self.hub.options())
    }
}

fn replay(hub: &mut HubState, record: Record<HubEvent>) -> Result<(), String> {
    let Record { seq, at, event, .. } = record;
    let applied = hub.apply(event, at).map(|_| ());
    // Whoever was to hear of it is gone.
    drop(hub.take_effects());
    applied.map_err(|fault| format!("record {seq} was accepted once and is refused now ({fault})"))
}

/// Tells fleets apart. Only ever compared; a new version of this program may at worst warn once
/// too often.
fn fingerprint(fleet: &Fleet) -> String {
    sha256_base32(format!("{fleet:?}").as_bytes(), 16)
}

/// The shared access policies of the hub in this folder; new ones if it has none yet.
///
/// # Errors
/// When the file cannot be used.
pub(super) fn policies(dir: &StateDir) -> Result<Policies, StoreError> {
    if let Some(policies) = read_policies(dir)? {
        return Ok(policies);
    }
    let policies = Policies::random();
    write_policies(dir, &policies)?;
    Ok(policies)
}

/// The shared access policies in this folder, if there are any. Needs no lock.
///
/// # Errors
/// When the file cannot be read, or does not hold what was written.
pub(super) fn read_policies(dir: &StateDir) -> Result<Option<Policies>, StoreError> {
    let path = dir.keys();
    match fs::read(&path) {
        Ok(json) => serde_json::from_slice(&json).map(Some).map_err(|error| StoreError::Damaged {
            // The text of the error would quote the file.
            detail: format!("line {} is not what was written", error.line()),
            path,
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Io { action: "read", path, source }),
    }
}

/// Keeps the policies.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write_policies(dir: &StateDir, policies: &Policies) -> Result<(), StoreError> {
    let path = dir.keys();
    let json = serde_json::to_vec_pretty(policies).map_err(|error| StoreError::Io {
        action: "encode",
        path: path.clone(),
        source: error.into(),
    })?;
    dir.replace(&path, &json)
}
