//! `Policy`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::raw;
use super::super::suggest;
use super::context::{At, Lowering};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{
    EnvironmentName, Expression, InvalidExpression, InvalidTemplate, ManifestName, ManifestSource, MessageTemplate,
    Policy, PolicyCase, PolicyLevel, PolicyRule, PolicyVerdict,
};

/// Names of rules and windows, and whether one of a document was not valid.
type Names<'r> = BTreeMap<&'r str, String>;

/// Lowers a policy.
pub(in crate::validate) fn policy(
    cx: &mut Lowering<'_>,
    source: ManifestSource,
    raw: &raw::Policy<'_>,
) -> Option<Policy> {
    let raw::Policy { metadata, spec, .. } = raw;
    let name = metadata.as_ref().and_then(|raw::PolicyMetadata { name }| *name);
    let name = name.and_then(|text| cx.policy_name(&At::ROOT.field("metadata").field("name"), text));
    let at = At::ROOT.field("spec");
    let raw::PolicySpec { environments, rules, windows, cases } = spec.as_ref()?;
    let environments = match environments {
        Some(texts) => cx.policy_environments(&at.field("environments"), texts).map(Some),
        None => Some(None),
    };
    let mut names = Names::new();
    let rules_at = at.field("rules");
    let rules: Vec<_> = rules
        .iter()
        .flatten()
        .enumerate()
        .map(|(index, raw)| cx.policy_rule(&rules_at.item(index), raw, &mut names))
        .collect();
    let windows_at = at.field("windows");
    let windows: Vec<_> = windows
        .iter()
        .flatten()
        .enumerate()
        .map(|(index, raw)| cx.window(&windows_at.item(index), raw, &mut names))
        .collect();
    if rules.is_empty() && windows.is_empty() {
        cx.report_key(&at, |span| {
            Diagnostic::error(Code::MissingField, span, "the policy has neither `rules` nor `windows`")
                .label("says nothing")
                .help("`hubjobs schema --example Policy` prints one to start from")
        });
        return None;
    }
    let cases_at = at.field("cases");
    let cases: Vec<_> = cases
        .iter()
        .flatten()
        .enumerate()
        .map(|(index, raw)| cx.policy_case(&cases_at.item(index), raw, &names))
        .collect();
    Some(Policy {
        name: name?,
        source,
        environments: environments?,
        rules: rules.into_iter().collect::<Option<_>>()?,
        windows: windows.into_iter().collect::<Option<_>>()?,
        cases: cases.into_iter().collect::<Option<_>>()?,
    })
}

