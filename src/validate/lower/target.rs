//! Which devices.

use std::collections::HashMap;

use super::super::{not_yet, raw};
use super::context::{At, Lowering};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{DeviceId, Target, TargetCondition};
use crate::query::{self, Severity};

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
        // Reported already, and nothing that the query language could say more about.
        if not_yet::variable(text).is_some() {
            return None;
        }
        let (_, problems) = query::parse_condition(text);
        let mut usable = true;
        for problem in problems {
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
                finding
            });
        }
        // The parser has already complained about the length.
        usable.then(|| TargetCondition::new(text).ok()).flatten()
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
