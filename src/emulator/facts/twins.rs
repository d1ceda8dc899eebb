//! Twins.

use super::{Basis, Fact};

super::facts! {
    "twin-section-size", Documented, "iot-hub-devguide-device-twins",
        "Tags have at most 8 KB, desired and reported properties 32 KB each, counted as documented.";
    "twin-key-length", Documented, "iot-hub-devguide-device-twins",
        "A name in a twin has at most 1024 bytes.";
    "twin-key-characters", Documented, "iot-hub-devguide-device-twins; `#`: a live F1 hub",
        "Names hold no control characters, `.`, `$`, `#` or space.";
    "twin-string-length", Documented, "iot-hub-devguide-device-twins",
        "A string in a twin has at most 4096 bytes.";
    "twin-integer-range", Documented, "iot-hub-devguide-device-twins",
        "Integers in a twin lie within -4503599627370496 and 4503599627370495.";
    "twin-depth", Documented, "iot-hub-devguide-device-twins; that arrays count is assumed",
        "At most 10 objects stand inside each other; a scalar may stand in the tenth.";
    "twin-null", Observed, "a live F1 hub, August 2026",
        "null deletes in a patch, and is refused in an array.";
    "twin-limit-texts", Assumed, "the code is observed, no text is known",
        "Content that breaks a limit is 400 ArgumentInvalid with a text that names the property.";
    "twin-merge", Documented, "iot-hub-devguide-device-twins",
        "Objects merge, scalars and arrays replace; an object stays when its last member goes.";
    "twin-reserved-names", Assumed, "clients send back what they read",
        "$version and $metadata in a patch are ignored, other names that begin with $ are 400.";
    "twin-reported-ignored", Assumed, "Node's own tests send an empty one",
        "Reported properties in a request of the service are ignored.";
    "twin-empty-part", Assumed, ".NET sends empty objects for what it does not change",
        "An empty part of a patch is not written: its version stays.";
    "twin-versions", Documented, "iot-hub-devguide-device-twins; that a twin begins with version 2: samples",
        "$version of a part and version of the twin go up by one with every write.";
    "twin-etag", Observed, "a live F1 hub; that reported properties do not move it is assumed",
        "The etag moves with tags and desired properties only.";
    "twin-etag-match", Documented, "service API specification",
        "A write whose If-Match names another etag is 412 PreconditionFailed.";
    "twin-metadata", Documented, "iot-hub-devguide-device-twins",
        "$metadata mirrors the properties with the time of the last write at every level, for desired ones with the version too.";
}
