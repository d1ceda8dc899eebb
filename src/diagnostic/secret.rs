//! What secrets look like, so that one that got into a text by mistake does not come out of it again.
//!
//! Only shapes are known here: keys that say their name, tokens that say their maker. A secret
//! without a shape is kept by its type, which does not print.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// A stretch of a text that looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSpan {
    /// The bytes of the secret, without the name before it; on character boundaries.
    pub bytes: Range<usize>,
    /// What it seems to be, with its article.
    pub what: &'static str,
}

/// The stretches of a text that look like secrets, in order and apart from each other. Linear in the
/// length of the text.
#[must_use]
pub fn secrets_in(text: &str) -> Vec<SecretSpan> {
    let mut found: Vec<SecretSpan> = Vec::new();
    for hit in MARKERS.find_iter(text) {
        let sign = &SIGNS[hit.pattern().as_usize()];
        let covered = found.last().is_some_and(|last| hit.start() < last.bytes.end);
        if covered || (sign.begins_word && is_word(text[..hit.start()].chars().next_back())) {
            continue;
        }
        let Some(mut bytes) = sign.place.bytes(text, hit.range()) else { continue };
        // A shape that reaches to the left of its marker may reach into what was found before.
        bytes.start = found.last().map_or(bytes.start, |last| bytes.start.max(last.bytes.end));
        if !bytes.is_empty() {
            found.push(SecretSpan { bytes, what: sign.what });
        }
    }
    found
}

/// The text with every secret in it replaced by as many asterisks, so that places stay the same. JSON
/// stays JSON.
#[must_use]
pub fn mask_secrets(text: &str) -> Cow<'_, str> {
    let found = secrets_in(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for SecretSpan { bytes, .. } in found {
        masked.push_str(&text[from..bytes.start]);
        // The lines of a key in PEM stay lines.
        let stars = |c: char| if c.is_whitespace() { c.to_string() } else { "*".repeat(c.len_utf8()) };
        masked.extend(text[bytes.clone()].chars().map(stars));
        from = bytes.end;
    }
    masked.push_str(&text[from..]);
    Cow::Owned(masked)
}

/// By what a secret is known.
struct Sign {
    /// In any case.
    marker: &'static str,
    /// Whether no letter, digit or `_` may stand before the marker.
    begins_word: bool,
    what: &'static str,
    place: Place,
}

/// Where the secret is, seen from its marker.
enum Place {
    /// Behind the name and `=` or `:`, perhaps in quotes; at least so many bytes.
    Named { len_min: usize },
    /// Right behind the marker; at least so many bytes.
    Behind { len_min: usize, is_part: fn(u8) -> bool },
    /// Around the marker: so many bytes before it, and at least so many behind it.
    Around { before: usize, behind_min: usize, is_part: fn(u8) -> bool },
    /// Three parts with dots between them, the first one beginning with the marker.
    Jwt,
    /// Between `://` and `@`.
    UserInfo,
    /// From this line of a PEM file to its last one.
    Pem,
}

const fn sign(marker: &'static str, what: &'static str, place: Place) -> Sign {
    Sign { marker, begins_word: true, what, place }
}

const fn token(marker: &'static str, what: &'static str) -> Sign {
    sign(marker, what, Place::Behind { len_min: 20, is_part: is_url_base64 })
}

const KEY: &str = "a shared access key";
const GITHUB: &str = "a token of GitHub";
const GITLAB: &str = "a token of GitLab";
const ATLASSIAN: &str = "a token of Bitbucket";

