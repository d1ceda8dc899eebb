//! Configurations.

use super::{Basis, Fact};

super::facts! {
    "configuration-create-update", Observed, "a live hub, August 2026",
        "PUT without a quoted If-Match creates and is 409 ConfigurationAlreadyExists for a known id; with one it updates.";
    "configuration-not-found", Documented, "error code reference",
        "A call about a configuration that is not there is 404 ConfigurationNotFound.";
    "configuration-invalid", Documented, "error code reference",
        "A target condition, content or metric that the hub cannot use is 400, with a code of its own.";
    "configuration-immutable", Documented, "service API specification; error code reference",
        "The content of a configuration cannot be changed.";
    "configuration-id", Documented, "iot-hub-automatic-device-management; that others are 400 is assumed",
        "The id has 1 to 128 characters without capitals, space and & ^ [ ] { } \\ | \" < > /.";
    "configuration-metrics", Documented, "iot-hub-automatic-device-management",
        "A configuration has at most 5 custom metrics; each result is the number of rows of its query.";
    "configuration-soon", Assumed, "the documentation says shortly after creation",
        "A configuration is applied 5 s after it was written.";
    "configuration-interval", Documented, "iot-hub-automatic-device-management; that what a job changed is set again is assumed",
        "All configurations are applied every 5 minutes, to new devices and to those where a setting has changed.";
    "configuration-priority", Documented, "iot-hub-automatic-device-management; that a part of a path conflicts with the whole is assumed",
        "Of two configurations that set the same path, the one of greater priority does, then the newer; other paths are not concerned.";
    "configuration-merge", Assumed, "the documentation says added or updated; a deployment is known to replace",
        "A value at a path is merged; one at properties.desired itself replaces all desired properties.";
    "configuration-withdrawn", Documented, "iot-hub-automatic-device-management; that the settings of a deleted one stay is assumed",
        "The settings are removed where the condition does not hold any more.";
    "configuration-status", Documented, "iot-hub-automatic-device-management; the word Targeted is assumed",
        "Twins have configurations.[[id]].status: Applied, if at least a part was, or Targeted.";
    "configuration-delete", Assumed, "service API specification: the header is optional",
        "DELETE without If-Match deletes.";
    "configuration-apply-content", Documented, "service API specification; that modules not named go is assumed",
        "The content of an IoT Edge device is applied at once: modules named are made, other modules of IoT Edge go.";
    "configuration-limit", Documented, "iot-hub-devguide-quotas-throttling; error code reference",
        "A hub has at most 100 configurations, a free one 10; one more is 413 ConfigurationCountLimitExceeded.";
}
