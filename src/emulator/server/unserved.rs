//! An emulator that is asked without a socket in between.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use tower::ServiceExt as _;

use super::{EmulatorError, connection_string};
use crate::emulator::auth::Key;
use crate::emulator::http::{Service, router};
use crate::emulator::live::LiveHub;
use crate::emulator::state::HubState;

/// An emulator for a program that has an HTTP stack of its own, and for tests: requests go straight to
/// its router. Nobody else can attach to it.
#[derive(Debug)]
pub struct Unserved {
    hub: Arc<LiveHub>,
    router: Router,
    connection_string: Key,
    admin_key: Key,
}

impl Unserved {
    pub(super) fn new(service: Service) -> Self {
        let owner_key = service.guard.policies.owner_key().map(Key::expose).unwrap_or_default();
        Self {
            hub: Arc::clone(&service.hub),
            connection_string: connection_string("localhost", owner_key),
            admin_key: service.admin_key.clone(),
            router: router(Arc::new(service)),
        }
    }

    /// Answers one request. Needs a Tokio runtime with time.
    pub async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let answered = self.router.clone().oneshot(request).await;
        answered.unwrap_or_else(|never: Infallible| match never {})
    }

    /// Connection string of the policy that may do everything. Holds a key.
    #[must_use]
    pub fn connection_string(&self) -> &str {
        self.connection_string.expose()
    }

    /// The bearer key of the calls under `/$hubjobs/`.
    #[must_use]
    pub fn admin_key(&self) -> &str {
        self.admin_key.expose()
    }

    /// A look at the state; nothing once the hub is closed or has failed.
    pub fn inspect<T>(&self, look: impl FnOnce(&HubState) -> T) -> Option<T> {
        self.hub.look(look)
    }

    /// Writes a last snapshot and lets go of the folder. Blocks.
    ///
    /// # Errors
    /// When the snapshot cannot be written. Nothing is lost then.
    pub fn close(self) -> Result<(), EmulatorError> {
        Ok(self.hub.close()?)
    }
}
