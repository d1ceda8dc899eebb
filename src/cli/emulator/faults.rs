//! `hubjobs emulator faults`.

use std::fmt::Write as _;

use serde_json::json;

use super::fidelity::read_script;
use super::running::with_served;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::fidelity_args::{EmulatorFaultsArgs, FaultsCommand};
use crate::cli::session::Session;
use crate::emulator::EmulatorError;
use crate::emulator::faults::FaultReport;
use crate::report::{FORMAT_VERSION, json_text};

/// Lists or changes the fault script of a running emulator.
///
/// # Errors
/// When none runs, or a file is no script.
pub(in crate::cli) async fn faults(args: &EmulatorFaultsArgs, session: &Session) -> Result<Exit, Failure> {
    // A bad file is found before anything is asked.
    let loaded = match &args.command {
        Some(FaultsCommand::Load { file }) => Some(read_script(file, session)?),
        _ => None,
    };
    with_served(session, async |admin| {
        let report = match (&args.command, loaded) {
            (_, Some(script)) => admin.replace_faults(&script).await,
            (Some(FaultsCommand::Add { faults }), _) => admin.add_faults(faults).await,
            (Some(FaultsCommand::Clear), _) => admin.replace_faults(&[]).await,
            (None | Some(FaultsCommand::List | FaultsCommand::Load { .. }), None) => admin.faults().await,
        };
        show(&report.map_err(EmulatorError::from)?, session);
        Ok(Exit::Done)
    })
    .await
}

fn show(report: &[FaultReport], session: &Session) {
    if session.global.json {
        return session.terminal.result(&json_text(&json!({"formatVersion": FORMAT_VERSION, "faults": report})));
    }
    if report.is_empty() {
        return session.terminal.note("no faults: calls are served as they come");
    }
    let mut text = String::new();
    for FaultReport { fault, seen, struck } in report {
        // A string takes everything.
        let _ = writeln!(text, "{fault}    befell {struck} of {seen}");
    }
    session.terminal.result(&text);
}
