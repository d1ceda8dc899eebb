//! What can be found, under names that never change.

use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Not looked at, and why.
    Skipped,
    /// Works, with a limit that is worth knowing.
    Warning,
    /// Something will fail because of it.
    Problem,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

macro_rules! codes {
    ($($verdict:ident $code:ident $name:literal $meaning:literal;)+) => {
        /// What was found. The code decides how bad it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $code,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// Stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $name,)+ }
            }

            /// How bad it is.
            #[must_use]
            pub const fn verdict(self) -> Verdict {
                match self { $(Self::$code => Verdict::$verdict,)+ }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning,)+ }
            }
        }
    };
}

codes! {
    Ok AsItShouldBe "as-it-should-be" "The check found nothing to mend.";
    Skipped NeedsEarlier "needs-earlier-check" "An earlier check failed, so this one could tell nothing.";
    Skipped NotApplicable "not-applicable" "The check does not concern this kind of hub.";
    Problem ConfigurationInvalid "configuration-invalid" "The project, its fleet or a manifest has errors.";
    Problem CredentialUnusable "credential-unusable" "There is no credential, it is malformed, or it is for another hub.";
    Problem CredentialExpired "credential-expired" "The shared access signature that was given has expired.";
    Warning CredentialExpiresSoon "credential-expires-soon" "The shared access signature that was given expires within a day.";
    Problem NameUnresolved "name-unresolved" "The name of the hub has no address.";
    Problem NoConnection "no-connection" "No connection to the hub's port came about.";
    Problem Intercepted "tls-intercepted" "The certificate is signed by an authority that is not trusted, as a device in the network has it that reads along.";
    Problem CertificateInvalid "certificate-invalid" "The certificate has expired, is for another name, or is otherwise not valid.";
    Problem NoTls "no-tls" "What listens there does not complete a TLS handshake.";
    Warning CertificateExpiresSoon "certificate-expires-soon" "The certificate expires within two weeks.";
    Warning CertificateNotOfMicrosoft "certificate-of-another" "A trusted authority signed the certificate, though not one that Azure uses.";
    Problem ClockOff "clock-off" "The clocks differ by more than a minute, so plan and apply refuse to run.";
    Problem ClockBreaksTokens "clock-breaks-tokens" "The clocks differ by more than five minutes, so the hub refuses tokens.";
    Warning ClockUnknown "clock-unknown" "The hub did not say what time it is.";
    Warning NotAHub "not-a-hub" "What answers does not answer as an IoT Hub does.";
    Problem SignInRefused "sign-in-refused" "The hub refused every call that was tried.";
    Problem RightMissing "right-missing" "The hub refused this call to this credential.";
    Warning RightMissingForEffects "right-missing-for-effects" "The hub refused a call that only makes plans tell more.";
    Warning RightUnknown "right-unknown" "The call failed for another reason than who makes it.";
    Problem ProbeTaken "probe-taken" "The hub took a request that can be no job.";
    Problem TierWithoutJobs "tier-without-jobs" "The hub is of a tier that has no jobs.";
    Problem SizeTooSmall "size-too-small" "More jobs hold lanes than the declared tier has.";
    Warning SizeDoubtful "size-doubtful" "The hub holds more than the declared tier allows.";
    Warning LanesFull "lanes-full" "Jobs of others hold every lane.";
    Warning BudgetExceeded "query-budget-exceeded" "A plan has more to ask than the tier allows in a minute.";
    Problem TooSlow "too-slow" "The check did not end within its time.";
    Problem HubFailed "hub-failed" "The hub did not answer as it should.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_explained() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
            assert!(code.meaning().ends_with('.'), "{code}");
        }
    }
}
