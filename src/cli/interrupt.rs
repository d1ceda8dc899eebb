//! Ctrl-C in two stages: the first finishes the call in flight and reports, the second aborts.

use std::sync::Arc;

use tokio::sync::watch;

use super::exit::Exit;
use super::terminal::Terminal;
use crate::reconcile::Interrupt;

/// Listens for Ctrl-C and SIGTERM while a command runs.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Interrupt,
    first: watch::Receiver<Option<Exit>>,
    second: watch::Receiver<Option<Exit>>,
}

impl Signals {
    /// Starts listening. Needs a runtime.
    #[must_use]
    pub(super) fn listen(terminal: &Arc<Terminal>) -> Self {
        let (stop, interrupt) = Interrupt::channel();
        let (tell_first, first) = watch::channel(None);
        let (tell_second, second) = watch::channel(None);
        let terminal = Arc::clone(terminal);
        tokio::spawn(async move {
            let Some(exit) = signal().await else { return };
            tell_first.send_replace(Some(exit));
            stop.send_replace(true);
            terminal.note("stopping after the call in flight; a second Ctrl-C aborts at once");
            if let Some(exit) = signal().await {
                tell_second.send_replace(Some(exit));
            }
            // The senders must live on: a closed channel is no signal.
            std::future::pending::<()>().await;
        });
        Self { interrupt, first, second }
    }

    /// What the first signal sets.
    #[must_use]
    pub(super) fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// How to end because of the first signal, if it came.
    #[must_use]
    pub(super) fn exit(&self) -> Option<Exit> {
        *self.first.borrow()
    }

    /// Returns at the first signal.
    pub(super) async fn interrupted(&self) -> Exit {
        arrived(self.first.clone()).await
    }

    /// Returns at the second signal.
    pub(super) async fn aborted(&self) -> Exit {
        arrived(self.second.clone()).await
    }
}

async fn arrived(mut signal: watch::Receiver<Option<Exit>>) -> Exit {
    match signal.wait_for(Option::is_some).await.map(|exit| *exit) {
        Ok(Some(exit)) => exit,
        _ => std::future::pending().await,
    }
}

/// Waits for a signal; nothing when the system gives none.
#[cfg(unix)]
async fn signal() -> Option<Exit> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).ok()?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.ok().map(|()| Exit::Interrupted),
        _ = terminate.recv() => Some(Exit::Terminated),
    }
}

/// Waits for a signal; nothing when the system gives none.
#[cfg(not(unix))]
async fn signal() -> Option<Exit> {
    tokio::signal::ctrl_c().await.ok().map(|()| Exit::Interrupted)
}
