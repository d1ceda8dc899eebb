//! The tasks of a served emulator, and their end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::{EmulatorError, Exposure};
use crate::emulator::http::{Service, router};
use crate::emulator::live::LiveHub;
use crate::emulator::mqtt::speak_mqtt;
use crate::emulator::store::{Endpoint, Store};
use crate::emulator::tls::Tls;
use crate::emulator::transport::{Gate, Link, accept, speak_http};
use crate::model::ClockMode;

/// How long open connections may take to end at a stop.
const GRACE: Duration = Duration::from_secs(3);
/// How often a clock in mode real lets the hub catch up.
const BREATH: Duration = Duration::from_millis(100);

/// What the server task owns.
pub(super) struct Running {
    pub(super) hub: Arc<LiveHub>,
    pub(super) store: Arc<Store>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) tls: Option<Tls>,
}

impl Running {
    /// Serves until a stop, then lets open connections end, for a while.
    pub(super) async fn run(self, exposure: Exposure, service: Arc<Service>) -> Result<(), EmulatorError> {
        let breathing = (self.hub.mode() == ClockMode::Real).then(|| tokio::spawn(breathe(Arc::clone(&self.hub))));
        let gate = Arc::new(Gate::of_this_process());
        self.listen(exposure, &service, &gate);
        stopped(self.stop.clone()).await;
        let _ = timeout(GRACE, gate.empty()).await;
        if let Some(breathing) = breathing {
            breathing.abort();
        }
        let Self { hub, store, .. } = self;
        let closed = tokio::task::spawn_blocking(move || {
            let closed = hub.close();
            Endpoint::withdraw(store.lock())?;
            closed
        });
        let closed = closed.await.map_err(|error| EmulatorError::Listen(std::io::Error::other(error)))?;
        closed.map_err(EmulatorError::Store)
    }

    /// Starts a task for each listener; it ends at a stop.
    fn listen(&self, exposure: Exposure, service: &Arc<Service>, gate: &Arc<Gate>) {
        let Exposure { http, https, mqtt, .. } = exposure;
        let router = router(Arc::clone(service));
        let speak_http = {
            let (gate, stop) = (Arc::clone(gate), self.stop.subscribe());
            move |link| speak_http(link, router.clone(), Arc::clone(&gate), stop.clone())
        };
        let listen = |listener, tls, speak| accept(listener, tls, Arc::clone(gate), self.stop.subscribe(), speak);
        tokio::spawn(listen(http, None, speak_http.clone()));
        let Some(tls) = &self.tls else { return };
        for listener in https {
            tokio::spawn(listen(listener, Some(TlsAcceptor::from(Arc::clone(&tls.https))), speak_http.clone()));
        }
        for listener in mqtt {
            let acceptor = TlsAcceptor::from(Arc::clone(&tls.mqtt));
            let (service, stop) = (Arc::clone(service), self.stop.subscribe());
            let speak = move |link: Link| {
                let certificates = link.client_certificates();
                speak_mqtt(link, certificates, Arc::clone(&service), stop.clone())
            };
            tokio::spawn(accept(listener, Some(acceptor), Arc::clone(gate), self.stop.subscribe(), speak));
        }
    }
}

async fn stopped(stop: watch::Sender<bool>) {
    // The sender lives as long as this future, so waiting cannot fail.
    let _ = stop.subscribe().wait_for(|stop| *stop).await;
}

/// Lets the hub go on where time passes by itself, even if nobody asks it anything.
async fn breathe(hub: Arc<LiveHub>) {
    let mut breath = tokio::time::interval(BREATH);
    breath.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        breath.tick().await;
        let hub = Arc::clone(&hub);
        if tokio::task::spawn_blocking(move || hub.breathe()).await.is_err() {
            return;
        }
    }
}
