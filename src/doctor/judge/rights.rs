//! Who signs in, and what the hub lets them do.
//!
//! Nothing is changed to find out. A call that reads is simply made. To create a job, a request is sent
//! that can be none (an unknown type, nothing to do, for no device); to cancel one, an id that no job has. A hub that
//! looks at the caller first answers 401 to somebody without the right, and 400 or 404 to others. That it
//! does look at the caller first is assumed, not documented: so a 401 is certain, and the absence of one
//! is told as "not refused".

use jiff::{SignedDuration, Timestamp};

use super::call::CallSeen;
use crate::doctor::check::Check;
use crate::doctor::code::Code;
use crate::doctor::finding::Finding;
use crate::hub::rest::SignsInAs;

/// A token that is left for less is worth a word.
const TOKEN_LEFT_MIN: SignedDuration = SignedDuration::from_hours(24);

/// Who signs in, and to which hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::doctor) struct Identity<'a> {
    /// With what.
    pub(in crate::doctor) who: &'a SignsInAs,
    /// The short name of the hub, for commands.
    pub(in crate::doctor) hub: &'a str,
}

/// What became of the calls that hubjobs makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::doctor) struct RightsSeen {
    /// A list of jobs.
    pub(in crate::doctor) read_jobs: CallSeen,
    /// A request that can be no job.
    pub(in crate::doctor) create_jobs: CallSeen,
    /// A cancel of an id that no job has.
    pub(in crate::doctor) cancel_jobs: CallSeen,
    /// A query of the devices.
    pub(in crate::doctor) query_twins: CallSeen,
    /// A list of configurations.
    pub(in crate::doctor) read_configurations: CallSeen,
}

/// A call that hubjobs makes, and who may make it.
struct Call<'a> {
    check: Check,
    seen: &'a CallSeen,
    /// In words, behind "may".
    verb: &'static str,
    /// Of a shared access policy. For jobs: "how to schedule jobs" (a hub might be content with less).
    right: &'static str,
    /// Of an Entra role, behind `Microsoft.Devices/IotHubs/`. For cancels: assumed.
    data_action: &'static str,
    /// What an answer looks like that says: not refused because of who asks.
    proof: Proof,
}

/// What proves that a call may be made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// That it was carried out.
    Done,
    /// That it was refused for what it is.
    RefusedForWhatItIs,
}

impl RightsSeen {
    fn calls(&self) -> [Call<'_>; 5] {
        let call =
            |check, seen, verb, (right, data_action), proof| Call { check, seen, verb, right, data_action, proof };
        let refused = Proof::RefusedForWhatItIs;
        [
            call(Check::ReadJobs, &self.read_jobs, "list jobs", ("RegistryRead", "jobs/read"), Proof::Done),
            call(Check::CreateJobs, &self.create_jobs, "create jobs", ("RegistryWrite", "jobs/write"), refused),
            call(Check::CancelJobs, &self.cancel_jobs, "cancel jobs", ("RegistryWrite", "jobs/delete"), refused),
            call(Check::QueryTwins, &self.query_twins, "query devices", ("ServiceConnect", "twins/read"), Proof::Done),
            call(
                Check::ReadConfigurations,
                &self.read_configurations,
                "read configurations",
                ("RegistryRead", "configurations/read"),
                Proof::Done,
            ),
        ]
    }
}

/// Judges whether there is something to sign in with.
pub(in crate::doctor) fn judge_credential(who: &SignsInAs, now: Timestamp) -> Finding {
    match who {
        SignsInAs::Policy(policy) => Finding::ok(Check::Credential, format!("a key of the policy `{policy}`")),
        SignsInAs::Entra(principal) => Finding::ok(Check::Credential, format!("a token of Entra for {principal}")),
        SignsInAs::Token { policy, expires } => {
            let whose = policy.as_ref().map_or_else(String::new, |policy| format!(" of the policy `{policy}`"));
            let when = expires.strftime("%Y-%m-%d %H:%MZ");
            let found = |code, said: String| {
                let help = "give a connection string with a key instead: hubjobs makes its own tokens, an hour each";
                Finding::new(Check::Credential, code, said).help(help)
            };
            match *expires <= now {
                true => found(Code::CredentialExpired, format!("a token{whose} that expired {when}")),
                false if expires.duration_since(now) < TOKEN_LEFT_MIN => {
                    found(Code::CredentialExpiresSoon, format!("a token{whose} that expires {when}"))
                }
                false => Finding::ok(Check::Credential, format!("a token{whose} that expires {when}")),
            }
        }
    }
}

