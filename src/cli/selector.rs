//! Label selectors, with the grammar of kubectl: `team=a,ring!=canary`, `team in (a, b)`, `!team`.

use std::collections::BTreeMap;

/// Which labels a manifest must have. All requirements must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    /// Also true without the label, as in Kubernetes.
    NotIn(Vec<String>),
}

/// Why a text is no selector. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a label selector")]
pub(super) struct InvalidSelector(String);

impl Selector {
    /// Reads `key=value`, `key==value`, `key!=value`, `key in (a, b)`, `key notin (a, b)`, `key` and
    /// `!key`, separated by commas.
    ///
    /// # Errors
    /// When the text has another form.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidSelector> {
        let invalid = || InvalidSelector(text.to_owned());
        let requirements: Option<Vec<_>> = split(text).into_iter().map(requirement).collect();
        requirements.map(Self).ok_or_else(invalid)
    }

    /// Whether labels meet every requirement.
    #[must_use]
    pub(super) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| {
            let value = labels.get(&requirement.key);
            match &requirement.test {
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
                Test::In(values) => value.is_some_and(|value| values.contains(value)),
                Test::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            }
        })
    }
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_u32);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn requirement(text: &str) -> Option<Requirement> {
    let text = text.trim();
    let of = |key: &str, test: Test| Some(Requirement { key: word(key)?, test });
    if let Some(key) = text.strip_prefix('!') {
        return of(key, Test::Absent);
    }
    for (operator, negated) in [("!=", true), ("==", false), ("=", false)] {
        if let Some((key, value)) = text.split_once(operator) {
            let values = vec![word_or_empty(value)?];
            return of(key, if negated { Test::NotIn(values) } else { Test::In(values) });
        }
    }
    let Some((head, list)) = text.split_once('(') else { return of(text, Test::Exists) };
    let values: Option<Vec<_>> = list.strip_suffix(')')?.split(',').map(word_or_empty).collect();
    match head.trim().split_once(char::is_whitespace)? {
        (key, operator) if operator.trim() == "in" => of(key, Test::In(values?)),
        (key, operator) if operator.trim() == "notin" => of(key, Test::NotIn(values?)),
        _ => None,
    }
}

fn word(text: &str) -> Option<String> {
    word_or_empty(text).filter(|word| !word.is_empty())
}

fn word_or_empty(text: &str) -> Option<String> {
    let text = text.trim();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    text.chars().all(allowed).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_as_kubectl_does() {
        let labels: BTreeMap<_, _> =
            [("team", "a"), ("ring", "canary")].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        for (text, matches) in [
            ("team=a", true),
            ("team==a,ring=canary", true),
            ("team=b", false),
            ("team!=b", true),
            ("site!=b", true),
            ("site=b", false),
            ("team in (a, b)", true),
            ("team notin (a,b)", false),
            ("site notin (a)", true),
            ("team", true),
            ("!team", false),
            ("!site, ring", true),
        ] {
            assert_eq!(Selector::parse(text).map(|selector| selector.matches(&labels)), Ok(matches), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", ",", "team in a", "team in (a", "team=a b", "=a", "team near (a)", "te am", "!"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
