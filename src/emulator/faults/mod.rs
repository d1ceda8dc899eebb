//! PURE. Fault scripts: trouble on purpose, as a client of a real hub meets it. Which calls it
//! befalls follows from the script and the order of the calls alone.
//!
//! ```text
//! cancelJob: 429 x3                 the first three cancels
//! createJob(hj1-*): reply-lost x1   carried out, and the connection closes without an answer
//! getJob: stale every 2             every second look shows the job as it was before
//! *: 503 10% seed 7                 one call in ten, the same ones each time
//! ```

mod mishap;
mod operations;
mod script;
mod spec;

pub use mishap::{Mishap, Page, Status, Timing};
pub use operations::{OPERATIONS, Sort};
pub use script::{FaultReport, FaultScript, Strike};
pub use spec::{FaultSpec, InvalidFault};
