//! What every command that speaks to a hub has: options, streams, signals.

use std::sync::Arc;

use super::args::Global;
use super::connect::{Connection, connect};
use super::context::Context;
use super::failure::Failure;
use super::interrupt::Signals;
use super::terminal::Terminal;

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
    /// The environment that the command line means.
    ///
    /// # Errors
    /// As [`Context::load`].
    pub(super) fn context(&self) -> Result<Context, Failure> {
        Context::load(&self.global, &self.terminal)
    }

    /// Does some work with the hub of an environment, and lets go of the hub however that ends.
    ///
    /// # Errors
    /// Those of the work, of connecting, or of letting go.
    pub(super) async fn with_hub<T>(
        &self,
        context: &Context,
        work: impl AsyncFnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let connection = connect(context, &self.signals.interrupt()).await?;
        let worked = work(&connection).await;
        let closed = connection.close().await;
        let value = worked?;
        closed.map(|()| value)
    }
}
