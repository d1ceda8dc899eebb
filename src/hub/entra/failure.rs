//! Why there is no token, and what to do about it.

use std::fmt;

use jiff::SignedDuration;

use super::chain::Application;
use super::claims::Claims;
use super::help;
use super::refusal::Refusal;
use crate::model::{EntraSource, Explained, explained};

/// Why there is no token. `Display` is one line that holds no secret; [`Self::help`] is what to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInFailure(Box<Told>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    source: Option<EntraSource>,
    application: Option<Application>,
    audience: String,
    reason: Reason,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// None of the sources is here; each with its reason.
    NoSource(Vec<(EntraSource, String)>),
    /// Set up, but something is missing.
    Incomplete(Vec<&'static str>),
    /// A variable does not have its form.
    Malformed { variable: &'static str, expected: &'static str },
    /// Entra said no.
    Refused(Denial),
    /// The forge's endpoint gave no OIDC token.
    NoOidcToken { status: u16 },
    /// The machine has no such identity.
    NoIdentity,
    /// The metadata service of Azure does not answer, so this is no machine of Azure's.
    NotOnAzure,
    /// Somebody whom we need was not reached, or is out of order.
    Unreachable { whom: Whom, cause: String, lasting: bool },
    /// An answer that makes no sense.
    Nonsense { whom: Whom, cause: String },
    /// A file that a source needs cannot be used.
    File { path: String, problem: FileProblem },
    /// There is no `az`.
    CliMissing,
    /// Nobody is signed in to `az`.
    CliSignedOut,
    /// `az` is too old.
    CliTooOld,
    /// `az` failed in another way.
    CliFailed,
}

explained! { pub(super) Reason {
    Self::NoSource(_) => "no-credential":
        "None of the sources of tokens is here; the message says of each why it was not tried."
        | "a machine outside Azure on which nobody is signed in to `az`"
        | "Sign in with `az login`, or give the pipeline an OIDC token (`id-token: write` in GitHub Actions).";
    Self::Incomplete(_) => "incomplete-credential":
        "A source of tokens is set up in part."
        | "`AZURE_CLIENT_SECRET` is set, and `AZURE_TENANT_ID` is not"
        | "Set what the message names, or say it in `auth.entra`.";
    Self::Malformed { .. } => "malformed-variable":
        "A variable that sign-in reads does not have its form."
        | "`AZURE_AUTHORITY_HOST` is no address that begins with `https://`"
        | "Set the variable right, or unset it.";
    Self::Refused(_) => "sign-in-refused":
        "Entra gave no token, for a reason that hubjobs does not know; the message names its number."
        | "AADSTS90072, the account is not one of the tenant"
        | "Look the number up at https://login.microsoftonline.com/error.";
    Self::NoOidcToken { .. } => "no-oidc-token":
        "The pipeline's own service gave no OIDC token."
        | "a job without `permissions: {id-token: write}`, or a run for a fork"
        | "Allow it in the job; in Azure Pipelines, hand `SYSTEM_ACCESSTOKEN` to the step.";
    Self::NoIdentity | Self::NotOnAzure => "no-managed-identity":
        "The machine has no such managed identity, or is none of Azure's."
        | "`use: [managedIdentity]` on a virtual machine without an identity"
        | "Assign one: `az vm identity assign --name VM --resource-group GROUP`; or check `clientId`.";
    Self::Unreachable { .. } => "sign-in-unreachable":
        "Somebody whom sign-in needs was not reached, or is out of order."
        | "a firewall lets nobody through to `login.microsoftonline.com`"
        | "Check the network, the proxy (`HTTPS_PROXY`) and `--ca-file`, then repeat the command.";
    Self::Nonsense { .. } => "sign-in-nonsense":
        "Somebody whom sign-in asked answered with something else than a token."
        | "a portal of the network answers every address with a page of its own"
        | "Look at every call with `-vv`; repeating the command is safe.";
    Self::File { .. } => "credential-file":
        "A file that sign-in needs is not there, or is not what it should be."
        | "`AZURE_CLIENT_CERTIFICATE_PATH` names a `.pfx` file"
        | "Give it a PEM file with the certificate and its RSA key, or the token that Kubernetes mounts.";
    Self::CliMissing => "no-azure-cli":
        "There is no `az` on the path."
        | "`use: [azureCli]` in a container without it"
        | "Install it, then `az login`; or use another source.";
    Self::CliSignedOut => "azure-cli-signed-out":
        "Nobody is signed in to `az`."
        | "a machine on which `az login` was never done"
        | "Sign in: `az login`.";
    Self::CliTooOld => "azure-cli-too-old":
        "`az` is too old to say when a token ends."
        | "`az` before 2.54"
        | "Renew it: `az upgrade`.";
    Self::CliFailed => "azure-cli-failed":
        "`az` gave no token, for another reason."
        | "its configuration is damaged, or the network is away"
        | "Ask it yourself: `az account get-access-token --scope https://iothubs.azure.net/.default`.";
} }

