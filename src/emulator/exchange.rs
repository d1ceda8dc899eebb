//! The state of an emulator as lines of JSON: all of it, or its devices in the form of the az CLI.

use std::fmt;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::auth::Policies;
use super::saved::{self, Kept, Piece, Pieces};
use super::server::{EmulatorConfig, EmulatorError};
use super::state::{Entropy, HubState};
use super::store::{FreshStore, Image, StateDir, StateLock, StoreError};

/// How long another process may take to let a folder go.
const GLANCE: std::time::Duration = std::time::Duration::from_millis(200);
/// Version of the form of exports; the pieces in it have one of their own.
const VERSION: u32 = 1;
/// More bad lines than this are only counted.
const BAD_LINES_SHOWN: usize = 100;

/// What to export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportOptions {
    /// Which form.
    pub form: ExportForm,
    /// Whether the keys of devices and policies go with it.
    pub keys: ExportKeys,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExportForm {
    /// Everything; an import gives the same hub, to the last bit.
    State,
    /// Devices and modules as `az iot hub device-identity export` writes them.
    Devices,
}

/// What happens to keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExportKeys {
    /// They are in the export, which so is a secret.
    Included,
    /// An import makes new ones.
    LeftOut,
}

/// The first line of an export of everything.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Head {
    /// [`VERSION`], under a name by which the line is recognised.
    hubjobs_emulator_export: u32,
    /// Time of the emulator.
    at: Timestamp,
    /// Time of the machine.
    wall: Timestamp,
    /// The shared access policies, unless keys are left out.
    policies: Option<Policies>,
}

/// A hub at an instant.
pub(super) struct Exported<'a> {
    pub(super) kept: &'a Kept,
    pub(super) at: Timestamp,
    pub(super) wall: Timestamp,
    pub(super) policies: &'a Policies,
}

impl Exported<'_> {
    /// Writes it, a line a piece.
    pub(super) fn write(&self, options: ExportOptions, out: &mut impl Write) -> io::Result<()> {
        let without_keys = options.keys == ExportKeys::LeftOut;
        match options.form {
            ExportForm::State => {
                let policies = (!without_keys).then(|| self.policies.clone());
                write_line(out, &Head { hubjobs_emulator_export: VERSION, at: self.at, wall: self.wall, policies })?;
                self.kept
                    .pieces()
                    .try_for_each(|piece| write_line(out, &if without_keys { piece.without_keys() } else { piece }))?;
            }
            ExportForm::Devices => self.kept.hub.exchanged().try_for_each(|mut entry| {
                if without_keys {
                    entry["authentication"]["symmetricKey"] = Value::Null;
                }
                write_line(out, &entry)
            })?,
        }
        out.flush()
    }
}

fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Exports the hub in a folder that no process serves. Changes nothing there. Blocks.
///
/// # Errors
/// When another process has the folder, its files cannot be used, or `out` cannot be written. A folder
/// without a state is an error.
pub fn export(dir: &StateDir, options: ExportOptions, out: &mut impl Write) -> Result<(), ExchangeError> {
    if !dir.path().exists() {
        return Err(ExchangeError::NoState(dir.path().to_owned()));
    }
    let lock = StateLock::acquire_within(dir, GLANCE)?;
    let policies = saved::policies(dir)?;
    let (kept, replayed) = saved::reopen(lock)?.ok_or_else(|| ExchangeError::NoState(dir.path().to_owned()))?;
    let exported = Exported { kept: &kept, at: replayed.at, wall: replayed.wall, policies: &policies };
    exported.write(options, out).map_err(ExchangeError::Write)
}

/// What an import took in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Number of devices of the hub.
    pub devices: usize,
    /// Where the state is that was there before.
    pub replaced: Option<PathBuf>,
}

/// Why nothing was exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// There is nothing to export.
    #[error("there is no emulator state in `{}`", .0.display())]
    NoState(PathBuf),
    /// An import would overwrite a state.
    #[error("there is an emulator state in `{}` already; nothing was imported", .0.display())]
    Exists(PathBuf),
    /// Lines cannot be taken in.
    #[error("{0}")]
    Lines(BadLines),
    /// The input cannot be read.
    #[error("the file cannot be read: {}", .0.kind())]
    Read(#[source] io::Error),
    /// The output cannot be written.
    #[error("the export cannot be written: {}", .0.kind())]
    Write(#[source] io::Error),
    /// The state folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ExchangeError> for EmulatorError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Store(error) => Self::Store(error),
            error => Self::Exchange(Box::new(error)),
        }
    }
}

/// The lines of a file that cannot be taken in.
#[derive(Debug, Default)]
pub struct BadLines {
    file: String,
    shown: Vec<(u64, String)>,
    count: usize,
}

impl BadLines {
    fn add(&mut self, line: u64, why: String) {
        self.count += 1;
        if self.shown.len() < BAD_LINES_SHOWN {
            self.shown.push((line, why));
        }
    }
}

impl BadLines {
    /// What is wrong, line by line.
    pub fn findings(&self) -> impl Iterator<Item = String> {
        let more = Some(self.count - self.shown.len()).filter(|more| *more > 0);
        let shown = self.shown.iter().map(|(line, why)| format!("{}:{line}: {why}", self.file));
        shown.chain(more.map(|more| format!("and {more} more")))
    }
}

