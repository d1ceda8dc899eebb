//! A comment in GitHub's Markdown, as the forge at hand reads it.
//!
//! Data stands in code spans and fences already, and is inert there for GitHub and GitLab. Azure DevOps
//! looks for mentions in the raw text, and Bitbucket shows HTML as it is written.

use super::kind::ForgeKind;

/// The text in the words of a forge. What is shown stays the same; what could act does not.
#[must_use]
pub fn localise(kind: ForgeKind, markdown: &str) -> String {
    let mut fence: Option<usize> = None;
    let mut text = String::with_capacity(markdown.len());
    for line in markdown.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(open) if ticks >= open && line[ticks..].trim().is_empty() => fence = None,
            None if ticks >= 3 => fence = Some(ticks),
            Some(_) => {
                push_line(kind, &mut text, &data(kind, line, Place::Fence));
                continue;
            }
            None => {
                push_line(kind, &mut text, &prose(kind, line));
                continue;
            }
        }
        push_line(kind, &mut text, line);
    }
    text
}

fn push_line(kind: ForgeKind, text: &mut String, line: &str) {
    let rest = line.trim_start();
    // A line that begins so is a quick action of GitLab, which is not to depend on what it is in.
    if kind == ForgeKind::GitLab && rest.starts_with('/') {
        text.push_str(&line[..line.len() - rest.len()]);
        text.push('\\');
        text.push_str(rest);
    } else {
        text.push_str(line);
    }
    text.push('\n');
}

/// Where data stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Span,
    Fence,
}

/// A line outside of fences: code spans and words of ours by turns. A code span never crosses a line.
fn prose(kind: ForgeKind, line: &str) -> String {
    let parts: Vec<_> = line.split('`').collect();
    let closed = parts.len() % 2 == 1;
    let mut text = String::with_capacity(line.len());
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.push('`');
        }
        match index % 2 == 1 && (closed || index + 1 < parts.len()) {
            true => text.push_str(&data(kind, part, Place::Span)),
            false => text.push_str(&words(kind, part)),
        }
    }
    text
}

fn words(kind: ForgeKind, words: &str) -> String {
    match kind {
        ForgeKind::GitHub | ForgeKind::GitLab | ForgeKind::Azure => words.to_owned(),
        ForgeKind::Bitbucket => {
            let text = words.replace("<details><summary>", "**").replace("</summary>", "**").replace("</details>", "");
            text.replace("<br>", " — ").replace("<sub>", "").replace("</sub>", "")
        }
    }
}

/// `@<identity>`, `#7` and `!7` mean people, work items and pull requests to Azure DevOps. Its documents do
/// not say that it leaves code alone, so the sign is written as a number.
fn data(kind: ForgeKind, data: &str, place: Place) -> String {
    if kind != ForgeKind::Azure {
        return data.to_owned();
    }
    let mut text = String::with_capacity(data.len());
    let mut chars = data.chars().peekable();
    while let Some(c) = chars.next() {
        let acts = match c {
            '@' => chars.peek() == Some(&'<'),
            '#' | '!' => chars.peek().is_some_and(char::is_ascii_digit),
            _ => false,
        };
        match (acts, place) {
            (false, _) => text.push(c),
            (true, Place::Span) => text.push_str(&c.escape_unicode().to_string()),
            // What stands in a fence is JSON.
            (true, Place::Fence) => text.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    text
}
