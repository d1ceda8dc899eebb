//! Which devices.

use std::collections::HashMap;
use std::ops::Range;

use super::super::raw;
use super::context::{At, Lowering};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{DeviceId, Target, TargetCondition};
use crate::query::{self, Literal, Severity};

/// Why a variable does not do what a template language would.
const ONLY_A_CONSTANT: &str = "in a condition a variable is a constant: a text in quotes, a number or a boolean";

impl Lowering<'_> {
    /// Lowers `target`, which has exactly one field.
    pub(super) fn target(&mut self, at: &At<'_>, raw: &raw::Target<'_>) -> Option<Target> {
        let raw::Target { condition, device_ids, all } = raw;
        let example = "condition: \"tags.floor = 3\"";
        let present = self.exactly_one_of(at, &["condition", "deviceIds", "all"], example)?;
        match present {
            "condition" => self.condition(&at.field("condition"), (*condition)?).map(Target::Condition),
            "deviceIds" => self.device_ids(&at.field("deviceIds"), device_ids.as_deref()?),
            _ => all.filter(|all| *all).map(|_| Target::All),
        }
    }

    /// Which one of several fields is there; anything but one is reported.
    pub(super) fn exactly_one_of(
        &mut self,
        at: &At<'_>,
        names: &[&'static str],
        example: &str,
    ) -> Option<&'static str> {
        let map = self.find(at)?.value.as_object()?;
        let present: Vec<_> = names.iter().copied().filter(|name| map.contains_key(*name)).collect();
        if let [only] = present.as_slice() {
            return Some(only);
        }
        let listed = super::super::suggest::listed(names.iter().copied(), "or");
        match present.as_slice() {
            [first, second, ..] => {
                let first = self.key_span(&at.field(first));
                let message = format!("`{at}` takes only one of {listed}");
                self.report_key(&at.field(second), |span| {
                    Diagnostic::error(Code::ExactlyOneOf, span, message)
                        .label("second one")
                        .also(first, "first one")
                        .help("remove one of them")
                });
            }
            _ => self.report_key(at, |span| {
                Diagnostic::error(Code::ExactlyOneOf, span, format!("`{at}` needs one of {listed}"))
                    .label("none of them is there")
                    .help(format!("add one of them, such as `{example}`"))
            }),
        }
        None
    }

    fn condition(&mut self, at: &At<'_>, text: &str) -> Option<TargetCondition> {
        let (selection, problems) = query::parse_condition(text);
        let mut usable = selection.as_ref().is_none_or(|selection| self.variables_are_constants(at, text, selection));
        let put = self.find(at).and_then(|node| self.document().substituted(node));
        for problem in problems {
            let is_by_variable = put.is_some_and(|put| put.variables_in(&problem.span).next().is_some());
            usable &= problem.severity != Severity::Error;
            let code = Code::from_name(problem.code.as_str()).unwrap_or(Code::InvalidValue);
            self.report_part(at, problem.span, |span| {
                let mut finding = match problem.severity {
                    Severity::Error => Diagnostic::error(code, span, problem.message),
                    Severity::Warning => Diagnostic::warning(code, span, problem.message),
                };
                finding.primary.text = problem.label;
                finding.help.extend(problem.help);
                finding.notes.extend(problem.note);
                if is_by_variable { finding.note(ONLY_A_CONSTANT) } else { finding }
            });
        }
        // The parser has already complained about the length.
        usable.then(|| TargetCondition::new(text).ok()).flatten()
    }

    /// A variable never is, and never makes, more than a constant: otherwise its value could widen the
    /// condition.
    fn variables_are_constants(&mut self, at: &At<'_>, text: &str, selection: &query::Selection) -> bool {
        let Some(put) = self.find(at).and_then(|node| self.document().substituted(node)) else { return true };
        let constants: Vec<_> =
            selection.constants().into_iter().map(|(literal, span)| (literal, unbracketed(text, span))).collect();
        let is_constant = |bytes: &Range<usize>| {
            constants.iter().any(|(literal, span)| match literal {
                Literal::String(_) => span.start <= bytes.start && bytes.end <= span.end,
                _ => span == bytes,
            })
        };
        let others: Vec<_> = put.inserted().filter(|(_, bytes)| !is_constant(bytes)).collect();
        for (name, bytes) in &others {
            self.report_part(at, bytes.clone(), |span| {
                Diagnostic::error(Code::InvalidVariable, span, format!("the variable `{name}` is no constant here"))
                    .label("not where a constant stands")
                    .note(ONLY_A_CONSTANT)
                    .help(format!("compare with it, as in `tags.site = ${{{name}}}`"))
            });
        }
        others.is_empty()
    }

    fn device_ids(&mut self, at: &At<'_>, texts: &[&str]) -> Option<Target> {
        let mut first_use = HashMap::new();
        let mut ids = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            if self.is_full() {
                return None;
            }
            let item = at.item(index);
            match DeviceId::new(text) {
                Ok(id) => ids.push(id),
                Err(why) => self.report(&item, |span| {
                    Diagnostic::error(Code::InvalidDeviceId, span, why.to_string())
                        .label("not a device id")
                        .help("copy the id from the hub; it is case-sensitive")
                }),
            }
            if let Some(first) = first_use.insert(*text, index) {
                let first = self.value_span(&at.item(first));
                self.report(&item, |span| {
                    Diagnostic::error(Code::DuplicateDeviceId, span, format!("the device `{text}` is listed twice"))
                        .label("second time")
                        .also(first, "first time")
                        .help("remove one of them")
                });
            }
        }
        if ids.len() < texts.len() {
            return None;
        }
        match Target::devices(ids) {
            Ok(target) => Some(target),
            Err(why) => {
                let message = format!("a list of {} ids is not supported yet: {why}", texts.len());
                self.report_key(at, |span| {
                    Diagnostic::error(Code::NotYetSupported, span, message)
                        .label("too long for one query")
                        .help("select the devices by a tag, `condition: \"tags.batch = '7'\"`, or split the manifest")
                });
                None
            }
        }
    }
}

/// What is left of a constant's place without round brackets around it.
fn unbracketed(text: &str, span: Range<usize>) -> Range<usize> {
    let is_around = |c: char| c.is_whitespace() || matches!(c, '(' | ')');
    let inner = text[span.clone()].trim_start_matches(is_around);
    let start = span.end - inner.len();
    start..start + inner.trim_end_matches(is_around).len()
}
