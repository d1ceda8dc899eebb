//! Signing in with Microsoft Entra, end to end: the program as a process, an emulator that verifies
//! tokens, and a server that plays everybody who gives some.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod doctor;
mod kept;
mod server;
mod sources;
mod stage;
mod trouble;
