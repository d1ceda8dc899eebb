//! `${name}` in a text.

use std::ops::Range;

/// A stretch of a text that does not stand for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Special {
    /// Its bytes in the text.
    pub(super) bytes: Range<usize>,
    pub(super) meaning: Meaning,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// `${name}`: the value of a variable.
    Variable(String),
    /// `$${`: the characters `${`.
    Escape,
    /// `${` without a name and a brace behind it.
    Malformed,
}

/// The special stretches of a text, in order. Terminates: each step goes on behind the stretch.
pub(super) fn specials(text: &str) -> Vec<Special> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(dollar) = text[at..].find('$').map(|offset| at + offset) {
        let rest = &text[dollar..];
        at = match () {
            () if rest.starts_with("$${") => {
                found.push(Special { bytes: dollar..dollar + 3, meaning: Meaning::Escape });
                dollar + 3
            }
            () if rest.starts_with("${") => {
                let special = variable(text, dollar);
                let end = special.bytes.end;
                found.push(special);
                end
            }
            () => dollar + 1,
        };
    }
    found
}

fn variable(text: &str, start: usize) -> Special {
    let inner = &text[start + 2..];
    match inner.find('}') {
        Some(len) if is_name(&inner[..len]) => {
            Special { bytes: start..start + len + 3, meaning: Meaning::Variable(inner[..len].to_owned()) }
        }
        _ => Special { bytes: start..start + 2, meaning: Meaning::Malformed },
    }
}

/// Whether a text can be the name of a variable.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A text that means `text` where variables are put in.
pub(super) fn escape(text: &str) -> String {
    text.replace("${", "$${")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let word = |special: Special| match special.meaning {
            Meaning::Variable(name) => name,
            Meaning::Escape => "(escape)".to_owned(),
            Meaning::Malformed => format!("(malformed at {})", special.bytes.start),
        };
        specials(text).into_iter().map(word).collect()
    }

    #[test]
    fn names_escapes_and_mistakes_are_told_apart() {
        assert_eq!(words("${site}-${floor_2}"), ["site", "floor_2"]);
        assert_eq!(words("$5 {or so} $ ${"), ["(malformed at 13)"]);
        assert_eq!(words("${} ${a b} ${3} ${c}"), ["(malformed at 0)", "(malformed at 4)", "(malformed at 11)", "c"]);
        assert_eq!(words("$${site} $$${site} ${a${b}"), ["(escape)", "(escape)", "(malformed at 19)", "b"]);
    }

    proptest::proptest! {
        #[test]
        fn escaped_texts_hold_no_variable(text in "[${}ab ]{0,12}") {
            let escaped = escape(&text);
            let mut meant = String::new();
            let mut at = 0;
            for special in specials(&escaped) {
                proptest::prop_assert_eq!(&special.meaning, &Meaning::Escape);
                meant.push_str(&escaped[at..special.bytes.start]);
                meant.push_str("${");
                at = special.bytes.end;
            }
            meant.push_str(&escaped[at..]);
            proptest::prop_assert_eq!(meant, text);
        }
    }
}
