//! Which operation a method and a path ask for, and what that operation needs.

use axum::http::Method;
use percent_encoding::percent_decode_str;

use super::throttle::Meter;
use crate::emulator::auth::Right;

/// One operation of the service API, with the ids from its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    CreateJob(String),
    GetJob(String),
    CancelJob(String),
    ListJobs,
    Query,
    GetTwin(String, Option<String>),
    PatchTwin(String, Option<String>),
    ReplaceTwin(String, Option<String>),
    InvokeMethod(String, Option<String>),
    GetDevice(String),
    PutDevice(String),
    DeleteDevice(String),
    ListDevices,
    BulkDevices,
    ListModules(String),
    GetModule(String, String),
    PutModule(String, String),
    DeleteModule(String, String),
    PurgeCommands(String),
    ApplyConfigurationContent(String),
    ListConfigurations,
    TestConfigurationQueries,
    GetConfiguration(String),
    PutConfiguration(String),
    DeleteConfiguration(String),
    DeviceStatistics,
    ServiceStatistics,
    ListV1Jobs,
    CreateV1Job,
    GetV1Job(String),
    CancelV1Job(String),
}

/// Why there is no operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRoute {
    /// No such path.
    Path,
    /// The path exists, but not with this method.
    Method,
}

/// Segments of a path, decoded after the split: an id may hold an encoded slash.
pub(super) fn segments(raw_path: &str) -> Vec<String> {
    let path = raw_path.strip_prefix('/').unwrap_or(raw_path);
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/').map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect()
}

impl Operation {
    /// # Errors
    /// When nothing is served under that method and path.
    pub(super) fn find(method: &Method, segments: &[String]) -> Result<Self, NoRoute> {
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let id = |id: &str| id.to_owned();
        Ok(match (method.as_str(), parts.as_slice()) {
            ("GET", ["jobs", "v2", "query"]) => Self::ListJobs,
            ("PUT", ["jobs", "v2", job]) => Self::CreateJob(id(job)),
            ("GET", ["jobs", "v2", job]) => Self::GetJob(id(job)),
            ("POST", ["jobs", "v2", job, "cancel"]) => Self::CancelJob(id(job)),
            ("GET", ["jobs"]) => Self::ListV1Jobs,
            ("POST", ["jobs", "create"]) => Self::CreateV1Job,
            ("GET", ["jobs", job]) => Self::GetV1Job(id(job)),
            ("DELETE", ["jobs", job]) => Self::CancelV1Job(id(job)),
            ("POST", ["devices", "query"]) => Self::Query,
            ("GET", ["devices"]) => Self::ListDevices,
            ("POST", ["devices"]) => Self::BulkDevices,
            ("GET", ["devices", device]) => Self::GetDevice(id(device)),
            ("PUT", ["devices", device]) => Self::PutDevice(id(device)),
            ("DELETE", ["devices", device]) => Self::DeleteDevice(id(device)),
            ("GET", ["devices", device, "modules"]) => Self::ListModules(id(device)),
            ("GET", ["devices", device, "modules", module]) => Self::GetModule(id(device), id(module)),
            ("PUT", ["devices", device, "modules", module]) => Self::PutModule(id(device), id(module)),
            ("DELETE", ["devices", device, "modules", module]) => Self::DeleteModule(id(device), id(module)),
            ("DELETE", ["devices", device, "commands"]) => Self::PurgeCommands(id(device)),
            ("POST", ["devices", device, "applyConfigurationContent"]) => Self::ApplyConfigurationContent(id(device)),
            ("GET", ["configurations"]) => Self::ListConfigurations,
            ("POST", ["configurations", "testQueries"]) => Self::TestConfigurationQueries,
            ("GET", ["configurations", configuration]) => Self::GetConfiguration(id(configuration)),
            ("PUT", ["configurations", configuration]) => Self::PutConfiguration(id(configuration)),
            ("DELETE", ["configurations", configuration]) => Self::DeleteConfiguration(id(configuration)),
            ("GET", ["statistics", "devices"]) => Self::DeviceStatistics,
            ("GET", ["statistics", "service"]) => Self::ServiceStatistics,
            ("GET", ["twins", device]) => Self::GetTwin(id(device), None),
            ("PATCH", ["twins", device]) => Self::PatchTwin(id(device), None),
            ("PUT", ["twins", device]) => Self::ReplaceTwin(id(device), None),
            ("POST", ["twins", device, "methods"]) => Self::InvokeMethod(id(device), None),
            ("GET", ["twins", device, "modules", module]) => Self::GetTwin(id(device), Some(id(module))),
            ("PATCH", ["twins", device, "modules", module]) => Self::PatchTwin(id(device), Some(id(module))),
            ("PUT", ["twins", device, "modules", module]) => Self::ReplaceTwin(id(device), Some(id(module))),
            ("POST", ["twins", device, "modules", module, "methods"]) => {
                Self::InvokeMethod(id(device), Some(id(module)))
            }
            (_, path) => return Err(no_route(path)),
        })
    }

