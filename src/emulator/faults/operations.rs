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

/// All operations, by the names in scripts, with an entry in the table of facts.
pub const OPERATIONS: &[(&str, Sort, &str)] = &[
    ("createJob", Sort::Write, "job-created-reply"),
    ("getJob", Sort::Read, "job-get-unknown"),
    ("cancelJob", Sort::Cancel, "job-cancel-waiting"),
    ("listJobs", Sort::Pages, "job-list-order"),
    ("query", Sort::Pages, "query-order"),
    ("getTwin", Sort::Read, "twin-versions"),
    ("patchTwin", Sort::Write, "twin-merge"),
    ("replaceTwin", Sort::Write, "twin-empty-part"),
    ("invokeMethod", Sort::Write, "method-offline"),
    ("getDevice", Sort::Read, "device-not-found"),
    ("putDevice", Sort::Write, "registry-create-update"),
    ("deleteDevice", Sort::Write, "registry-delete"),
    ("listDevices", Sort::Read, "registry-list-top"),
    ("bulkDevices", Sort::Write, "registry-bulk-100"),
    ("listModules", Sort::Read, "module-limit"),
    ("getModule", Sort::Read, "module-not-found"),
    ("putModule", Sort::Write, "module-create-update"),
    ("deleteModule", Sort::Write, "module-gone-with-device"),
    ("purgeCommands", Sort::Write, "purge-commands"),
    ("applyConfigurationContent", Sort::Write, "configuration-apply-content"),
    ("listConfigurations", Sort::Read, "configuration-limit"),
    ("testConfigurationQueries", Sort::Read, "configuration-metrics"),
    ("getConfiguration", Sort::Read, "configuration-not-found"),
    ("putConfiguration", Sort::Write, "configuration-create-update"),
    ("deleteConfiguration", Sort::Write, "configuration-delete"),
    ("deviceStatistics", Sort::Read, "statistics"),
    ("serviceStatistics", Sort::Read, "statistics"),
    ("listV1Jobs", Sort::Read, "job-v1"),
    ("createV1Job", Sort::Write, "job-v1"),
    ("getV1Job", Sort::Read, "job-v1"),
    ("cancelV1Job", Sort::Write, "job-v1"),
];

/// The kind of the operation of that name.
pub(super) fn sort_of(name: &str) -> Option<Sort> {
    OPERATIONS.iter().find(|(known, ..)| *known == name).map(|(_, sort, _)| *sort)
}