/// What Entra said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Denial {
    pub(super) refusal: Refusal,
    /// Its `AADSTS` number.
    pub(super) number: Option<u32>,
    pub(super) status: Option<u16>,
    /// What the token said of itself that was to vouch for us.
    pub(super) assertion: Option<Box<Claims>>,
    /// How far the clock of this machine is ahead of Entra's, if that matters.
    pub(super) ahead: Option<SignedDuration>,
}

/// Who was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Entra itself.
    Entra,
    /// The endpoint of GitHub Actions or Azure Pipelines for OIDC tokens.
    Oidc,
    /// The metadata service of the machine, or the endpoint of App Service.
    Identity,
    /// The Azure CLI.
    Cli,
}

impl Whom {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Entra => "Microsoft Entra",
            Self::Oidc => "the endpoint for OIDC tokens",
            Self::Identity => "the endpoint of the managed identity",
            Self::Cli => "`az`",
        }
    }
}

/// What is wrong with a file that a source needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// Not there.
    #[error("there is no such file")]
    Missing,
    /// There, and not ours to read.
    #[error("it cannot be read")]
    Unreadable,
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// No PEM.
    #[error("it holds no PEM; a `.pfx` file must be converted")]
    NotPem,
    /// No certificate.
    #[error("it holds no certificate")]
    NoCertificate,
    /// No private key.
    #[error("it holds no private key")]
    NoKey,
    /// The key has a password.
    #[error("its private key has a password")]
    Encrypted,
    /// A key that Entra does not take.
    #[error("its private key is not RSA, and Entra takes no other")]
    NotRsa,
}

impl SignInFailure {
    pub(super) fn new(source: EntraSource, reason: Reason) -> Self {
        Self(Box::new(Told { source: Some(source), application: None, audience: String::new(), reason }))
    }

    /// None of the sources is here.
    pub(super) fn no_source(tried: Vec<(EntraSource, String)>) -> Self {
        let told = Told { source: None, application: None, audience: String::new(), reason: Reason::NoSource(tried) };
        Self(Box::new(told))
    }

    pub(super) fn incomplete(source: EntraSource, missing: Vec<&'static str>) -> Self {
        Self::new(source, Reason::Incomplete(missing))
    }

    pub(super) fn malformed(variable: &'static str, expected: &'static str) -> Self {
        let reason = Reason::Malformed { variable, expected };
        Self(Box::new(Told { source: None, application: None, audience: String::new(), reason }))
    }

    /// Adds as whom we wanted to sign in, and for whom the token was to be.
    pub(super) fn about(mut self, application: Option<&Application>, audience: &str) -> Self {
        self.0.application = application.cloned();
        audience.clone_into(&mut self.0.audience);
        self
    }

    pub(super) const fn reason(&self) -> &Reason {
        &self.0.reason
    }

    pub(super) const fn application(&self) -> Option<&Application> {
        self.0.application.as_ref()
    }

    pub(super) fn audience(&self) -> &str {
        &self.0.audience
    }

    /// Every code that [`Self::code`] gives, each once.
    pub fn explained() -> impl Iterator<Item = &'static Explained> {
        let refusals = Refusal::EXPLAINED.iter().filter(|row| row.code != Refusal::Other.code());
        Reason::EXPLAINED.iter().chain(refusals)
    }

    /// The source that failed, if one did.
    #[must_use]
    pub const fn source(&self) -> Option<EntraSource> {
        self.0.source
    }

    /// The stable name of the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match &self.0.reason {
            Reason::Refused(denial) => denial.refusal.code(),
            reason => reason.explained().code,
        }
    }

    /// Whether the same may work a little later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.0.reason, Reason::Unreachable { lasting: false, .. })
    }

    /// Why the source is not here, if that is all: then another one may be tried.
    pub(super) fn absence(&self) -> Option<String> {
        match &self.0.reason {
            Reason::CliMissing | Reason::CliSignedOut | Reason::NoIdentity | Reason::NotOnAzure => {
                Some(self.0.reason.to_string())
            }
            _ => None,
        }
    }

    /// Whether the machine has identities, and not this one.
    pub(super) const fn lacks_identity(&self) -> bool {
        matches!(self.0.reason, Reason::NoIdentity)
    }

    /// What to type.
    #[must_use]
    pub fn help(&self) -> Vec<String> {
        help::of(self)
    }
}

