//! Simulated devices.

use super::{Basis, Fact};

super::facts! {
    "device-reports-desired", Assumed, "common firmware",
        "A device that reports desired properties does so at once, or when it is online again.";
    "device-disabled", Documented, "iot-hub-devguide-identity-registry",
        "A disabled device is not online.";
}
