//! Each source, as the program meets it in its own surroundings.

use crate::server::{APPLICATION, CLIENT, CONNECTION, IDENTITY_HEADER, REQUEST_TOKEN, SECRET};
use crate::stage::{Stage, with_ids};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_secret() {
    let stage = Stage::new().await;
    let run = stage.run(&["apply", "--auto-approve"], &with_ids(&[("AZURE_CLIENT_SECRET", SECRET)])).await;
    run.succeeded();
    run.tells_no_secret();
    assert!(run.stdout.contains("hj1-p"), "{run:?}");
    assert_eq!(stage.server.asked(), ["entra"], "one token serves the whole run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_with_its_key() {
    let stage = Stage::new().await;
    let path = stage.write("application.pem", APPLICATION);
    let variables = with_ids(&[("AZURE_CLIENT_CERTIFICATE_PATH", &path)]);
    stage.plan(&variables).await.succeeded();
    assert_eq!(stage.server.asked(), ["entra", "by certificate"]);
    let chain = [variables.as_slice(), &[("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "true")]].concat();
    stage.plan(&chain).await.succeeded();
    assert_eq!(stage.server.asked(), ["entra", "by certificate", "with its chain"]);
    let key = APPLICATION.split_inclusive('\n').skip_while(|line| !line.contains("BEGIN PRIVATE")).collect::<String>();
    let certificate: String =
        APPLICATION.split_inclusive('\n').take_while(|line| !line.contains("BEGIN PRIVATE")).collect();
    let encrypted = key.replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE");
    for (text, part) in [
        (String::new(), "it is empty"),
        ("0\u{82}".to_owned(), "it holds no PEM; a `.pfx` file must be converted"),
        (certificate, "it holds no private key"),
        (key, "it holds no certificate"),
        (encrypted, "its private key has a password"),
    ] {
        stage.write("application.pem", &text);
        stage.plan(&variables).await.failed_with(&["clientCertificate (credential-file)", part]);
    }
    let absent = with_ids(&[("AZURE_CLIENT_CERTIFICATE_PATH", "absent.pem")]);
    stage.plan(&absent).await.failed_with(&["cannot use `absent.pem`: there is no such file"]);
    assert!(stage.server.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_kubernetes_service_account() {
    let stage = Stage::new().await;
    let subject = "system:serviceaccount:ns:hubjobs";
    let token = stage.server.vouch("https://oidc.test", subject, "api://AzureADTokenExchange");
    let path = stage.write("token", &token);
    let variables = with_ids(&[("AZURE_FEDERATED_TOKEN_FILE", &path)]);
    stage.plan(&variables).await.succeeded();
    assert_eq!(stage.server.asked(), ["entra", "by federation"]);
    stage.write("token", " \n");
    stage.plan(&variables).await.failed_with(&["workloadIdentity (credential-file)", "it is empty"]);
    let absent = with_ids(&[("AZURE_FEDERATED_TOKEN_FILE", "absent")]);
    stage.plan(&absent).await.failed_with(&["cannot use `absent`: there is no such file"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_github_actions() {
    let stage = Stage::new().await;
    let url = stage.server.url("/github?x=1");
    let variables = with_ids(&[
        ("GITHUB_ACTIONS", "true"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", &url),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN),
    ]);
    let run = stage.run(&["apply", "--auto-approve", "-vv"], &variables).await;
    run.succeeded();
    run.tells_no_secret();
    assert_eq!(stage.server.asked(), ["github", "entra", "by federation"]);
    let forked = with_ids(&[("GITHUB_ACTIONS", "true")]);
    stage.signs_in_with("{entra: {use: [githubActions]}}");
    stage.plan(&forked).await.failed_with(&["no-credential", "give it `permissions: {id-token: write}`"]);
    let stale = [variables.as_slice(), &[("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "stale-MARK")]].concat();
    stage.plan(&stale).await.failed_with(&["githubActions (no-oidc-token)", "status 401"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_azure_pipelines() {
    let stage = Stage::new().await;
    stage.signs_in_with(&format!("{{entra: {{serviceConnectionId: {CONNECTION}}}}}"));
    let uri = stage.server.url("/pipelines");
    let base = with_ids(&[("TF_BUILD", "True"), ("SYSTEM_OIDCREQUESTURI", &uri)]);
    let variables = [base.as_slice(), &[("SYSTEM_ACCESSTOKEN", REQUEST_TOKEN)]].concat();
    stage.plan(&variables).await.succeeded();
    assert_eq!(stage.server.asked(), ["pipelines", "entra", "by federation"]);
    stage.plan(&base).await.failed_with(&["azurePipelines (incomplete-credential)", "`SYSTEM_ACCESSTOKEN` is missing"]);
    let wrong = [base.as_slice(), &[("SYSTEM_ACCESSTOKEN", "wrong-MARK")]].concat();
    stage.plan(&wrong).await.failed_with(&["azurePipelines (no-oidc-token)", "$(System.AccessToken)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_of_a_machine() {
    let stage = Stage::new().await;
    let host = format!("http://{}", stage.server.http);
    let variables = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", host.as_str())];
    stage.plan(&variables).await.succeeded();
    assert_eq!(stage.server.asked(), ["probe", "identity"]);
    stage.signs_in_with("{entra: {use: [managedIdentity]}}");
    let named = [variables[0], ("AZURE_CLIENT_ID", CLIENT)];
    stage.plan(&named).await.succeeded();
    assert_eq!(stage.server.asked(), ["identity"], "it was asked for alone");
    let other = [variables[0], ("AZURE_CLIENT_ID", CONNECTION)];
    stage.plan(&other).await.failed_with(&["managedIdentity (no-managed-identity)", "does not have that identity"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_of_an_app_service_or_container_app() {
    let stage = Stage::new().await;
    let endpoint = format!("http://{}/msi/token", stage.server.http);
    let variables = [("IDENTITY_ENDPOINT", endpoint.as_str()), ("IDENTITY_HEADER", IDENTITY_HEADER)];
    stage.plan(&variables).await.succeeded();
    assert_eq!(stage.server.asked(), ["app service"]);
    let wrong = [variables[0], ("IDENTITY_HEADER", "wrong-MARK")];
    stage.plan(&wrong).await.failed_with(&["managedIdentity (sign-in-unreachable)", "it answered 403"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_in_to_the_azure_cli() {
    let stage = Stage::new().await;
    let (token, expires) = stage.server.token();
    let answer = format!(r#"{{"accessToken":"{token}","expires_on":{expires},"tokenType":"Bearer"}}"#);
    let file = stage.write("az.json", &answer);
    let log = stage.path("az.log");
    stage.install("az", &format!("echo \"$@\" >> {}\ncat {file}", log.display()));
    stage.signs_in_with("{entra: {use: [managedIdentity, azureCli], tenantId: contoso.onmicrosoft.com}}");
    stage.run(&["apply", "--auto-approve"], &[("HUBJOBS_PLAN_KEY", "")]).await.succeeded();
    let asked = std::fs::read_to_string(&log).unwrap();
    let expected = "account get-access-token -o json --scope https://iothubs.azure.net/.default --tenant contoso.onmicrosoft.com\n";
    assert_eq!(asked, expected, "asked once, for a whole run");
    stage.signs_in_with("{entra: {use: [azureCli]}}");
    for (script, parts) in [
        ("echo \"ERROR: Please run 'az login' MARK\" >&2; exit 1", ["azure-cli-signed-out", "`az login`"]),
        ("echo 'ERROR: AADSTS70043: MARK' >&2; exit 1", ["sign-in-again", "[AADSTS70043]"]),
        ("echo 'ERROR: MARK' >&2; exit 1", ["azure-cli-failed", "`az account get-access-token --scope"]),
        ("echo MARK", ["sign-in-nonsense", "it is not JSON with a token"]),
        ("echo '{\"accessToken\": \"MARK\"}'", ["azure-cli-too-old", "`az upgrade`"]),
    ] {
        stage.install("az", script);
        stage.plan(&[]).await.failed_with(&parts);
    }
    std::fs::remove_file(stage.path("bin/az")).unwrap();
    stage.plan(&[]).await.failed_with(&["no-azure-cli", "`az` is not on the path"]);
}
