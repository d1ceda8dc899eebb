//! Modules.

use super::{Basis, Fact};

super::facts! {
    "module-create-update", Documented, "error code reference; the same rules as for devices are assumed",
        "PUT without If-Match creates and is 409 ModuleAlreadyExistsOnDevice for a known module; with If-Match it updates.";
    "module-envelope", Observed, "a live hub, August 2026",
        "Calls about module identities are refused in the second envelope.";
    "module-not-found", Documented, "error code reference",
        "A call about a module that a device does not have is 404 ModuleNotFound, one about its twin 404 DeviceNotFound.";
    "module-parent-missing", Assumed, "a live hub was seen to answer 401 under SAS at times",
        "A call about a module of a device that is not registered is 404 DeviceNotFound.";
    "module-limit", Documented, "iot-hub-devguide-module-twins; error code reference",
        "A device has at most 50 modules; one more is 413 TooManyModulesOnDevice.";
    "module-id", Assumed, "the rules for device ids",
        "A module id has 1 to 128 characters: those of device ids, and `$`.";
    "module-gone-with-device", Assumed, "a module exists under its device",
        "Deleting a device deletes its modules; disabling it disconnects them.";
    "module-edge", Documented, "iot-edge; that they are there from the start: a live hub",
        "A device with capabilities.iotEdge gets the modules $edgeAgent and $edgeHub.";
    "module-query", Documented, "iot-hub-devguide-query-language; that it has no groups: the documentation speaks of device twins",
        "The collection devices.modules has one twin for every module, and no GROUP BY.";
    "job-module-target", Observed, "iotedge#719; azure-iot-sdk-node#847",
        "A condition `FROM devices.modules WHERE ...` selects modules, for twin updates and methods.";
    "record-module", Assumed, "nothing is known",
        "The record of a module in a job has its moduleId beside its deviceId.";
}
