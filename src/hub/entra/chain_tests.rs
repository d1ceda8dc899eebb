//! Which sources are here, in which surroundings: a table.

use super::*;
use crate::model::EntraCloud;

const TENANT: &str = "11111111-2222-4333-8444-555555555555";
const CLIENT: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

/// The sources in these surroundings, a word each: `here`, `broken`, or why not.
fn states(auth: &EntraAuth, variables: &[(&str, &str)]) -> Vec<String> {
    let around = Surroundings::read(|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    });
    let told = |candidate: Candidate| {
        let state = match candidate.state {
            State::Here(Recipe::Managed { probe: Probe::First, .. }) => "here if it answers".to_owned(),
            State::Here(_) => "here".to_owned(),
            State::NotHere(why) => why,
            State::Broken(failure) => format!("{failure}"),
        };
        format!("{}: {state}", candidate.source)
    };
    candidates(auth, &around).into_iter().map(told).collect()
}

#[test]
fn the_surroundings_decide_what_is_here() {
    let ids = [("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CLIENT)];
    let request = [("ACTIONS_ID_TOKEN_REQUEST_URL", "https://u"), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t")];
    let pipelines = [("TF_BUILD", "True"), ("SYSTEM_OIDCREQUESTURI", "https://u")];
    let with = |parts: &[&[(&'static str, &'static str)]]| parts.concat();
    let table: [(Vec<(&str, &str)>, &str); 22] = [
        (vec![], "clientSecret: `AZURE_CLIENT_SECRET` is not set"),
        (vec![], "clientCertificate: `AZURE_CLIENT_CERTIFICATE_PATH` is not set"),
        (vec![], "workloadIdentity: `AZURE_FEDERATED_TOKEN_FILE` is not set"),
        (vec![], "githubActions: this is no job of GitHub Actions"),
        (vec![], "azurePipelines: this is no job of Azure Pipelines"),
        (vec![], "managedIdentity: here if it answers"),
        (vec![], "azureCli: here"),
        (with(&[&ids, &[("AZURE_CLIENT_SECRET", "s")]]), "clientSecret: here"),
        (
            vec![("AZURE_CLIENT_SECRET", "s"), ("AZURE_TENANT_ID", TENANT)],
            "clientSecret: cannot sign in with Microsoft Entra by clientSecret (incomplete-credential): it is set up in \
             part; `AZURE_CLIENT_ID` is missing",
        ),
        (
            vec![("AZURE_CLIENT_SECRET", "s"), ("AZURE_TENANT_ID", "common"), ("AZURE_CLIENT_ID", CLIENT)],
            "clientSecret: cannot sign in with Microsoft Entra (malformed-variable): `AZURE_TENANT_ID` is not the id of \
             a tenant, or a domain of it such as `contoso.onmicrosoft.com`",
        ),
        (with(&[&ids, &[("AZURE_CLIENT_SECRET", "")]]), "clientSecret: `AZURE_CLIENT_SECRET` is not set"),
        (with(&[&ids, &[("AZURE_CLIENT_CERTIFICATE_PATH", "c.pem")]]), "clientCertificate: here"),
        (with(&[&ids, &[("AZURE_FEDERATED_TOKEN_FILE", "token")]]), "workloadIdentity: here"),
        (
            with(&[&ids, &[("GITHUB_ACTIONS", "true")]]),
            "githubActions: the job may not ask for an OIDC token; give it `permissions: {id-token: write}`",
        ),
        (with(&[&request]), "githubActions: `AZURE_TENANT_ID` and `AZURE_CLIENT_ID` are not set"),
        (with(&[&ids, &request]), "githubActions: here"),
        (
            with(&[&ids, &pipelines]),
            "azurePipelines: `AZURESUBSCRIPTION_SERVICE_CONNECTION_ID` and `SYSTEM_ACCESSTOKEN` are not set",
        ),
        (
            with(&[
                &ids,
                &pipelines,
                &[("SYSTEM_ACCESSTOKEN", "t"), ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", CLIENT)],
            ]),
            "azurePipelines: here",
        ),
        (vec![("IDENTITY_ENDPOINT", "http://e"), ("IDENTITY_HEADER", "h")], "managedIdentity: here"),
        (
            vec![("IDENTITY_ENDPOINT", "http://e"), ("IMDS_ENDPOINT", "http://e")],
            "managedIdentity: the managed identity of Azure Arc cannot be used here",
        ),
        (
            vec![("MSI_ENDPOINT", "http://localhost")],
            "managedIdentity: the managed identity of Cloud Shell cannot be used here",
        ),
        (
            vec![("AZURE_CLIENT_ID", "secret")],
            "managedIdentity: cannot sign in with Microsoft Entra (malformed-variable): `AZURE_CLIENT_ID` is not a \
             client (application) id, such as `5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10`",
        ),
    ];
    for (variables, expected) in table {
        let found = states(&EntraAuth::default(), &variables);
        assert!(found.iter().any(|state| state == expected), "{variables:?}: {expected}\n{found:#?}");
        assert_eq!(found.len(), EntraSource::ALL.len());
    }
}

#[test]
fn the_manifest_decides_before_the_surroundings() {
    let mut auth = EntraAuth::using(vec![EntraSource::ManagedIdentity]);
    assert_eq!(states(&auth, &[]), ["managedIdentity: here"], "asked for alone, it is not looked for first");
    auth = EntraAuth::using(vec![EntraSource::AzureCli, EntraSource::ClientSecret]);
    auth.tenant_id = TenantId::new(TENANT).ok();
    auth.client_id = ClientId::new(CLIENT).ok();
    let variables = [("AZURE_CLIENT_SECRET", "s"), ("AZURE_TENANT_ID", "not looked at")];
    assert_eq!(states(&auth, &variables), ["azureCli: here", "clientSecret: here"]);
    let host = |auth: &EntraAuth, text: &str| {
        authority_host(auth, &Surroundings::read(|name| (name == "AZURE_AUTHORITY_HOST").then(|| text.to_owned())))
    };
    assert_eq!(host(&auth, "").as_deref(), Ok("https://login.microsoftonline.com"));
    for text in ["https://login.example/", "login.example"] {
        assert_eq!(host(&auth, text).as_deref(), Ok("https://login.example"));
    }
    assert!(host(&auth, "http://login.example").is_err());
    for (cloud, expected) in [
        (EntraCloud::UsGovernment, "https://login.microsoftonline.us"),
        (EntraCloud::China, "https://login.chinacloudapi.cn"),
    ] {
        auth.cloud = cloud;
        assert_eq!(host(&auth, "").as_deref(), Ok(expected));
    }
    auth.authority_host = AuthorityHost::new("https://login.test").ok();
    assert_eq!(host(&auth, "nonsense").as_deref(), Ok("https://login.test"));
}

/// A connection that only the task `AzureCLI@2` names may be somebody else's; one in the manifest is not.
#[test]
fn a_connection_that_the_manifest_names_must_be_usable() {
    let mut auth = EntraAuth::using(vec![EntraSource::AzurePipelines]);
    auth.service_connection_id = ServiceConnectionId::new(CLIENT).ok();
    let found = states(&auth, &[("TF_BUILD", "True"), ("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CLIENT)]);
    let expected = "azurePipelines: cannot sign in with Microsoft Entra by azurePipelines (incomplete-credential): it \
                    is set up in part; `SYSTEM_OIDCREQUESTURI` and `SYSTEM_ACCESSTOKEN` are missing";
    assert_eq!(found, [expected]);
}

#[test]
fn pipelines_are_told_by_their_variables() {
    for (name, value, expected) in
        [("CI", "true", true), ("CI", "false", false), ("TF_BUILD", "True", true), ("HOME", "/", false)]
    {
        let around = Surroundings::read(|wanted| (wanted == name).then(|| value.to_owned()));
        assert_eq!(around.is_pipeline(), expected, "{name}={value}");
    }
}
