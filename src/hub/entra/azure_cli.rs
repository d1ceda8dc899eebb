//! Running `az`: bounded in time, without our own secrets in its environment, and with its failures
//! told by kind.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use azure_identity::Executor;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use super::carried::carry_io;
use super::failure::{Denial, Reason, Whom};
use super::refusal::{Refusal, number_in};

/// A cold start of `az` takes ten seconds on a small machine; it asks Entra, too.
const TIME_MAX: Duration = Duration::from_secs(60);

/// The code with which a shell ends that does not find a command.
const NOT_FOUND: i32 = 127;

/// Variables with secrets that `az` has no use for. So are connection strings, whatever their variables are
/// called.
pub const NOT_FOR_AZ: [&str; 12] = [
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_CLIENT_SECRET",
    "AZURE_DEVOPS_EXT_PAT",
    "BITBUCKET_ACCESS_TOKEN",
    "BITBUCKET_TOKEN",
    "CI_JOB_TOKEN",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "HUBJOBS_PLAN_KEY",
    "SYSTEM_ACCESSTOKEN",
];

/// Runs `az` for `azure_identity`.
#[derive(Debug)]
pub(super) struct RunAz;

#[async_trait]
impl Executor for RunAz {
    async fn run(&self, program: &OsStr, args: &[&OsStr]) -> io::Result<Output> {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).kill_on_drop(true);
        let connection_strings =
            env::vars_os().filter(|(_, value)| value.to_string_lossy().to_ascii_lowercase().contains("sharedaccess"));
        for name in NOT_FOR_AZ.map(OsString::from).into_iter().chain(connection_strings.map(|(name, _)| name)) {
            command.env_remove(name);
        }
        let slow = || {
            let cause = format!("no answer within {} s", TIME_MAX.as_secs());
            carry_io(Reason::Unreachable { whom: Whom::Cli, cause, lasting: true })
        };
        let output = timeout(TIME_MAX, command.output()).await.map_err(|_| slow())??;
        judge(&output).map_or(Ok(output), |reason| Err(carry_io(reason)))
    }
}

/// What is wrong with what `az` did; its own words stay where they are.
fn judge(output: &Output) -> Option<Reason> {
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        let answer: Option<Value> = serde_json::from_slice(&output.stdout).ok();
        return match answer.and_then(|answer| Some((answer.get("accessToken")?.is_string(), answer))) {
            Some((true, answer)) => answer.get("expires_on").is_none().then_some(Reason::CliTooOld),
            _ => Some(Reason::Nonsense { whom: Whom::Cli, cause: "it is not JSON with a token".to_owned() }),
        };
    }
    if output.status.code() == Some(NOT_FOUND) || said.contains("is not recognized") {
        return Some(Reason::CliMissing);
    }
    match number_in(&said) {
        Some(number) => Some(Reason::Refused(Denial {
            refusal: Refusal::of(number),
            number: Some(number),
            status: None,
            assertion: None,
            ahead: None,
        })),
        None if said.contains("az login") => Some(Reason::CliSignedOut),
        None => Some(Reason::CliFailed),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::*;

    #[test]
    fn failures_are_told_by_kind() {
        let judged = |code: i32, stdout: &str, stderr: &str| {
            let status = ExitStatus::from_raw(code << 8);
            judge(&Output { status, stdout: stdout.into(), stderr: stderr.into() }).map(|reason| reason.to_string())
        };
        for (code, stdout, stderr, expected) in [
            (0, r#"{"accessToken":"t","expires_on":1}"#, "WARNING: beta", None),
            (0, r#"{"accessToken":"t","expiresOn":"2026-01-01"}"#, "", Some(Reason::CliTooOld)),
            (127, "", "sh: az: not found", Some(Reason::CliMissing)),
            (1, "", "'az' is not recognized as an internal or external command", Some(Reason::CliMissing)),
            (1, "", "ERROR: Please run 'az login' to setup account.", Some(Reason::CliSignedOut)),
            (1, "", "ERROR: something new", Some(Reason::CliFailed)),
        ] {
            assert_eq!(judged(code, stdout, stderr), expected.map(|reason| reason.to_string()), "{stderr}");
        }
        let refused = judged(1, "", "ERROR: AADSTS50076: use `az login`").expect("refused");
        assert_eq!(refused, "the sign-in is over [AADSTS50076]");
        assert!(judged(0, "secret", "").is_some_and(|told| !told.contains("secret")));
    }
}
