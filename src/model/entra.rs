//! How to sign in to a hub with Microsoft Entra ID: which sources of tokens to try, and as whom.

use std::fmt;

/// Where a token of Entra may come from, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntraSource {
    /// The secret of an application, from `AZURE_CLIENT_SECRET`.
    ClientSecret,
    /// A certificate of an application, in the file that `AZURE_CLIENT_CERTIFICATE_PATH` names.
    ClientCertificate,
    /// The token of a Kubernetes service account, in the file that `AZURE_FEDERATED_TOKEN_FILE` names.
    WorkloadIdentity,
    /// The OIDC token of a GitHub Actions job with `permissions: {id-token: write}`.
    GithubActions,
    /// The OIDC token of an Azure Pipelines job, for a service connection.
    AzurePipelines,
    /// The identity of a virtual machine, an App Service, a Function or a Container App.
    ManagedIdentity,
    /// Whoever is signed in to the Azure CLI.
    AzureCli,
}

impl EntraSource {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Self; 7] = [
        Self::ClientSecret,
        Self::ClientCertificate,
        Self::WorkloadIdentity,
        Self::GithubActions,
        Self::AzurePipelines,
        Self::ManagedIdentity,
        Self::AzureCli,
    ];

    /// Its name in manifests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecret => "clientSecret",
            Self::ClientCertificate => "clientCertificate",
            Self::WorkloadIdentity => "workloadIdentity",
            Self::GithubActions => "githubActions",
            Self::AzurePipelines => "azurePipelines",
            Self::ManagedIdentity => "managedIdentity",
            Self::AzureCli => "azureCli",
        }
    }
}

impl fmt::Display for EntraSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A cloud with an Entra of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EntraCloud {
    /// Azure for everybody.
    #[default]
    Public,
    /// Azure Government of the United States.
    UsGovernment,
    /// Azure operated by 21Vianet.
    China,
}

impl EntraCloud {
    /// Where its Entra is asked for tokens, without a slash at the end.
    #[must_use]
    pub const fn authority_host(self) -> &'static str {
        match self {
            Self::Public => "https://login.microsoftonline.com",
            Self::UsGovernment => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }
}

/// Why a text is not what a field of [`EntraAuth`] needs. `Display` says what that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidEntra(&'static str);

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $is:expr, $expected:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// What the text must be, in words.
            pub const EXPECTED: &str = $expected;

            /// # Errors
            /// When the text is not [what is expected](Self::EXPECTED).
            pub fn new(text: &str) -> Result<Self, InvalidEntra> {
                let is: fn(&str) -> bool = $is;
                if is(text) { Ok(Self(text.trim_end_matches('/').to_owned())) } else { Err(InvalidEntra($expected)) }
            }

            /// The text, without a slash at the end.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )+};
}

texts! {
    /// A tenant (directory) of Entra: its id, or a domain of it.
    TenantId: is_tenant, "the id of a tenant, or a domain of it such as `contoso.onmicrosoft.com`";
    /// An application or a managed identity of Entra, by its client id.
    ClientId: is_guid, "a client (application) id, such as `5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10`";
    /// Where Entra is asked for tokens.
    AuthorityHost: is_authority, "an address such as `https://login.microsoftonline.com`, without a path";
    /// Whom a token is for.
    Audience: is_audience, "an address such as `https://iothubs.azure.net`, without `/.default`";
    /// A service connection of Azure Pipelines, by its id.
    ServiceConnectionId: is_guid, "the id of a service connection, such as `5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10`";
}

/// 8-4-4-4-12 hexadecimal digits.
fn is_guid(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

fn is_tenant(text: &str) -> bool {
    // `common` and its kind are for people who sign in, who have a tenant of their own.
    is_guid(text) || (text.contains('.') && is_host(text))
}

fn is_authority(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    match rest.split_once(':') {
        Some((host, port)) => is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0),
        None => is_host(rest),
    }
}

fn is_audience(text: &str) -> bool {
    let is_plain = |rest: &str| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/'))
    };
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("api://"));
    is_guid(text) || (rest.is_some_and(is_plain) && !text.trim_end_matches('/').ends_with("/.default"))
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

impl Audience {
    /// IoT Hub's, in the public cloud; whether other clouds have another is not documented.
    pub const IOT_HUB: &str = "https://iothubs.azure.net";
}

/// How to sign in with Entra. What is not said here, the environment says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntraAuth {
    sources: Vec<EntraSource>,
    /// Tenant; without it the one of the environment.
    pub tenant_id: Option<TenantId>,
    /// Application or managed identity; without it the one of the environment.
    pub client_id: Option<ClientId>,
    /// Whose Entra; it matters only where `authority_host` is not given.
    pub cloud: EntraCloud,
    /// Where tokens are asked for; without it the address of the environment, else that of the cloud.
    pub authority_host: Option<AuthorityHost>,
    /// Whom the tokens are for; without it [`Audience::IOT_HUB`].
    pub audience: Option<Audience>,
    /// Service connection of Azure Pipelines; without it the one of the environment.
    pub service_connection_id: Option<ServiceConnectionId>,
}

impl Default for EntraAuth {
    fn default() -> Self {
        Self {
            sources: EntraSource::ALL.to_vec(),
            tenant_id: None,
            client_id: None,
            cloud: EntraCloud::Public,
            authority_host: None,
            audience: None,
            service_connection_id: None,
        }
    }
}

impl EntraAuth {
    /// Only these sources, in this order. None of them means all.
    #[must_use]
    pub fn using(sources: Vec<EntraSource>) -> Self {
        let all = Self::default();
        if sources.is_empty() { all } else { Self { sources, ..all } }
    }

    /// The sources to try, in order; at least one.
    #[must_use]
    pub fn sources(&self) -> &[EntraSource] {
        &self.sources
    }

    /// Whom the tokens are for.
    #[must_use]
    pub fn audience(&self) -> &str {
        self.audience.as_ref().map_or(Audience::IOT_HUB, Audience::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_forms() {
        let guid = "5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10";
        for (text, tenant, client, authority, audience) in [
            (guid, true, true, false, true),
            ("contoso.onmicrosoft.com", true, false, false, false),
            ("common", false, false, false, false),
            ("5b0d2f7e3f0b4a3e9c552f3a4f1f6a10", false, false, false, false),
            ("https://login.microsoftonline.us/", false, false, true, true),
            ("https://localhost:8443", false, false, true, true),
            ("https://localhost:0", false, false, false, true),
            ("http://login.microsoftonline.com", false, false, false, false),
            ("https://login.microsoftonline.com/tenant", false, false, false, true),
            ("https://iothubs.azure.net/.default", false, false, false, false),
            ("api://app", false, false, false, true),
            ("https://a b", false, false, false, false),
            ("", false, false, false, false),
        ] {
            let found = (
                TenantId::new(text).is_ok(),
                ClientId::new(text).is_ok(),
                AuthorityHost::new(text).is_ok(),
                Audience::new(text).is_ok(),
            );
            assert_eq!(found, (tenant, client, authority, audience), "{text}");
        }
        assert_eq!(AuthorityHost::new("https://a.b/").map(|host| host.to_string()), Ok("https://a.b".to_owned()));
    }
}
