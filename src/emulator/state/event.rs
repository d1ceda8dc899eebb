//! What can happen to a hub. The names are those of the journal: renaming one breaks journals.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::entropy::Entropy;
use super::paging::PageRequest;

use super::effect::SessionId;
use super::sessions::DeviceTopic;
use super::telemetry::DeviceMessage;

/// One thing that happens to the hub: a call of the service API, or something a device does.
///
/// A skin translates its protocol into an event and keeps no rule of its own: path segments come
/// percent-decoded, bodies as the JSON that was sent, `if_match` as the header's text with or
/// without quotes. A change must be in the journal, together with the time it was applied at,
/// before it is acknowledged; a refused event changes nothing and needs no journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum HubEvent {
    /// Nothing but that time goes on. Replies [`Reply::Done`](super::Reply::Done).
    Tick,
    /// A read that came before cost so many messages of the daily quota. Replies
    /// [`Reply::Done`](super::Reply::Done).
    Charge {
        /// How many.
        messages: u64,
    },

    /// `PUT /jobs/v2/{id}`.
    CreateJob {
        /// Id in the path.
        id: String,
        /// Body.
        request: Value,
    },
    /// `GET /jobs/v2/{id}`.
    GetJob {
        /// Id in the path.
        id: String,
    },
    /// `POST /jobs/v2/{id}/cancel`.
    CancelJob {
        /// Id in the path.
        id: String,
    },
    /// `GET /jobs/v2/query`.
    ListJobs {
        /// `jobType`, in any case.
        job_type: Option<String>,
        /// `jobStatus`, in any case.
        job_status: Option<String>,
        /// Which page.
        page: PageRequest,
    },
    /// `POST /devices/query`.
    Query {
        /// Body, `{"query": "..."}`.
        request: Value,
        /// Which page.
        page: PageRequest,
    },

    /// `GET /twins/{id}`, `GET /twins/{id}/modules/{moduleId}`.
    GetTwin {
        /// Device.
        device_id: String,
        /// Module, when the call is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        module_id: Option<String>,
    },
    /// `PATCH /twins/{id}`, or of a module.
    PatchTwin {
        /// Device.
        device_id: String,
        /// Module, when the call is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        module_id: Option<String>,
        /// Body: `{"tags": .., "properties": {"desired": ..}}`.
        patch: Value,
        /// `If-Match`.
        if_match: Option<String>,
    },
    /// `PUT /twins/{id}`, or of a module.
    ReplaceTwin {
        /// Device.
        device_id: String,
        /// Module, when the call is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        module_id: Option<String>,
        /// Body: `{"tags": .., "properties": {"desired": ..}}`.
        twin: Value,
        /// `If-Match`.
        if_match: Option<String>,
    },
    /// A device or module updates its reported properties.
    ReportProperties {
        /// Device.
        device_id: String,
        /// Module, when the call is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        module_id: Option<String>,
        /// Merge patch of the reported properties.
        patch: Value,
        /// The `$version` that the reported properties must have, if the device cares.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
    },

    /// A device or module reads its own twin.
    GetOwnTwin {
        /// Device.
        device_id: String,
        /// Module, when it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        module_id: Option<String>,
    },
    /// A program connects as a device or module, and has proved who it is. Replies
    /// [`Reply::SessionOpened`](super::Reply::SessionOpened); an older session of the same device ends.
    OpenSession {
        /// Device.
        device_id: String,
        /// Module, when it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        module_id: Option<String>,
        /// Whether subscriptions of earlier sessions are dropped, and those of this one at its end.
        clean: bool,
    },
    /// A connection is over.
    CloseSession {
        /// Which one.
        session: SessionId,
    },
    /// A program listens to more topics.
    Subscribe {
        /// Its connection.
        session: SessionId,
        /// Which topics.
        topics: Vec<DeviceTopic>,
    },
    /// A program no longer listens to topics.
    Unsubscribe {
        /// Its connection.
        session: SessionId,
        /// Which topics.
        topics: Vec<DeviceTopic>,
    },
    /// A program answers a method call.
    AnswerMethod {
        /// Its connection.
        session: SessionId,
        /// Which call.
        call: u64,
        /// Its status.
        status: i32,
        /// Its payload.
        payload: Value,
    },
    /// Whoever called a method directly waits no longer.
    EndCall {
        /// Which call.
        call: u64,
    },
    /// A device or module sends a message.
    SendMessage {
        /// Device.
        device_id: String,
        /// Module, when it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        module_id: Option<String>,
        /// The message.
        message: DeviceMessage,
    },
    /// Messages that devices sent. Replies `{"events": [..], "next": .., "total": ..}`.
    ReadMessages {
        /// The number of the first message; the newest messages if there is none.
        from: Option<u64>,
        /// Of this device only.
        device_id: Option<String>,
        /// At most so many.
        count: Option<u64>,
    },

    /// `GET /devices/{id}`.
    GetDevice {
        /// Device.
        device_id: String,
    },
    /// `PUT /devices/{id}`: creates without `If-Match`, updates with it.
    PutDevice {
        /// Device.
        device_id: String,
        /// Body.
        identity: Value,
        /// `If-Match`.
        if_match: Option<String>,
        /// Where new keys come from, when the body has none.
        entropy: Entropy,
    },
    /// `DELETE /devices/{id}`.
    DeleteDevice {
        /// Device.
        device_id: String,
        /// `If-Match`, which this call must have.
        if_match: Option<String>,
    },
    /// `GET /devices?top=N`.
    ListDevices {
        /// `top`, if it is a number.
        top: Option<u64>,
    },
    /// `POST /devices`: up to 100 identities at once.
    BulkDevices {
        /// Body, an array.
        devices: Value,
        /// Where new keys come from.
        entropy: Entropy,
    },
    /// `GET /devices/{id}/modules`.
    ListModules {
        /// Device.
        device_id: String,
    },
    /// `GET /devices/{id}/modules/{moduleId}`.
    GetModule {
        /// Device.
        device_id: String,
        /// Module.
        module_id: String,
    },
    /// `PUT /devices/{id}/modules/{moduleId}`: creates without `If-Match`, updates with it.
    PutModule {
        /// Device.
        device_id: String,
        /// Module.
        module_id: String,
        /// Body.
        identity: Value,
        /// `If-Match`.
        if_match: Option<String>,
        /// Where new keys come from, when the body has none.
        entropy: Entropy,
    },
    /// `DELETE /devices/{id}/modules/{moduleId}`.
    DeleteModule {
        /// Device.
        device_id: String,
        /// Module.
        module_id: String,
        /// `If-Match`, which this call must have.
        if_match: Option<String>,
    },
    /// `DELETE /devices/{id}/commands`.
    PurgeCommands {
        /// Device.
        device_id: String,
    },
    /// `GET /configurations?top=N`.
    ListConfigurations {
        /// `top`, if it is a number.
        top: Option<u64>,
    },
    /// `GET /configurations/{id}`.
    GetConfiguration {
        /// Id in the path.
        id: String,
    },
    /// `PUT /configurations/{id}`: creates without a quoted `If-Match`, updates with it.
    PutConfiguration {
        /// Id in the path.
        id: String,
        /// Body.
        configuration: Value,
        /// `If-Match`.
        if_match: Option<String>,
    },
    /// `DELETE /configurations/{id}`.
    DeleteConfiguration {
        /// Id in the path.
        id: String,
        /// `If-Match`.
        if_match: Option<String>,
    },
    /// `POST /configurations/testQueries`.
    TestConfigurationQueries {
        /// Body.
        request: Value,
    },
    /// `POST /devices/{id}/applyConfigurationContent`.
    ApplyConfigurationContent {
        /// Device.
        device_id: String,
        /// Body.
        content: Value,
        /// Where keys of new modules come from.
        entropy: Entropy,
    },
    /// `GET /statistics/devices`.
    DeviceStatistics,
    /// `GET /statistics/service`.
    ServiceStatistics,

    /// `POST /twins/{id}/methods`, or of a module.
    InvokeMethod {
        /// Device.
        device_id: String,
        /// Module, when the call is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        module_id: Option<String>,
        /// Body.
        request: Value,
    },
    /// A device or module connects, whatever its simulated behaviour says.
    Connect {
        /// Device.
        device_id: String,
        /// Module, when the call is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        module_id: Option<String>,
    },
    /// A device or module goes away, whatever its simulated behaviour says.
    Disconnect {
        /// Device.
        device_id: String,
        /// Module, when the call is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        module_id: Option<String>,
    },

    /// `GET /jobs`: import and export jobs.
    ListV1Jobs,
    /// `GET /jobs/{id}`.
    GetV1Job {
        /// Id in the path.
        id: String,
    },
    /// `DELETE /jobs/{id}`.
    CancelV1Job {
        /// Id in the path.
        id: String,
    },
    /// `POST /jobs/create`.
    CreateV1Job {
        /// Body.
        request: Value,
    },
}

impl HubEvent {
    /// The JSON of a client in it, if it has any.
    pub(super) const fn body(&self) -> Option<&Value> {
        match self {
            Self::CreateJob { request: body, .. }
            | Self::Query { request: body, .. }
            | Self::PatchTwin { patch: body, .. }
            | Self::ReplaceTwin { twin: body, .. }
            | Self::ReportProperties { patch: body, .. }
            | Self::AnswerMethod { payload: body, .. }
            | Self::PutDevice { identity: body, .. }
            | Self::BulkDevices { devices: body, .. }
            | Self::PutModule { identity: body, .. }
            | Self::PutConfiguration { configuration: body, .. }
            | Self::TestConfigurationQueries { request: body }
            | Self::ApplyConfigurationContent { content: body, .. }
            | Self::InvokeMethod { request: body, .. }
            | Self::CreateV1Job { request: body } => Some(body),
            _ => None,
        }
    }
}
