//! What goes wrong, and what is said about it.

use std::time::{Duration, Instant};

use crate::server::{CLIENT, CONNECTION, OBJECT, REQUEST_TOKEN, SECRET, TENANT, refusal};
use crate::stage::{Stage, with_ids};

/// Surroundings of a client secret.
fn secret() -> Vec<(&'static str, &'static str)> {
    with_ids(&[("AZURE_CLIENT_SECRET", SECRET)])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_entra_refuses_is_told_by_kind() {
    let stage = Stage::new().await;
    for (variables, parts) in [
        (
            with_ids(&[("AZURE_CLIENT_SECRET", "wrong-MARK")]),
            ["clientSecret (wrong-secret)", "[AADSTS7000215]", "to the value of the secret, not to its id"],
        ),
        (
            with_ids(&[("AZURE_CLIENT_SECRET", "expired-MARK")]),
            ["clientSecret (expired-secret)", "[AADSTS7000222]", "`az ad app credential reset --id aaaaaaaa-"],
        ),
        (
            vec![("AZURE_TENANT_ID", CLIENT), ("AZURE_CLIENT_ID", CLIENT), ("AZURE_CLIENT_SECRET", SECRET)],
            ["clientSecret (unknown-tenant)", "[AADSTS90002]", "`az account list --query '[].tenantId'`"],
        ),
        (
            vec![("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CONNECTION), ("AZURE_CLIENT_SECRET", SECRET)],
            ["clientSecret (unknown-application)", "[AADSTS700016]", "check `clientId` and `tenantId`"],
        ),
        (
            vec![("AZURE_CLIENT_SECRET", SECRET)],
            [
                "(incomplete-credential)",
                "`AZURE_TENANT_ID` and `AZURE_CLIENT_ID` are missing",
                "export AZURE_CLIENT_ID",
            ],
        ),
    ] {
        stage.plan(&variables).await.failed_with(&parts);
        assert!(!stage.server.asked().contains(&"probe"), "what is set up and fails ends the search");
    }
    stage.signs_in_with("{entra: {audience: 'https://iothubs.azure.us'}}");
    let parts = ["unknown-resource", "check `audience`: `https://iothubs.azure.us` was asked for"];
    stage.plan(&secret()).await.failed_with(&parts);
    stage.server.play(|play| play.instead.push_back((400, "<html>MARK</html>".to_owned())));
    stage.plan(&secret()).await.failed_with(&["sign-in-nonsense", "status 400, and no reason of Entra's"]);
    stage.server.play(|play| play.instead.push_back((200, "{}".to_owned())));
    stage.plan(&secret()).await.failed_with(&["sign-in-nonsense", "it is not JSON with a token"]);
    stage.server.play(|play| play.instead.push_back(refusal(16_000, "something else")));
    stage
        .plan(&secret())
        .await
        .failed_with(&["(sign-in-refused)", "https://login.microsoftonline.com/error?code=16000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_that_entra_does_not_know_comes_with_the_credential_to_add() {
    let stage = Stage::new().await;
    stage.server.play(|play| play.subject = "repo:o/r:ref:refs/heads/it's");
    let url = stage.server.url("/github?x=1");
    let variables =
        with_ids(&[("ACTIONS_ID_TOKEN_REQUEST_URL", &url), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN)]);
    let run = stage.plan(&variables).await;
    run.failed_with(&[
        "githubActions (wrong-subject): no federated credential is for the subject of this token [AADSTS700213]",
        "subject `repo:o/r:ref:refs/heads/it's`, issuer `https://token.actions.githubusercontent.com`",
        "audience `api://AzureADTokenExchange`",
        "`az ad app federated-credential create --id aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee --parameters '{",
        r#""subject":"repo:o/r:ref:refs/heads/it'\''s""#,
    ]);
    assert_eq!(stage.server.asked(), ["github", "entra", "by federation"]);
    stage.server.play(|play| (play.subject, play.oidc_lifetime) = ("repo:o/r:environment:prod", -600));
    let parts = ["assertion-not-in-time", "[AADSTS700024]", "so that a fresh token is asked for"];
    stage.plan(&variables).await.failed_with(&parts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_ten_minutes_off_is_named() {
    let stage = Stage::new().await;
    let path = stage.write("application.pem", crate::server::APPLICATION);
    let variables = with_ids(&[("AZURE_CLIENT_CERTIFICATE_PATH", &path)]);
    for (clock, side) in [(-630, "ahead of"), (1_230, "behind")] {
        stage.server.play(|play| play.clock = clock);
        let minutes = clock.abs() / 60;
        let told = format!("the clock of this machine is {minutes} min {side} Entra's");
        stage.plan(&variables).await.failed_with(&["assertion-not-in-time", &told, "set this machine's clock"]);
    }
}

/// A hub that knows another key, as after a rollover: the token at hand is refused once, a new one is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_hub_refuses_is_renewed_once() {
    let stage = Stage::knowing(&[1]).await;
    stage.server.play(|play| play.signed_by = [0, 1].into());
    stage.run(&["apply", "--auto-approve"], &secret()).await.succeeded();
    assert_eq!(stage.server.asked(), ["entra", "entra"]);
    // The first key signs all tokens now.
    let run = stage.plan(&secret()).await;
    let principal = "the principal `99999999-8888-4777-8666-555555555555` (signed in by clientSecret) may not do this";
    run.failed_with(&[principal, "Unauthorized", "check `tenantId` and `audience`"]);
    assert_eq!(stage.server.asked(), ["entra", "entra"], "no more than once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_missing_is_named() {
    let stage = Stage::new().await;
    stage.server.play(|play| play.roles = vec!["IoT Hub Data Reader"]);
    let run = stage.run(&["apply", "--auto-approve"], &secret()).await;
    assert_ne!(run.code, 0);
    let role = "az role assignment create --role \"IoT Hub Data Contributor\" --assignee";
    stage.server.play(|play| play.roles.clear());
    stage.plan(&secret()).await.failed_with(&[role, OBJECT, "Owner or Contributor"]);
    stage.server.play(|play| play.audience = "https://management.azure.com");
    stage.plan(&secret()).await.failed_with(&["check `tenantId` and `audience`", role]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_expire_while_jobs_are_waited_for_are_renewed() {
    let stage = Stage::new().await;
    stage.server.play(|play| play.lifetime = 3);
    let run = stage.run(&["apply", "--auto-approve", "--wait"], &secret()).await;
    run.succeeded();
    let asked = stage.server.asked();
    assert!(asked.len() >= 2 && asked.iter().all(|asked| *asked == "entra"), "{asked:?}");
}

/// Entra is down for a moment: the first try fails, and the client asks again.
#[tokio::test(flavor = "multi_thread")]
async fn entra_may_be_down_for_a_moment() {
    let stage = Stage::new().await;
    stage.server.play(|play| play.instead = [(503, String::new()), (429, String::new())].into());
    stage.plan(&secret()).await.succeeded();
    assert_eq!(stage.server.asked(), ["entra"; 3]);
}

/// What is slow is not waited for, and was asked for nothing but whether it is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_metadata_service_delays_nobody_by_more_than_a_second() {
    let stage = Stage::new().await;
    let (token, expires) = stage.server.token();
    stage.write("az.json", &format!(r#"{{"accessToken":"{token}","expires_on":{expires},"tokenType":"Bearer"}}"#));
    stage.install("az", &format!("cat {}", stage.path("az.json").display()));
    let quick = Instant::now();
    stage.plan(&[]).await.succeeded();
    let quick = quick.elapsed();
    stage.server.play(|play| play.delay = Duration::from_secs(60));
    let host = format!("http://{}", stage.server.http);
    let slow = Instant::now();
    stage.plan(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &host)]).await.succeeded();
    // A second, and room for a machine under load; a second try or a longer wait would show.
    assert!(slow.elapsed() < quick + Duration::from_secs(10), "{:?} against {quick:?}", slow.elapsed());
    assert!(stage.server.asked().is_empty(), "it was still thinking about the probe");
}

/// Other clouds have a metadata service at the same address, and Docker Desktop answers 403 there.
#[tokio::test(flavor = "multi_thread")]
async fn a_metadata_service_of_another_cloud_is_in_nobodys_way() {
    let stage = Stage::new().await;
    let (token, expires) = stage.server.token();
    stage.write("az.json", &format!(r#"{{"accessToken":"{token}","expires_on":{expires},"tokenType":"Bearer"}}"#));
    stage.install("az", &format!("cat {}", stage.path("az.json").display()));
    let host = format!("http://{}", stage.server.http);
    for status in [200, 302, 401, 403, 404] {
        stage.server.play(|play| play.stranger_status = Some(status));
        stage.plan(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &host)]).await.succeeded();
        assert_eq!(stage.server.asked(), ["stranger"], "{status}");
    }
}

/// Whoever is signed in to `az` may be somebody else than the identity that was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_the_machine_does_not_have_is_not_replaced_without_a_word() {
    let stage = Stage::new().await;
    let (token, expires) = stage.server.token();
    stage.write("az.json", &format!(r#"{{"accessToken":"{token}","expires_on":{expires},"tokenType":"Bearer"}}"#));
    stage.install("az", &format!("cat {}", stage.path("az.json").display()));
    let host = format!("http://{}", stage.server.http);
    let other = "11111111-2222-4333-8444-000000000000";
    let run = stage.plan(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &host), ("AZURE_CLIENT_ID", other)]).await;
    run.succeeded();
    let told = "managedIdentity: this machine does not have that identity; signed in by azureCli instead";
    assert!(run.stderr.contains(told), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_source_each_is_named_with_its_reason() {
    let stage = Stage::new().await;
    let run = stage.plan(&[]).await;
    run.failed_with(&[
        "no-credential",
        "clientSecret: `AZURE_CLIENT_SECRET` is not set;",
        "githubActions: this is no job of GitHub Actions;",
        "managedIdentity: the metadata service of Azure machines does not answer;",
        "azureCli: `az` is not on the path",
        "`az login`",
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_string_from_a_file_works_and_is_warned_of_in_a_pipeline() {
    let stage = Stage::new().await;
    stage.signs_in_with("{connectionStringFile: secrets.txt}");
    stage.plan(&[]).await.failed_with(&["secrets.txt` cannot be read", "`auth: entra` needs no secret"]);
    stage.write("secrets.txt", "\n");
    stage.plan(&[]).await.failed_with(&["secrets.txt` is empty"]);
    stage.write("secrets.txt", &stage.connection_string);
    let run = stage.plan(&[]).await;
    run.succeeded();
    assert!(!run.stderr.contains("auth: entra"), "{run:?}");
    let run = stage.plan(&[("CI", "true")]).await;
    run.succeeded();
    assert_eq!(run.stderr.matches("write `auth: entra` in hubjobs.yaml").count(), 1, "{run:?}");
}
