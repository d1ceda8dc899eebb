//! What is looked at, in which order, and what each look needs.

use std::fmt;

/// One thing that is looked at. The order is that of the looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// The project, the environment and the manifests are valid.
    Configuration,
    /// There is a credential, and it is for this hub.
    Credential,
    /// The name of the hub has an address.
    Dns,
    /// Something listens there.
    Tcp,
    /// It has a certificate that is trusted.
    Tls,
    /// The clock of this machine agrees with the hub's.
    Clock,
    /// The hub takes the credential.
    SignIn,
    /// It may list jobs.
    ReadJobs,
    /// It may create jobs.
    CreateJobs,
    /// It may cancel jobs.
    CancelJobs,
    /// It may query twins.
    QueryTwins,
    /// It may read automatic device configurations.
    ReadConfigurations,
    /// What the hub shows fits the tier that the project declares.
    Size,
    /// How many lanes are taken, and by whom.
    Lanes,
    /// What a plan would ask, against what the tier allows in a minute.
    QueryBudget,
}

impl Check {
    /// All of them, in order.
    pub const ALL: [Self; 15] = [
        Self::Configuration,
        Self::Credential,
        Self::Dns,
        Self::Tcp,
        Self::Tls,
        Self::Clock,
        Self::SignIn,
        Self::ReadJobs,
        Self::CreateJobs,
        Self::CancelJobs,
        Self::QueryTwins,
        Self::ReadConfigurations,
        Self::Size,
        Self::Lanes,
        Self::QueryBudget,
    ];

    /// Stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Credential => "credential",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Clock => "clock",
            Self::SignIn => "sign-in",
            Self::ReadJobs => "read-jobs",
            Self::CreateJobs => "create-jobs",
            Self::CancelJobs => "cancel-jobs",
            Self::QueryTwins => "query-twins",
            Self::ReadConfigurations => "read-configurations",
            Self::Size => "size",
            Self::Lanes => "lanes",
            Self::QueryBudget => "query-budget",
        }
    }

    /// What must not have failed for this to be worth a look.
    #[must_use]
    pub const fn needs(self) -> &'static [Self] {
        match self {
            Self::Configuration | Self::Credential | Self::Dns => &[],
            Self::Tcp => &[Self::Dns],
            Self::Tls => &[Self::Tcp],
            Self::Clock => &[Self::Tls],
            Self::SignIn => &[Self::Credential, Self::Tls],
            Self::ReadJobs | Self::CreateJobs | Self::CancelJobs | Self::QueryTwins | Self::ReadConfigurations => {
                &[Self::SignIn]
            }
            Self::Size => &[Self::SignIn],
            Self::Lanes => &[Self::ReadJobs],
            Self::QueryBudget => &[Self::Configuration, Self::ReadJobs, Self::QueryTwins],
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_before() {
        assert!(Check::ALL.is_sorted());
        for check in Check::ALL {
            assert!(check.needs().iter().all(|needed| *needed < check), "{check}");
        }
    }
}
