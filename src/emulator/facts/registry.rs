//! Registry.

use super::{Basis, Fact};

super::facts! {
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
        "A bulk call has at most 100 identities, each done or refused by itself; more are 413 TooManyDevices.";
    "registry-bulk-shape", Documented, "service API specification; that operation is the mode as it was sent is assumed",
        "A bulk call is 400 when any identity was refused, with isSuccessful, errors and warnings; modes are read in any case.";
    "registry-thumbprints", Observed, "requests of public clients",
        "Thumbprints without a type and without keys make an identity selfSigned.";
    "registry-bulk-twice", Documented, "error code reference",
        "A bulk call that names a device twice is 400 DeviceDefinedMultipleTimes as a whole.";
    "registry-limit", Documented, "iot-hub-devguide-quotas-throttling; the pricing page for the free tier; the code is assumed",
        "A hub has at most 1000000 devices and modules, a free one 500; one more is 403 IotHubQuotaExceeded.";
    "registry-scopes", Documented, "iot-edge-nested; the form of the scope: samples",
        "An IoT Edge device has a scope of its own and may have one parent; another device has the scope of its parent.";
    "registry-list-top", Documented, "service API specification",
        "A list has at most 1000 identities; a top outside of 1 to 1000 counts as 1000.";
    "device-not-found", Documented, "error code reference",
        "A call about a device that is not registered is 404 DeviceNotFound.";
    "resource-not-found", Assumed, "the front end's own answers are HTML",
        "A path that leads nowhere is 404.";
}
