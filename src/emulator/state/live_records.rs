//! Sessions, calls and messages as records of a snapshot.

use serde::{Deserialize, Serialize};

use super::calls::Call;
use super::devices::Slot;
use super::hub::HubState;
use super::sessions::ClientSession;
use super::telemetry::KeptMessage;

/// What a snapshot holds of devices that are, or were, really connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum LiveRecord {
    /// The next numbers.
    Next { session: u64, call: u64, message: u64 },
    /// A client that is connected or whose subscriptions are kept.
    Session(Slot, ClientSession),
    /// A call without an answer.
    Call(u64, Call),
    /// A message that is kept.
    Message(KeptMessage),
}

impl HubState {
    /// The records; none for a hub to which no device ever spoke.
    pub(super) fn live_records(&self) -> impl Iterator<Item = LiveRecord> + '_ {
        let (session, call, message) = (self.sessions.next_number(), self.calls.next_number(), self.messages.count());
        let next = (session + call + message > 0).then_some(LiveRecord::Next { session, call, message });
        let sessions = self.sessions.iter().map(|(slot, session)| LiveRecord::Session(slot, session));
        let calls = self.calls.iter().map(|(number, call)| LiveRecord::Call(number, call));
        let messages = self.messages.iter().cloned().map(LiveRecord::Message);
        next.into_iter().chain(sessions).chain(calls).chain(messages)
    }

    /// Takes in a record; says whether it makes sense.
    pub(super) fn take_live_record(&mut self, record: LiveRecord) -> bool {
        match record {
            LiveRecord::Next { session, call, message } => {
                self.sessions.count_on_from(session);
                self.calls.count_on_from(call);
                self.messages.count_on_from(message);
                true
            }
            LiveRecord::Session(slot, session) => {
                self.sessions.restore(slot, session);
                self.devices.holds(slot)
            }
            LiveRecord::Call(number, call) => {
                self.calls.insert(number, call);
                self.devices.holds(call.slot)
            }
            LiveRecord::Message(message) => {
                self.messages.restore(message);
                true
            }
        }
    }
}