impl std::error::Error for SignInFailure {}

impl fmt::Display for SignInFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { source, reason, .. } = &*self.0;
        f.write_str("cannot sign in with Microsoft Entra")?;
        if let Some(source) = source {
            write!(f, " by {source}")?;
        }
        write!(f, " ({}): {reason}", self.code())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSource(tried) => {
                let told: Vec<_> = tried.iter().map(|(source, why)| format!("{source}: {why}")).collect();
                write!(f, "no source of a token is here; {}", told.join("; "))
            }
            Self::Incomplete(missing) => write!(f, "it is set up in part; {} missing", listed_are(missing)),
            Self::Malformed { variable, expected } => write!(f, "`{variable}` is not {expected}"),
            Self::Refused(denial) => denial.fmt(f),
            Self::NoOidcToken { status } => write!(f, "the job was given no OIDC token: status {status}"),
            Self::NoIdentity => f.write_str("this machine does not have that identity"),
            Self::NotOnAzure => f.write_str("the metadata service of Azure machines does not answer"),
            Self::Unreachable { whom, cause, .. } => write!(f, "cannot reach {}: {cause}", whom.in_words()),
            Self::Nonsense { whom, cause } => write!(f, "unexpected answer from {}: {cause}", whom.in_words()),
            Self::File { path, problem } => write!(f, "cannot use `{path}`: {problem}"),
            Self::CliMissing => f.write_str("`az` is not on the path"),
            Self::CliSignedOut => f.write_str("nobody is signed in to `az`"),
            Self::CliTooOld => f.write_str("`az` is older than 2.54, and does not say when its tokens expire"),
            Self::CliFailed => f.write_str("`az account get-access-token` failed"),
        }
    }
}

/// "`A` is", or "`A` and `B` are".
pub(super) fn listed_are(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} {}", quoted.join(" and "), if names.len() == 1 { "is" } else { "are" })
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { refusal, number, status, assertion, ahead } = self;
        f.write_str(match refusal {
            Refusal::WrongSubject => "no federated credential is for the subject of this token",
            Refusal::WrongIssuer => "no federated credential is for the issuer of this token",
            Refusal::WrongAudience => "no federated credential is for the audience of this token",
            Refusal::NotInTime => "the token that vouches for us is expired, or not valid yet",
            Refusal::WrongSignature => "the token that vouches for us is not signed with a key that Entra knows",
            Refusal::UnknownApplication => "the tenant has no such application",
            Refusal::DisabledApplication => "the application is disabled",
            Refusal::UnknownTenant => "there is no such tenant",
            Refusal::WrongSecret => "the client secret is wrong",
            Refusal::ExpiredSecret => "the client secret has expired",
            Refusal::UnknownResource => "the tenant does not know whom the token would be for",
            Refusal::Forbidden => "a rule of the tenant forbids it",
            Refusal::SignInAgain => "the sign-in is over",
            Refusal::Other => "it was refused",
        })?;
        match (number, status) {
            (Some(number), _) => write!(f, " [AADSTS{number}]")?,
            (None, Some(status)) => write!(f, " [status {status}]")?,
            (None, None) => {}
        }
        if let Some(Claims { issuer, subject, audience, .. }) = assertion.as_deref() {
            let claims = [("subject", subject), ("issuer", issuer), ("audience", audience)];
            let told: Vec<_> =
                claims.iter().filter_map(|(name, value)| Some(format!("{name} `{}`", value.as_ref()?))).collect();
            write!(f, "; it has {}", told.join(", "))?;
        }
        match ahead {
            Some(ahead) => {
                let side = if ahead.is_positive() { "ahead of" } else { "behind" };
                write!(f, "; the clock of this machine is {} min {side} Entra's", ahead.abs().as_mins())
            }
            None => Ok(()),
        }
    }
}
