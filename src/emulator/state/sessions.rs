//! Devices and modules that are really connected: their sessions and what they listen to
//! (reference 7.1, 7.3).

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::device::Told;
use super::devices::Slot;
use super::effect::{DropReason, Effect, SessionId};
use super::fault::{FaultKind, HubFault};
use super::hub::HubState;
use super::reply::Reply;
use super::rules::SUBSCRIPTIONS_MAX;

/// What a device or module may listen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeviceTopic {
    /// Calls of methods.
    Methods,
    /// Answers to requests about the twin.
    TwinResponses,
    /// Changes of desired properties.
    DesiredPatches,
    /// Messages to the device.
    DeviceBound,
    /// Messages to the module.
    ModuleMessages,
    /// Messages to the inputs of the module.
    ModuleInputs,
}

impl DeviceTopic {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Methods,
        Self::TwinResponses,
        Self::DesiredPatches,
        Self::DeviceBound,
        Self::ModuleMessages,
        Self::ModuleInputs,
    ];
}

/// A set of topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceTopics(u8);

impl DeviceTopics {
    /// Whether the topic is among them.
    #[must_use]
    pub const fn has(self, topic: DeviceTopic) -> bool {
        self.0 & (1 << topic as u8) != 0
    }

    /// Adds a topic.
    pub const fn add(&mut self, topic: DeviceTopic) {
        self.0 |= 1 << topic as u8;
    }

    /// Takes a topic out.
    pub const fn remove(&mut self, topic: DeviceTopic) {
        self.0 &= !(1 << topic as u8);
    }

    /// How many there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What the hub knows of a device or module that connects: its connection, and what it listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ClientSession {
    /// Its connection, if it has one.
    pub(super) id: Option<SessionId>,
    /// Whether subscriptions outlive the connection.
    pub(super) is_kept: bool,
    pub(super) topics: DeviceTopics,
}

/// All devices and modules that are connected, or whose subscriptions are kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Sessions {
    clients: BTreeMap<Slot, ClientSession>,
    open: FxHashMap<SessionId, Slot>,
    next: u64,
}

impl Sessions {
    /// The session of a device that is connected.
    fn connected(&self, slot: Slot) -> Option<(SessionId, DeviceTopics)> {
        let session = self.clients.get(&slot)?;
        Some((session.id?, session.topics))
    }

    /// The session of a device that is connected and listens to a topic.
    pub(super) fn listening(&self, slot: Slot, topic: DeviceTopic) -> Option<SessionId> {
        self.connected(slot).filter(|(_, topics)| topics.has(topic)).map(|(id, _)| id)
    }

    /// Whose session it is.
    pub(super) fn slot(&self, id: SessionId) -> Option<Slot> {
        self.open.get(&id).copied()
    }

    /// All that is known, by place.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, ClientSession)> {
        self.clients.iter().map(|(slot, session)| (*slot, *session))
    }

    /// The number of the next session.
    pub(super) const fn next_number(&self) -> u64 {
        self.next
    }

    /// Sets the number of the next session.
    pub(super) const fn count_on_from(&mut self, next: u64) {
        self.next = next;
    }

    /// Takes in one of a snapshot.
    pub(super) fn restore(&mut self, slot: Slot, session: ClientSession) {
        if let Some(id) = session.id {
            self.open.insert(id, slot);
        }
        self.clients.insert(slot, session);
    }

    /// Begins a session.
    fn open(&mut self, slot: Slot, is_clean: bool) -> Opened {
        let id = SessionId(self.next);
        self.next += 1;
        let before = self.clients.get(&slot).copied();
        let replaced = before.and_then(|before| before.id);
        if let Some(old) = replaced {
            self.open.remove(&old);
        }
        let kept = before.filter(|before| before.is_kept && !is_clean);
        let topics = kept.map(|kept| kept.topics).unwrap_or_default();
        self.clients.insert(slot, ClientSession { id: Some(id), is_kept: !is_clean, topics });
        self.open.insert(id, slot);
        Opened { id, replaced, is_present: kept.is_some(), topics }
    }

    fn close(&mut self, id: SessionId) -> Option<Slot> {
        let slot = self.open.remove(&id)?;
        if let Some(session) = self.clients.get_mut(&slot) {
            session.id = None;
            if !session.is_kept {
                self.clients.remove(&slot);
            }
        }
        Some(slot)
    }
}

/// A session that has begun.
struct Opened {
    id: SessionId,
    /// The one of the same device that it ends.
    replaced: Option<SessionId>,
    /// Whether it goes on with subscriptions that were kept.
    is_present: bool,
    topics: DeviceTopics,
}

