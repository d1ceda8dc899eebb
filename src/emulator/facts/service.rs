//! The service in general.

use super::{Basis, Fact};

super::facts! {
    "protocol-version", Assumed, "the answer to an unknown version is not known",
        "An api-version that is missing or no date is 400 InvalidProtocolVersion; any date is taken.";
    "method-not-allowed", Assumed, "the words: a live F1 hub; the code: error code reference",
        "A method that a path does not have is 405 GenericMethodNotAllowed.";
    "body-unparsable", Documented, "error code reference",
        "A body that is not JSON, or not of the right kind, is 400 GenericBadRequest.";
    "argument-invalid", Observed, "a live F1 hub, August 2026",
        "An argument that the hub does not like is 400 ArgumentInvalid.";
    "unauthorized", Documented, "error code reference",
        "A wrong or expired signature, or a policy without the right, is 401 IotHubUnauthorizedAccess.";
    "length-required", Observed, "azure-iot-sdk-java#124",
        "A POST without Content-Length is 411, in HTML.";
    "purge-commands", Assumed, "the emulator keeps no messages to devices",
        "Purging the messages to a device that exists finds none.";
    "statistics", Assumed, "kept simple",
        "Statistics count the devices as they are now.";
    "emulator-failure", Assumed, "error code reference",
        "A fault of the emulator itself is 500 ServerError, one of its disk 503 ServiceUnavailable.";
}
