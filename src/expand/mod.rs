//! PURE. From manifests and a window of time to the occurrences that are wanted. Knows nothing of
//! what is on the hub, and reads no clock: `now` comes in.
//!
//! ```
//! use std::sync::Arc;
//!
//! use hubjobs::diagnostic::SourceMap;
//! use hubjobs::expand::{Window, expand};
//! use hubjobs::model::{Owner, Seconds};
//! use hubjobs::validate;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut sources = SourceMap::new();
//! let file = sources.add("lock.yaml".to_owned(), "
//! apiVersion: hubjobs.dev/v1
//! kind: MethodJob
//! metadata: {name: lock-doors}
//! spec:
//!   target: {condition: \"tags.role = 'lock'\"}
//!   schedule: {cron: '0 22 * * *', timeZone: Europe/Berlin}
//!   method: {name: lockDoor}
//! ".to_owned());
//! let validated = validate::manifests(&sources, &[file]);
//! let manifests: Vec<_> = validated.manifests.into_iter().map(Arc::new).collect();
//! let window = Window { now: "2026-12-01T20:30:00Z".parse()?, lookahead: Seconds::HOUR };
//! let desired = expand(&manifests, &Owner::parse("bldgx7q")?, window);
//! // 22:00 in Berlin is 21:00 UTC in winter.
//! assert_eq!(desired.len(), 1);
//! assert_eq!(desired[0].slot.occurrence.to_string(), "c2612012100");
//! # Ok(())
//! # }
//! ```

mod desired;
#[cfg(test)]
mod example;
mod preview;

pub use desired::{Window, expand};
pub use preview::{Occurrence, next_occurrences};
