//! Jobs: the request.

use super::{Basis, Fact};

super::facts! {
    "job-id-characters", Documented, "iot-hub-devguide-jobs; apostrophes: a live F1 hub, which refused upper case, that public clients send",
        "A job id has 1 to 64 letters, digits, hyphens and apostrophes; case counts.";
    "job-id-unique", Observed, "a live F1 hub, August 2026",
        "A second PUT of an id that the hub remembers is 409 JobAlreadyExists, whatever the job's state.";
    "job-refusal-order", Assumed, "a repeated PUT has to be told apart from a full hub",
        "A duplicate id is refused before the lanes are counted.";
    "job-types", Documented, "service API specification; azure-docs#29484",
        "The types are scheduleUpdateTwin and scheduleDeviceMethod; in any case; any other is 400 GenericBadRequest.";
    "job-member-case", Observed, "public clients send Query, JobId and the like",
        "Names of members in requests are read in any case.";
    "job-unknown-members", Observed, "azure-iot-sdk-java#1591",
        "Members that the hub does not know are ignored.";
    "job-null-members", Observed, "requests of azure-iothub; azure-iot-sdk-node#847 says that they were refused once",
        "A startTime or maxExecutionTimeInSeconds of null counts as absent.";
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
    "request-depth-64", Assumed, "default of Json.NET, which the hub's own SDK uses",
        "A body that nests deeper than 64 levels is 400, and so is one with a name that begins with $serde_json::private::.";
    "request-256-kb", Assumed, "a multiple of the largest payload",
        "A request body of more than 256 KB is 413.";
}
