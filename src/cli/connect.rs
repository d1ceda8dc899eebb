//! From an environment to a hub that can be called. The same REST client speaks to Azure and to the
//! emulator, which runs in this process unless another one serves the same state.

use std::env;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Once};

use jiff::Timestamp;

use super::args::Global;
use super::context::Context;
use super::failure::Failure;
use super::tide::{EmulatorTide, HubClock, HubTide};
use crate::emulator::admin::AdminClient;
use crate::emulator::state::Fidelity;
use crate::emulator::{self, EmulatorConfig, EmulatorError, SNAPSHOT_AFTER, StateDir};
use crate::hub::AskProgress;
use crate::hub::entra::{EntraTokens, Surroundings};
use crate::hub::rest::{ConnectionString, Endpoint, HostName, RestConfig, RestHub};
use crate::model::{Auth, EmulatorHub, Environment, Fleet, Hub, RemoteHub};
use crate::net::Network;
use crate::plan::{Acknowledgement, Counts};
use crate::reconcile::{Interrupt, Patience};
use crate::run_once::Inquiry;

/// Calls at once.
const CONCURRENCY: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");

/// A hub that can be called, and the time that counts there.
#[derive(Debug)]
pub(super) struct Connection {
    /// The hub.
    pub(super) hub: RestHub,
    /// The hub in a word: its host name, or `emulator`, with the name of the hub if it has one.
    pub(super) label: String,
    /// Its time.
    pub(super) clock: Arc<HubClock>,
    /// How its time passes.
    pub(super) tide: HubTide,
    /// How long to wait for it.
    pub(super) patience: Patience,
    /// Calls at once.
    pub(super) concurrency: NonZeroUsize,
    /// How far counting devices has come.
    pub(super) asking: AskProgress,
    session: Option<emulator::Session>,
}

/// Connects to the hub of an environment.
///
/// # Errors
/// When there are no credentials, or the emulator cannot be started.
pub(super) async fn connect(context: &Context, global: &Global, interrupt: &Interrupt) -> Result<Connection, Failure> {
    match &context.environment.hub {
        Hub::Remote(remote) => connect_remote(context, remote, global.network()?, interrupt),
        Hub::Emulator(hub) => connect_emulator(context, hub, interrupt).await,
    }
}

fn connect_remote(
    context: &Context,
    remote: &RemoteHub,
    network: Network,
    interrupt: &Interrupt,
) -> Result<Connection, Failure> {
    Ok(Connection {
        hub: RestHub::connect(rest_config(context, remote, network)?)?,
        label: hub_label(&context.environment),
        clock: Arc::new(HubClock::machine()),
        tide: HubTide::Wall(interrupt.clone()),
        patience: Patience::remote(),
        concurrency: CONCURRENCY,
        asking: AskProgress::default(),
        session: None,
    })
}

/// How to reach a hub, and how to sign in there.
///
/// # Errors
/// When there is no connection string, or it is for another hub.
pub(super) fn rest_config(context: &Context, remote: &RemoteHub, network: Network) -> Result<RestConfig, Failure> {
    let surroundings = Surroundings::read(|name| env::var(name).ok());
    let connection = match &remote.auth {
        Auth::Entra(auth) => {
            let host = HostName::new(&remote.host_name)?;
            let tokens = EntraTokens::new(auth.clone(), surroundings, network.clone());
            return Ok(RestConfig::entra(host, remote.port, tokens, remote.size, network));
        }
        Auth::ConnectionStringEnv(variable) => ConnectionString::from_env(variable)?,
        Auth::ConnectionStringFile(path) => ConnectionString::from_file(&context.dir.join(path))?,
    };
    for warning in &connection.warnings {
        tracing::warn!("{warning}");
    }
    if surroundings.is_pipeline() {
        warn_of_secret();
    }
    let is_same_port = remote.port.is_none() || connection.port == remote.port;
    if !connection.host.as_str().eq_ignore_ascii_case(&remote.host_name) || !is_same_port {
        return Err(Failure::OtherHub {
            environment: context.environment.name.to_string(),
            expected: remote.authority(),
            actual: connection.host.to_string(),
        });
    }
    Ok(RestConfig::remote(connection, remote.size, network))
}

/// Once, however many hubs there are.
fn warn_of_secret() {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        tracing::warn!(
            "a connection string is a secret that does not expire; write `auth: entra` in hubjobs.yaml, and let the \
             pipeline sign in with its own identity"
        );
    });
}

