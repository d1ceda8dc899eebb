//! Which sources of tokens there are here: the manifest's choice against the surroundings.
//!
//! | source | it is here when | otherwise |
//! |---|---|---|
//! | client secret, certificate, workload identity | its variable is set | not tried |
//! | GitHub Actions, Azure Pipelines | the job may ask for an OIDC token, and knows for whom | not tried |
//! | managed identity | an endpoint is named, or the metadata service answers | not tried |
//! | Azure CLI | `az` is there, and somebody is signed in | not tried |
//!
//! A source that is set up in part is an error, and so is one that is set up and fails: going on to
//! the next one would sign in as somebody else.

use secrecy::SecretString;

use super::failure::{SignInFailure, listed_are};
use super::surroundings::{self as vars, Given, ManagedEndpoint, Surroundings};
use crate::model::{AuthorityHost, ClientId, EntraAuth, EntraSource, ServiceConnectionId, TenantId};

/// A source of the chain, and whether it is here.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) source: EntraSource,
    pub(super) state: State,
}

/// Whether a source is here.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// All that is needed to ask it.
    Here(Recipe),
    /// Why it is not.
    NotHere(String),
    /// It is set up, but wrongly.
    Broken(SignInFailure),
}

/// An application of Entra, or a managed identity that pretends to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Application {
    pub(super) tenant: TenantId,
    pub(super) client: ClientId,
}

/// All that is needed to ask a source for a token.
#[derive(Debug, Clone)]
pub(super) enum Recipe {
    Secret { application: Application, secret: SecretString },
    Certificate { application: Application, path: String, sends_chain: bool },
    TokenFile { application: Application, path: String },
    Github { application: Application, url: String, token: SecretString },
    Pipelines { application: Application, connection: ServiceConnectionId, token: SecretString },
    Managed { client: Option<ClientId>, probe: Probe },
    Cli { tenant: Option<TenantId> },
}

impl Recipe {
    /// The same for a source that has given a token before: it is there, and nobody waits behind it.
    pub(super) fn known(self) -> Self {
        match self {
            Self::Managed { client, .. } => Self::Managed { client, probe: Probe::Skip },
            other => other,
        }
    }

    /// Whether a managed identity is wanted, and which one.
    pub(super) const fn names_identity(&self) -> bool {
        matches!(self, Self::Managed { client: Some(_), .. })
    }

    /// As whom to sign in, if the source does not decide that.
    pub(super) const fn application(&self) -> Option<&Application> {
        match self {
            Self::Secret { application, .. }
            | Self::Certificate { application, .. }
            | Self::TokenFile { application, .. }
            | Self::Github { application, .. }
            | Self::Pipelines { application, .. } => Some(application),
            Self::Managed { .. } | Self::Cli { .. } => None,
        }
    }
}

/// Whether to look first if the metadata service is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    /// It may not be there, and others wait for their turn.
    First,
    /// It was asked for alone, or an endpoint is named.
    Skip,
}

/// Every source that the manifest allows, in its order, as these surroundings have it.
pub(super) fn candidates(auth: &EntraAuth, around: &Surroundings) -> Vec<Candidate> {
    let rules = Rules { auth, around };
    let candidate = |source: &EntraSource| {
        let state = match source {
            EntraSource::ClientSecret => rules.client_secret(),
            EntraSource::ClientCertificate => rules.client_certificate(),
            EntraSource::WorkloadIdentity => rules.workload_identity(),
            EntraSource::GithubActions => rules.github_actions(),
            EntraSource::AzurePipelines => rules.azure_pipelines(),
            EntraSource::ManagedIdentity => rules.managed_identity(),
            EntraSource::AzureCli => rules.azure_cli(),
        };
        Candidate { source: *source, state }
    };
    auth.sources().iter().map(candidate).collect()
}

/// Where to ask for tokens: the manifest's word, else the environment's, else the cloud's.
///
/// # Errors
/// When the environment's is no address.
pub(super) fn authority_host(auth: &EntraAuth, around: &Surroundings) -> Result<String, SignInFailure> {
    match (&auth.authority_host, &around.authority_host) {
        (Some(host), _) | (None, Given::Good(host)) => Ok(AuthorityHost::as_str(host).to_owned()),
        (None, Given::Nothing) => Ok(auth.cloud.authority_host().to_owned()),
        (None, Given::Bad(expected)) => Err(SignInFailure::malformed(vars::AUTHORITY_HOST, expected)),
    }
}

/// What a source needs and is not there.
#[derive(Default)]
struct Missing {
    names: Vec<&'static str>,
    malformed: Option<SignInFailure>,
}

impl Missing {
    /// The manifest's word, else one of the environment's.
    fn take<T: Clone>(&mut self, written: Option<&T>, given: &[(&'static str, &Given<T>)]) -> Option<T> {
        if let Some(written) = written {
            return Some(written.clone());
        }
        for (name, given) in given {
            match given {
                Given::Good(value) => return Some(value.clone()),
                Given::Bad(expected) => {
                    self.malformed.get_or_insert_with(|| SignInFailure::malformed(name, expected));
                    return None;
                }
                Given::Nothing => {}
            }
        }
        self.names.extend(given.first().map(|(name, _)| *name));
        None
    }

    /// For a source that somebody set up: the rest of it must be there.
    fn into_broken(self, source: EntraSource) -> State {
        State::Broken(self.malformed.unwrap_or_else(|| SignInFailure::incomplete(source, self.names)))
    }

    /// For a source that is merely possible.
    fn into_not_here(self) -> State {
        match self.malformed {
            Some(malformed) => State::Broken(malformed),
            None => State::NotHere(not_set(&self.names)),
        }
    }
}

fn not_set(names: &[&str]) -> String {
    format!("{} not set", listed_are(names))
}

struct Rules<'a> {
    auth: &'a EntraAuth,
    around: &'a Surroundings,
}

impl Rules<'_> {
    fn application(&self, missing: &mut Missing) -> Option<Application> {
        let tenant = missing.take(self.auth.tenant_id.as_ref(), &[(vars::TENANT_ID, &self.around.tenant_id)]);
        let client = missing.take(self.auth.client_id.as_ref(), &[(vars::CLIENT_ID, &self.around.client_id)]);
        Some(Application { tenant: tenant?, client: client? })
    }