impl fmt::Display for BadLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = if self.count == 1 { "line" } else { "lines" };
        write!(f, "{} {lines} of `{}` cannot be imported, so nothing was", self.count, self.file)
    }
}

/// Whether an import may put another state in place of one that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// No.
    Never,
    /// Yes, and the old one is kept beside it.
    KeepingCopy,
}

/// Imports an export, or devices in the form of the az CLI, as the first line says. `name` stands for the
/// input in messages; `progress` hears the number of every thousandth line. Blocks.
///
/// # Errors
/// When another process has the folder, there is a state and it may not be replaced, or any line is bad.
/// Nothing has changed then.
pub fn import(
    dir: &StateDir,
    config: &EmulatorConfig,
    (name, input): (&str, impl BufRead),
    replace: Replace,
    progress: impl FnMut(u64),
) -> Result<Imported, ExchangeError> {
    let lock = StateLock::acquire_within(dir, GLANCE)?;
    let has_state = dir.has_state()?;
    if has_state && replace == Replace::Never {
        return Err(ExchangeError::Exists(dir.path().to_owned()));
    }
    let image = read(config, (name, input), progress)?;
    let replaced = if has_state { Some(dir.copy_aside()?) } else { None };
    if let Some(policies) = &image.policies {
        saved::write_policies(dir, policies)?;
    }
    let fresh = FreshStore::emptied(lock)?;
    fresh.begin(Image { at: image.at, wall: image.wall, pieces: image.kept.pieces() })?;
    Ok(Imported { devices: image.kept.hub.device_count(), replaced })
}

struct Read {
    kept: Kept,
    at: Timestamp,
    wall: Timestamp,
    policies: Option<Policies>,
}

fn read(
    config: &EmulatorConfig,
    (name, input): (&str, impl BufRead),
    mut progress: impl FnMut(u64),
) -> Result<Read, ExchangeError> {
    let mut lines = input.lines().zip(1_u64..).map(|(line, number)| {
        if number % 1_000 == 0 {
            progress(number);
        }
        (line, number)
    });
    let bad = |line, why: String| {
        ExchangeError::Lines(BadLines { file: name.to_owned(), shown: vec![(line, why)], count: 1 })
    };
    let first = match lines.next() {
        // Windows begins text files with a mark.
        Some((first, _)) => first.map_err(ExchangeError::Read)?.trim_start_matches('\u{feff}').to_owned(),
        None => return Err(bad(1, "the file is empty".to_owned())),
    };
    if !first.starts_with("{\"hubjobsEmulatorExport\":") {
        let first = std::iter::once((Ok(first), 1));
        return read_devices(config, name, first.chain(lines));
    }
    let head: Head = parse(&first).map_err(|why| bad(1, why))?;
    if head.hubjobs_emulator_export != VERSION {
        let found = head.hubjobs_emulator_export;
        let why =
            format!("the export has version {found}, this program reads version {VERSION}; use the one that wrote it");
        return Err(bad(1, why));
    }
    let (mut pieces, mut last) = (Pieces::default(), 1);
    for (line, number) in lines {
        let line = line.map_err(ExchangeError::Read)?;
        // What follows a bad piece cannot be judged.
        parse::<Piece>(&line).and_then(|piece| pieces.take(piece)).map_err(|why| bad(number, why))?;
        last = number;
    }
    let kept = pieces.finish().map_err(|why| bad(last, why))?;
    Ok(Read { kept, at: head.at, wall: head.wall, policies: head.policies })
}

fn read_devices(
    config: &EmulatorConfig,
    name: &str,
    lines: impl Iterator<Item = (io::Result<String>, u64)>,
) -> Result<Read, ExchangeError> {
    let wall = Timestamp::now();
    let at = config.clock.start.unwrap_or(wall);
    let mut kept = saved::empty(config, at);
    let mut bad = BadLines { file: name.to_owned(), ..BadLines::default() };
    for (line, number) in lines {
        let line = line.map_err(ExchangeError::Read)?;
        if line.trim().is_empty() {
            continue;
        }
        let taken = parse(&line).and_then(|entry| take(&mut kept.hub, &entry));
        if let Err(why) = taken {
            bad.add(number, why);
        }
    }
    if bad.count > 0 { Err(ExchangeError::Lines(bad)) } else { Ok(Read { kept, at, wall, policies: None }) }
}

fn take(hub: &mut HubState, entry: &Value) -> Result<(), String> {
    if !entry.is_object() {
        return Err("a line is a device or module: one JSON object".to_owned());
    }
    hub.take_exchanged(entry, &Entropy::new(rand::random()))
}

/// The text of the parser's error would quote the line, and with it perhaps a key.
fn parse<T: serde::de::DeserializeOwned>(line: &str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            format!("this is no line of an export that this version writes, at column {}", error.column())
        }
        _ => format!("this is not JSON, at column {}", error.column()),
    })
}

impl StateDir {
    /// A name beside the folder that is free.
    fn aside(&self) -> Option<PathBuf> {
        let name = self.path().file_name()?.to_str()?.to_owned();
        let beside = |number: u32| Path::with_file_name(self.path(), format!("{name}.replaced-{number}"));
        (1..10_000).map(beside).find(|path| !path.exists())
    }

    /// Copies the state beside the folder, and says where to.
    fn copy_aside(&self) -> Result<PathBuf, StoreError> {
        let to = self.aside().unwrap_or_else(|| self.path().join("replaced"));
        self.copy_to(&to)?;
        Ok(to)
    }
}
