//! From a recipe to a token: the credentials of `azure_identity`, each made anew for each token.
//!
//! Its credentials keep tokens, and cannot be told to forget one that a hub refused. Made anew they
//! keep nothing, and read the files that rotate; a token lives an hour, so this costs nothing.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{AccessToken, Secret, TokenCredential};
use azure_core::http::{ClientOptions, RetryOptions, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzurePipelinesCredential, AzurePipelinesCredentialOptions,
    ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::azure_cli::RunAz;
use super::carried::{carried, carry};
use super::certificate::Certificate;
use super::chain::{Application, Probe, Recipe, authority_host};
use super::courier::Courier;
use super::failure::{FileProblem, Reason, SignInFailure, Whom};
use super::github::GithubToken;
use super::surroundings::Surroundings;
use super::tokens::EntraToken;
use crate::model::{ClientId, EntraAuth, EntraSource};
use crate::net::Network;

type Credential = Arc<dyn TokenCredential>;

/// What all sources have in common when they are asked.
pub(super) struct Asking<'a> {
    network: &'a Network,
    surroundings: &'a Surroundings,
    authority_host: String,
    audience: String,
}

impl<'a> Asking<'a> {
    /// # Errors
    /// When the environment's address of Entra is none.
    pub(super) fn prepare(
        auth: &EntraAuth,
        surroundings: &'a Surroundings,
        network: &'a Network,
    ) -> Result<Self, SignInFailure> {
        let authority_host = authority_host(auth, surroundings)?;
        Ok(Self { network, surroundings, authority_host, audience: auth.audience().to_owned() })
    }

    /// Asks one source for a token.
    pub(super) async fn ask(&self, source: EntraSource, recipe: Recipe) -> Result<EntraToken, SignInFailure> {
        let application = recipe.application().cloned();
        let token = self.token(recipe).await.map_err(|error| {
            let reason = carried(&error).unwrap_or_else(|| {
                // A rule of `azure_identity` that ours do not have yet; its words may hold anything.
                tracing::debug!(kind = %error.kind(), "azure_identity refused");
                Reason::Nonsense { whom: Whom::Entra, cause: "it cannot be read".to_owned() }
            });
            SignInFailure::new(source, reason).about(application.as_ref(), &self.audience)
        })?;
        let expires = Timestamp::from_nanosecond(token.expires_on.unix_timestamp_nanos()).unwrap_or(Timestamp::MIN);
        Ok(EntraToken::new(source, token.token.secret(), Timestamp::now(), expires))
    }

    async fn token(&self, recipe: Recipe) -> azure_core::Result<AccessToken> {
        let scope = format!("{}/.default", self.audience);
        self.credential(recipe).await?.get_token(&[&scope], None).await
    }

    async fn credential(&self, recipe: Recipe) -> azure_core::Result<Credential> {
        Ok(match recipe {
            Recipe::Secret { application: Application { tenant, client }, secret } => {
                let options = ClientSecretCredentialOptions { client_options: self.options(Whom::Oidc)? };
                let secret = Secret::new(secret.expose_secret().to_owned());
                ClientSecretCredential::new(tenant.as_str(), client.to_string(), secret, Some(options))?
            }
            Recipe::Certificate { application, path, sends_chain } => {
                let pem = read(&path).await?;
                let certificate = Certificate::read(&pem, sends_chain, &application, &self.authority_host);
                let certificate = certificate.map_err(|problem| carry(Reason::File { path, problem }))?;
                self.by_assertion(&application, certificate)?
            }
            Recipe::TokenFile { application: Application { tenant, client }, path } => {
                if read(&path).await?.trim_ascii().is_empty() {
                    return Err(carry(Reason::File { path, problem: FileProblem::Empty }));
                }
                WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                    credential_options: self.assertion_options()?,
                    tenant_id: Some(tenant.to_string()),
                    client_id: Some(client.to_string()),
                    token_file_path: Some(PathBuf::from(path)),
                }))?
            }
            Recipe::Github { application, url, token } => {
                let courier = Courier::to(Whom::Oidc, self.network, self.surroundings)?;
                self.by_assertion(&application, GithubToken { courier, url, token })?
            }
            Recipe::Pipelines { application: Application { tenant, client }, connection, token } => {
                let options = AzurePipelinesCredentialOptions { credential_options: self.assertion_options()? };
                let (tenant, client) = (tenant.to_string(), client.to_string());
                let token = Secret::new(token.expose_secret().to_owned());
                AzurePipelinesCredential::new(tenant, client, connection.as_str(), token, Some(options))?
            }
            Recipe::Managed { client, probe } => self.managed(client, probe).await?,
            Recipe::Cli { tenant } => AzureCliCredential::new(Some(AzureCliCredentialOptions {
                tenant_id: tenant.map(|tenant| tenant.to_string()),
                executor: Some(Arc::new(RunAz)),
                ..Default::default()
            }))?,
        })
    }

    fn by_assertion(
        &self,
        application: &Application,
        assertion: impl ClientAssertion + 'static,
    ) -> azure_core::Result<Credential> {
        let Application { tenant, client } = application;
        let options = Some(self.assertion_options()?);
        Ok(ClientAssertionCredential::new(tenant.to_string(), client.to_string(), assertion, options)?)
    }

    async fn managed(&self, client: Option<ClientId>, probe: Probe) -> azure_core::Result<Credential> {
        let courier = Courier::to(Whom::Identity, self.network, self.surroundings)?;
        if probe == Probe::First && !courier.finds_metadata_service().await {
            return Err(carry(Reason::NotOnAzure));
        }
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: client.map(|client| UserAssignedId::ClientId(client.to_string())),
            client_options: self.options_through(courier),
        };
        Ok(ManagedIdentityCredential::new(Some(options))?)
    }

    fn assertion_options(&self) -> azure_core::Result<ClientAssertionCredentialOptions> {
        Ok(ClientAssertionCredentialOptions { client_options: self.options(Whom::Oidc)? })
    }

    fn options(&self, whom: Whom) -> azure_core::Result<ClientOptions> {
        Ok(self.options_through(Courier::to(whom, self.network, self.surroundings)?))
    }

    /// Our own HTTP, and nothing tried again: `hub::rest` does that, in one place.
    fn options_through(&self, courier: Courier) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        self.authority_host.clone_into(&mut cloud.authority_host);
        ClientOptions {
            transport: Some(Transport::new(Arc::new(courier))),
            retry: RetryOptions::none(),
            cloud: Some(Arc::new(CloudConfiguration::from(cloud))),
            ..Default::default()
        }
    }
}

/// A file with a secret.
async fn read(path: &str) -> azure_core::Result<Zeroizing<Vec<u8>>> {
    tokio::fs::read(path).await.map(Zeroizing::new).map_err(|error| {
        let problem = match error.kind() {
            io::ErrorKind::NotFound => FileProblem::Missing,
            _ => FileProblem::Unreadable,
        };
        carry(Reason::File { path: path.to_owned(), problem })
    })
}
