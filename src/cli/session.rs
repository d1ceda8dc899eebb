//! What every command that speaks to a hub has: options, streams, signals.

use std::sync::Arc;

use super::args::Global;
use super::connect::{Connection, connect, hub_label};
use super::context::{Context, Need};
use super::exit::Exit;
use super::failure::Failure;
use super::hubs::several;
use super::interrupt::Signals;
use super::project::find;
use super::terminal::Terminal;
use crate::load::PROJECT_FILE;

/// What every command that speaks to a hub has.
#[derive(Debug)]
pub(super) struct Session {
    /// Options of every command.
    pub(super) global: Global,
    /// The streams.
    pub(super) terminal: Arc<Terminal>,
    /// Ctrl-C and SIGTERM.
    pub(super) signals: Signals,
}

impl Session {
    /// Whether there is a project here.
    #[must_use]
    pub(super) fn has_project(&self) -> bool {
        find(self.global.start()).join(PROJECT_FILE).is_file()
    }

    /// The environment that the command line means, once for each of its hubs.
    ///
    /// # Errors
    /// As [`Context::load`].
    pub(super) fn contexts(&self) -> Result<&'static [Context], Failure> {
        self.load(Need::EveryManifest)
    }

    /// The hub of an environment that a plan was made for, by its label; another one of the environment
    /// if there is none of that label.
    ///
    /// # Errors
    /// As [`Context::load`].
    pub(super) fn context_in(&self, environment: &str, hub: &str) -> Result<&'static Context, Failure> {
        let global = Global { environment: Some(environment.to_owned()), ..self.global.clone() };
        let contexts = Context::load(&global, &self.terminal, Need::EveryManifest)?.leak();
        let of_label = contexts.iter().find(|context| hub_label(&context.environment) == hub);
        of_label.or(contexts.first()).ok_or(Failure::InvalidManifests)
    }

    /// The same for a command that is about one hub.
    ///
    /// # Errors
    /// As [`Context::load`], or when the environment has several hubs and none is chosen.
    pub(super) fn one_hub(&self) -> Result<&'static Context, Failure> {
        only(self.load(Need::EveryManifest)?)
    }

    /// The same for a command that can do without valid manifests.
    ///
    /// # Errors
    /// When the project file or the fleet is invalid, there is no such environment, or it has several
    /// hubs and none is chosen.
    pub(super) fn one_hub_of_project(&self) -> Result<&'static Context, Failure> {
        only(self.load(Need::ProjectFile)?)
    }

    /// The environment that the command line means, once for each of its hubs, for a command that can do
    /// without valid manifests.
    ///
    /// # Errors
    /// When the project file or the fleet is invalid, or there is no such environment.
    pub(super) fn hubs_of_project(&self) -> Result<&'static [Context], Failure> {
        self.load(Need::ProjectFile)
    }

    /// A process has one project, which ends with it: freeing ten thousand manifests one by one would
    /// take longer than planning them.
    fn load(&self, need: Need) -> Result<&'static [Context], Failure> {
        Ok(Context::load(&self.global, &self.terminal, need)?.leak())
    }

    /// Does some work with the hub of an environment, and lets go of the hub however that ends.
    ///
    /// # Errors
    /// Those of the work, of connecting, or of letting go.
    pub(super) async fn with_hub(
        &self,
        context: &Context,
        work: impl AsyncFnOnce(&Connection) -> Result<Exit, Failure>,
    ) -> Result<Exit, Failure> {
        let connection = connect(context, &self.global, &self.signals.interrupt()).await?;
        let worked = work(&connection).await;
        if connection.is_used_by_others() {
            self.terminal.note("another hubjobs command still uses this emulator; serving it until that ends");
        }
        let closed = connection.close().await;
        let exit = worked?;
        closed?;
        Ok(self.signals.exit().map_or(exit, |interrupted| exit.or_worse(interrupted)))
    }

    /// Reads from the hub before anything was changed: given up at the first signal, however long the
    /// hub stays silent and is asked again.
    ///
    /// # Errors
    /// Those of the reading, or the signal.
    pub(super) async fn read<T, E>(&self, reading: impl Future<Output = Result<T, E>>) -> Result<T, Failure>
    where
        Failure: From<E>,
    {
        tokio::select! {
            biased;
            exit = self.signals.interrupted() => Err(Failure::Interrupted(exit)),
            read = reading => Ok(read?),
        }
    }

    /// Asks for consent.
    ///
    /// # Errors
    /// When nobody can be asked, or the answer is not `yes`.
    pub(super) async fn ask(&self, question: &str) -> Result<(), Failure> {
        if !self.terminal.can_ask() {
            return Err(Failure::NobodyToAsk);
        }
        let (terminal, question) = (Arc::clone(&self.terminal), question.to_owned());
        // A thread may wait for a line for ever; it ends with the process.
        let answer = tokio::task::spawn_blocking(move || terminal.confirm(&question));
        tokio::select! {
            answer = answer => if answer.is_ok_and(|yes| yes) { Ok(()) } else { Err(Failure::NotApproved) },
            exit = self.signals.interrupted() => Err(Failure::Interrupted(exit)),
        }
    }
}

fn only(contexts: &'static [Context]) -> Result<&'static Context, Failure> {
    match contexts {
        [only] => Ok(only),
        others => Err(several(others)),
    }
}
