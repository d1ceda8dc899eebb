//! Values of options whose own parsers would answer in words of a programmer.

use std::net::IpAddr;
use std::num::NonZeroU32;

use jiff::Timestamp;

/// A moment, with its offset from UTC.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "not a time with its zone; write one such as `2031-05-01T08:00:00Z`".to_owned())
}

/// A port; 0 is any free one.
pub(super) fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "a port is a number from 0 to 65535; 0 takes any free one".to_owned())
}

/// An address of this machine.
pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "not an IP address; write one such as `0.0.0.0`, or `--name` for a host name".to_owned())
}

/// How many units of a tier.
pub(super) fn units(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "units are a whole number from 1".to_owned())
}

/// How many of something.
pub(super) fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "not a whole number".to_owned())
}