/// Sources: connection strings of Azure; RFC 6750 and 7519; RFC 3986; the lists of token prefixes that
/// GitHub, GitLab and Atlassian publish; the marks in keys that Azure makes so that scanners find them.
const SIGNS: &[Sign] = &[
    Sign { begins_word: false, ..sign("SharedAccessKey", KEY, Place::Named { len_min: 6 }) },
    Sign { begins_word: false, ..sign("AccountKey", "an account key", Place::Named { len_min: 8 }) },
    sign("sig=", "a signature", Place::Behind { len_min: 16, is_part: is_encoded_base64 }),
    sign("primaryKey", KEY, Place::Named { len_min: 40 }),
    sign("secondaryKey", KEY, Place::Named { len_min: 40 }),
    sign("client_secret", "a client secret", Place::Named { len_min: 8 }),
    sign("clientSecret", "a client secret", Place::Named { len_min: 8 }),
    sign("client_assertion", "a token", Place::Named { len_min: 16 }),
    sign("access_token", "a token", Place::Named { len_min: 16 }),
    sign("accessToken", "a token", Place::Named { len_min: 16 }),
    sign("refresh_token", "a token", Place::Named { len_min: 16 }),
    sign("Bearer ", "a token", Place::Behind { len_min: 16, is_part: is_token }),
    sign("Authorization: Basic ", "a password", Place::Behind { len_min: 4, is_part: is_token }),
    sign("eyJ", "a token", Place::Jwt),
    Sign { begins_word: false, ..sign("://", "a password in a URL", Place::UserInfo) },
    Sign { begins_word: false, ..sign("-----BEGIN ", "a private key", Place::Pem) },
    Sign { begins_word: false, ..sign("AIoT", KEY, around(33, 6)) },
    Sign { begins_word: false, ..sign("AZDO", "a token of Azure DevOps", around(76, 4)) },
    Sign {
        begins_word: false,
        ..sign("Q~", "a client secret", Place::Around { before: 4, behind_min: 31, is_part: is_client_secret })
    },
    token("ghp_", GITHUB),
    token("gho_", GITHUB),
    token("ghu_", GITHUB),
    token("ghs_", GITHUB),
    token("ghr_", GITHUB),
    token("github_pat_", GITHUB),
    token("glpat-", GITLAB),
    token("gldt-", GITLAB),
    token("glrt-", GITLAB),
    token("glcbt-", GITLAB),
    token("glptt-", GITLAB),
    token("ATBB", ATLASSIAN),
    token("ATCTT3xFf", ATLASSIAN),
    token("ATATT3xFf", ATLASSIAN),
];

const fn around(before: usize, behind_min: usize) -> Place {
    Place::Around { before, behind_min, is_part: is_base64 }
}

static MARKERS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let markers = SIGNS.iter().map(|sign| sign.marker);
    let builder =
        AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(markers);
    builder.expect("a few short markers")
});

/// A backslash stands before a quote in JSON that is a text in JSON; the others are those of HTML.
const QUOTES: &[&str] = &["\"", "'", "\\", "&quot;", "&#34;", "&#39;"];
const BLANKS: &[&str] = &[" ", "\t"];

impl Place {
    fn bytes(&self, text: &str, marker: Range<usize>) -> Option<Range<usize>> {
        let bytes = text.as_bytes();
        match *self {
            Self::Named { len_min } => run(bytes, value_at(bytes, marker.end)?, len_min, is_encoded_base64),
            Self::Behind { len_min, is_part } => run(bytes, marker.end, len_min, is_part),
            Self::Around { before, behind_min, is_part } => {
                let start = marker.start.checked_sub(before)?;
                let end = run(bytes, marker.end, behind_min, is_part)?.end;
                bytes[start..marker.start].iter().all(|byte| is_part(*byte)).then_some(start..end)
            }
            Self::Jwt => {
                let header = run(bytes, marker.start, 10, is_url_base64)?;
                let claims = run(bytes, behind_dot(bytes, header.end)?, 10, is_url_base64)?;
                let signature = run(bytes, behind_dot(bytes, claims.end)?, 0, is_url_base64)?;
                Some(header.start..signature.end)
            }
            Self::UserInfo => user_info(text, marker.end),
            Self::Pem => pem(text, marker.end),
        }
    }
}

/// The bytes from a place on that pass, if there are enough.
fn run(bytes: &[u8], start: usize, len_min: usize, is_part: fn(u8) -> bool) -> Option<Range<usize>> {
    let len = bytes[start..].iter().take_while(|byte| is_part(**byte)).count();
    (len >= len_min).then_some(start..start + len)
}

