//! The emulator of this folder, wherever it runs.

use super::{emulated, without_project};
use crate::cli::connect::hub_state_dir;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::emulator::admin::AdminClient;
use crate::emulator::{Attached, StateDir, attach};

/// Does something with the emulator of the project, served or not; without a project, with the one
/// that is served here.
///
/// # Errors
/// Those of the work, and of connecting.
pub(super) async fn with_admin(
    session: &Session,
    work: impl AsyncFnOnce(&AdminClient) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    if session.has_project() {
        let (context, _) = emulated(session)?;
        return session.with_hub(context, async |connection| work(connection.admin()?).await).await;
    }
    with_served(session, work).await
}

/// Does something with the emulator that is served here.
///
/// # Errors
/// Those of the work, and when none is served.
pub(super) async fn with_served(
    session: &Session,
    work: impl AsyncFnOnce(&AdminClient) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let served: Attached = attach(&folder(session)?).await?.ok_or(Failure::NotServed)?;
    let worked = work(served.admin()).await;
    served.leave().await;
    worked
}

fn folder(session: &Session) -> Result<StateDir, Failure> {
    if !session.has_project() {
        return without_project(session);
    }
    let (context, _) = emulated(session)?;
    Ok(hub_state_dir(context))
}
