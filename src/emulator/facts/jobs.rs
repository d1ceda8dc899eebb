//! Jobs: the course.

use super::{Basis, Fact};

super::facts! {
    "job-created-reply", Documented, "iot-hub-devguide-jobs",
        "The answer to a PUT has jobId, type and status only, and the status is queued.";
    "job-lanes", Documented, "iot-hub-devguide-quotas-throttling; that waiting jobs count: a live F1 hub",
        "Queued, scheduled and running jobs occupy a lane: 1 on F1 and S1, 5 on S2, 10 on S3; beyond that 429004.";
    "job-timing", Assumed, "two devices took 5.4 s in a capture; the emulator hurries",
        "The hub looks at a job 0.2 s after its creation, and closes it 0.2 s after the last device.";
    "job-target-selection", Documented, "how-to-schedule-broadcast-jobs; PTC ThingWorx connector",
        "Devices are selected when the job starts.";
    "job-index-lag", Documented, "iot-hub-devguide-query-language: operations may be delayed; that the delay is the same for all is assumed",
        "Queries and jobs see devices as they were --consistency-lag ago, by default as they are; GET of a twin shows it as it is.";
    "job-place-of-deleted", Assumed, "the record names the device by its id",
        "A record of devices.jobs goes on to name a device that was deleted since.";
    "job-no-device", Assumed, "a Go test schedules a job for no device without error",
        "A job that selects no device is completed with a deviceCount of 0.";
    "job-device-rate", Documented, "iot-hub-devguide-quotas-throttling",
        "Device operations of all jobs together run at 10/s on F1 and S1, max(10, 1/s/unit) on S2, 50/s/unit on S3.";
    "job-devices-per-instant", Assumed, "the hub has no throttles that can be switched off",
        "With its throttles off the emulator lets jobs reach at most 4096 devices within 100 ns.";
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
    "job-echo", Observed, "captures of the az extension; how complete it is was never tried",
        "GET of a job gives its queryCondition and updateTwin as they were sent.";
    "job-read-own-write", Assumed, "nothing is known; a hub may take a moment",
        "A job is shown by GET and in the list as soon as its PUT is answered.";
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
}
