//! Forges that refuse, fall silent or ask to wait: nothing is written twice, and every end has words.

use std::time::Duration;

use hubjobs::forge::{ForgeError, ForgeKind, Upserted};
use proptest::prelude::*;

use super::played::{Fault, ME, On, Played, TOKEN};
use super::{QUICK, body, client, client_with, sticky, write};

/// A refusal without headers.
const fn refuse(status: u16, words: &'static str) -> Fault {
    Fault::Refuse(status, Vec::new(), words)
}

fn with(status: u16, headers: &[(&'static str, &str)], words: &'static str) -> Fault {
    Fault::Refuse(status, headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(), words)
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_comment() {
    for kind in ForgeKind::ALL {
        for lost in [Fault::LoseReply, Fault::BadGateway, refuse(503, "try later"), refuse(500, "")] {
            let played = Played::start(kind).await;
            let forge = client(&played, kind);
            played.fault(On::Create, lost.clone());
            let done = write(&forge, &sticky(kind, "one")).await;
            assert!(matches!(done, Ok(Upserted::Created | Upserted::Unchanged)), "{kind}, {lost:?}: {done:?}");
            assert_eq!(played.world().shown().len(), 1, "{kind}, {lost:?}");
        }
    }
}

#[tokio::test]
async fn edits_and_reads_are_repeated() {
    for kind in ForgeKind::ALL {
        for lost in [Fault::LoseReply, Fault::BadGateway, refuse(503, "try later")] {
            let played = Played::start(kind).await;
            let forge = client(&played, kind);
            played.world().add(ME, &body(kind, "eu", "old"));
            for on in [On::Pull, On::Author, On::List, On::Update] {
                played.fault(on, lost.clone());
            }
            assert_eq!(write(&forge, &sticky(kind, "new")).await, Ok(Upserted::Updated), "{kind}, {lost:?}");
            let world = played.world();
            assert_eq!((world.count(On::Update), world.shown().len()), (2, 1), "{kind}, {lost:?}");
        }
    }
}

#[tokio::test]
async fn a_forge_out_of_order_is_given_up() {
    for kind in ForgeKind::ALL {
        let played = Played::start(kind).await;
        let forge = client(&played, kind);
        (0..=QUICK.retry_count_max).for_each(|_| played.fault(On::Pull, refuse(503, "maintenance")));
        let error = write(&forge, &sticky(kind, "one")).await.expect_err("it never answers");
        assert_eq!(error, ForgeError::Unavailable { kind, cause: "status 503".to_owned() });
        assert_eq!(played.world().count(On::Pull), 4, "{kind}");
    }
}

#[tokio::test]
async fn a_creation_that_is_never_known_ends() {
    for kind in ForgeKind::ALL {
        let played = Played::start(kind).await;
        let forge = client(&played, kind);
        (0..20).for_each(|_| played.fault(On::Create, refuse(500, "")));
        let error = write(&forge, &sticky(kind, "one")).await.expect_err("it never works");
        assert!(matches!(error, ForgeError::Uncertain { .. }), "{kind}: {error}");
        assert_eq!(played.world().shown().len(), 0, "{kind}");
    }
}

#[tokio::test]
async fn rate_limits_are_waited_out() {
    let date = ("date", "Tue, 24 Nov 2026 01:00:00 GMT");
    let limits = [
        with(429, &[("retry-after", "0")], "slow down"),
        with(429, &[], "slow down"),
        // 01:00:00 of that day: a second is waited.
        with(429, &[("ratelimit-reset", "1795482000"), date], "slow down"),
    ];
    let of_github = [
        with(403, &[("retry-after", "1")], "You have exceeded a secondary rate limit"),
        with(403, &[], "You have exceeded a secondary rate limit"),
        with(
            403,
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795482000"), date],
            "API rate limit exceeded",
        ),
    ];
    let all = ForgeKind::ALL.into_iter().flat_map(|kind| {
        let of_github = if kind == ForgeKind::GitHub { &of_github[..] } else { &[] };
        limits.iter().chain(of_github).map(move |limit| waited_out(kind, limit))
    });
    futures_util::future::join_all(all).await;
}

async fn waited_out(kind: ForgeKind, limit: &Fault) {
    let played = Played::start(kind).await;
    let forge = client(&played, kind);
    played.fault(On::List, limit.clone());
    played.fault(On::Create, limit.clone());
    assert_eq!(write(&forge, &sticky(kind, "one")).await, Ok(Upserted::Created), "{kind}, {limit:?}");
    let world = played.world();
    assert_eq!((world.count(On::Create), world.shown().len()), (2, 1), "{kind}, {limit:?}");
}

#[tokio::test]
async fn a_wait_has_a_bound() {
    futures_util::future::join_all(ForgeKind::ALL.map(not_waited_out)).await;
}

async fn not_waited_out(kind: ForgeKind) {
    let played = Played::start(kind).await;
    let forge = client(&played, kind);
    played.fault(On::Create, with(429, &[("retry-after", "3600")], "slow down"));
    let error = write(&forge, &sticky(kind, "one")).await.expect_err("that is too long");
    let wait = Duration::from_secs(3600);
    assert_eq!(error, ForgeError::RateLimited { kind, wait, wait_max: QUICK.wait_max });
    assert!(error.to_string().ends_with("takes no more calls for 3600 s, and hubjobs waits 3 s at the most"));
    // Many short waits are one long wait.
    (0..5).for_each(|_| played.fault(On::Pull, with(429, &[("retry-after", "1")], "slow down")));
    let error = write(&forge, &sticky(kind, "one")).await.expect_err("four seconds are too long");
    assert!(matches!(error, ForgeError::RateLimited { .. }), "{kind}: {error}");
    assert_eq!(played.world().shown().len(), 0, "{kind}");
}

#[tokio::test]
async fn refusals_say_what_is_missing() {
    for kind in ForgeKind::ALL {
        let cases = [
            (On::Create, refuse(403, "Resource not accessible by integration"), "does not let this token"),
            (
                On::Create,
                refuse(403, "Unable to create comment because issue is locked."),
                "the conversation is locked",
            ),
            (On::Create, refuse(401, "Bad credentials"), "does not accept the token"),
            (On::List, refuse(404, "Not Found"), "or does not show it to this token"),
            (On::Pull, refuse(404, "Not Found"), "or does not show it to this token"),
            (On::Pull, refuse(301, "Moved Permanently"), "this is elsewhere now"),
            (On::Create, refuse(422, "Body is too long"), "(422): Body is too long"),
        ];
        for (on, fault, words) in cases {
            let played = Played::start(kind).await;
            let forge = client(&played, kind);
            played.fault(on, fault);
            let error = write(&forge, &sticky(kind, "one")).await.expect_err(words);
            assert!(error.to_string().contains(words), "{kind}: {error}");
            assert!(!error.help().is_empty(), "{kind}: {error}");
            assert_eq!(played.world().shown().len(), 0, "{kind}");
        }
    }
}

#[tokio::test]
async fn nobody_there_is_said() {
    for kind in ForgeKind::ALL {
        let mut played = Played::start(kind).await;
        let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        played.url = format!("http://{}", nobody.local_addr().expect("it is bound"));
        drop(nobody);
        let forge = client(&played, kind);
        let error = write(&forge, &sticky(kind, "one")).await.expect_err("nobody listens");
        assert_eq!(error.to_string(), format!("cannot reach {kind} at `127.0.0.1`: the connection was refused"));
    }
}

#[tokio::test]
async fn a_sign_in_page_is_no_answer() {
    for status in [203, 302] {
        let played = Played::start(ForgeKind::Azure).await;
        let forge = client(&played, ForgeKind::Azure);
        played.fault(On::Pull, refuse(status, "<html>Sign in</html>"));
        let error = write(&forge, &sticky(ForgeKind::Azure, "one")).await.expect_err("that is a page");
        assert!(matches!(error, ForgeError::Unauthorized { .. }), "{status}: {error}");
    }
}

#[tokio::test]
async fn a_token_is_in_no_message() {
    for kind in ForgeKind::ALL {
        let played = Played::start(kind).await;
        let wrong = format!("wrong-{TOKEN}");
        let forge = client_with(&played, kind, &wrong);
        let error = write(&forge, &sticky(kind, "one")).await.expect_err("the token is wrong");
        assert!(matches!(error, ForgeError::Unauthorized { .. }), "{kind}: {error}");
        let said = format!("{error} {error:?} {:?}", error.help());
        assert!(!said.contains(TOKEN), "{said}");
    }
}

fn any_fault() -> impl Strategy<Value = (On, Fault)> {
    let ons = [On::Author, On::Pull, On::List, On::List, On::Create, On::Create, On::Update, On::Delete];
    let faults = [
        Fault::LoseReply,
        Fault::BadGateway,
        Fault::Emptied,
        Fault::OtherRun(String::new()),
        refuse(500, ""),
        refuse(403, "no"),
        refuse(404, "Not Found"),
        with(429, &[("retry-after", "0")], "slow down"),
    ];
    (proptest::sample::select(ons.to_vec()), proptest::sample::select(faults.to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_trouble_writes_twice_or_touches_others(
        kind in proptest::sample::select(ForgeKind::ALL.to_vec()),
        has_comment in any::<bool>(),
        faults in proptest::collection::vec(any_fault(), 0..7),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.block_on(async {
            let played = Played::start(kind).await;
            let theirs = body(kind, "eu", "by mallory");
            played.world().add("666", &theirs);
            if has_comment {
                played.world().add(ME, &body(kind, "eu", "old"));
            }
            let mut others = 0;
            let mut is_emptied = false;
            for (on, fault) in faults {
                match fault {
                    Fault::OtherRun(_) => {
                        others += 1;
                        played.fault(on, Fault::OtherRun(body(kind, "eu", "by another run")));
                    }
                    fault => {
                        is_emptied |= matches!(fault, Fault::Emptied);
                        played.fault(on, fault);
                    }
                }
            }
            let forge = client(&played, kind);
            let first = write(&forge, &sticky(kind, "one")).await;
            let ours = played.world().shown().iter().filter(|stored| stored.author == ME).count();
            prop_assert!(ours <= 1 + others, "{kind}: {ours} comments after {first:?}");
            played.world().faults.clear();
            let second = write(&forge, &sticky(kind, "two")).await;
            prop_assert!(second.is_ok(), "{kind}: {second:?}");
            let world = played.world();
            let (ours, rest): (Vec<_>, Vec<_>) = world.shown().into_iter().partition(|stored| stored.author == ME);
            let ours: Vec<_> = ours.iter().map(|stored| stored.body.as_str()).collect();
            prop_assert_eq!(ours, [body(kind, "eu", "two")]);
            prop_assert!(is_emptied || rest.iter().any(|stored| stored.body == theirs), "{}", kind);
            prop_assert!(rest.iter().all(|stored| stored.body == theirs), "{}", kind);
            Ok(())
        })?;
    }
}
