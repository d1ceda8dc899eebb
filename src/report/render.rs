//! One plan, in every form that there is.

use super::document::PlanDocument;
use super::html::plan_html;
use super::markdown::{MARKDOWN_LEN_MAX, plan_markdown};
use super::plan_github::plan_github;
use super::plan_sarif::plan_sarif;
use super::plan_text::{Detail, findings_text, plan_text};
use super::untrusted::{json_text, without_secrets};

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanForm {
    /// For people at a terminal.
    Text,
    /// Complete, for machines.
    Json,
    /// For a comment on a pull request.
    Markdown,
    /// One page that needs nothing else.
    Html,
    /// GitHub workflow commands: findings beside the lines of a pull request.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// What a form leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
    /// How much to tell, in text.
    pub detail: Detail,
    /// Characters of a line of text, on a terminal.
    pub width: Option<usize>,
    /// Longest comment, in bytes; at least [`MARKDOWN_LEN_MIN`](super::MARKDOWN_LEN_MIN).
    pub markdown_len_max: usize,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self { detail: Detail::Brief, width: None, markdown_len_max: MARKDOWN_LEN_MAX }
    }
}

/// A plan as one text. That for people carries styles; nothing in any form steers its reader, or shows
/// what looks like a secret.
#[must_use]
pub fn render(document: &PlanDocument, form: PlanForm, options: &RenderOptions) -> String {
    let text = match form {
        PlanForm::Text => {
            format!("{}{}", plan_text(document, options.detail, options.width), findings_text(&document.findings))
        }
        PlanForm::Json => json_text(document),
        PlanForm::Markdown => plan_markdown(document, options.markdown_len_max),
        PlanForm::Html => plan_html(document),
        PlanForm::Github => plan_github(document),
        PlanForm::Sarif => json_text(&plan_sarif(document)),
    };
    without_secrets(text)
}