/// Judges whether the hub lets anybody in.
pub(in crate::doctor) fn judge_sign_in(identity: &Identity<'_>, seen: &RightsSeen) -> Finding {
    let calls = seen.calls();
    if calls.iter().all(|call| call.seen.is_denied()) {
        let words = match calls[0].seen {
            CallSeen::Refused { message, .. } => message.as_str(),
            _ => "",
        };
        let said = format!("the hub refuses every call of {}: {words}", identity.who);
        let finding = Finding::new(Check::SignIn, Code::SignInRefused, said).help(renew(identity));
        return finding.help(format!("or it has no right that counts here: {}", grant(identity)));
    }
    if calls.iter().any(|call| call.seen.is_to_somebody()) {
        return Finding::ok(Check::SignIn, format!("the hub knows {}", identity.who));
    }
    if calls.iter().all(|call| *call.seen == CallSeen::TooSlow) {
        return Finding::new(Check::SignIn, Code::TooSlow, "the hub answered no call in time")
            .help("repeat the command later; a hub that is throttled answers late");
    }
    let cause = calls.iter().find(|call| !call.seen.is_denied()).map_or_else(String::new, |call| call.seen.cause());
    Finding::new(Check::SignIn, Code::HubFailed, cause)
        .help("repeat the command; `hubjobs -vv doctor` shows every call")
}

/// Judges what may be done, call by call.
pub(in crate::doctor) fn judge_rights(identity: &Identity<'_>, seen: &RightsSeen) -> Vec<Finding> {
    seen.calls().iter().map(|call| judge_right(identity, call)).collect()
}

fn judge_right(identity: &Identity<'_>, call: &Call<'_>) -> Finding {
    let Call { check, verb, proof, .. } = *call;
    if call.seen.is_denied() {
        let who = identity.who;
        let said = match who {
            SignsInAs::Policy(_) | SignsInAs::Token { .. } => {
                format!("{who} lacks {}, so it may not {verb}", call.right)
            }
            SignsInAs::Entra(_) => {
                let action = call.data_action;
                format!("no role of {who} has `Microsoft.Devices/IotHubs/{action}`, so it may not {verb}")
            }
        };
        return Finding::new(check, severity(check), said).help(grant(identity));
    }
    match (call.seen, proof) {
        (CallSeen::Taken, Proof::Done) => Finding::ok(check, format!("may {verb}")),
        (CallSeen::Taken, Proof::RefusedForWhatItIs) => Finding::new(
            check,
            Code::ProbeTaken,
            format!("the hub took a request to {verb} that it should refuse"),
        )
        .help("report this: the answer is in `hubjobs -vv doctor`; look for a job `hubjobs-doctor-...` on the hub"),
        (seen, Proof::RefusedForWhatItIs) if seen.is_refused_for_what_it_is() => {
            Finding::ok(check, format!("may {verb}, as far as a request tells that can be none"))
        }
        (seen, _) => {
            let said = format!("cannot tell whether it may {verb}: {}", seen.cause());
            Finding::new(check, Code::RightUnknown, said)
                .help("repeat the command later; `hubjobs -vv doctor` shows every call")
        }
    }
}

/// Configurations only warn of writers that a plan would conflict with.
const fn severity(check: Check) -> Code {
    match check {
        Check::ReadConfigurations => Code::RightMissingForEffects,
        _ => Code::RightMissing,
    }
}

/// How to come by a credential that works.
fn renew(identity: &Identity<'_>) -> String {
    let hub = identity.hub;
    match identity.who {
        SignsInAs::Policy(policy) => format!(
            "the key may have been renewed: `az iot hub connection-string show --hub-name {hub} --policy-name {policy}`"
        ),
        SignsInAs::Token { .. } => {
            format!("make a new token: `az iot hub generate-sas-token --hub-name {hub} --policy-name POLICY`")
        }
        SignsInAs::Entra(_) => {
            "a role takes some minutes to count after it was assigned; Owner and Contributor do not".to_owned()
        }
    }
}

