//! What the command line says about the hub to imitate wins over what the project says.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use crate::cli::failure::Failure;
use crate::cli::fidelity_args::FidelityArgs;
use crate::cli::project::show;
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic, SourceMap};
use crate::emulator::admin::ClockReading;
use crate::emulator::faults::FaultSpec;
use crate::emulator::state::Strictness;
use crate::emulator::{EmulatorConfig, EmulatorError, Served};
use crate::load;
use crate::model::ClockMode;
use crate::report::utc;
use crate::validate;

/// The emulator that the options describe, where they say something. Notes what differs from the
/// project.
pub(super) fn imitate(args: &FidelityArgs, config: EmulatorConfig, session: &Session) -> EmulatorConfig {
    let mut imitated = config.clone();
    imitated.size.sku = args.sku.unwrap_or(config.size.sku);
    imitated.size.units = args.units.unwrap_or(config.size.units);
    imitated.clock.mode = args.clock.map_or(config.clock.mode, Into::into);
    imitated.clock.start = args.clock_start.or(config.clock.start);
    imitated.fidelity.strictness = if args.lenient { Strictness::Lenient } else { Strictness::Strict };
    if session.has_project() {
        if imitated.size != config.size {
            let text = format!("as {}, although the project says {}", imitated.size, config.size);
            session.terminal.note(&text);
        }
        if imitated.clock != config.clock {
            session.terminal.note("with another clock than the project says");
        }
    }
    imitated
}

/// The fault script of the options: the file first.
///
/// # Errors
/// When the file is no script; the findings were shown.
pub(super) fn script(args: &FidelityArgs, session: &Session) -> Result<Vec<FaultSpec>, Failure> {
    let mut script = args.fault_file.as_ref().map_or_else(|| Ok(Vec::new()), |file| read_script(file, session))?;
    script.extend(args.faults.iter().cloned());
    Ok(script)
}

/// A hub keeps its clock: a start that was asked for counts at its very first one. And a clock that is
/// not the machine's has to be known to those who wait for jobs: on one that stands still none ends.
///
/// # Errors
/// When the emulator does not answer.
pub(super) async fn note_clock(args: &FidelityArgs, served: &Served, session: &Session) -> Result<(), Failure> {
    let ClockReading { now, mode } = served.admin().clock().await.map_err(EmulatorError::from)?;
    let differs = |other: Timestamp| now.duration_since(other).abs() > SignedDuration::from_mins(1);
    let shown = utc(now);
    if let Some(asked) = args.clock_start.filter(|asked| differs(*asked)) {
        session.terminal.note(&format!(
            "this hub has been started before, and its clock shows {shown}; `hubjobs emulator tick --to {asked}` moves it on"
        ));
    }
    match mode {
        ClockMode::Fast => session.terminal.note(&format!(
            "its clock shows {shown} and stands still, so jobs of other programs wait: `hubjobs emulator tick 1m` moves \
             it, `--clock real` lets it run"
        )),
        ClockMode::Real if differs(Timestamp::now()) => {
            session.terminal.note(&format!("its clock shows {shown}, not this machine's time"));
        }
        ClockMode::Real => {}
    }
    Ok(())
}

/// Reads a file of faults.
///
/// # Errors
/// When it is no script; the findings were shown.
pub(super) fn read_script(file: &PathBuf, session: &Session) -> Result<Vec<FaultSpec>, Failure> {
    let mut sources = SourceMap::new();
    let loaded = load::paths(session.global.start(), std::slice::from_ref(file), &mut sources);
    let (mut script, mut diagnostics) = (Vec::new(), loaded.diagnostics);
    for id in loaded.ids {
        let (lines, findings) = validate::fault_lines(&sources, id);
        diagnostics.extend(findings);
        for line in lines {
            match line.text.parse() {
                Ok(spec) => script.push(spec),
                Err(why) => {
                    let why = format!("`{}` is no fault: {why}", line.text);
                    diagnostics.push(Diagnostic::error(Code::InvalidValue, line.span, why));
                }
            }
        }
    }
    show(&diagnostics, &sources, &session.terminal);
    if diagnostics.has_errors() { Err(Failure::InvalidFaults(file.clone())) } else { Ok(script) }
}