impl HubState {
    /// A device or module connects, and has proved who it is.
    pub(super) fn open_session(
        &mut self,
        device_id: &str,
        module_id: Option<&str>,
        is_clean: bool,
    ) -> Result<Reply, HubFault> {
        let slot = self.slot_of(device_id, module_id)?;
        if !self.device(device_id)?.identity.enabled {
            return Err(HubFault::new(FaultKind::IotHubUnauthorizedAccess, format!("Device {device_id} is disabled.")));
        }
        let Opened { id, replaced, is_present, topics } = self.sessions.open(slot, is_clean);
        if let Some(session) = replaced {
            self.effects.push(Effect::Drop { session, reason: DropReason::Replaced });
        }
        self.session_told(slot, true);
        Ok(Reply::SessionOpened { session: id, is_present, topics })
    }

    /// A connection is over. One that was replaced or dropped is over already.
    pub(super) fn close_session(&mut self, id: SessionId) -> Result<Reply, HubFault> {
        let slot = self.sessions.close(id).ok_or_else(over)?;
        self.session_told(slot, false);
        Ok(Reply::Done)
    }

    /// A device listens to topics. It may say so twice.
    pub(super) fn subscribe(&mut self, id: SessionId, topics: &[DeviceTopic]) -> Result<Reply, HubFault> {
        let slot = self.sessions.slot(id).ok_or_else(over)?;
        let session = self.sessions.clients.get_mut(&slot).ok_or_else(over)?;
        let mut wanted = session.topics;
        topics.iter().for_each(|topic| wanted.add(*topic));
        if wanted.len() > SUBSCRIPTIONS_MAX {
            let text = format!("A device may have {SUBSCRIPTIONS_MAX} subscriptions.");
            return Err(HubFault::new(FaultKind::ArgumentInvalid, text));
        }
        session.topics = wanted;
        if topics.contains(&DeviceTopic::Methods) {
            self.wake_waiting(slot);
        }
        Ok(Reply::Done)
    }

    /// A device no longer listens to topics.
    pub(super) fn unsubscribe(&mut self, id: SessionId, topics: &[DeviceTopic]) -> Result<Reply, HubFault> {
        let slot = self.sessions.slot(id).ok_or_else(over)?;
        if let Some(session) = self.sessions.clients.get_mut(&slot) {
            topics.iter().for_each(|topic| session.topics.remove(*topic));
        }
        Ok(Reply::Done)
    }

    /// The process that held all connections is gone. This is no event: it belongs before a snapshot.
    /// Says whether that changed anything.
    pub fn lose_sessions(&mut self) -> bool {
        let open: Vec<SessionId> = self.sessions.clients.values().filter_map(|session| session.id).collect();
        for id in &open {
            let _ = self.close_session(*id);
        }
        let had_callers = self.give_up_direct_calls();
        self.effects.clear();
        had_callers || !open.is_empty()
    }

    /// Whether a program is connected as this device. It then speaks for itself, whatever the
    /// simulation would do.
    pub(super) fn is_live(&self, slot: Slot) -> bool {
        self.sessions.connected(slot).is_some()
    }

    /// Whether a method of the device can be called. A program that is connected must listen.
    pub(super) fn takes_methods(&self, slot: Slot) -> bool {
        let Some(device) = self.devices.get(slot) else { return false };
        let listens = || self.sessions.connected(slot).is_none_or(|(_, topics)| topics.has(DeviceTopic::Methods));
        device.is_online(&self.behaviours, self.now) && listens()
    }

    /// To be called after an identity changed: a disabled device may not be connected, nor may its modules.
    pub(super) fn drop_if_disabled(&mut self, slot: Slot) {
        let Some(device) = self.devices.get(slot).filter(|device| !device.identity.enabled) else { return };
        let modules = self.devices.modules_of(&device.id).to_vec();
        modules.into_iter().chain([slot]).for_each(|slot| self.drop_session(slot, DropReason::Disabled));
    }

    /// To be called after a device or module was deleted, with those modules that went with it.
    pub(super) fn drop_deleted(&mut self, slot: Slot) {
        let modules = self.sessions.clients.range(Slot::FIRST_MODULE..).map(|(slot, _)| *slot);
        let gone: Vec<Slot> = modules.filter(|slot| self.devices.get(*slot).is_none()).chain([slot]).collect();
        gone.into_iter().for_each(|slot| self.drop_session(slot, DropReason::Deleted));
    }

    /// Closes the connection of a device or module that may not have one any more.
    pub(super) fn drop_session(&mut self, slot: Slot, reason: DropReason) {
        let connected = self.sessions.connected(slot).map(|(id, _)| id);
        if let Some(session) = connected {
            self.sessions.close(session);
            self.session_told(slot, false);
            self.effects.push(Effect::Drop { session, reason });
        }
        if reason == DropReason::Deleted {
            self.sessions.clients.remove(&slot);
        }
    }

    fn session_told(&mut self, slot: Slot, connected: bool) {
        let at = self.now;
        let Some(device) = self.devices.get_mut(slot) else { return };
        device.connection.told = Some(Told { connected, at });
        if connected {
            device.connection.last_activity = Some(at);
        }
        self.connection_may_have_changed(slot);
    }
}

fn over() -> HubFault {
    HubFault::new(FaultKind::DeviceNotOnline, "This connection is over.")
}
