//! What a token says of itself. It is not verified here: whoever receives it does that. It serves to
//! explain a refusal, and nothing is decided by it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// Longest text of a token that is shown, in characters.
const LEN_MAX: usize = 200;

/// The parts of a token's payload that explain something, fit to print.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// `iss`: who made it.
    pub issuer: Option<String>,
    /// `sub`: who it is about.
    pub subject: Option<String>,
    /// `aud`: whom it is for.
    pub audience: Option<String>,
    /// `oid`: the object id in Entra of whom it is about.
    pub object_id: Option<String>,
    /// `exp`, in seconds of the epoch.
    pub expires: Option<i64>,
}

impl Claims {
    /// Reads the payload of a JSON Web Token; nothing when it is none.
    #[must_use]
    pub fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        let payload: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
        let text = |name: &str| payload.get(name).and_then(Value::as_str).map(printable);
        Some(Self {
            issuer: text("iss"),
            subject: text("sub"),
            audience: text("aud").or_else(|| payload.get("aud")?.as_array()?.first()?.as_str().map(printable)),
            object_id: text("oid"),
            expires: payload.get("exp").and_then(Value::as_i64),
        })
    }
}

/// One line without characters that reorder or hide others: a branch, which enters a subject, may be
/// named by anybody.
pub(super) fn printable(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let clean: String = text.chars().filter(|c| !hidden(*c)).collect();
    match clean.char_indices().nth(LEN_MAX) {
        Some((end, _)) => format!("{}...", &clean[..end]),
        None => clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn a_payload_is_read_as_far_as_it_makes_sense() {
        let claims = Claims::of(&token(
            r#"{"iss":"https://i","sub":"repo:a/b:ref:refs/heads/\u202ex\n","aud":["api://x","y"],"exp":1790000000}"#,
        ));
        let expected = Claims {
            issuer: Some("https://i".to_owned()),
            subject: Some("repo:a/b:ref:refs/heads/x".to_owned()),
            audience: Some("api://x".to_owned()),
            object_id: None,
            expires: Some(1_790_000_000),
        };
        assert_eq!(claims, Some(expected));
        assert_eq!(Claims::of(&token(r#"{"sub":1,"aud":[]}"#)), Some(Claims::default()));
        for text in ["", "a.b", "a.b.c", &token("[]"), "opaque"] {
            assert_eq!(Claims::of(text), None, "{text}");
        }
        let long = Claims::of(&token(&format!(r#"{{"sub":"{}"}}"#, "ü".repeat(5_000)))).expect("claims");
        assert_eq!(long.subject.expect("a subject").chars().count(), LEN_MAX + 3);
    }
}
