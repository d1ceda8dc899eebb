//! Etags and `If-Match` (reference 1.7).

use data_encoding::BASE64;

use super::fault::{FaultKind, HubFault};

/// Etag of a twin: base64 of an eight-byte counter, `AAAAAAAAAAE=` when fresh.
pub(super) fn of_twin(counter: u64) -> String {
    BASE64.encode(&counter.to_be_bytes())
}

/// Etag of an identity: base64 of a decimal counter.
pub(super) fn of_identity(counter: u64) -> String {
    BASE64.encode(counter.to_string().as_bytes())
}

/// Whether the header, if any, lets a write of something with this etag pass.
pub(super) fn check(if_match: Option<&str>, etag: &str) -> Result<(), HubFault> {
    match if_match {
        Some(header) if !matches(header, etag) => Err(FaultKind::PreconditionFailed.into()),
        _ => Ok(()),
    }
}

/// Whether a header, quoted or not, names the etag or any.
pub(super) fn matches(header: &str, etag: &str) -> bool {
    let wanted = header.trim();
    let wanted = wanted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(wanted);
    wanted == "*" || wanted == etag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_do_not_matter() {
        assert_eq!(of_twin(1), "AAAAAAAAAAE=");
        assert_eq!(of_identity(801_232_426), "ODAxMjMyNDI2");
        for header in [None, Some("*"), Some("\"*\""), Some("\"AAAAAAAAAAE=\""), Some("AAAAAAAAAAE=")] {
            assert!(check(header, "AAAAAAAAAAE=").is_ok(), "{header:?}");
        }
        assert!(check(Some("\"AAAAAAAAAAI=\""), "AAAAAAAAAAE=").is_err());
    }
}
