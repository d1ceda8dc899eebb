//! `auth` of a hub.

use std::fmt;

use super::super::raw;
use super::context::{At, Lowering};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{
    Audience, Auth, AuthorityHost, ClientId, EntraAuth, EntraCloud, EntraSource, ServiceConnectionId, TenantId,
};

impl Lowering<'_> {
    /// Lowers `auth`: the word `entra`, or exactly one of its fields.
    pub(super) fn auth(&mut self, at: &At<'_>, raw: &raw::Auth<'_>) -> Option<Auth> {
        let raw::Auth::Fields(raw::AuthFields { entra, connection_string_env, connection_string_file }) = raw else {
            return Some(Auth::Entra(EntraAuth::default()));
        };
        let names = ["entra", "connectionStringEnv", "connectionStringFile"];
        match self.exactly_one_of(at, &names, "entra: {}")? {
            "entra" => self.entra(&at.field("entra"), entra.as_ref()?).map(Auth::Entra),
            "connectionStringEnv" => self.connection_string_env(at, (*connection_string_env)?),
            _ => self.connection_string_file(at, (*connection_string_file)?),
        }
    }

    fn connection_string_env(&mut self, at: &At<'_>, text: &str) -> Option<Auth> {
        let is_name = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_name(text) && text.starts_with(|c: char| !c.is_ascii_digit()) {
            return Some(Auth::ConnectionStringEnv(text.to_owned()));
        }
        // What was written here may be the secret itself, so it is not repeated.
        self.report_key(&at.field("connectionStringEnv"), |span| {
            let message = "`connectionStringEnv` is not the name of an environment variable";
            Diagnostic::error(Code::InvalidValue, span, message)
                .label("letters, digits and `_`")
                .help("write a name such as `IOTHUB_CONNECTION_STRING`; the connection string itself stays out of git")
        });
        None
    }

    fn connection_string_file(&mut self, at: &At<'_>, text: &str) -> Option<Auth> {
        // No path that anybody has looks like this, and every connection string does.
        if !text.contains("SharedAccess") && !text.contains('\n') {
            return Some(Auth::ConnectionStringFile(text.to_owned()));
        }
        self.report_key(&at.field("connectionStringFile"), |span| {
            let message = "`connectionStringFile` is not the path of a file";
            Diagnostic::error(Code::InvalidValue, span, message)
                .label("a path")
                .help("write a path such as `/run/secrets/iothub`; the connection string itself stays out of git")
        });
        None
    }

    fn entra(&mut self, at: &At<'_>, raw: &raw::Entra<'_>) -> Option<EntraAuth> {
        let raw::Entra { sources, tenant_id, client_id, cloud, authority_host, audience, service_connection_id } = raw;
        let sources = self.entra_sources(&at.field("use"), sources.as_deref());
        let tenant_id = self.entra_text(
            &at.field("tenantId"),
            *tenant_id,
            "`az account show --query tenantId` shows it",
            TenantId::new,
        );
        let client_id = self.entra_text(
            &at.field("clientId"),
            *client_id,
            "`az ad app list --show-mine --query [].appId` lists those of your applications",
            ClientId::new,
        );
        let authority_host = self.entra_text(
            &at.field("authorityHost"),
            *authority_host,
            "`cloud: usGovernment` and `cloud: china` know theirs",
            AuthorityHost::new,
        );
        let audience = self.entra_text(
            &at.field("audience"),
            *audience,
            "remove it, unless the hub's cloud has another than `https://iothubs.azure.net`",
            Audience::new,
        );
        let connection = &at.field("serviceConnectionId");
        let service_connection_id = self.entra_text(
            connection,
            *service_connection_id,
            "`az devops service-endpoint list --query [].id` lists them",
            ServiceConnectionId::new,
        );
        let mut auth = EntraAuth::using(sources?);
        auth.tenant_id = tenant_id?;
        auth.client_id = client_id?;
        auth.cloud = model_cloud(*cloud);
        auth.authority_host = authority_host?;
        auth.audience = audience?;
        auth.service_connection_id = service_connection_id?;
        Some(auth)
    }

    /// A source that stands twice would be asked twice, which nobody means.
    fn entra_sources(&mut self, at: &At<'_>, raw: Option<&[raw::EntraSource]>) -> Option<Vec<EntraSource>> {
        let mut sources: Vec<EntraSource> = Vec::new();
        let mut is_good = true;
        for (index, source) in raw.unwrap_or_default().iter().map(|source| model_source(*source)).enumerate() {
            if let Some(first) = sources.iter().position(|known| *known == source) {
                let first = self.value_span(&at.item(first));
                self.report(&at.item(index), |span| {
                    Diagnostic::error(Code::InvalidValue, span, format!("`{source}` stands twice in `{at}`"))
                        .label("second time")
                        .also(first, "first time")
                        .help("remove one of them")
                });
                is_good = false;
            }
            sources.push(source);
        }
        is_good.then_some(sources)
    }

    #[expect(clippy::option_option, reason = "a bad text and no text must not look alike")]
    fn entra_text<T, E: fmt::Display>(
        &mut self,
        at: &At<'_>,
        text: Option<&str>,
        help: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Option<T>> {
        let Some(text) = text else { return Some(None) };
        match parse(text) {
            Ok(value) => Some(Some(value)),
            Err(why) => {
                // A secret pasted into the wrong field must not come back.
                self.report(at, |span| {
                    Diagnostic::error(Code::InvalidValue, span, format!("`{at}` is not {why}"))
                        .label("not of that form")
                        .help(help)
                });
                None
            }
        }
    }
}

const fn model_source(source: raw::EntraSource) -> EntraSource {
    match source {
        raw::EntraSource::ClientSecret => EntraSource::ClientSecret,
        raw::EntraSource::ClientCertificate => EntraSource::ClientCertificate,
        raw::EntraSource::WorkloadIdentity => EntraSource::WorkloadIdentity,
        raw::EntraSource::GithubActions => EntraSource::GithubActions,
        raw::EntraSource::AzurePipelines => EntraSource::AzurePipelines,
        raw::EntraSource::ManagedIdentity => EntraSource::ManagedIdentity,
        raw::EntraSource::AzureCli => EntraSource::AzureCli,
    }
}

fn model_cloud(cloud: Option<raw::EntraCloud>) -> EntraCloud {
    match cloud {
        None | Some(raw::EntraCloud::Public) => EntraCloud::Public,
        Some(raw::EntraCloud::UsGovernment) => EntraCloud::UsGovernment,
        Some(raw::EntraCloud::China) => EntraCloud::China,
    }
}
