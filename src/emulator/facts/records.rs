//! Records of single devices.

use super::{Basis, Fact};

super::facts! {
    "record-shape", Observed, "Java SDK test data; query-jobs",
        "A record has jobType and never type; endTimeUtc is the deadline, not the end.";
    "record-outcome", Observed, "captures; the documentation shows {\"deviceMethodResponse\":null} for twins",
        "The outcome is the answer for methods, {} for twins and failures, absent until there is one.";
    "record-order", Assumed, "nothing is known",
        "Records come job by job in order of creation, within a job by device id.";
}
