//! What to type when there is no token.

use serde_json::json;

use super::claims::Claims;
use super::failure::{Denial, FileProblem, Reason, SignInFailure, Whom};
use super::refusal::Refusal;
use crate::model::EntraSource;

pub(super) fn of(failure: &SignInFailure) -> Vec<String> {
    let client = failure.application().map_or("CLIENT_ID", |application| application.client.as_str());
    let one = |help: &str| vec![help.to_owned()];
    match failure.reason() {
        Reason::NoSource(_) => vec![
            "on your machine: `az login`".to_owned(),
            "in GitHub Actions: `permissions: {id-token: write}`, and `AZURE_CLIENT_ID` and `AZURE_TENANT_ID` in `env`"
                .to_owned(),
        ],
        Reason::Incomplete(missing) => {
            let exports: Vec<_> = missing.iter().map(|name| format!("`export {name}=...`")).collect();
            vec![format!("{}; or say it in `auth.entra` in hubjobs.yaml", exports.join(", "))]
        }
        Reason::Malformed { variable, .. } => vec![format!("`unset {variable}`, or set it right")],
        Reason::Refused(denial) => refused(denial, failure, client),
        Reason::NoOidcToken { .. } => match failure.source() {
            Some(EntraSource::AzurePipelines) => {
                one("`env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)}` in the step, and check `serviceConnectionId`")
            }
            _ => one("`permissions: {id-token: write}` in the job; runs for forks never get a token"),
        },
        Reason::NoIdentity => one("`az vm identity assign --name VM --resource-group GROUP`; or check `clientId`"),
        Reason::Unreachable { whom: Whom::Entra, .. } => {
            one("check the network, the proxy (`HTTPS_PROXY`) and `--ca-file`; `authorityHost` says where Entra is")
        }
        Reason::NotOnAzure | Reason::Unreachable { whom: Whom::Identity, .. } => {
            one("only a machine in Azure has one; `use: [azureCli]` in `auth.entra` asks `az` instead")
        }
        Reason::Unreachable { .. } | Reason::Nonsense { .. } => one("`-vv` shows every call; repeating is safe"),
        Reason::File { problem: FileProblem::NotPem, path } => {
            vec![format!("`openssl pkcs12 -in {path} -out certificate.pem -nodes`")]
        }
        Reason::File { problem: FileProblem::Encrypted, path } => vec![format!(
            "`openssl pkey -in {path} -out open.pem && openssl x509 -in {path} >> open.pem`; keep the file to yourself"
        )],
        Reason::File { .. } => {
            one("a PEM file with the certificate and its RSA key; or the token that Kubernetes mounts")
        }
        Reason::CliMissing => one("https://aka.ms/installazurecli, then `az login`"),
        Reason::CliSignedOut => one("`az login`"),
        Reason::CliTooOld => one("`az upgrade`"),
        Reason::CliFailed => vec![format!(
            "`az account get-access-token --scope {}/.default` shows why; `az login` signs in again",
            failure.audience()
        )],
    }
}

fn refused(denial: &Denial, failure: &SignInFailure, client: &str) -> Vec<String> {
    let tenant = failure.application().map_or("TENANT_ID", |application| application.tenant.as_str());
    let help = match denial.refusal {
        Refusal::WrongSubject | Refusal::WrongIssuer | Refusal::WrongAudience => {
            return federated(denial.assertion.as_deref(), client);
        }
        Refusal::NotInTime if denial.ahead.is_some() => {
            "set this machine's clock: `sudo timedatectl set-ntp true`".to_owned()
        }
        Refusal::NotInTime => "repeat the command, so that a fresh token is asked for".to_owned(),
        Refusal::WrongSignature if failure.source() == Some(EntraSource::ClientCertificate) => {
            format!("`az ad app credential reset --id {client} --cert @certificate.pem --append` adds the certificate")
        }
        Refusal::WrongSignature => "the issuer's keys have changed; repeat the command in a few minutes".to_owned(),
        Refusal::UnknownApplication => {
            format!("`az ad sp show --id {client}` must find it in tenant `{tenant}`; check `clientId` and `tenantId`")
        }
        Refusal::DisabledApplication => format!("`az ad sp update --id {client} --set accountEnabled=true`"),
        Refusal::UnknownTenant => format!("`az account list --query '[].tenantId'` lists yours; `{tenant}` is not one"),
        Refusal::WrongSecret => "set `AZURE_CLIENT_SECRET` to the value of the secret, not to its id".to_owned(),
        Refusal::ExpiredSecret => {
            format!("`az ad app credential reset --id {client}` makes a new one; an OIDC token needs none")
        }
        Refusal::UnknownResource => format!("check `audience`: `{}` was asked for", failure.audience()),
        Refusal::Forbidden => "ask whoever runs the tenant: its sign-in log names the rule".to_owned(),
        Refusal::SignInAgain => format!("`az login --scope {}/.default`", failure.audience()),
        Refusal::Other => match denial.number {
            Some(number) => format!("https://login.microsoftonline.com/error?code={number} explains it"),
            None => "`-vv` shows every call".to_owned(),
        },
    };
    vec![help]
}

/// The credential that Entra lacks, as a command.
fn federated(assertion: Option<&Claims>, client: &str) -> Vec<String> {
    let Some(Claims { issuer: Some(issuer), subject: Some(subject), audience, .. }) = assertion else {
        return vec![format!("`az ad app federated-credential list --id {client}` lists what Entra trusts")];
    };
    let audience = audience.as_deref().unwrap_or("api://AzureADTokenExchange");
    let parameters = json!({"name": "hubjobs", "issuer": issuer, "subject": subject, "audiences": [audience]});
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    vec![
        // A branch, which enters a subject, may have any name; it must not end the quotes.
        format!(
            "`az ad app federated-credential create --id {client} --parameters {}`",
            quoted(&parameters.to_string())
        ),
        format!(
            "if {client} is a managed identity: `az identity federated-credential create --name hubjobs \
             --identity-name NAME --resource-group GROUP --issuer {} --subject {} --audiences {}`",
            quoted(issuer),
            quoted(subject),
            quoted(audience)
        ),
    ]
}
