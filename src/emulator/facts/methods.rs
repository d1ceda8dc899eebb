//! Methods.

use super::{Basis, Fact};

super::facts! {
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
}