/// Where the value of a name begins: behind `=` or `:`, blanks and a quote. Of a name in quotes, as in
/// JSON, only a text can be a secret.
fn value_at(bytes: &[u8], behind_name: usize) -> Option<usize> {
    let behind_quote = skip(bytes, behind_name, QUOTES);
    let sign = skip(bytes, behind_quote, BLANKS);
    if !matches!(bytes.get(sign), Some(b'=' | b':')) {
        return None;
    }
    let value = skip(bytes, sign + 1, BLANKS);
    let behind = skip(bytes, value, QUOTES);
    (behind > value || behind_quote == behind_name).then_some(behind)
}

/// Behind all of these that stand at a place.
fn skip(bytes: &[u8], mut at: usize, of: &[&str]) -> usize {
    while let Some(known) = of.iter().find(|known| bytes[at..].starts_with(known.as_bytes())) {
        at += known.len();
    }
    at
}

fn behind_dot(bytes: &[u8], at: usize) -> Option<usize> {
    (bytes.get(at) == Some(&b'.')).then_some(at + 1)
}

/// The password of a URL; without one, the user, when it is as long as a token.
fn user_info(text: &str, start: usize) -> Option<Range<usize>> {
    const TOKEN_LEN_MIN: usize = 20;
    let ends = |c: char| c.is_whitespace() || c.is_control() || "/?#\"'<>`\\".contains(c);
    let authority = &text[start..][..text[start..].find(ends).unwrap_or(text.len() - start)];
    let (user_info, _) = authority.rsplit_once('@')?;
    let secret = match user_info.split_once(':') {
        Some((user, _)) => start + user.len() + 1..start + user_info.len(),
        None if user_info.len() >= TOKEN_LEN_MIN => start..start + user_info.len(),
        None => return None,
    };
    let is_secret = text[secret.clone()].chars().any(|c| c != '*');
    is_secret.then_some(secret)
}

