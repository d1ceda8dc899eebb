//! What breaking a limit means, with and without an acknowledgement.

use crate::model::ManifestSource;
use crate::plan::acknowledgement::{Acknowledgeable, Acknowledgement};
use crate::plan::finding::{Finding, Level, Rule};

/// A limit that was broken.
pub(super) struct Broken {
    pub(super) rule: Rule,
    /// How one consents to it.
    pub(super) by: Acknowledgeable,
    /// What was found, in the unit of the limit.
    pub(super) found: f64,
    pub(super) message: String,
    /// What to write where the limit is set, so that what was found passes.
    pub(super) line: String,
    pub(super) source: Option<ManifestSource>,
    pub(super) row: Option<usize>,
}

/// Findings in the making, and which acknowledgements they took.
pub(super) struct Ruling<'a> {
    acknowledgements: &'a [Acknowledgement],
    /// Whether each of them was about a limit that was broken, or could not be checked.
    taken: Vec<bool>,
    findings: Vec<Finding>,
}

impl<'a> Ruling<'a> {
    pub(super) fn new(acknowledgements: &'a [Acknowledgement]) -> Self {
        Self { acknowledgements, taken: vec![false; acknowledgements.len()], findings: Vec::new() }
    }

    /// A limit that was broken from above: an acknowledgement lets pass what does not exceed its value.
    pub(super) fn broken(&mut self, broken: Broken) {
        let admits = |value: f64, found: f64| found <= value;
        self.broken_unless(broken, admits);
    }

    /// An expectation that was missed from below: an acknowledgement lets pass what is not below it.
    pub(super) fn missed(&mut self, broken: Broken) {
        let admits = |value: f64, found: f64| found >= value;
        self.broken_unless(broken, admits);
    }

    /// What somebody should look at, and what ends it; it stops nothing.
    pub(super) fn noted(&mut self, broken: Broken) {
        let Broken { rule, by, message, line, source, row, .. } = broken;
        self.take(&by);
        let help = Some(format!("if this is meant, write {line}{}", there(source.as_ref())));
        self.findings.push(Finding { rule, level: Level::Warn, message, help, source, row, acknowledged: None });
    }

    fn broken_unless(&mut self, broken: Broken, admits: fn(f64, f64) -> bool) {
        let Broken { rule, by, found, mut message, line, source, row } = broken;
        self.take(&by);
        let about: Vec<_> = self.acknowledgements.iter().filter(|given| given.rule == by).collect();
        let acknowledged = about.iter().find(|given| admits(given.value, found)).map(|given| (*given).clone());
        if let (None, Some(given)) = (&acknowledged, about.last()) {
            message.push_str(&format!("; `--ack {given}` is not enough"));
        }
        let whole = Acknowledgement { rule: by, value: found };
        let there = there(source.as_ref());
        let help = format!("if this is meant, write {line}{there}, or for one run only: `--ack {whole}`");
        let help = acknowledged.is_none().then_some(help);
        self.findings.push(Finding { rule, level: Level::Deny, message, help, source, row, acknowledged });
    }

    /// A limit that cannot be checked. Nobody can consent to a number that is not known.
    pub(super) fn unchecked(&mut self, about: &[Acknowledgeable], finding: Finding) {
        about.iter().for_each(|by| self.take(by));
        self.findings.push(finding);
    }

    /// A rule that nobody can consent to.
    pub(super) fn denied(&mut self, rule: Rule, message: String, help: &str) {
        let help = Some(help.to_owned());
        self.findings.push(Finding {
            rule,
            level: Level::Deny,
            message,
            help,
            source: None,
            row: None,
            acknowledged: None,
        });
    }

    fn take(&mut self, by: &Acknowledgeable) {
        for (given, taken) in self.acknowledgements.iter().zip(&mut self.taken) {
            *taken |= given.rule == *by;
        }
    }

    /// All findings, and a warning for each acknowledgement that nothing asked for.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let Self { acknowledgements, taken, mut findings } = self;
        let needless = acknowledgements.iter().zip(taken).filter(|(_, taken)| !taken);
        findings.extend(needless.map(|(given, _)| Finding {
            rule: Rule::UnneededAcknowledgement,
            level: Level::Warn,
            message: format!("`--ack {given}` is not needed: this plan breaks no such limit"),
            help: Some("leave it out, so that it cannot let pass what nobody has looked at".to_owned()),
            source: None,
            row: None,
            acknowledged: None,
        }));
        findings
    }
}

/// Where a limit stands, or would.
fn there(source: Option<&ManifestSource>) -> String {
    source.map_or_else(|| " in the environment".to_owned(), |source| format!(" in {source}"))
}
