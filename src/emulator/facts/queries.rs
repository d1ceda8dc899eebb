//! Queries.

use super::{Basis, Fact};

super::facts! {
    "query-length", Documented, "query-twins; that it is 400 is assumed",
        "A query of more than 8192 characters is 400.";
    "query-operators", Documented, "iot-hub-devguide-query-language; that they work in job conditions, too, is assumed",
        "Strings are compared with < and >=, numbers divided with %, and IN takes as many texts as fit.";
    "query-refused", Observed, "a live F1 hub; the column is an addition",
        "A query that does not parse is 400 ArgumentInvalid, `BadRequest`, here with the column.";
    "query-lenient", Assumed, "a few sources use it, no documentation has it",
        "A lenient emulator takes '' for a quote in a string; a strict one refuses it.";
    "query-missing", Observed, "azure-iot-sdks#941",
        "A body without query is 400 ArgumentNull.";
    "page-size", Documented, "query-twins; the same for lists of jobs is assumed",
        "A page has at most 100 items; greater sizes count as 100.";
    "page-continuation", Documented, "query-twins",
        "A continuation token fits only the query that it was given for; any other is 400.";
    "query-sums", Assumed, "the order in which a sum is made shows in its last digit only",
        "SUM and AVG add up blocks of 4096 twins in the order of their ids.";
    "query-order", Assumed, "nothing is known",
        "Twins come in the order of their ids.";
}
