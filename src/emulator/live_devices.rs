//! The part of the running hub that deals with programs that are connected as devices.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::live::{Held, LiveHub};
use super::outbox::{Answer, ToDevice};
use super::state::{Credentials, FaultKind, HubEvent, HubFault, Reply, SessionId, connect_timeout};

/// How often to look whether a device came online by itself: a simulated one tells nobody.
const LOOK: Duration = Duration::from_millis(250);

impl LiveHub {
    /// A program connects; what the hub has to say to it goes to `sender`.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(super) async fn open_session(
        self: &Arc<Self>,
        event: HubEvent,
        sender: mpsc::Sender<ToDevice>,
    ) -> Result<Reply, HubFault> {
        self.apart(move |hub, held| {
            let reply = held.apply(event, hub.now())?;
            if let Reply::SessionOpened { session, .. } = &reply {
                // Before anything is sent to it.
                hub.outbox().register(*session, sender);
            }
            Ok(reply)
        })
        .await
    }

    /// How a device, or a module of it, proves who it is; nothing for one that does not exist.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(super) async fn credentials(
        self: &Arc<Self>,
        device_id: String,
        module_id: Option<String>,
    ) -> Result<Option<Credentials>, HubFault> {
        self.apart(move |_, held| Ok(held.kept.hub.credentials(&device_id, module_id.as_deref()))).await
    }

    /// A connection is over.
    pub(super) async fn close_session(self: &Arc<Self>, session: SessionId) {
        self.outbox().unregister(session);
        // Refused when a newer connection replaced it, or the hub is closed.
        let _ = self.call_once(HubEvent::CloseSession { session }).await;
    }

    /// A direct method call: waits for the device to come, and for its answer, by the wall clock.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(super) async fn invoke(self: &Arc<Self>, event: HubEvent) -> Result<Reply, HubFault> {
        let patience = match &event {
            HubEvent::InvokeMethod { request, .. } => connect_timeout(request),
            _ => Duration::ZERO,
        };
        let until = Instant::now() + patience;
        loop {
            let seen = Instant::now();
            let (reply, answer) = match self.try_invoke(event.clone()).await {
                Err(fault) if fault.kind == FaultKind::DeviceNotOnline && seen < until => {
                    self.outbox().changed_before(until.min(seen + LOOK)).await;
                    continue;
                }
                tried => tried?,
            };
            return match (reply, answer) {
                (Reply::Calling { call, response_timeout }, Some(answer)) => {
                    // In a task of its own: the call must end also when the caller hangs up.
                    let hub = Arc::clone(self);
                    let waiting = tokio::spawn(hub.answer_of(call, answer, Duration::from_secs(response_timeout)));
                    waiting.await.map_err(|_| HubFault::from(FaultKind::ServerError))?
                }
                (reply, _) => Ok(reply),
            };
        }
    }

    /// Whether a connected program has no time left to answer a call.
    pub(super) fn is_over(&self, call: u64) -> bool {
        self.outbox().deadline(call).map_or(call < self.first_call, |deadline| Instant::now() >= deadline)
    }

    /// Sends what the hub has to say, once what caused it is on disk: also when whoever asked does not
    /// wait for that.
    pub(super) fn send_effects(&self, held: &mut Held) {
        // What is not written down is not said. On a full disk it waits for room.
        if held.kept.hub.effect_count() == 0 || held.record_effects().is_err() {
            return;
        }
        let effects = held.kept.hub.take_effects();
        held.recorded_effects = 0;
        let (seq, store, outbox) = (held.seq, Arc::clone(&held.store), Arc::clone(self.outbox()));
        outbox.take(seq, effects, Instant::now());
        tokio::runtime::Handle::current().spawn(async move {
            if store.log().committed(seq).await.is_ok() {
                outbox.send_up_to(seq);
            }
        });
    }

    async fn try_invoke(
        self: &Arc<Self>,
        event: HubEvent,
    ) -> Result<(Reply, Option<oneshot::Receiver<Answer>>), HubFault> {
        self.apart(move |hub, held: &mut Held| {
            let reply = held.apply(event, hub.now())?;
            let answer = match &reply {
                Reply::Calling { call, .. } => Some(hub.outbox().expect(*call)),
                _ => None,
            };
            Ok((reply, answer))
        })
        .await
    }

    async fn answer_of(
        self: Arc<Self>,
        call: u64,
        answer: oneshot::Receiver<Answer>,
        patience: Duration,
    ) -> Result<Reply, HubFault> {
        if let Ok(Ok((status, payload))) = timeout(patience, answer).await {
            return Ok(Reply::Method { status, payload, latency_ms: 0 });
        }
        self.outbox().forget(call);
        // Refused when the answer came at this very moment; it is too late all the same.
        let _ = self.call_once(HubEvent::EndCall { call }).await;
        Err(HubFault::from(FaultKind::GatewayTimeout).of_method())
    }
}

impl Held {
    /// Writes down how late it is if that alone made the hub say something: after a crash it must not say
    /// it again, nor give the number of a call to another.
    ///
    /// # Errors
    /// When it cannot be written down.
    fn record_effects(&mut self) -> Result<(), HubFault> {
        match self.kept.hub.effect_count() > self.recorded_effects {
            true => self.change(HubEvent::Tick, self.kept.hub.now()).map(|_| ()),
            false => Ok(()),
        }
    }
}
