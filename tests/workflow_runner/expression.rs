//! Expressions of workflows, as far as our files use them; anything else is a mistake of the test.

use std::collections::BTreeMap;

/// What expressions can see: `github.sha`, `steps.plan.outputs.digest`. What is not there is empty.
pub(crate) type Contexts = BTreeMap<String, String>;

/// Puts values in the place of each `${{ }}`.
pub(crate) fn expand(text: &str, contexts: &Contexts, has_failed: bool) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, behind) = after.split_once("}}").expect("an expression ends");
        expanded.push_str(before);
        expanded.push_str(&evaluate(expression, contexts, has_failed));
        rest = behind;
    }
    expanded + rest
}

/// Whether an `if` holds. Without a status function it means `success() && (...)`.
pub(crate) fn holds(condition: Option<&str>, contexts: &Contexts, has_failed: bool) -> bool {
    let condition = condition.unwrap_or("success()");
    let condition = condition.trim().trim_start_matches("${{").trim_end_matches("}}");
    let asks_status = ["always()", "failure()", "success()"].iter().any(|status| condition.contains(status));
    (asks_status || !has_failed) && is_true(&evaluate(condition, contexts, has_failed))
}

fn evaluate(expression: &str, contexts: &Contexts, has_failed: bool) -> String {
    let mut reader = Reader { words: words(expression), at: 0, contexts, has_failed };
    let value = reader.any();
    assert_eq!(reader.at, reader.words.len(), "more than an expression: {expression}");
    value
}

fn is_true(value: &str) -> bool {
    !matches!(value, "" | "false" | "0")
}

fn words(expression: &str) -> Vec<String> {
    let (mut words, mut rest) = (Vec::new(), expression.trim_start());
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => rest[1..].find('\'').expect("a text ends") + 2,
            '(' | ')' => 1,
            '=' | '!' | '&' | '|' if rest.len() > 1 && "=!&|".contains(&rest[1..2]) => 2,
            '!' => 1,
            _ => rest.find(|c: char| !(c.is_alphanumeric() || "._-[]".contains(c))).unwrap_or(rest.len()),
        };
        assert!(length > 0, "cannot read `{rest}`");
        words.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    words
}

struct Reader<'a> {
    words: Vec<String>,
    at: usize,
    contexts: &'a Contexts,
    has_failed: bool,
}

impl Reader<'_> {
    fn take(&mut self, word: &str) -> bool {
        let is_next = self.words.get(self.at).is_some_and(|next| next == word);
        self.at += usize::from(is_next);
        is_next
    }

    fn any(&mut self) -> String {
        let mut value = self.all();
        while self.take("||") {
            let other = self.all();
            value = if is_true(&value) { value } else { other };
        }
        value
    }

    fn all(&mut self) -> String {
        let mut value = self.compared();
        while self.take("&&") {
            let other = self.compared();
            value = if is_true(&value) { other } else { value };
        }
        value
    }

    fn compared(&mut self) -> String {
        let left = self.single();
        if self.take("==") {
            return left.eq_ignore_ascii_case(&self.single()).to_string();
        }
        if self.take("!=") {
            return (!left.eq_ignore_ascii_case(&self.single())).to_string();
        }
        left
    }

    fn single(&mut self) -> String {
        let word = self.words.get(self.at).expect("an operand").clone();
        self.at += 1;
        match word.as_str() {
            "!" => (!is_true(&self.single())).to_string(),
            "(" => {
                let value = self.any();
                assert!(self.take(")"), "a bracket is not closed");
                value
            }
            "always" | "success" | "failure" if self.take("(") => {
                assert!(self.take(")"), "status functions take nothing");
                (word == "always" || (word == "failure") == self.has_failed).to_string()
            }
            "true" | "false" => word,
            text if text.starts_with('\'') => text.trim_matches('\'').to_owned(),
            path => self.contexts.get(path).cloned().unwrap_or_default(),
        }
    }
}

#[test]
fn conditions_mean_what_they_mean_on_github() {
    let contexts = Contexts::from([("a.b".to_owned(), "x".to_owned())]);
    for (condition, after_success, after_failure) in [
        ("a.b == 'x'", true, false),
        ("a.b != 'x' || a.b == 'X'", true, false),
        ("always() && a.c != ''", false, false),
        ("failure() && a.b == 'x'", false, true),
        ("always() && !(a.b == 'y')", true, true),
    ] {
        assert_eq!(holds(Some(condition), &contexts, false), after_success, "{condition}");
        assert_eq!(holds(Some(condition), &contexts, true), after_failure, "{condition}");
    }
    assert_eq!(expand("<${{ a.b }}${{ a.c }}>", &contexts, false), "<x>");
}
