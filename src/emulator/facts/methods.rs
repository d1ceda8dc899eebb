//! Methods.

use super::{Basis, Fact};

super::facts! {
    "method-timeouts", Observed, "azure-iot-sdk-csharp#724; a live F1 hub",
        "responseTimeoutInSeconds is 5 to 300 (30 if absent), connectTimeoutInSeconds 0 to 300 and not greater.";
    "method-payload-128-kb", Documented, "iot-hub-devguide-quotas-throttling; that it is 413 is assumed",
        "A payload of more than 128 KB is 413.";
    "method-offline", Observed, "a live F1 hub, August 2026",
        "A method call to a device that is not online is 404 DeviceNotOnline, as a number within the text.";
    "method-connect-timeout", Documented, "iot-hub-devguide-direct-methods; that it is wall time is assumed",
        "A direct call waits up to connectTimeoutInSeconds for the device to connect and to listen to methods.";
    "method-in-flight", Assumed, "error code reference; the number is not documented",
        "A connected device has at most 16 direct calls to answer at once; one more is 403 DeviceMaximumInflightMethodExceeded.";
    "method-unsubscribed", Assumed, "Edge Hub; SDKs subscribe when a handler is registered",
        "A connected device that has not subscribed to methods is not online for them.";
    "method-gone", Assumed, "MQTT tells nobody who hears a call",
        "A device that goes away during a call may come back and answer; without an answer in time it is GatewayTimeout.";
    "method-deleted", Assumed, "no source",
        "A device that is deleted during a call fails at once: a direct call with GatewayTimeout, one of a job with DeviceNotFound.";
    "method-not-json", Assumed, "no source",
        "An answer that is not JSON counts as null.";
    "method-wall-time", Assumed, "a program needs real time",
        "A program has the response timeout in wall time; a clock in mode fast, or one that is ticked, waits for it.";
    "method-silent", Documented, "error code reference",
        "A method call without an answer in time is 504 GatewayTimeout.";
    "method-unknown-name", Observed, ".NET device SDK",
        "A simulated device answers 501 to a method that it does not know.";
    "method-by-hand", Assumed, "no program listens",
        "A device that was connected by hand never answers a method.";
}