impl Lowering<'_> {
    fn policy_name(&mut self, at: &At<'_>, text: &str) -> Option<ManifestName> {
        let name = ManifestName::new(text);
        if let Err(why) = &name {
            self.report(at, |span| {
                Diagnostic::error(Code::InvalidName, span, why.to_string())
                    .label("not a name")
                    .help("write 1 to 24 of a-z, 0-9 and inner `-`, such as `guard-rails`")
            });
        }
        name.ok()
    }

    /// A name of a rule or window: what people find it by, so it must be the only one.
    pub(super) fn part_name<'r>(
        &mut self,
        at: &At<'_>,
        text: Option<&'r str>,
        names: &mut Names<'r>,
    ) -> Option<String> {
        let text = text?;
        let at = at.field("name");
        let name = self.policy_name(&at, text)?;
        if let Some(first) = names.insert(text, at.to_string()) {
            self.report(&at, |span| {
                Diagnostic::error(Code::DuplicatePolicyName, span, format!("the name `{text}` is used twice"))
                    .label("second use")
                    .note(format!("`{first}` has it already"))
                    .help("rename one of them")
            });
            return None;
        }
        Some(name.to_string())
    }

    fn policy_environments(&mut self, at: &At<'_>, texts: &[&str]) -> Option<BTreeSet<EnvironmentName>> {
        let names: Vec<_> =
            texts.iter().enumerate().map(|(index, text)| self.policy_environment(&at.item(index), text)).collect();
        names.into_iter().collect()
    }

    fn policy_environment(&mut self, at: &At<'_>, text: &str) -> Option<EnvironmentName> {
        let name = EnvironmentName::new(text);
        if let Err(why) = &name {
            self.report(at, |span| {
                Diagnostic::error(Code::InvalidName, span, why.to_string())
                    .label("not a name")
                    .help("write the name of an environment of the project, such as `prod`")
            });
        }
        name.ok()
    }

    fn policy_rule<'r>(&mut self, at: &At<'_>, raw: &raw::Rule<'r>, names: &mut Names<'r>) -> Option<PolicyRule> {
        let raw::Rule { name, level, when, message } = raw;
        let source = self.place(&at.field("name"));
        let name = self.part_name(at, *name, names);
        let when = when.and_then(|text| match Expression::parse(text) {
            Ok(expression) => Some(expression),
            Err(why) => self.bad_expression(&at.field("when"), &why),
        });
        let message = message.and_then(|text| self.message_template(&at.field("message"), text));
        let level = level.map(|level| match level {
            raw::Level::Deny => PolicyLevel::Deny,
            raw::Level::Warn => PolicyLevel::Warn,
        });
        Some(PolicyRule { name: name?, level: level?, when: when?, message: message?, source })
    }

    /// Reports it; gives nothing.
    fn bad_expression<T>(&mut self, at: &At<'_>, why: &InvalidExpression) -> Option<T> {
        self.report_part(at, why.span.clone(), |span| {
            let finding = Diagnostic::error(Code::InvalidExpression, span, why.to_string()).label("here");
            match &why.help {
                Some(help) => finding.help(help),
                None => finding.help("write one such as `action.kind == 'method' && action.devices > 500`"),
            }
        });
        None
    }

    fn message_template(&mut self, at: &At<'_>, text: &str) -> Option<MessageTemplate> {
        match MessageTemplate::parse(text) {
            Ok(template) => return Some(template),
            Err(InvalidTemplate::Expression(why)) => return self.bad_expression(at, &why),
            Err(why @ InvalidTemplate::Empty) => self.report(at, |span| {
                Diagnostic::error(Code::InvalidExpression, span, why.to_string())
                    .label("says nothing")
                    .help("write what the reader of a plan has to know")
            }),
            Err(InvalidTemplate::Brace(part)) => self.report_part(at, part, |span| {
                Diagnostic::error(Code::InvalidExpression, span, "a brace without its other half")
                    .label("here")
                    .help("write `{action.devices}`, or `{{` for a brace")
            }),
        }
        None
    }

    fn policy_case(&mut self, at: &At<'_>, raw: &raw::Case<'_>, names: &Names<'_>) -> Option<PolicyCase> {
        let raw::Case { name, action, environment, at: start, expect, rules } = raw;
        let action_at = at.field("action");
        let action = action.and_then(|raw::AnyObject| self.find(&action_at)?.value.as_object().cloned());
        self.check_members(&action_at);
        let environment = match environment {
            Some(text) => self.policy_environment(&at.field("environment"), text).map(Some),
            None => Some(None),
        };
        let start = match start.map(str::parse::<Timestamp>) {
            None => Some(None),
            Some(Ok(start)) => Some(Some(start)),
            Some(Err(_)) => {
                self.report(&at.field("at"), |span| {
                    Diagnostic::error(Code::InvalidTime, span, "the start of a case is a time with an offset")
                        .label("not an instant")
                        .help("write it like `2026-12-24T15:00:00+01:00`")
                });
                None
            }
        };
        for (index, rule) in rules.iter().flatten().enumerate() {
            if !names.contains_key(rule) {
                self.unknown_rule(&at.field("rules").item(index), rule, names);
            }
        }
        Some(PolicyCase {
            name: (*name)?.to_owned(),
            action: action?,
            environment: environment?,
            at: start?,
            expect: match (*expect)? {
                raw::Expect::Pass => PolicyVerdict::Pass,
                raw::Expect::Warn => PolicyVerdict::Warn,
                raw::Expect::Deny => PolicyVerdict::Deny,
            },
            rules: rules.as_ref().map(|rules| rules.iter().map(|rule| (*rule).to_owned()).collect()),
            source: self.place(&at.field("name")),
        })
    }

    /// A case with a misspelled member would show that the rule is not asked.
    fn check_members(&mut self, at: &At<'_>) {
        let Some(node) = self.find(at) else { return };
        let document = self.document();
        let known = Expression::VARIABLES.iter().find(|variable| variable.name == "action");
        let known = known.map_or(&[][..], |variable| variable.members);
        for (key, child) in document.children(node) {
            if known.contains(&key) {
                continue;
            }
            let span = document.key_span(child);
            let finding = Diagnostic::error(Code::UnknownField, span, format!("`action` has no member `{key}`"))
                .label("no expression can see it");
            let finding = match suggest::nearest(key, known.iter().copied()) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help(format!("it has {}", suggest::listed(known.iter().copied(), "and"))),
            };
            self.push(child, finding);
        }
    }

    fn unknown_rule(&mut self, at: &At<'_>, rule: &str, names: &Names<'_>) {
        let known: Vec<_> = names.keys().copied().collect();
        self.report(at, |span| {
            let message = format!("the policy has no rule or window `{rule}`");
            let finding = Diagnostic::error(Code::InvalidValue, span, message).label("no such name");
            match suggest::nearest(rule, known.clone()) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help(format!("it has {}", suggest::listed(known.iter().copied(), "and"))),
            }
        });
    }
}