/// The lines between the first and the last one of a private key.
fn pem(text: &str, behind_begin: usize) -> Option<Range<usize>> {
    let (kind, rest) = text[behind_begin..].split_once("-----")?;
    let is_key = kind.len() < 40 && kind.ends_with("PRIVATE KEY");
    let start = text.len() - rest.len();
    let end = rest.find("-----END").map_or(text.len(), |len| start + len);
    let is_secret = text[start..end].chars().any(|c| c != '*' && !c.is_whitespace());
    (is_key && is_secret).then_some(start..end)
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

const fn is_url_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

const fn is_encoded_base64(byte: u8) -> bool {
    is_base64(byte) || is_url_base64(byte) || matches!(byte, b'%' | b'~')
}

/// `token68` of RFC 9110.
const fn is_token(byte: u8) -> bool {
    is_base64(byte) || is_url_base64(byte) || matches!(byte, b'.' | b'~')
}

const fn is_client_secret(byte: u8) -> bool {
    is_url_base64(byte) || matches!(byte, b'.' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY_44: &str = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=";

    /// Masks, and writes the stars of each secret as one `*`.
    fn masked(text: &str) -> String {
        let masked = mask_secrets(text);
        assert_eq!(masked.len(), text.len(), "places stay the same");
        assert_eq!(mask_secrets(&masked), masked, "there is nothing left to mask");
        let mut squeezed = masked.into_owned();
        while squeezed.contains("**") {
            squeezed = squeezed.replace("**", "*");
        }
        squeezed
    }

    #[test]
    fn every_shape_is_masked() {
        let token = "A1b2C3d4E5f6G7h8I9j0K1l2";
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl-_x";
        let new_key = format!("{}AIoTABCDEF=", "k".repeat(33));
        for (text, shown) in [
            (
                "HostName=h;SharedAccessKeyName=owner;SharedAccessKey={KEY};x",
                "HostName=h;SharedAccessKeyName=owner;SharedAccessKey=*;x",
            ),
            ("sharedaccesskey = 'secret'", "sharedaccesskey = '*'"),
            ("\"SharedAccessKey\": \"{KEY}\"", "\"SharedAccessKey\": \"*\""),
            ("{\\\"primaryKey\\\":\\\"{KEY}\\\"}", "{\\\"primaryKey\\\":\\\"*\\\"}"),
            ("&quot;accessToken&quot;: &quot;{TOKEN}&quot;", "&quot;accessToken&quot;: &quot;*&quot;"),
            ("DefaultEndpointsProtocol=https;AccountKey={KEY}", "DefaultEndpointsProtocol=https;AccountKey=*"),
            ("sr=a&sig=c2VjcmV0c2VjcmV0%3D&se=1", "sr=a&sig=*&se=1"),
            ("the key {NEWKEY}, bare", "the key *, bare"),
            ("authorization: Bearer {TOKEN}, and", "authorization: Bearer *, and"),
            ("Proxy-Authorization: Basic dXNlcjpwYXNz", "Proxy-Authorization: Basic *"),
            ("token={JWT}&x", "token=*&x"),
            ("grant_type=x&client_secret=hunter2!&a=b", "grant_type=x&client_secret=hunter2!&a=b"),
            ("grant_type=x&client_secret=hunter2hunter2&a=b", "grant_type=x&client_secret=*&a=b"),
            ("{\"access_token\":\"{TOKEN}\"}", "{\"access_token\":\"*\"}"),
            ("abc8Q~abcdefghijklmnopqrstuvwxyz.12345 x", "* x"),
            ("http://me:pass%40wörd@proxy:8080/", "http://me:*@proxy:8080/"),
            ("https://{TOKEN}@github.com/a/b", "https://*@github.com/a/b"),
            ("ghp_{TOKEN} github_pat_{TOKEN}", "ghp_* github_pat_*"),
            ("glpat-{TOKEN}.", "glpat-*."),
            (
                "-----BEGIN EC PRIVATE KEY-----\nMHc\nAQE=\n-----END EC PRIVATE KEY-----\n",
                "-----BEGIN EC PRIVATE KEY-----\n*\n*\n-----END EC PRIVATE KEY-----\n",
            ),
        ] {
            let text = text
                .replace("{KEY}", KEY_44)
                .replace("{NEWKEY}", &new_key)
                .replace("{TOKEN}", token)
                .replace("{JWT}", jwt);
            assert_eq!(masked(&text), shown, "{text}");
        }
    }

    #[test]
    fn the_rest_is_left_alone() {
        for text in [
            "tags.floor = 3",
            "tags.sig=5 AND tags.design='x'",
            "HostName=...;SharedAccessKeyName=...;SharedAccessKey=...",
            "`SharedAccessKey` and `SharedAccessSignature`; keep one",
            "https://login.microsoftonline.com/common/discovery/v2.0/keys",
            "https://me@example.org/ and mail to a@b.c: d@e",
            "see http://a/b:c@d",
            "Bearer tokens are refused; basic authorization too",
            "eyJhbGciOiJSUzI1NiJ9",
            "an AIoT device, an AZDO board, a Q~",
            "ghp_short enterprise_ghp_",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "accessToken: rotate",
            "{\"sharedAccessKey\":1234567890,\"accountKey\":null}",
            "größe: 温度 https://größe:",
        ] {
            assert!(matches!(mask_secrets(text), Cow::Borrowed(_)), "{text} -> {}", mask_secrets(text));
        }
    }

    #[test]
    fn spans_say_what_they_are_and_do_not_touch() {
        let text = format!("SharedAccessKey={}AIoTABCDEF= ghp_{}", "k".repeat(33), "t".repeat(30));
        let found = secrets_in(&text);
        assert_eq!(found.iter().map(|span| span.what).collect::<Vec<_>>(), [KEY, GITHUB]);
        assert!(found.windows(2).all(|pair| pair[0].bytes.end <= pair[1].bytes.start), "{found:?}");
    }

    #[test]
    fn json_stays_json() {
        let value =
            serde_json::json!({"a": format!("https://u:p\"w@h SharedAccessKey={KEY_44}\n"), "sharedAccessKey": KEY_44});
        let text = value.to_string();
        let read: serde_json::Value = serde_json::from_str(&mask_secrets(&text)).expect("still JSON");
        assert!(!read.to_string().contains(KEY_44), "{read}");
    }
}
