//! Throttles and quotas of the tier.

use super::{Basis, Fact};

super::facts! {
    "throttled", Observed, "a live F1 hub, August 2026",
        "Too many calls are 429 ThrottlingBacklogTimeout with Connection: close and without Retry-After.";
    "throttle-rates", Documented, "iot-hub-devguide-quotas-throttling",
        "Calls have the rates of sku and units: jobs, queries, registry, twin reads, twin updates, methods by size, configurations.";
    "throttle-shaping", Observed, "a live F1 hub served 250 registry reads in 10.5 s, none later than 3.2 s",
        "A call above the rate is delayed first; one that would wait longer than 3.2 s is refused.";
    "throttle-burst", Assumed, "the documentation allows bursts for a limited time",
        "One minute's calls of a rate per minute, one second's of a rate per second, may come at once.";
    "throttle-wall-time", Assumed, "official clients wait by their own clock",
        "The rates of calls follow the machine's clock, not the hub's virtual one.";
    "throttle-operation-type", Observed, "a live F1 hub for CRUD and ConfigurationWrite; the others are assumed",
        "The text of a 429 ends with the type of operation.";
    "quota-messages", Documented, "iot-hub-devguide-quotas-throttling; iot-hub-devguide-pricing",
        "A unit has 8 000 messages a day of 0.5 KB on F1, 400 000 on S1, 6 000 000 on S2, 300 000 000 on S3, of 4 KB each.";
    "quota-metered", Documented, "iot-hub-devguide-pricing",
        "Metered by size: twin reads and updates, methods and their answers, device operations of jobs, twin queries by their result.";
    "quota-free", Documented, "iot-hub-devguide-pricing",
        "The registry, configurations, calls of the job API and queries of devices.jobs cost nothing.";
    "quota-simulated", Assumed, "kept simple",
        "What a simulated device reports of itself is not metered.";
    "quota-exceeded", Documented, "error code reference; the words are assumed",
        "When the messages of a day are spent, whatever is metered is 403 IotHubQuotaExceeded until midnight UTC of the hub's clock.";
    "quota-last", Assumed, "nothing is known",
        "The operation that crosses the quota is served whole.";
    "quota-job", Assumed, "the code of the same failure elsewhere",
        "Devices of a job whose turn comes when the messages are spent fail with IotHubQuotaExceeded.";
}