/// How to come by the rights.
fn grant(identity: &Identity<'_>) -> String {
    let hub = identity.hub;
    match identity.who {
        SignsInAs::Policy(_) | SignsInAs::Token { .. } => format!(
            "`az iot hub policy create --hub-name {hub} --name hubjobs --permissions RegistryRead RegistryWrite \
             ServiceConnect`, then use its connection string"
        ),
        SignsInAs::Entra(principal) => principal.grant(hub),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::judge::call::NO_JOBS_IN_TIER;

    fn refused(status: u16, code: &str) -> CallSeen {
        CallSeen::Refused { status, code: Some(code.to_owned()), message: "no".to_owned() }
    }

    /// As a hub answers to somebody who may do all that.
    fn allowed() -> RightsSeen {
        RightsSeen {
            read_jobs: CallSeen::Taken,
            create_jobs: refused(400, "GenericBadRequest"),
            cancel_jobs: refused(404, "JobNotFound"),
            query_twins: CallSeen::Taken,
            read_configurations: CallSeen::Taken,
        }
    }

    fn policy() -> SignsInAs {
        SignsInAs::Policy("service".to_owned())
    }

    fn codes(seen: &RightsSeen) -> Vec<Code> {
        let who = policy();
        judge_rights(&Identity { who: &who, hub: "contoso" }, seen).into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_refusal_for_what_the_request_is_is_none_for_who_sent_it() {
        assert_eq!(codes(&allowed()), [Code::AsItShouldBe; 5]);
        let full = RightsSeen { create_jobs: refused(429, "ThrottlingMaxActiveJobCountExceeded"), ..allowed() };
        assert_eq!(codes(&full)[1], Code::AsItShouldBe);
        let late = RightsSeen { create_jobs: refused(503, "ServerBusy"), ..allowed() };
        assert_eq!(codes(&late)[1], Code::RightUnknown);
        let taken = RightsSeen { create_jobs: CallSeen::Taken, ..allowed() };
        assert_eq!(codes(&taken)[1], Code::ProbeTaken);
    }

    #[test]
    fn what_says_nothing_of_who_asks_proves_nothing() {
        let page = CallSeen::Refused { status: 404, code: None, message: "<html>".to_owned() };
        for seen in [page, refused(429, "ThrottlingException"), refused(503, "ServerBusy"), CallSeen::TooSlow] {
            let late = RightsSeen { create_jobs: seen.clone(), cancel_jobs: seen.clone(), ..allowed() };
            assert_eq!(codes(&late)[1..3], [Code::RightUnknown; 2], "{seen:?}");
            let denied = refused(401, "IotHubUnauthorizedAccess");
            let all = RightsSeen { read_jobs: denied, query_twins: seen.clone(), ..late };
            let all = RightsSeen { read_configurations: CallSeen::Failed("reset".to_owned()), ..all };
            let who = policy();
            let finding = judge_sign_in(&Identity { who: &who, hub: "contoso" }, &all);
            assert_eq!(finding.code, Code::HubFailed, "{seen:?}");
        }
    }

    #[test]
    fn what_a_policy_lacks_is_named() {
        let denied = || refused(401, "IotHubUnauthorizedAccess");
        let seen = RightsSeen {
            read_jobs: denied(),
            create_jobs: denied(),
            cancel_jobs: denied(),
            read_configurations: denied(),
            ..allowed()
        };
        let who = policy();
        let identity = Identity { who: &who, hub: "contoso" };
        assert_eq!(judge_sign_in(&identity, &seen).code, Code::AsItShouldBe);
        let said: Vec<_> = judge_rights(&identity, &seen).into_iter().map(|finding| finding.said).collect();
        assert_eq!(
            said,
            [
                "the policy `service` lacks RegistryRead, so it may not list jobs",
                "the policy `service` lacks RegistryWrite, so it may not create jobs",
                "the policy `service` lacks RegistryWrite, so it may not cancel jobs",
                "may query devices",
                "the policy `service` lacks RegistryRead, so it may not read configurations",
            ]
        );
        let codes = codes(&seen);
        assert_eq!((codes[0], codes[4]), (Code::RightMissing, Code::RightMissingForEffects));
    }

    #[test]
    fn whoever_may_do_nothing_is_not_known() {
        let denied = || refused(401, "IotHubUnauthorizedAccess");
        let seen = RightsSeen {
            read_jobs: denied(),
            create_jobs: denied(),
            cancel_jobs: denied(),
            query_twins: denied(),
            read_configurations: denied(),
        };
        let who = policy();
        let finding = judge_sign_in(&Identity { who: &who, hub: "contoso" }, &seen);
        assert_eq!(finding.code, Code::SignInRefused);
        assert!(finding.help[0].contains("--policy-name service"), "{finding:?}");
    }

    #[test]
    fn a_suspended_hub_and_a_basic_one_say_nothing_of_rights() {
        for code in ["IotHubSuspended", "IotHubQuotaExceeded", "JobQuotaExceeded", NO_JOBS_IN_TIER] {
            let seen = RightsSeen {
                read_jobs: refused(403, code),
                create_jobs: refused(403, code),
                cancel_jobs: refused(403, code),
                ..allowed()
            };
            assert_eq!(codes(&seen)[..3], [Code::RightUnknown; 3], "{code}");
        }
        assert!(refused(403, NO_JOBS_IN_TIER).is_beyond_tier());
        assert!(refused(403, "Other").is_denied());
    }

    #[test]
    fn a_token_is_judged_by_its_expiry() {
        let now: Timestamp = "2026-12-01T08:00:00Z".parse().expect("a time");
        for (hours, code) in [
            (-1, Code::CredentialExpired),
            (0, Code::CredentialExpired),
            (1, Code::CredentialExpiresSoon),
            (48, Code::AsItShouldBe),
        ] {
            let who = SignsInAs::Token { policy: None, expires: now + SignedDuration::from_hours(hours) };
            assert_eq!(judge_credential(&who, now).code, code, "{hours}");
        }
    }
}
