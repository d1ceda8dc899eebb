//! Connections that end on purpose, without an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a connection ends without an answer. A response with this among its extensions is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::emulator) enum Cut {
    /// It is closed.
    #[error("the connection is closed on purpose")]
    Closed,
    /// It is reset.
    #[error("the connection is reset on purpose")]
    Reset,
}

/// Says of a connection that it is to end with a reset, whoever holds it by then.
#[derive(Debug, Clone, Default)]
pub(super) struct EndsWithReset(Arc<AtomicBool>);

impl EndsWithReset {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
