//! Keys that somebody wrote into a file must not come back in a log.

use std::borrow::Cow;

/// What stands before a key in connection strings and tokens of IoT Hub.
const MARKERS: [&str; 2] = ["SharedAccessKey=", "sig="];

/// The text with every key in it replaced by as many asterisks, so that places stay the same.
pub(super) fn mask_secrets(text: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text);
    for marker in MARKERS {
        let mut from = 0;
        while let Some(found) = masked[from..].find(marker) {
            let start = from + found + marker.len();
            let is_key = |c: char| c.is_ascii_alphanumeric() || "+/=%".contains(c);
            let len = masked[start..].find(|c| !is_key(c)).unwrap_or(masked.len() - start);
            masked.to_mut().replace_range(start..start + len, &"*".repeat(len));
            from = start + len;
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_masked_in_place() {
        assert_eq!(
            mask_secrets("\"HostName=h;SharedAccessKey=c2VjcmV0+/==;x\" sr=a&sig=ab%3D&se=1"),
            "\"HostName=h;SharedAccessKey=************;x\" sr=a&sig=*****&se=1"
        );
        assert!(matches!(mask_secrets("tags.floor = 3"), Cow::Borrowed(_)));
    }
}