    /// A source that one variable sets up.
    fn set_up_by<T: Clone>(
        &self,
        source: EntraSource,
        variable: &'static str,
        value: Option<&T>,
        recipe: impl FnOnce(Application, T) -> Recipe,
    ) -> State {
        let Some(value) = value else { return State::NotHere(not_set(&[variable])) };
        let mut missing = Missing::default();
        match self.application(&mut missing) {
            Some(application) => State::Here(recipe(application, value.clone())),
            None => missing.into_broken(source),
        }
    }

    fn client_secret(&self) -> State {
        let secret = self.around.client_secret.as_ref();
        self.set_up_by(EntraSource::ClientSecret, vars::CLIENT_SECRET, secret, |application, secret| Recipe::Secret {
            application,
            secret,
        })
    }

    fn client_certificate(&self) -> State {
        let (path, sends_chain) = (self.around.certificate_path.as_ref(), self.around.sends_chain);
        self.set_up_by(EntraSource::ClientCertificate, vars::CERTIFICATE_PATH, path, |application, path| {
            Recipe::Certificate { application, path, sends_chain }
        })
    }

    fn workload_identity(&self) -> State {
        let path = self.around.federated_token_file.as_ref();
        self.set_up_by(EntraSource::WorkloadIdentity, vars::TOKEN_FILE, path, |application, path| Recipe::TokenFile {
            application,
            path,
        })
    }

    /// Without ids it is not here: the job's own steps, such as `azure/login`, may use the token.
    fn github_actions(&self) -> State {
        let github = &self.around.github;
        let Some((url, token)) = &github.request else {
            let why = match github.is_job {
                true => "the job may not ask for an OIDC token; give it `permissions: {id-token: write}`",
                false => "this is no job of GitHub Actions",
            };
            return State::NotHere(why.to_owned());
        };
        let mut missing = Missing::default();
        match self.application(&mut missing) {
            Some(application) => State::Here(Recipe::Github { application, url: url.clone(), token: token.clone() }),
            None => missing.into_not_here(),
        }
    }

    fn azure_pipelines(&self) -> State {
        let (auth, pipelines) = (self.auth, &self.around.pipelines);
        if !pipelines.is_job && !pipelines.has_oidc_uri {
            return State::NotHere("this is no job of Azure Pipelines".to_owned());
        }
        let mut missing = Missing::default();
        let connection = missing
            .take(auth.service_connection_id.as_ref(), &[(vars::CONNECTION_ID, &pipelines.service_connection_id)]);
        let tenant = missing.take(
            auth.tenant_id.as_ref(),
            &[(vars::TENANT_ID, &self.around.tenant_id), ("AZURESUBSCRIPTION_TENANT_ID", &pipelines.tenant_id)],
        );
        let client = missing.take(
            auth.client_id.as_ref(),
            &[(vars::CLIENT_ID, &self.around.client_id), ("AZURESUBSCRIPTION_CLIENT_ID", &pipelines.client_id)],
        );
        missing.names.extend((!pipelines.has_oidc_uri).then_some(vars::OIDC_URI));
        missing.names.extend(pipelines.access_token.is_none().then_some(vars::ACCESS_TOKEN));
        match (connection, tenant, client, &pipelines.access_token) {
            (Some(connection), Some(tenant), Some(client), Some(token)) if pipelines.has_oidc_uri => {
                State::Here(Recipe::Pipelines {
                    application: Application { tenant, client },
                    connection,
                    token: token.clone(),
                })
            }
            // The task `AzureCLI@2` names its connection to everybody, and signs `az` in with it.
            _ if auth.service_connection_id.is_some() => missing.into_broken(EntraSource::AzurePipelines),
            _ => missing.into_not_here(),
        }
    }

    fn managed_identity(&self) -> State {
        let mut missing = Missing::default();
        let client = missing.take(self.auth.client_id.as_ref(), &[(vars::CLIENT_ID, &self.around.client_id)]);
        if let Some(malformed) = missing.malformed {
            return State::Broken(malformed);
        }
        let is_alone = self.auth.sources().len() == 1;
        match self.around.managed {
            ManagedEndpoint::AppService => State::Here(Recipe::Managed { client, probe: Probe::Skip }),
            ManagedEndpoint::Metadata => {
                State::Here(Recipe::Managed { client, probe: if is_alone { Probe::Skip } else { Probe::First } })
            }
            ManagedEndpoint::Unsupported(whose) => {
                State::NotHere(format!("the managed identity of {whose} cannot be used here"))
            }
        }
    }

    fn azure_cli(&self) -> State {
        // Only the manifest's tenant: people have `AZURE_TENANT_ID` for other tools, and `az` its own.
        State::Here(Recipe::Cli { tenant: self.auth.tenant_id.clone() })
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
