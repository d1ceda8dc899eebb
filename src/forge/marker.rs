//! The first line of a sticky comment: hidden from readers, it says what the comment is about.
//!
//! ```text
//! <!-- hubjobs:plan:1 owner=bldgx7q environment=prod hub=contoso.azure-devices.net commit=4f2a.. digest=sha256:.. -->
//! ```
//!
//! Bitbucket shows HTML as text, so that there the line is a link definition that nothing links to. Readers
//! take both. What a marker says is worth no more than the author of its comment, and its code.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::kind::ForgeKind;

/// Says what the line is, and in which version.
const TAG: &str = "hubjobs:plan:1";
/// Longest line that is read.
const LEN_MAX: usize = 2_048;
/// What may stand in a value as it is; all else could end the comment that hides it.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b':').remove(b'-');

/// What a comment is about. A part that is not known covers every value: the comment of a project whose
/// file cannot be read is taken over by the next plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Owner token of the project in the environment.
    pub owner: Option<String>,
    /// Environment.
    pub environment: String,
    /// Hub, in a word.
    pub hub: Option<String>,
}

impl Subject {
    /// Whether a comment about one is about the other.
    #[must_use]
    pub(super) fn meets(&self, other: &Self) -> bool {
        let agree = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        self.environment == other.environment && agree(&self.owner, &other.owner) && agree(&self.hub, &other.hub)
    }
}

/// The hidden line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// What the comment is about.
    pub subject: Subject,
    /// Commit that was planned.
    pub commit: Option<String>,
    /// Digest of the plan; nothing when there was none.
    pub digest: Option<String>,
    /// Code over [`Marker::signed_text`], by whoever has the key.
    pub code: Option<String>,
}

impl Marker {
    /// What the code is over.
    #[must_use]
    pub fn signed_text(&self) -> String {
        Self { code: None, ..self.clone() }.fields()
    }

    /// The line, without its end.
    #[must_use]
    pub fn line(&self, kind: ForgeKind) -> String {
        match kind {
            ForgeKind::GitHub | ForgeKind::GitLab | ForgeKind::Azure => format!("<!-- {} -->", self.fields()),
            ForgeKind::Bitbucket => format!("[//]: # ({})", self.fields()),
        }
    }

    fn fields(&self) -> String {
        let Subject { owner, environment, hub } = &self.subject;
        let fields = [
            ("owner", owner.as_deref()),
            ("environment", Some(environment.as_str())),
            ("hub", hub.as_deref()),
            ("commit", self.commit.as_deref()),
            ("digest", self.digest.as_deref()),
            ("code", self.code.as_deref()),
        ];
        let mut text = TAG.to_owned();
        for (name, value) in fields {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                text.push_str(&format!(" {name}={}", Value(value)));
            }
        }
        text
    }

    /// The marker of a comment; nothing when its first line is none.
    #[must_use]
    pub fn of(body: &str) -> Option<Self> {
        let line = body.lines().next()?.trim();
        if line.len() > LEN_MAX {
            return None;
        }
        let html = line.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
        let definition = || line.strip_prefix("[//]: # (").and_then(|rest| rest.strip_suffix(')'));
        let fields = html.or_else(definition)?.trim().strip_prefix(TAG)?.strip_prefix(' ')?;
        let value = |name: &str| {
            let mut found = fields.split(' ').filter_map(|field| field.split_once('=')).filter(|(key, _)| *key == name);
            let (_, value) = found.next()?;
            // A name that stands twice might be read in two ways.
            found
                .next()
                .is_none()
                .then(|| percent_decode_str(value).decode_utf8().ok())?
                .map(|value| value.into_owned())
        };
        let subject = Subject { owner: value("owner"), environment: value("environment")?, hub: value("hub") };
        Some(Self { subject, commit: value("commit"), digest: value("digest"), code: value("code") })
    }
}

/// A value that holds no blank, no bracket, and no two hyphens in a row.
struct Value<'a>(&'a str);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&utf8_percent_encode(self.0, VALUE).to_string().replace("--", "-%2D"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marker(environment: &str, hub: &str) -> Marker {
        let subject = Subject {
            owner: Some("bldgx7q".to_owned()),
            environment: environment.to_owned(),
            hub: Some(hub.to_owned()),
        };
        Marker { subject, commit: Some("4f2a".to_owned()), digest: Some("sha256:00".to_owned()), code: None }
    }

    #[test]
    fn a_marker_is_one_hidden_line() {
        let marker = marker("prod", "contoso.azure-devices.net");
        let fields = "hubjobs:plan:1 owner=bldgx7q environment=prod hub=contoso.azure-devices.net commit=4f2a \
                      digest=sha256:00";
        assert_eq!(marker.line(ForgeKind::GitHub), format!("<!-- {fields} -->"));
        assert_eq!(marker.line(ForgeKind::Bitbucket), format!("[//]: # ({fields})"));
        assert_eq!(marker.signed_text(), fields);
    }

    #[test]
    fn only_a_first_line_is_a_marker() {
        let line = marker("prod", "h").line(ForgeKind::GitHub);
        assert!(Marker::of(&format!("{line}\r\n\r\ntext")).is_some());
        for body in [
            String::new(),
            format!("> {line}"),
            format!("hello\n{line}"),
            line.replace(":1 ", ":2 "),
            line.replace(" environment=", " environment=a environment="),
            line.replace("-->", ""),
            "<!-- hubjobs:plan:1 -->".to_owned(),
        ] {
            assert_eq!(Marker::of(&body), None, "{body}");
        }
    }

    #[test]
    fn what_is_not_known_covers_everything() {
        let known = marker("prod", "eu").subject;
        let unknown = Subject { owner: None, environment: "prod".to_owned(), hub: None };
        assert!(known.meets(&unknown) && unknown.meets(&known) && known.meets(&known));
        assert!(!known.meets(&marker("prod", "us").subject));
        assert!(!known.meets(&marker("test", "eu").subject));
        assert!(!known.meets(&Subject { owner: Some("other".to_owned()), ..known.clone() }));
    }

    proptest! {
        #[test]
        fn whatever_the_values_are_the_line_is_closed_by_its_end_only(
            environment in "\\PC{1,30}", hub in "[-> )\"\n]{1,9}", commit in proptest::option::of(".{1,9}"),
        ) {
            let marker = Marker { commit, ..marker(&environment, &hub) };
            for kind in ForgeKind::ALL {
                let line = marker.line(kind);
                prop_assert_eq!(line.lines().count(), 1);
                prop_assert_eq!(line.matches("--").count(), if kind == ForgeKind::Bitbucket { 0 } else { 2 });
                prop_assert_eq!(line.matches(')').count(), usize::from(kind == ForgeKind::Bitbucket));
                prop_assert_eq!(Marker::of(&line), Some(marker.clone()));
            }
        }
    }
}
