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
    "configuration-limit", Documented, "iot-hub-devguide-quotas-throttling; error code reference",
        "A hub has at most 100 configurations, a free one 10; one more is 413 ConfigurationCountLimitExceeded.";
}