async fn connect_emulator(context: &Context, hub: &EmulatorHub, interrupt: &Interrupt) -> Result<Connection, Failure> {
    let config = emulator_config(hub, context.fleet.clone(), Fidelity::default());
    let session = emulator::connect(&hub_state_dir(context), &config).await?;
    if let emulator::Session::Other(other) = &session {
        tracing::info!("the emulator is served by another process at {}", other.address());
    }
    let admin = session.admin().clone();
    let reading = admin.clock().await.map_err(EmulatorError::from)?;
    let clock = Arc::new(HubClock::virtual_at(reading.now, reading.mode));
    let connection = ConnectionString::parse(session.connection_string()).map_err(Failure::EmulatorSecret)?;
    let endpoint = Endpoint::loopback(session.address())?;
    Ok(Connection {
        hub: RestHub::connect(RestConfig::emulator(endpoint, connection))?,
        label: hub_label(&context.environment),
        tide: HubTide::Emulator(EmulatorTide::new(
            admin,
            reading.mode,
            hub.size,
            Arc::clone(&clock),
            interrupt.clone(),
        )),
        clock,
        patience: Patience::loopback(),
        concurrency: CONCURRENCY,
        asking: AskProgress::default(),
        session: Some(session),
    })
}

impl Connection {
    /// What a review of a plan for this hub is to look at.
    #[must_use]
    pub(super) const fn inquiry<'a>(&'a self, counts: Counts, acknowledgements: &'a [Acknowledgement]) -> Inquiry<'a> {
        Inquiry {
            counts,
            is_of_coming: false,
            acknowledgements,
            concurrency_max: self.concurrency,
            progress: &self.asking,
        }
    }

    /// The hub's time, asked for if it is not the machine's.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub(super) async fn now(&self) -> Result<Timestamp, Failure> {
        if let HubTide::Emulator(tide) = &self.tide {
            tide.read().await.map_err(EmulatorError::from)?;
        }
        Ok(self.clock.read())
    }

    /// The admin side of the emulator.
    ///
    /// # Errors
    /// When the hub is none.
    pub(super) fn admin(&self) -> Result<&AdminClient, Failure> {
        let session = self.session.as_ref().ok_or_else(|| Failure::NotAnEmulator(self.label.clone()))?;
        Ok(session.admin())
    }

    /// Whether [`Self::close`] has to wait for another process that uses the emulator of this one.
    pub(super) fn is_used_by_others(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.others() > 0)
    }

    /// Lets go of the hub; an emulator of this process serves until no other process uses it, then
    /// writes its last snapshot.
    ///
    /// # Errors
    /// When the snapshot cannot be written. Nothing is lost then.
    pub(super) async fn close(self) -> Result<(), Failure> {
        match self.session {
            Some(session) => Ok(session.close().await?),
            None => Ok(()),
        }
    }
}

/// The hub of an environment in a word: its host name, or `emulator`, with the name of the hub if it
/// has one.
pub(super) fn hub_label(environment: &Environment) -> String {
    match (&environment.hub, &environment.hub_name) {
        (Hub::Remote(hub), _) => hub.authority(),
        (Hub::Emulator(_), Some(name)) => format!("emulator {name}"),
        (Hub::Emulator(_), None) => "emulator".to_owned(),
    }
}

/// Where the emulator of an environment keeps its state; several of them in folders of their own, with
/// a dot that no other environment's name has.
pub(super) fn hub_state_dir(context: &Context) -> StateDir {
    let Environment { name, hub_name, .. } = &context.environment;
    match hub_name {
        Some(hub) => state_dir(&context.dir, &format!("{name}.{hub}")),
        None => state_dir(&context.dir, name.as_str()),
    }
}

/// Where the emulator of an environment keeps its state: `.hubjobs/<environment>` beside the project
/// file.
pub(super) fn state_dir(dir: &Path, environment: &str) -> StateDir {
    StateDir::new(dir.join(".hubjobs").join(environment))
}

/// The emulator that an environment describes.
pub(super) fn emulator_config(hub: &EmulatorHub, fleet: Option<Fleet>, fidelity: Fidelity) -> EmulatorConfig {
    EmulatorConfig { size: hub.size, clock: hub.clock, fleet, fidelity, snapshot_after: SNAPSHOT_AFTER }
}
