//! `hubjobs emulator export`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::chosen;
use crate::cli::emulator_args::EmulatorExportArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::emulator::state::Fidelity;
use crate::emulator::{self, EmulatorError, ExportForm, ExportKeys, ExportOptions, StateDir, attach};

/// Writes the emulator's state, of the process that serves it if there is one, else from its folder.
///
/// # Errors
/// When the project is invalid, its environment is no emulator, there is no state, or the file cannot be
/// written.
pub(in crate::cli) async fn export(args: &EmulatorExportArgs, session: &Session) -> Result<Exit, Failure> {
    let (dir, _) = chosen(session, Fidelity::default())?;
    let options = ExportOptions {
        form: if args.devices { ExportForm::Devices } else { ExportForm::State },
        keys: if args.without_keys { ExportKeys::LeftOut } else { ExportKeys::Included },
    };
    match &args.file {
        None => write(dir, options, BufWriter::new(io::stdout())).await.map(drop)?,
        Some(path) => to_file(dir, options, path).await?,
    }
    if options.keys == ExportKeys::Included {
        session.terminal.note("it holds keys; `--without-keys` leaves them out");
    }
    Ok(Exit::Done)
}

/// A file that was there before is replaced only by a whole export.
async fn to_file(dir: StateDir, options: ExportOptions, path: &Path) -> Result<(), Failure> {
    let failed = |source| Failure::Write { path: path.to_owned(), source };
    let name = path.file_name().map(|name| format!("{}.tmp", name.to_string_lossy())).unwrap_or_default();
    let temporary = path.with_file_name(name);
    let file = create(&temporary).map_err(failed)?;
    match write(dir, options, BufWriter::new(file)).await {
        Ok(out) => {
            let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
            file.sync_all().and_then(|()| fs::rename(&temporary, path)).map_err(failed)
        }
        Err(error) => {
            // The error is told; what is left of the file is of no use.
            let _ = fs::remove_file(&temporary);
            Err(error)
        }
    }
}

async fn write<W: Write + Send + 'static>(dir: StateDir, options: ExportOptions, mut out: W) -> Result<W, Failure> {
    if let Some(other) = attach(&dir).await? {
        let exported = other.admin().export(options, &mut out).await.map_err(EmulatorError::from);
        other.leave().await;
        exported?;
        return Ok(out);
    }
    let exported = move || emulator::export(&dir, options, &mut out).map(|()| out);
    let exported = tokio::task::spawn_blocking(exported).await.map_err(Failure::Thread)?;
    Ok(exported.map_err(EmulatorError::from)?)
}

/// A new file for its owner alone.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
