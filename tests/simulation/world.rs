//! One simulation: people edit manifests, time passes, runners come and go.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hubjobs::emulator::InProcessHub;
use hubjobs::emulator::state::{HubEvent, HubOptions};
use hubjobs::hub::AskProgress;
use hubjobs::model::{
    ClockMode, Connectivity, DeviceGroup, EmulatorClock, EmulatorHub, Environment, EnvironmentName, Fleet, Hub,
    HubSize, IdPattern, MethodBehaviour, Owner, Percent, PrunePolicy, SafetyLimits, Seconds, Shape, Sku, Template,
};
use hubjobs::plan::{Completeness, Counts, Plan, Selection, Step, approve};
use hubjobs::reconcile::{Conduct, Interrupt, Outcome, Patience, Settled, reconcile};
use hubjobs::run_once::{Inquiry, Scope, plan_once, review_once};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::Notify;

use crate::commit::Commit;
use crate::dice::Dice;
use crate::wire::{Shared, Weather, Wire};

/// A simulation, and how to tell what happened in it.
pub(crate) struct World {
    shared: Arc<Mutex<Shared>>,
    environment: Environment,
    owner: Owner,
    history: Vec<Commit>,
    foreign_count: usize,
}

/// What one run of a runner came to; nothing when it was killed or could not plan.
type Run = Option<(Plan, Vec<Outcome>)>;

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let start: Timestamp = "2026-12-01T08:00:00Z".parse().expect("a time");
        let now = start + SignedDuration::from_secs(dice.between(0, 86_400));
        let size = HubSize { sku: dice.pick(&[Sku::S1, Sku::S1, Sku::S2, Sku::S3]), units: NonZeroU32::MIN };
        let hub =
            InProcessHub::with_fleet(HubOptions { seed, ..HubOptions::new(size) }, &fleet(), now).expect("a fleet");
        let environment = Environment {
            name: EnvironmentName::new("simulated").expect("a name"),
            hub_name: None,
            hub: Hub::Emulator(EmulatorHub {
                fleet: None,
                size,
                clock: EmulatorClock { start: Some(now), mode: ClockMode::Fast },
            }),
            prune: dice.pick(&[PrunePolicy::Never, PrunePolicy::CancelScheduled]),
            lookahead: Seconds::new(dice.pick(&[600, 3_600, 5 * 3_600])),
            safety: SafetyLimits::of_cancels(Percent::whole(100)),
            require_signed_plan: false,
        };
        let first = Commit::first(&mut dice, now);
        let mut shared = Shared::new(hub, dice);
        shared.note(format!("{size} lookahead {} prune {:?}", environment.lookahead, environment.prune));
        shared.note(first.to_string());
        Self {
            shared: Arc::new(Mutex::new(shared)),
            environment,
            owner: Owner::parse("bldgx7q").expect("an owner"),
            history: vec![first],
            foreign_count: 0,
        }
    }

    /// Some weeks in the life of a fleet. Says what must never have happened, if it did.
    pub(crate) fn live(&mut self) -> Result<(), String> {
        for _ in 0..10 {
            self.edit();
            self.let_time_pass();
            self.others_act();
            self.run_in_bad_weather();
            self.violation()?;
        }
        self.converge()
    }

    /// How often each kind of row and outcome came up.
    pub(crate) fn seen(&self) -> BTreeMap<String, u64> {
        self.shared().seen.clone()
    }

    pub(crate) fn log(&self) -> String {
        self.shared().log.join("\n")
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn violation(&self) -> Result<(), String> {
        self.shared().violation.clone().map_or(Ok(()), Err)
    }

    fn head(&self) -> &Commit {
        self.history.last().expect("the first commit")
    }

    fn edit(&mut self) {
        let edited = {
            let mut shared = self.shared();
            let now = shared.hub.now();
            if shared.dice.percent(40) {
                return;
            }
            let edited = self.head().edited(&mut shared.dice, now);
            shared.note(edited.to_string());
            edited
        };
        self.history.push(edited);
    }

    fn let_time_pass(&self) {
        let mut shared = self.shared();
        let minutes = match shared.dice.below(20) {
            0..=6 => shared.dice.between(0, 5),
            7..=12 => shared.dice.between(5, 90),
            13..=16 => shared.dice.between(90, 1_440),
            17 | 18 => shared.dice.between(1_440, 8 * 1_440),
            _ => 31 * 1_440,
        };
        let seconds = minutes * 60 + shared.dice.between(0, 59);
        shared.pass(SignedDuration::from_secs(seconds));
        shared.note("time passed");
    }

    /// Other owners use the hub too, and people cancel jobs by hand.
    fn others_act(&mut self) {
        self.foreign_count += 1;
        let id = match self.foreign_count {
            // Of our form, and still not ours.
            1 => "hj1-otherab-lock-t2612010900-u0000-k7m2q4xd".to_owned(),
            2 => "hj1-bldgx7q-lock-t2612010900-u0000".to_owned(),
            n => format!("nightly-{n}"),
        };
        let mut shared = self.shared();
        if shared.dice.percent(15) {
            let start = shared.hub.now() + SignedDuration::from_secs(shared.dice.between(-60, 6 * 3_600));
            let seconds = shared.dice.pick(&[60, 3_600]);
            let request = json!({
                "jobId": id, "type": "scheduleDeviceMethod", "queryCondition": "*", "startTime": start.to_string(),
                "maxExecutionTimeInSeconds": seconds,
                "cloudToDeviceMethod": {"methodName": "lockDoor", "responseTimeoutInSeconds": 15, "connectTimeoutInSeconds": 5},
            });
            if shared.hub.apply(HubEvent::CreateJob { id: id.clone(), request }).is_ok() {
                shared.note(format!("somebody else created {id} for {start}"));
                shared.ledger.foreign_created(hubjobs::model::JobId::new(id));
            }
        }
        if shared.dice.percent(5)
            && let Some(id) = shared.ledger.foreign_waiting().pop()
        {
            shared.note(format!("somebody else cancels {id}"));
            shared.ledger.foreign_given_up(&id);
            let _ = shared.hub.apply(HubEvent::CancelJob { id: id.as_str().to_owned() });
        }
        if shared.dice.percent(8)
            && let Some(id) = shared.ledger.own_waiting().pop()
        {
            shared.note(format!("somebody cancels {id} by hand"));
            let _ = shared.hub.apply(HubEvent::CancelJob { id: id.as_str().to_owned() });
        }
        shared.audit();
    }

    /// A run, or two of the same commit at once; sometimes one of an older commit before.
    fn run_in_bad_weather(&self) {
        let (older, together) = {
            let dice = &mut self.shared().dice;
            let older = dice.percent(10).then(|| dice.index(self.history.len()));
            (older, dice.percent(35))
        };
        if let Some(older) = older.filter(|older| self.history[*older].has_names_of(self.head())) {
            let weather = self.weather();
            self.run(&[(&self.history[older], weather)]);
        }
        let head = self.head();
        let weathers: Vec<_> = (0..=usize::from(together)).map(|_| (head, self.weather())).collect();
        self.run(&weathers);
    }

    fn weather(&self) -> Weather {
        let dice = &mut self.shared().dice;
        Weather {
            faults: dice.pick(&[0, 0, 5, 25]),
            kill_at: dice.percent(25).then(|| 1 + dice.below(12)),
            interrupt_at: dice.percent(8).then(|| 1 + dice.below(8)),
            time_passes: dice.percent(60),
        }
    }

    /// Without faults, one run leaves nothing to do for the next.
    fn converge(&self) -> Result<(), String> {
        self.shared().note("fair weather from now on");
        self.shared().clear_up();
        let mut runs = self.run(&[(self.head(), Weather::FAIR)]);
        self.violation()?;
        let (_, outcomes) = runs.pop().flatten().ok_or("a run in fair weather came to no plan")?;
        if let Some(failed) = outcomes.iter().find(|outcome| !matches!(outcome.settled, Settled::Done(_))) {
            return Err(format!("in fair weather, {} was {}", failed.id, failed.settled.as_str()));
        }
        self.shared().ledger.nothing_unwanted_waits(self.head())?;
        let mut runs = self.run(&[(self.head(), Weather::FAIR)]);
        self.violation()?;
        let (second, _) = runs.pop().flatten().ok_or("a run in fair weather came to no plan")?;
        match second.rows.iter().find(|_| second.has_actions()) {
            Some(_) => Err(format!("the second run in fair weather found something to do: {:?}", second.summary())),
            None => Ok(()),
        }
    }

    /// Runs at the same time, their calls in any order.
    fn run(&self, runners: &[(&Commit, Weather)]) -> Vec<Run> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runs = runners.iter().zip('A'..).map(|((commit, weather), runner)| self.run_one(runner, commit, *weather));
        runtime.expect("a runtime").block_on(futures_util::future::join_all(runs))
    }

    async fn run_one(&self, runner: char, commit: &Commit, weather: Weather) -> Run {
        self.shared().note(format!("runner {runner} of commit {} in {weather:?}", commit.number));
        let (interrupt, interrupted) = Interrupt::channel();
        let wire = Wire {
            runner,
            shared: Arc::clone(&self.shared),
            owner: self.owner.clone(),
            commit: commit.clone(),
            lookahead: self.environment.lookahead,
            weather,
            killed: Notify::new(),
            interrupt,
            calls: Mutex::new(0),
        };
        let run = tokio::select! {
            biased;
            () = wire.killed.notified() => None,
            run = self.plan_and_apply(&wire, interrupted) => run,
        };
        if run.is_none() {
            self.shared().note(format!("runner {runner} is gone"));
        }
        run
    }

    async fn plan_and_apply(&self, wire: &Wire, interrupt: Interrupt) -> Run {
        let scope = Scope {
            environment: &self.environment,
            owner: &self.owner,
            policies: &[],
            manifests: &wire.commit.manifests,
            completeness: Completeness::Complete,
            selection: &Selection::Everything,
        };
        let hub = self.shared().hub.clone();
        let planned = match plan_once(wire, &scope, &move || hub.now()).await {
            Ok(planned) => planned,
            Err(error) => {
                self.shared().note(format!("  {} cannot plan: {error}", wire.runner));
                return None;
            }
        };
        let plan = planned.plan.clone();
        self.count_rows(&plan);
        let progress = AskProgress::default();
        let inquiry = Inquiry {
            is_of_coming: false,
            counts: Counts::None,
            acknowledgements: &[],
            concurrency_max: NonZeroUsize::MIN,
            progress: &progress,
        };
        let Ok(review) = review_once(wire, &scope, planned, &inquiry).await else { return None };
        let Ok(approved) = approve(review) else {
            self.shared().note(format!("  {} has an unsafe plan", wire.runner));
            return Some((plan, Vec::new()));
        };
        let hub = self.shared().hub.clone();
        let conduct = Conduct {
            clock: &move || hub.now(),
            patience: Patience::remote(),
            concurrency_max: NonZeroUsize::new(self.shared().dice.index(4) + 1).expect("at least one"),
            interrupt,
            progress: &|_| {},
        };
        let outcomes = reconcile(wire, &approved, &conduct).await;
        for outcome in &outcomes {
            let line = format!("  {} {:?} {} {}", wire.runner, outcome.action, outcome.id, outcome.settled.as_str());
            let mut shared = self.shared();
            shared.note(line);
            shared.count("outcome", outcome.settled.as_str());
            let verdict = shared.ledger.is_true(outcome);
            shared.judge(verdict);
        }
        Some((plan, outcomes))
    }

    fn count_rows(&self, plan: &Plan) {
        let mut shared = self.shared();
        for row in &plan.rows {
            if let Step::Idle { id: Some(id), reason } = &row.step
                && id.own().is_some_and(|own| own.name != row.name)
            {
                shared.count("under an earlier name", reason.as_str());
            }
            let (kind, code) = match &row.step {
                Step::Create(create) => ("create", create.reason.as_str()),
                Step::Cancel { reason, .. } => ("cancel", reason.as_str()),
                Step::Deferred(deferral) => ("deferred", deferral.reason.as_str()),
                Step::Blocked { reason, .. } => ("blocked", reason.as_str()),
                Step::Idle { reason, .. } => ("none", reason.as_str()),
            };
            shared.count(kind, code);
        }
    }
}

/// One device that is always there, and one that never is.
fn fleet() -> Fleet {
    let group = |name: &str, there: bool| DeviceGroup {
        name: name.to_owned(),
        count: 1,
        id_pattern: IdPattern::parse(&format!("{name}-{{n}}")).expect("a pattern"),
        tags: vec![("there".to_owned(), Template { shape: Shape::Constant(there.into()), missing: Percent::ZERO })],
        desired: Vec::new(),
        reported: Vec::new(),
        connectivity: Connectivity {
            offline: if there { Percent::ZERO } else { Percent::whole(100) },
            flapping: Percent::ZERO,
            flapping_period: Seconds::HOUR,
        },
        reports_desired: false,
        methods: BTreeMap::from([("*".to_owned(), answers())]),
    };
    Fleet { name: "simulated".to_owned(), seed: 1, groups: vec![group("there", true), group("gone", false)] }
}

fn answers() -> MethodBehaviour {
    MethodBehaviour {
        status: 200,
        payload: json!({}),
        latency_min_ms: 10,
        latency_max_ms: 20,
        fail: Percent::ZERO,
        fail_status: 500,
        no_answer: Percent::ZERO,
        reports: serde_json::Map::new(),
    }
}
