//! The operations that a script may name: those of the table of endpoints.

/// What kind of operation it is, which decides what may befall it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Changes something.
    Write,
    /// The one call that can lose a race against the start of a job.
    Cancel,
    /// Reads one thing.
    Read,
    /// Reads page by page.
    Pages,
}

/// All operations, by the names in scripts.
pub const OPERATIONS: &[(&str, Sort)] = &[
    ("createJob", Sort::Write),
    ("getJob", Sort::Read),
    ("cancelJob", Sort::Cancel),
    ("listJobs", Sort::Pages),
    ("query", Sort::Pages),
    ("getTwin", Sort::Read),
    ("patchTwin", Sort::Write),
    ("replaceTwin", Sort::Write),
    ("invokeMethod", Sort::Write),
    ("getDevice", Sort::Read),
    ("putDevice", Sort::Write),
    ("deleteDevice", Sort::Write),
    ("listDevices", Sort::Read),
    ("bulkDevices", Sort::Write),
    ("listModules", Sort::Read),
    ("getModule", Sort::Read),
    ("putModule", Sort::Write),
    ("deleteModule", Sort::Write),
    ("purgeCommands", Sort::Write),
    ("applyConfigurationContent", Sort::Write),
    ("listConfigurations", Sort::Read),
    ("testConfigurationQueries", Sort::Read),
    ("getConfiguration", Sort::Read),
    ("putConfiguration", Sort::Write),
    ("deleteConfiguration", Sort::Write),
    ("deviceStatistics", Sort::Read),
    ("serviceStatistics", Sort::Read),
    ("listV1Jobs", Sort::Read),
    ("createV1Job", Sort::Write),
    ("getV1Job", Sort::Read),
    ("cancelV1Job", Sort::Write),
];

/// The kind of the operation of that name.
pub(super) fn sort_of(name: &str) -> Option<Sort> {
    OPERATIONS.iter().find(|(known, _)| *known == name).map(|(_, sort)| *sort)
}
