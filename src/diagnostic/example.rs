//! What causes a finding, and what does not.

/// An example of a finding. Where it is about a few lines only, the YAML is an excerpt that begins
/// with `spec:` or `metadata:`; `# jobs/lock.yaml` in a line of its own begins another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// What causes the finding; nothing where no short text can.
    pub wrong: Option<&'static str>,
    /// How to mend it, in sentences.
    pub mend: &'static str,
    /// The same, mended.
    pub right: Option<&'static str>,
}

impl Example {
    /// Reads the Markdown of an example: a fenced block, a paragraph, a fenced block; or a paragraph.
    pub(super) fn read(text: &'static str) -> Self {
        let mut parts = text.split("```");
        let (before, wrong, mend, right) = (parts.next(), parts.next(), parts.next(), parts.next());
        // Behind the fence stands the name of the language.
        let block = |part: &'static str| part.split_once('\n').map(|(_, body)| body);
        Self {
            wrong: wrong.and_then(block),
            mend: mend.or(before).unwrap_or_default().trim(),
            right: right.and_then(block),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Code;
    use super::*;

    #[test]
    fn blocks_stand_around_what_mends() {
        let text = "```yaml\na: 1\n```\n\nWrite two.\n\n```yaml\na: 2\n```\n";
        let read = Example { wrong: Some("a: 1\n"), mend: "Write two.", right: Some("a: 2\n") };
        assert_eq!(Example::read(text), read);
        let prose = Example { wrong: None, mend: "Write two.", right: None };
        assert_eq!(Example::read("Write two.\n"), prose);
    }

    #[test]
    fn every_code_says_how_to_mend_it() {
        for code in Code::ALL {
            let Example { wrong, mend, right } = code.example();
            assert!(mend.len() > 8 && mend.ends_with('.') | mend.ends_with('`'), "{code}: {mend:?}");
            assert_eq!(wrong.is_some(), right.is_some(), "{code}");
        }
    }
}
