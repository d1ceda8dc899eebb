//! A run refuses to plan by a wrong clock: it would create jobs at wrong times.

use std::num::NonZeroU32;

use hubjobs::emulator::InProcessHub;
use hubjobs::emulator::state::HubOptions;
use hubjobs::model::{
    Auth, Environment, EnvironmentName, Hub, HubSize, Owner, Percent, PrunePolicy, RemoteHub, SafetyLimits, Seconds,
    Sku,
};
use hubjobs::plan::{Completeness, Plan, Selection};
use hubjobs::run_once::{RunError, Scope, plan_once};
use jiff::{SignedDuration, Timestamp};

/// Plans against a hub without jobs, by a clock that is so far ahead of the hub's.
async fn plan_ahead_by(seconds: i64) -> Result<Plan, RunError> {
    let size = HubSize { sku: Sku::S1, units: NonZeroU32::MIN };
    let now: Timestamp = "2026-12-01T08:00:00Z".parse().expect("a time");
    let hub = InProcessHub::new(HubOptions::new(size), now);
    let environment = Environment {
        name: EnvironmentName::new("prod").expect("a name"),
        hub_name: None,
        hub: Hub::Remote(RemoteHub {
            host_name: "contoso.azure-devices.net".to_owned(),
            port: None,
            auth: Auth::ConnectionStringEnv("UNUSED".to_owned()),
            size,
        }),
        prune: PrunePolicy::Never,
        lookahead: Seconds::HOUR,
        safety: SafetyLimits::of_cancels(Percent::whole(30)),
        require_signed_plan: false,
    };
    let scope = Scope {
        environment: &environment,
        owner: &Owner::parse("bldgx7q").expect("an owner"),
        policies: &[],
        manifests: &[],
        completeness: Completeness::Complete,
        selection: &Selection::Everything,
    };
    plan_once(&hub, &scope, &move || now + SignedDuration::from_secs(seconds)).await.map(|planned| planned.plan)
}

#[tokio::test]
async fn a_minute_of_difference_is_let_pass() {
    for seconds in [-60, 0, 60] {
        let plan = plan_ahead_by(seconds).await.expect("a plan");
        assert_eq!(plan.now.as_second(), 1_796_112_000 + seconds, "the plan is for our time");
    }
}

#[tokio::test]
async fn more_than_a_minute_is_refused_in_words() {
    for (seconds, message) in [
        (61, "the clock of this machine is 1m1s ahead of the hub's"),
        (-7_200, "the clock of this machine is 2h behind the hub's"),
    ] {
        let error = plan_ahead_by(seconds).await.expect_err("a wrong clock");
        assert_eq!(error.to_string(), message);
    }
}
