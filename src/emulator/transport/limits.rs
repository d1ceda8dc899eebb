//! The numbers of connections and their patience, each tied to an entry of the table of facts.

use crate::emulator::state::rules::rules;

rules! {
    /// From a TCP connection until TLS is agreed on, in seconds.
    HANDSHAKE_SECONDS: u64 = 10, "tls-handshake-10-s";
    /// From the first byte of a request until its headers are complete, in seconds.
    HEAD_SECONDS: u64 = 20, "http-request-patience";
    /// From the headers of a request until its body is complete, in seconds.
    BODY_SECONDS: u64 = 60, "http-request-patience";
    /// How long a connection may keep an answer waiting that it does not read, in seconds.
    WRITE_SECONDS: u64 = 60, "http-request-patience";
    /// How long a connection may stay open between two requests, in seconds.
    IDLE_SECONDS: u64 = 120, "http-keep-alive-120-s";
    /// Largest head of a request: its line and all headers, in bytes.
    HEAD_BYTES_MAX: usize = 32 * 1_024, "http-head-32-kb";
    /// Most headers of a request.
    HEADERS_MAX: usize = 100, "http-head-32-kb";
    /// Connections that the emulator tries to have files for.
    CONNECTIONS_WANTED: u64 = 65_000, "connections-cap";
    /// Connections that are enough for most: a user is told of fewer.
    CONNECTIONS_ENOUGH: u64 = 12_000, "connections-cap";
    /// Files that are kept back for the state and for calls to others.
    FILES_RESERVED: u64 = 128, "connections-cap";
}
