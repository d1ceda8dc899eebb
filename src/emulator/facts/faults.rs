//! Trouble on purpose: how each kind of fault of a script compares with what a real hub does.

use super::{Basis, Fact};

super::facts! {
    "fault-429", Observed, "a live F1 hub, August 2026",
        "A scripted 429 is that of a throttled call: nothing is carried out, and the connection closes.";
    "fault-5xx", Documented, "error code reference; retry guidance of the SDKs",
        "A scripted 500, 502, 503 or 504 comes before the call is carried out or, with committed, afterwards; 502 is HTML.";
    "fault-reply-lost", Assumed, "any network loses answers",
        "With reply-lost the call is carried out and the connection closes without an answer.";
    "fault-reset", Assumed, "any network resets connections",
        "With reset nothing is carried out and the connection is reset.";
    "fault-slow", Observed, "a live F1 hub answered 3.2 s late under load",
        "With slow the call is carried out at once and its answer held back, by wall time.";
    "fault-stale", Observed, "a live F1 hub showed a cancelled job as scheduled for a moment; azure-iot-sdk-csharp#448",
        "With stale an answer of before comes: the last that differed, or one of at least that age by the hub's clock.";
    "fault-cancel-ignored", Assumed, "a start that overtakes a cancel",
        "With cancel-ignored a waiting job is said to be cancelled and goes on.";
    "fault-cancel-denied", Assumed, "a request that a gateway sends twice",
        "With cancel-denied the job is cancelled and the answer is 405.";
    "fault-empty-page", Observed, "continuations without items are allowed by the query API",
        "With empty-page a page comes without items, and its continuation leads to the page that was asked for.";
    "fault-duplicate-page", Observed, "azure-iot-sdk-node#571; paging over a list that changes",
        "With duplicate-page the continuation of a page leads to the same page once more.";
    "fault-clock", Assumed, "time passes between any two calls",
        "With clock the hub's time jumps ahead before the call is carried out.";
    "fault-order", Assumed, "ours",
        "A fault befalls calls that are valid, authorised and within the rates; the first line of a script that applies wins.";
    "fault-endpoint", Assumed, "ours",
        "Fault scripts are for the service API; device connections, admin calls and jobs that run are spared.";
}