    /// Its name in fault scripts and logs.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::CreateJob(..) => "createJob",
            Self::GetJob(..) => "getJob",
            Self::CancelJob(..) => "cancelJob",
            Self::ListJobs => "listJobs",
            Self::Query => "query",
            Self::GetTwin(..) => "getTwin",
            Self::PatchTwin(..) => "patchTwin",
            Self::ReplaceTwin(..) => "replaceTwin",
            Self::InvokeMethod(..) => "invokeMethod",
            Self::GetDevice(..) => "getDevice",
            Self::PutDevice(..) => "putDevice",
            Self::DeleteDevice(..) => "deleteDevice",
            Self::ListDevices => "listDevices",
            Self::BulkDevices => "bulkDevices",
            Self::ListModules(..) => "listModules",
            Self::GetModule(..) => "getModule",
            Self::PutModule(..) => "putModule",
            Self::DeleteModule(..) => "deleteModule",
            Self::PurgeCommands(..) => "purgeCommands",
            Self::ApplyConfigurationContent(..) => "applyConfigurationContent",
            Self::ListConfigurations => "listConfigurations",
            Self::TestConfigurationQueries => "testConfigurationQueries",
            Self::GetConfiguration(..) => "getConfiguration",
            Self::PutConfiguration(..) => "putConfiguration",
            Self::DeleteConfiguration(..) => "deleteConfiguration",
            Self::DeviceStatistics => "deviceStatistics",
            Self::ServiceStatistics => "serviceStatistics",
            Self::ListV1Jobs => "listV1Jobs",
            Self::CreateV1Job => "createV1Job",
            Self::GetV1Job(..) => "getV1Job",
            Self::CancelV1Job(..) => "cancelV1Job",
        }
    }

    /// The first id of its path: of a job, a device or a configuration.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::CreateJob(id, ..)
            | Self::GetJob(id, ..)
            | Self::CancelJob(id, ..)
            | Self::GetTwin(id, ..)
            | Self::PatchTwin(id, ..)
            | Self::ReplaceTwin(id, ..)
            | Self::InvokeMethod(id, ..)
            | Self::GetDevice(id, ..)
            | Self::PutDevice(id, ..)
            | Self::DeleteDevice(id, ..)
            | Self::ListModules(id, ..)
            | Self::GetModule(id, ..)
            | Self::PutModule(id, ..)
            | Self::DeleteModule(id, ..)
            | Self::PurgeCommands(id, ..)
            | Self::ApplyConfigurationContent(id, ..)
            | Self::GetConfiguration(id, ..)
            | Self::PutConfiguration(id, ..)
            | Self::DeleteConfiguration(id, ..)
            | Self::GetV1Job(id, ..)
            | Self::CancelV1Job(id, ..) => Some(id),
            Self::ListJobs
            | Self::Query
            | Self::ListDevices
            | Self::BulkDevices
            | Self::ListConfigurations
            | Self::TestConfigurationQueries
            | Self::DeviceStatistics
            | Self::ServiceStatistics
            | Self::ListV1Jobs
            | Self::CreateV1Job => None,
        }
    }

    /// The right of a shared access policy that it needs.
    pub(super) const fn right(&self) -> Right {
        match self {
            Self::GetJob(_)
            | Self::ListJobs
            | Self::ListV1Jobs
            | Self::GetV1Job(_)
            | Self::GetDevice(_)
            | Self::ListDevices
            | Self::ListModules(_)
            | Self::GetModule(..)
            | Self::ListConfigurations
            | Self::GetConfiguration(_)
            | Self::TestConfigurationQueries
            | Self::DeviceStatistics => Right::RegistryRead,
            Self::CreateJob(_)
            | Self::CancelJob(_)
            | Self::CreateV1Job
            | Self::CancelV1Job(_)
            | Self::PutDevice(_)
            | Self::DeleteDevice(_)
            | Self::PutModule(..)
            | Self::DeleteModule(..)
            | Self::PutConfiguration(_)
            | Self::DeleteConfiguration(_)
            | Self::ApplyConfigurationContent(_)
            | Self::BulkDevices => Right::RegistryWrite,
            Self::Query
            | Self::GetTwin(..)
            | Self::PatchTwin(..)
            | Self::ReplaceTwin(..)
            | Self::InvokeMethod(..)
            | Self::PurgeCommands(_)
            | Self::ServiceStatistics => Right::ServiceConnect,
        }
    }

    /// Whether its body means something.
    pub(super) const fn reads_body(&self) -> bool {
        matches!(
            self,
            Self::CreateJob(_)
                | Self::Query
                | Self::PatchTwin(..)
                | Self::ReplaceTwin(..)
                | Self::InvokeMethod(..)
                | Self::PutDevice(_)
                | Self::PutModule(..)
                | Self::PutConfiguration(_)
                | Self::TestConfigurationQueries
                | Self::ApplyConfigurationContent(_)
                | Self::BulkDevices
                | Self::CreateV1Job
        )
    }

    /// The rate that it is held to, if any.
    pub(super) const fn meter(&self) -> Option<Meter> {
        Some(match self {
            Self::CreateJob(..)
            | Self::GetJob(..)
            | Self::CancelJob(..)
            | Self::ListJobs
            | Self::ListV1Jobs
            | Self::CreateV1Job
            | Self::GetV1Job(..)
            | Self::CancelV1Job(..) => Meter::Jobs,
            Self::Query => Meter::Queries,
            Self::GetTwin(..) => Meter::TwinReads,
            Self::PatchTwin(..) | Self::ReplaceTwin(..) => Meter::TwinUpdates,
            Self::InvokeMethod(..) => Meter::Methods,
            Self::GetDevice(..)
            | Self::PutDevice(..)
            | Self::DeleteDevice(..)
            | Self::ListDevices
            | Self::BulkDevices
            | Self::ListModules(..)
            | Self::GetModule(..)
            | Self::PutModule(..)
            | Self::DeleteModule(..)
            | Self::DeviceStatistics => Meter::Registry,
            Self::ApplyConfigurationContent(..)
            | Self::ListConfigurations
            | Self::TestConfigurationQueries
            | Self::GetConfiguration(..)
            | Self::PutConfiguration(..)
            | Self::DeleteConfiguration(..) => Meter::Configurations,
            Self::PurgeCommands(..) | Self::ServiceStatistics => return None,
        })
    }
}

