//! What `hubjobs doctor` says of somebody who signs in with Entra.

use crate::server::{OBJECT, SECRET};
use crate::stage::{Stage, with_ids};

fn secret(secret: &'static str) -> Vec<(&'static str, &'static str)> {
    with_ids(&[("AZURE_CLIENT_SECRET", secret)])
}

fn has(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_for_everything_is_well() {
    let stage = Stage::new().await;
    let run = stage.run(&["doctor"], &secret(SECRET)).await;
    run.succeeded();
    run.tells_no_secret();
    has(&run.stdout, &["ok       credential           a token of Entra for", OBJECT, "clientSecret", "all is well"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_lacks_is_named_with_the_role_that_has_it() {
    let stage = Stage::new().await;
    stage.server.play(|play| play.roles = vec!["IoT Hub Data Reader"]);
    let run = stage.run(&["doctor"], &secret(SECRET)).await;
    assert_eq!(run.code, 1, "{run:?}");
    run.tells_no_secret();
    has(
        &run.stdout,
        &[
            "ok       read-jobs",
            "problem  create-jobs",
            "has `Microsoft.Devices/IotHubs/jobs/write`, so it may not create jobs [right-missing]",
            "problem  cancel-jobs",
            "az role assignment create --role \"IoT Hub Data Contributor\" --assignee",
            OBJECT,
            "ok       query-twins",
        ],
    );
    stage.server.play(|play| play.roles.clear());
    let run = stage.run(&["doctor"], &secret(SECRET)).await;
    assert_eq!(run.code, 1, "{run:?}");
    has(&run.stdout, &["[sign-in-refused]", "az role assignment create", "Owner and Contributor do not"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_had_is_a_problem_of_the_credential() {
    let stage = Stage::new().await;
    let run = stage.run(&["doctor"], &secret("expired-MARK")).await;
    assert_eq!(run.code, 1, "{run:?}");
    run.tells_no_secret();
    has(
        &run.stdout,
        &[
            "problem  credential",
            "[credential-unusable]",
            "az ad app credential reset",
            "ok       clock",
            "skipped  sign-in",
        ],
    );
}
