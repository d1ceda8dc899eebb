//! What the emulator keeps, and what its disk shows to clients.

use super::{Basis, Fact};

super::facts! {
    "durable-before-reply", Assumed, "Microsoft promises no less, and says nothing of how",
        "A reply, also one that only reads, leaves after everything it shows is on disk.";
    "disk-full", Assumed, "a hub has no disk to fill; the error code reference has no better code",
        "A write for which the disk has no room is 503 ServiceUnavailable and changes nothing; reads go on.";
    "import-new-devices", Documented, "learn.microsoft.com, import and export of IoT Hub device identities",
        "An imported identity keeps its keys, status and twin; etags, versions and times are those of a new one.";
}
