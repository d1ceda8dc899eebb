//! What the environment says about signing in, read once. Names of variables are those of Azure's
//! SDKs, of GitHub Actions and of Azure Pipelines.

use secrecy::SecretString;

use crate::model::{AuthorityHost, ClientId, ServiceConnectionId, TenantId};

pub(super) const TENANT_ID: &str = "AZURE_TENANT_ID";
pub(super) const CLIENT_ID: &str = "AZURE_CLIENT_ID";
pub(super) const CLIENT_SECRET: &str = "AZURE_CLIENT_SECRET";
pub(super) const CERTIFICATE_PATH: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
pub(super) const SEND_CHAIN: &str = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN";
pub(super) const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
pub(super) const AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";
pub(super) const OIDC_URI: &str = "SYSTEM_OIDCREQUESTURI";
pub(super) const ACCESS_TOKEN: &str = "SYSTEM_ACCESSTOKEN";
pub(super) const CONNECTION_ID: &str = "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID";

/// Variables that tell of a pipeline; `CI` is set by GitHub, GitLab and most others.
const PIPELINES: [&str; 6] = ["CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "BITBUCKET_BUILD_NUMBER", "JENKINS_URL"];

/// What the environment says about signing in. A variable that is empty counts as not set.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    pub(super) tenant_id: Given<TenantId>,
    pub(super) client_id: Given<ClientId>,
    pub(super) authority_host: Given<AuthorityHost>,
    pub(super) client_secret: Option<SecretString>,
    pub(super) certificate_path: Option<String>,
    /// Whether Entra is to be sent the certificates that vouch for the client's.
    pub(super) sends_chain: bool,
    pub(super) federated_token_file: Option<String>,
    pub(super) github: Github,
    pub(super) pipelines: Pipelines,
    pub(super) managed: ManagedEndpoint,
    /// Where the metadata service of the machine is, when elsewhere than on every Azure machine.
    pub(super) metadata_host: Option<String>,
    is_pipeline: bool,
}

/// A variable that should have a form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Given<T> {
    /// Not set.
    #[default]
    Nothing,
    /// As it should be.
    Good(T),
    /// Something else; what it should be, in words.
    Bad(&'static str),
}

impl<T> Given<T> {
    fn read(text: Option<String>, parse: impl FnOnce(&str) -> Option<T>, expected: &'static str) -> Self {
        match text {
            None => Self::Nothing,
            Some(text) => parse(text.trim()).map_or(Self::Bad(expected), Self::Good),
        }
    }
}

/// What GitHub Actions says.
#[derive(Debug, Clone, Default)]
pub(super) struct Github {
    pub(super) is_job: bool,
    /// Where the job may ask for a token, and with what; only with `permissions: {id-token: write}`.
    pub(super) request: Option<(String, SecretString)>,
}

/// What Azure Pipelines says.
#[derive(Debug, Clone, Default)]
pub(super) struct Pipelines {
    pub(super) is_job: bool,
    pub(super) has_oidc_uri: bool,
    pub(super) access_token: Option<SecretString>,
    pub(super) service_connection_id: Given<ServiceConnectionId>,
    /// As the task `AzureCLI@2` sets them.
    pub(super) tenant_id: Given<TenantId>,
    pub(super) client_id: Given<ClientId>,
}

/// Who on this machine gives tokens of its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum ManagedEndpoint {
    /// The metadata service, if this is a machine in Azure at all.
    #[default]
    Metadata,
    /// App Service, Functions, Container Apps.
    AppService,
    /// One that cannot be used here, by name.
    Unsupported(&'static str),
}

impl Surroundings {
    /// Reads the variables through `lookup`, which gives the text of one that is set.
    #[must_use]
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let var = |name: &str| lookup(name).filter(|text| !text.trim().is_empty());
        let secret = |name: &str| var(name).map(SecretString::from);
        let tenant = |name| Given::read(var(name), |text| TenantId::new(text).ok(), TenantId::EXPECTED);
        let client = |name| Given::read(var(name), |text| ClientId::new(text).ok(), ClientId::EXPECTED);
        let connection = |text: &str| ServiceConnectionId::new(text).ok();
        let is_true = |name| var(name).is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("true"));
        Self {
            tenant_id: tenant(TENANT_ID),
            client_id: client(CLIENT_ID),
            authority_host: Given::read(
                var(AUTHORITY_HOST),
                // Some write the bare name, which other SDKs take, too.
                |text| AuthorityHost::new(text).or_else(|_| AuthorityHost::new(&format!("https://{text}"))).ok(),
                AuthorityHost::EXPECTED,
            ),
            client_secret: secret(CLIENT_SECRET),
            certificate_path: var(CERTIFICATE_PATH),
            sends_chain: is_true(SEND_CHAIN),
            federated_token_file: var(TOKEN_FILE),
            github: Github {
                is_job: is_true("GITHUB_ACTIONS"),
                request: var("ACTIONS_ID_TOKEN_REQUEST_URL").zip(secret("ACTIONS_ID_TOKEN_REQUEST_TOKEN")),
            },
            pipelines: Pipelines {
                is_job: is_true("TF_BUILD"),
                has_oidc_uri: var(OIDC_URI).is_some(),
                access_token: secret(ACCESS_TOKEN),
                service_connection_id: Given::read(var(CONNECTION_ID), connection, ServiceConnectionId::EXPECTED),
                tenant_id: tenant("AZURESUBSCRIPTION_TENANT_ID"),
                client_id: client("AZURESUBSCRIPTION_CLIENT_ID"),
            },
            managed: managed(|name| var(name).is_some()),
            metadata_host: var("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
            is_pipeline: PIPELINES.iter().any(|name| var(name).is_some_and(|text| text != "false")),
        }
    }

    /// Whether this is a run of a pipeline, where secrets that live long are best avoided.
    #[must_use]
    pub const fn is_pipeline(&self) -> bool {
        self.is_pipeline
    }
}

/// The same rules as `azure_identity`, which reads these variables itself.
fn managed(is_set: impl Fn(&str) -> bool) -> ManagedEndpoint {
    match (is_set("IDENTITY_ENDPOINT"), is_set("IDENTITY_HEADER")) {
        (true, true) if is_set("IDENTITY_SERVER_THUMBPRINT") => ManagedEndpoint::Unsupported("Service Fabric"),
        (true, true) => ManagedEndpoint::AppService,
        (true, false) if is_set("IMDS_ENDPOINT") => ManagedEndpoint::Unsupported("Azure Arc"),
        (false, _) if is_set("MSI_ENDPOINT") && is_set("MSI_SECRET") => ManagedEndpoint::Unsupported("Azure ML"),
        (false, _) if is_set("MSI_ENDPOINT") => ManagedEndpoint::Unsupported("Cloud Shell"),
        _ => ManagedEndpoint::Metadata,
    }
}
