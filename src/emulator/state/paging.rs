//! Pages and the tokens between them (reference 1.5, 4.4, 5.1). A token is bound to the text it
//! was given for.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::body::invalid;
use super::chance::Draw;
use super::fault::HubFault;
use super::rules::PAGE_ITEMS_MAX;

/// Which page of a list or query, as the headers (or, second, the query parameters) ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageRequest {
    /// `x-ms-max-item-count`, if it is a number.
    pub max_item_count: Option<u64>,
    /// `x-ms-continuation`, as an earlier page gave it; empty means the first page.
    pub continuation: Option<String>,
}

/// A page that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// Most items on it.
    pub(super) size: usize,
    /// Where the page before ended; nothing on the first.
    pub(super) after: Option<Continuation>,
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Continuation {
    /// With the job of this number.
    JobNumber(u64),
    /// With this device, after so many rows in all.
    Device(String, u64),
    /// With this target of the job of this number, after so many rows in all.
    DeviceJob(u64, u32, u64),
    /// After so many rows in all.
    Rows(u64),
}

#[derive(Debug, Serialize, Deserialize)]
struct Token {
    subject: u64,
    after: Continuation,
}

impl Page {
    /// Reads a request. A size out of bounds counts as the nearest bound.
    pub(super) fn read(request: &PageRequest, subject: &str) -> Result<Self, HubFault> {
        let asked = request.max_item_count.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        let size = asked.unwrap_or(PAGE_ITEMS_MAX).clamp(1, PAGE_ITEMS_MAX);
        let token = request.continuation.as_deref().filter(|token| !token.is_empty());
        let after = token.map(|token| Continuation::read(token, subject)).transpose()?;
        Ok(Self { size, after })
    }
}

impl Continuation {
    /// The token for the next page. Plain ASCII.
    pub(super) fn write(self, subject: &str) -> String {
        let token = Token { subject: fingerprint(subject), after: self };
        BASE64URL_NOPAD.encode(serde_json::to_string(&token).unwrap_or_default().as_bytes())
    }

    fn read(token: &str, subject: &str) -> Result<Self, HubFault> {
        let refused = || invalid("The continuation token is not one of this request.");
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| refused())?;
        let token: Token = serde_json::from_slice(&bytes).map_err(|_| refused())?;
        if token.subject == fingerprint(subject) { Ok(token.after) } else { Err(refused()) }
    }
}

fn fingerprint(subject: &str) -> u64 {
    Draw::of(0).about(subject).get()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(max_item_count: Option<u64>, continuation: Option<String>) -> Result<Page, HubFault> {
        Page::read(&PageRequest { max_item_count, continuation }, "SELECT * FROM devices")
    }

    #[test]
    fn a_token_fits_only_its_own_query() {
        let after = Continuation::Device("lock-00001".to_owned(), 7);
        let token = |subject| after.clone().write(subject);
        assert_eq!(page(None, Some(token("SELECT * FROM devices"))).map(|page| page.after), Ok(Some(after.clone())));
        assert!(page(None, Some(token("SELECT * FROM devices.jobs"))).is_err());
        assert!(page(None, Some("rubbish".to_owned())).is_err());
    }

    #[test]
    fn sizes_have_bounds() {
        let size = |count| page(count, Some(String::new())).map(|page| page.size);
        assert_eq!(size(None), Ok(100));
        assert_eq!(size(Some(0)), Ok(1));
        assert_eq!(size(Some(7)), Ok(7));
        assert_eq!(size(Some(1_000)), Ok(100));
    }
}
