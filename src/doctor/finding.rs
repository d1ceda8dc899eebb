//! What a check found.

use super::check::Check;
use super::code::{Code, Verdict};

/// What a check found, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// What was found.
    pub code: Code,
    /// The finding in a fragment of a sentence. May hold text of the hub or of a certificate: not to be
    /// trusted.
    pub said: String,
    /// What to type, or where to look; may be empty.
    pub help: Vec<String>,
}

impl Finding {
    /// A finding without help.
    pub(super) fn new(check: Check, code: Code, said: impl Into<String>) -> Self {
        Self { check, code, said: said.into(), help: Vec::new() }
    }

    /// All is well.
    pub(super) fn ok(check: Check, said: impl Into<String>) -> Self {
        Self::new(check, Code::AsItShouldBe, said)
    }

    /// With a further line of help.
    pub(super) fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// How bad it is.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.code.verdict()
    }
}

/// What was found about one hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examination {
    /// Which of several hubs, if it has a name.
    pub hub_name: Option<String>,
    /// Its host name, or that it is an emulator.
    pub label: String,
    /// Tier and units that the project declares.
    pub size: String,
    /// A finding for each check, in their order.
    pub findings: Vec<Finding>,
}

impl Examination {
    /// How many findings there are of a verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict() == verdict).count()
    }
}

/// Findings so far: knows what a later check can build upon.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// The earlier check that stands in the way of this one: it failed, or was not made for the same
    /// reason.
    pub(super) fn obstacle(&self, check: Check) -> Option<Check> {
        let stands = |needed: &&Check| {
            self.0.iter().any(|finding| {
                let is_lost = finding.verdict() == Verdict::Problem || finding.code == Code::NeedsEarlier;
                finding.check == **needed && is_lost
            })
        };
        check.needs().iter().find(stands).copied()
    }

    /// Notes that a check cannot be made.
    pub(super) fn skip(&mut self, check: Check, obstacle: Check) {
        self.push(Finding::new(check, Code::NeedsEarlier, format!("because `{obstacle}` is not well")));
    }

    pub(super) fn into_vec(mut self) -> Vec<Finding> {
        self.0.sort_by_key(|finding| finding.check);
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_stands_in_the_way_of_all_that_build_upon_it() {
        let mut findings = Findings::default();
        findings.push(Finding::new(Check::Dns, Code::NameUnresolved, ""));
        assert_eq!(findings.obstacle(Check::Tcp), Some(Check::Dns));
        findings.skip(Check::Tcp, Check::Dns);
        assert_eq!(findings.obstacle(Check::Tls), Some(Check::Tcp));
        assert_eq!(findings.obstacle(Check::Credential), None);
    }

    #[test]
    fn what_does_not_apply_or_only_warns_is_in_nobodys_way() {
        let mut findings = Findings::default();
        findings.push(Finding::new(Check::Dns, Code::NotApplicable, ""));
        findings.push(Finding::new(Check::Tls, Code::CertificateExpiresSoon, ""));
        assert_eq!(findings.obstacle(Check::Tcp), None);
        assert_eq!(findings.obstacle(Check::Clock), None);
    }
}
