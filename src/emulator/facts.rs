//! What the emulator does, and how anybody knows that the hub does the same. Every fault and every
//! number among the rules names its entry; a test holds them to it.

use std::fmt;

/// One behaviour of the emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// Stable name.
    pub id: &'static str,
    /// What the emulator does, in one sentence.
    pub sentence: &'static str,
    /// How sure it is.
    pub basis: Basis,
    /// Where it is from; for an assumption, what speaks for it.
    pub source: &'static str,
}

/// How sure it is that the hub does the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// Microsoft says so.
    Documented,
    /// Somebody saw a hub do so.
    Observed,
    /// Nobody says anything, or sources disagree.
    Assumed,
}

impl Basis {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Observed => "observed",
            Self::Assumed => "assumed",
        }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The entry of that name.
#[must_use]
pub fn fact(id: &str) -> Option<&'static Fact> {
    FACTS.iter().find(|fact| fact.id == id)
}

macro_rules! facts {
    ($($id:literal, $basis:ident, $source:literal, $sentence:literal;)+) => {
        /// All of them, by topic.
        pub const FACTS: &[Fact] = &[
            $(Fact { id: $id, sentence: $sentence, basis: Basis::$basis, source: $source },)+
        ];
    };
}

facts! {
    // Jobs: the request.
    "job-id-characters", Observed, "a live F1 hub, August 2026; the documentation also allows upper case",
        "A job id has 1 to 64 lower-case letters, digits, hyphens and apostrophes; a lenient emulator takes upper case.";
    "job-id-unique", Observed, "a live F1 hub, August 2026",
        "A second PUT of an id that the hub remembers is 409 JobAlreadyExists, whatever the job's state.";
    "job-refusal-order", Assumed, "a repeated PUT has to be told apart from a full hub",
        "A duplicate id is refused before the lanes are counted.";
    "job-types", Documented, "service API specification; azure-docs#29484",
        "The types are scheduleUpdateTwin and scheduleDeviceMethod; any other is 400 GenericBadRequest.";
    "job-member-case", Observed, "public clients send Query, JobId and the like",
        "Names of members in requests are read in any case.";
    "job-unknown-members", Observed, "azure-iot-sdk-java#1591",
        "Members that the hub does not know are ignored.";
    "job-null-members", Observed, "azure-iot-sdk-node#847",
        "A startTime or maxExecutionTimeInSeconds of null is refused; a lenient emulator takes it as absent.";
    "job-desired-place", Observed, "azure-iot-sdk-node#44",
        "Desired properties outside of properties are 400 ArgumentInvalid.";
    "job-etag", Assumed, "the documentation asks for an etag that matches, such as *",
        "With a concrete etag in updateTwin, devices whose twin has another one fail with PreconditionFailed.";
    "job-start-168-hours", Observed, "a live F1 hub, August 2026",
        "A start more than 168 hours ahead is 400 ArgumentInvalid, `Must be within 168 hours`.";
    "job-start-past", Assumed, "clients send a now that has passed on arrival",
        "A start in the past starts at once; the deadline still counts from it.";
    "job-execution-default", Observed, "azure-iot-sdk-java#1592",
        "Without maxExecutionTimeInSeconds a job has 3600 s.";
    "job-execution-bounds", Assumed, "5 s to 172800 s have been seen to work",
        "maxExecutionTimeInSeconds is 1 to 2592000.";
    "job-condition-required", Documented, "iot-hub-devguide-jobs",
        "A job without queryCondition is refused (assumed: 400 ArgumentNull).";
    "job-condition-length", Observed, "azure-iot-sdk-csharp#1680",
        "A condition that makes a query of more than 8192 characters is 412 PreconditionFailed, with a misleading text.";
    "job-condition-checked-late", Observed, "a live F1 hub, August 2026; azure-iot-sdk-csharp#40",
        "A condition that does not parse is taken, and the job fails when it starts, `SQL query parse failed`.";
    "request-256-kb", Assumed, "a multiple of the largest payload",
        "A request body of more than 256 KB is 413.";

    // Jobs: the course.
    "job-created-reply", Documented, "iot-hub-devguide-jobs",
        "The answer to a PUT has jobId, type and status only, and the status is queued.";
    "job-lanes", Documented, "iot-hub-devguide-quotas-throttling; that waiting jobs count: a live F1 hub",
        "Queued, scheduled and running jobs occupy a lane: 1 on F1 and S1, 5 on S2, 10 on S3; beyond that 429004.";
    "job-timing", Assumed, "two devices took 5.4 s in a capture; the emulator hurries",
        "The hub looks at a job 0.2 s after its creation, and closes it 0.2 s after the last device.";
    "job-target-selection", Documented, "how-to-schedule-broadcast-jobs; PTC ThingWorx connector",
        "Devices are selected when the job starts.";
    "job-no-index-lag", Assumed, "kept simple",
        "Queries and jobs see every write at once; the hub's index lags up to 30 minutes.";
    "job-no-device", Assumed, "a Go test schedules a job for no device without error",
        "A job that selects no device is completed with a deviceCount of 0.";
    "job-module-target", Assumed, "there are no modules yet",
        "A condition `FROM devices.modules WHERE ...` selects nothing.";
    "job-device-rate", Documented, "iot-hub-devguide-quotas-throttling",
        "Device operations of all jobs together run at 10/s on F1 and S1, max(10, 1/s/unit) on S2, 50/s/unit on S3.";
    "job-turns", Assumed, "the documentation says that jobs run concurrently",
        "Running jobs take turns at the rate, in order of creation.";
    "job-offline-method", Observed, "a live F1 hub; iot-hub-devguide-direct-methods",
        "A method job waits for a device until the deadline, then fails it with JobRunPreconditionFailed; the job completes.";
    "job-offline-free", Assumed, "nothing is sent to such a device",
        "A device that is not online takes nothing of the rate.";
    "job-connect-timeout", Assumed, "the wait for offline devices is documented without it",
        "connectTimeoutInSeconds has no effect within a job.";
    "job-offline-twin", Documented, "iot-hub-devguide-device-twins",
        "A twin job updates devices that are not online.";
    "job-device-answer", Observed, "remote-monitoring-services-java#42; Java SDK samples",
        "A device that answers a method has succeeded, whatever status it gave.";
    "job-device-silent", Assumed, "the code of the same failure of a direct method",
        "A device that does not answer within the response timeout fails with GatewayTimeout.";
    "job-device-errors", Assumed, "codes of the same failures elsewhere",
        "Devices fail with DeviceNotFound when they were deleted, with ArgumentInvalid when the twin would break a limit.";
    "job-deadline", Documented, "iot-hub-devguide-jobs; that the job completes: PTC ThingWorx connector",
        "At start + maxExecutionTimeInSeconds everything open fails and the job is completed.";
    "job-deadline-called", Assumed, "the device was reached",
        "A device that was called and has not answered at the deadline fails with GatewayTimeout.";
    "job-history-30-days", Documented, "iot-hub-devguide-quotas-throttling; that it counts from the end is assumed",
        "A job and its records are forgotten 30 days after its end; until then its id is taken.";
    "job-cancel-waiting", Observed, "a live F1 hub, August 2026",
        "A queued or scheduled job can be cancelled, which frees its lane at once.";
    "job-cancel-running", Observed, "a live F1 hub; azure-iot-sdk-node#464",
        "Cancel of a job that runs or has ended is 405 OperationNotAllowedInCurrentState.";
    "job-cancel-unknown", Observed, "recorded answers of a live F1 hub",
        "Cancel of an id that the hub does not know is 404 JobNotFound.";
    "job-get-unknown", Observed, "a live F1 hub; azure-iot-sdk-csharp#2941; jobId in it is assumed",
        "GET of an id that the hub does not know is 200 with type and status unknown.";
    "job-end-time", Observed, "azure-iot-sdk-csharp#467; the exact text is assumed",
        "The endTime of a job that has not ended is 9999-12-31T23:59:59.9999999Z.";
    "job-payload-bytes", Observed, "a live F1 hub, August 2026",
        "The payload of a method is echoed as an array of the bytes of its JSON.";
    "job-statistics", Assumed, "they are missing at times in captures",
        "deviceJobStatistics is there from the start of the job on; the four counts sum up to deviceCount.";
    "job-list-order", Assumed, "nothing is known",
        "The list of jobs is in order of creation, newest first.";
    "job-list-filters", Observed, "azure-iot-sdk-java#152; an unknown word is assumed to be 400",
        "jobType and jobStatus are optional and read in any case.";
    "job-v1", Assumed, "the emulator has no blob storage",
        "The list of import and export jobs is empty, creating one is 400 ArgumentInvalid, any id is 404 JobNotFound.";

    // Records of single devices.
    "record-shape", Observed, "Java SDK test data; query-jobs",
        "A record has jobType and never type; endTimeUtc is the deadline, not the end.";
    "record-outcome", Observed, "captures; the documentation shows {\"deviceMethodResponse\":null} for twins",
        "The outcome is the answer for methods, {} for twins and failures, absent until there is one.";
    "record-order", Assumed, "nothing is known",
        "Records come job by job in order of creation, within a job by device id.";

    // Twins.
    "twin-section-size", Documented, "iot-hub-devguide-device-twins",
        "Tags have at most 8 KB, desired and reported properties 32 KB each, counted as documented.";
    "twin-key-length", Documented, "iot-hub-devguide-device-twins",
        "A name in a twin has at most 1024 bytes.";
    "twin-key-characters", Documented, "iot-hub-devguide-device-twins; `#`: a live F1 hub",
        "Names hold no control characters, `.`, `$`, `#` or space.";
    "twin-string-length", Documented, "iot-hub-devguide-device-twins",
        "A string in a twin has at most 4096 bytes.";
    "twin-integer-range", Documented, "iot-hub-devguide-device-twins",
        "Integers in a twin lie within -4503599627370496 and 4503599627370495.";
    "twin-depth", Documented, "iot-hub-devguide-device-twins; that arrays count is assumed",
        "At most 10 objects stand inside each other; a scalar may stand in the tenth.";
    "twin-null", Observed, "a live F1 hub, August 2026",
        "null deletes in a patch, and is refused in an array.";
    "twin-limit-texts", Assumed, "the code is observed, no text is known",
        "Content that breaks a limit is 400 ArgumentInvalid with a text that names the property.";
    "twin-merge", Documented, "iot-hub-devguide-device-twins",
        "Objects merge, scalars and arrays replace; an object stays when its last member goes.";
    "twin-reserved-names", Assumed, "clients send back what they read",
        "$version and $metadata in a patch are ignored, other names that begin with $ are 400.";
    "twin-reported-ignored", Assumed, "Node's own tests send an empty one",
        "Reported properties in a request of the service are ignored.";
    "twin-empty-part", Assumed, ".NET sends empty objects for what it does not change",
        "An empty part of a patch is not written: its version stays.";
    "twin-versions", Documented, "iot-hub-devguide-device-twins; that a twin begins with version 2: samples",
        "$version of a part and version of the twin go up by one with every write.";
    "twin-etag", Observed, "a live F1 hub; that reported properties do not move it is assumed",
        "The etag moves with tags and desired properties only.";
    "twin-etag-match", Documented, "service API specification",
        "A write whose If-Match names another etag is 412 PreconditionFailed.";
    "twin-metadata", Documented, "iot-hub-devguide-device-twins",
        "$metadata mirrors the properties with the time of the last write at every level, for desired ones with the version too.";

    // Registry.
    "registry-create-update", Observed, "a live F1 hub, August 2026",
        "PUT without If-Match creates and is 409 DeviceAlreadyExists for a known id; with If-Match it updates and is 404 for an unknown one.";
    "registry-delete", Observed, "a live F1 hub, August 2026",
        "DELETE without If-Match is 412.";
    "registry-keys", Observed, "a live F1 hub; public clients send empty objects or texts",
        "A PUT that names no keys gets new ones.";
    "registry-key-length", Documented, "iot-hub-devguide-identity-registry",
        "Symmetric keys are base64 of 16 to 64 bytes, both or none.";
    "registry-device-id", Documented, "iot-hub-devguide-identity-registry; .NET for `:` and `;`",
        "A device id has 1 to 128 characters of a fixed set; others are 400 ArgumentInvalid.";
    "registry-bulk-100", Documented, "service API specification",
        "A bulk call has at most 100 identities, each done or refused by itself.";
    "registry-bulk-twice", Documented, "error code reference",
        "A bulk call that names a device twice is 400 DeviceDefinedMultipleTimes as a whole.";
    "registry-list-top", Documented, "service API specification",
        "A list has at most 1000 identities; a top outside of 1 to 1000 counts as 1000.";
    "device-not-found", Documented, "error code reference",
        "A call about a device that is not registered is 404 DeviceNotFound.";
    "resource-not-found", Assumed, "the front end's own answers are HTML",
        "A path that leads nowhere is 404.";

    // Methods.
    "method-timeouts", Observed, "azure-iot-sdk-csharp#724; a live F1 hub",
        "responseTimeoutInSeconds is 5 to 300 (30 if absent), connectTimeoutInSeconds 0 to 300 and not greater.";
    "method-payload-128-kb", Documented, "iot-hub-devguide-quotas-throttling; that it is 413 is assumed",
        "A payload of more than 128 KB is 413.";
    "method-offline", Observed, "a live F1 hub, August 2026",
        "A method call to a device that is not online is 404 DeviceNotOnline, as a number within the text.";
    "method-connect-timeout", Assumed, "virtual time does not pass during a call",
        "A direct call does not wait for a device to connect.";
    "method-silent", Documented, "error code reference",
        "A method call without an answer in time is 504 GatewayTimeout.";
    "method-unknown-name", Observed, ".NET device SDK",
        "A simulated device answers 501 to a method that it does not know.";
    "method-by-hand", Assumed, "no program listens",
        "A device that was connected by hand never answers a method.";

    // Queries.
    "query-length", Documented, "query-twins; that it is 400 is assumed",
        "A query of more than 8192 characters is 400.";
    "query-refused", Observed, "a live F1 hub; the column is an addition",
        "A query that does not parse is 400 ArgumentInvalid, `BadRequest`, here with the column.";
    "query-missing", Observed, "azure-iot-sdks#941",
        "A body without query is 400 ArgumentNull.";
    "page-size", Documented, "query-twins; the same for lists of jobs is assumed",
        "A page has at most 100 items; greater sizes count as 100.";
    "page-continuation", Documented, "query-twins",
        "A continuation token fits only the query that it was given for; any other is 400.";
    "query-order", Assumed, "nothing is known",
        "Twins come in the order of their ids.";

    // Simulated devices.
    "device-reports-desired", Assumed, "common firmware",
        "A device that reports desired properties does so at once, or when it is online again.";
    "device-disabled", Documented, "iot-hub-devguide-identity-registry",
        "A disabled device is not online.";

    // The service in general.
    "protocol-version", Assumed, "the answer to an unknown version is not known",
        "A missing or unknown api-version is 400 InvalidProtocolVersion.";
    "body-unparsable", Documented, "error code reference",
        "A body that is not JSON, or not of the right kind, is 400 GenericBadRequest.";
    "argument-invalid", Observed, "a live F1 hub, August 2026",
        "An argument that the hub does not like is 400 ArgumentInvalid.";
    "unauthorized", Documented, "error code reference",
        "A wrong or expired signature, or a policy without the right, is 401 IotHubUnauthorizedAccess.";
    "length-required", Observed, "azure-iot-sdk-java#124",
        "A POST without Content-Length is 411, in HTML.";
    "throttled", Observed, "a live F1 hub, August 2026",
        "Too many calls are 429 ThrottlingBacklogTimeout without Retry-After; a real hub delays them first.";
    "emulator-failure", Assumed, "error code reference",
        "A fault of the emulator itself is 500 ServerError, one of its disk 503 ServiceUnavailable.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::state::{FaultKind, rules};
    use super::*;

    #[test]
    fn every_rule_and_every_fault_has_its_fact() {
        for (rule, id) in rules::ALL {
            assert!(fact(id).is_some(), "rule {rule}: no fact {id}");
        }
        for kind in FaultKind::ALL {
            assert!(fact(kind.fact()).is_some(), "fault {kind}: no fact {}", kind.fact());
        }
    }

    #[test]
    fn facts_are_well_formed() {
        let ids: BTreeSet<_> = FACTS.iter().map(|fact| fact.id).collect();
        assert_eq!(ids.len(), FACTS.len(), "an id is there twice");
        for Fact { id, sentence, source, .. } in FACTS {
            assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{id}");
            assert!(sentence.ends_with('.') && !source.is_empty() && !source.ends_with('.'), "{id}");
        }
    }
}
