//! Which events change the hub.

use super::event::HubEvent;

impl HubEvent {
    /// Whether the event leaves the hub as it is, but for the time that goes on, and so needs no
    /// journal.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        match self {
            Self::GetJob { .. }
            | Self::ListJobs { .. }
            | Self::Query { .. }
            | Self::GetTwin { .. }
            | Self::GetOwnTwin { .. }
            | Self::ReadMessages { .. }
            | Self::GetDevice { .. }
            | Self::ListDevices { .. }
            | Self::ListModules { .. }
            | Self::GetModule { .. }
            | Self::ListConfigurations { .. }
            | Self::GetConfiguration { .. }
            | Self::TestConfigurationQueries { .. }
            | Self::PurgeCommands { .. }
            | Self::DeviceStatistics
            | Self::ServiceStatistics
            | Self::ListV1Jobs
            | Self::GetV1Job { .. }
            | Self::CancelV1Job { .. }
            | Self::CreateV1Job { .. } => true,
            Self::Tick
            | Self::Charge { .. }
            | Self::CreateJob { .. }
            | Self::CancelJob { .. }
            | Self::PatchTwin { .. }
            | Self::ReplaceTwin { .. }
            | Self::ReportProperties { .. }
            | Self::OpenSession { .. }
            | Self::CloseSession { .. }
            | Self::Subscribe { .. }
            | Self::Unsubscribe { .. }
            | Self::AnswerMethod { .. }
            | Self::EndCall { .. }
            | Self::SendMessage { .. }
            | Self::PutDevice { .. }
            | Self::DeleteDevice { .. }
            | Self::PutModule { .. }
            | Self::DeleteModule { .. }
            | Self::PutConfiguration { .. }
            | Self::DeleteConfiguration { .. }
            | Self::ApplyConfigurationContent { .. }
            | Self::BulkDevices { .. }
            | Self::InvokeMethod { .. }
            | Self::Connect { .. }
            | Self::Disconnect { .. } => false,
        }
    }
}