fn no_route(path: &[&str]) -> NoRoute {
    match path {
        ["jobs"] | ["jobs", _] | ["jobs", "v2", _] | ["jobs", "v2", _, "cancel"] => NoRoute::Method,
        ["devices"]
        | ["devices", _]
        | ["configurations"]
        | ["configurations", _]
        | ["devices", _, "applyConfigurationContent"] => NoRoute::Method,
        ["devices", _, "modules" | "commands"] => NoRoute::Method,
        ["devices" | "twins", _, "modules", _] | ["twins", _, "modules", _, "methods"] => NoRoute::Method,
        ["statistics", "devices" | "service"] | ["twins", _] | ["twins", _, "methods"] => NoRoute::Method,
        _ => NoRoute::Path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::faults::OPERATIONS;

    fn find(method: &str, path: &str) -> Result<Operation, NoRoute> {
        Operation::find(&method.parse().unwrap(), &segments(path))
    }

    #[test]
    fn every_documented_path() {
        let id = || "x".to_owned();
        let table = [
            ("PUT", "/jobs/v2/x", Operation::CreateJob(id())),
            ("GET", "/jobs/v2/x", Operation::GetJob(id())),
            ("POST", "/jobs/v2/x/cancel", Operation::CancelJob(id())),
            ("GET", "/jobs/v2/query", Operation::ListJobs),
            ("POST", "/devices/query", Operation::Query),
            ("GET", "/twins/x", Operation::GetTwin(id(), None)),
            ("PATCH", "/twins/x", Operation::PatchTwin(id(), None)),
            ("PUT", "/twins/x", Operation::ReplaceTwin(id(), None)),
            ("POST", "/twins/x/methods", Operation::InvokeMethod(id(), None)),
            ("GET", "/devices/x", Operation::GetDevice(id())),
            ("PUT", "/devices/x", Operation::PutDevice(id())),
            ("DELETE", "/devices/x", Operation::DeleteDevice(id())),
            ("GET", "/devices", Operation::ListDevices),
            ("GET", "/devices/", Operation::ListDevices),
            ("POST", "/devices", Operation::BulkDevices),
            ("GET", "/devices/x/modules", Operation::ListModules(id())),
            ("GET", "/devices/x/modules/y", Operation::GetModule(id(), "y".to_owned())),
            ("PUT", "/devices/x/modules/y", Operation::PutModule(id(), "y".to_owned())),
            ("DELETE", "/devices/x/modules/y", Operation::DeleteModule(id(), "y".to_owned())),
            ("GET", "/twins/x/modules/y", Operation::GetTwin(id(), Some("y".to_owned()))),
            ("PATCH", "/twins/x/modules/y", Operation::PatchTwin(id(), Some("y".to_owned()))),
            ("PUT", "/twins/x/modules/y", Operation::ReplaceTwin(id(), Some("y".to_owned()))),
            ("POST", "/twins/x/modules/y/methods", Operation::InvokeMethod(id(), Some("y".to_owned()))),
            ("DELETE", "/devices/x/commands", Operation::PurgeCommands(id())),
            ("POST", "/devices/x/applyConfigurationContent", Operation::ApplyConfigurationContent(id())),
            ("GET", "/configurations", Operation::ListConfigurations),
            ("POST", "/configurations/testQueries", Operation::TestConfigurationQueries),
            ("GET", "/configurations/x", Operation::GetConfiguration(id())),
            ("PUT", "/configurations/x", Operation::PutConfiguration(id())),
            ("DELETE", "/configurations/x", Operation::DeleteConfiguration(id())),
            ("GET", "/statistics/devices", Operation::DeviceStatistics),
            ("GET", "/statistics/service", Operation::ServiceStatistics),
            ("GET", "/jobs", Operation::ListV1Jobs),
            ("POST", "/jobs/create", Operation::CreateV1Job),
            ("GET", "/jobs/x", Operation::GetV1Job(id())),
            ("DELETE", "/jobs/x", Operation::CancelV1Job(id())),
        ];
        for (method, path, operation) in table {
            assert!(OPERATIONS.iter().any(|(name, ..)| *name == operation.name()), "{} has no entry", operation.name());
            assert!(operation.id().is_none_or(|id| id == "x"), "{operation:?}");
            assert_eq!(find(method, path), Ok(operation), "{method} {path}");
        }
    }

    #[test]
    fn ids_are_decoded_after_the_split() {
        assert_eq!(find("GET", "/twins/a%2Fb%23%25"), Ok(Operation::GetTwin("a/b#%".to_owned(), None)));
        assert_eq!(find("GET", "/twins/a+b@c"), Ok(Operation::GetTwin("a+b@c".to_owned(), None)));
        assert_eq!(find("PUT", "/devices/query"), Ok(Operation::PutDevice("query".to_owned())));
    }

    #[test]
    fn nothing_there() {
        assert_eq!(find("PUT", "/jobs/v2/"), Err(NoRoute::Method));
        assert_eq!(find("DELETE", "/twins/x"), Err(NoRoute::Method));
        assert_eq!(find("GET", "/digitaltwins/x"), Err(NoRoute::Path));
        assert_eq!(find("GET", "/"), Err(NoRoute::Path));
    }
}
