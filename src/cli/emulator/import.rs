//! `hubjobs emulator import`.

use std::fs::File;
use std::io::BufReader;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::chosen;
use crate::cli::emulator_args::EmulatorImportArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::emulator::state::Fidelity;
use crate::emulator::{self, EmulatorError, ExchangeError, Replace, attach};
use crate::report::{FORMAT_VERSION, Untrusted, json_text};

/// Begins the emulator's state from a file.
///
/// # Errors
/// When the project is invalid, its environment is no emulator or is served, there is a state already, or
/// the file has a bad line.
pub(in crate::cli) async fn import(args: &EmulatorImportArgs, session: &Session) -> Result<Exit, Failure> {
    let (dir, config) = chosen(session, Fidelity::default())?;
    if let Some(other) = attach(&dir).await? {
        let address = other.address();
        other.leave().await;
        return Err(Failure::ImportWhileServed(address));
    }
    let path = args.file.clone();
    let file = File::open(&path).map_err(|source| Failure::Read { path: path.clone(), source })?;
    let replace = if args.replace { Replace::KeepingCopy } else { Replace::Never };
    let bar = session.terminal.bars().add(ProgressBar::new_spinner());
    bar.set_style(
        ProgressStyle::with_template("{spinner} {pos} lines").unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let counted = bar.clone();
    let imported = tokio::task::spawn_blocking(move || {
        let name = path.display().to_string();
        emulator::import(&dir, &config, (&name, BufReader::new(file)), replace, |line| counted.set_position(line))
    });
    let imported = imported.await.map_err(Failure::Thread)?;
    bar.finish_and_clear();
    if let Err(ExchangeError::Lines(bad)) = &imported {
        bad.findings().for_each(|finding| session.terminal.stderr(&format!("{}\n", Untrusted::new(&finding))));
    }
    let imported = imported.map_err(EmulatorError::from)?;
    let terminal = &session.terminal;
    let machine = json!({"formatVersion": FORMAT_VERSION, "devices": imported.devices});
    terminal.result(&match session.global.json {
        true => json_text(&machine),
        false => format!("{} devices\n", imported.devices),
    });
    if let Some(copy) = imported.replaced {
        terminal.note(&format!("the state that was there is in {}", copy.display()));
    }
    Ok(Exit::Done)
}
