//! Our reasons through the crates of Azure, which pass errors on and wrap them in words of their own.
//! Those words may hold whole answers, so they are never shown; what we carried is found again here.

use std::io;

use azure_core::error::ErrorKind;

use super::failure::Reason;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Carried(Reason);

/// A reason as an error of Azure's, of a kind that nobody below us tries again: `hub::rest` does.
pub(super) fn carry(reason: Reason) -> azure_core::Error {
    azure_core::Error::new(ErrorKind::Credential, Carried(reason))
}

/// The same for those who speak of input and output.
pub(super) fn carry_io(reason: Reason) -> io::Error {
    io::Error::other(Carried(reason))
}

/// The reason that we put in.
pub(super) fn carried(error: &azure_core::Error) -> Option<Reason> {
    let mut cause = Some(error as &(dyn std::error::Error + 'static));
    while let Some(error) = cause {
        if let Some(Carried(reason)) = error.downcast_ref() {
            return Some(reason.clone());
        }
        cause = match error.downcast_ref::<io::Error>() {
            // Its own `source` skips the error that it wraps.
            Some(wrapper) => wrapper.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        };
    }
    None
}
