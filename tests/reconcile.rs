//! Carrying out a plan on a hub that answers late, wrong or not at all: what is asked, in which
//! order, when, and what the run says of it.
//!
//! A scripted hub takes exactly the calls of its script, at their times (the clock is paused):
//!
//! ```text
//! 0s cancel old: ok
//! 0s get old: scheduled
//! 2s get old: cancelled
//! 2s create new: ok
//! 2s list queued: none
//! ```

use std::collections::VecDeque;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Mutex;
use std::time::Duration;

use hubjobs::hub::{Continuation, ErrorCode, HubClient, HubError, JobFilter, Page};
use hubjobs::model::{
    Digit, EnvironmentName, HubSize, JobAction, JobBody, JobId, JobStatus, ManifestName, MethodCall, MethodName,
    NewJob, ObservedConfiguration, ObservedJob, OccurrenceKey, OccurrenceKind, OwnJobId, Owner, Percent, PrunePolicy,
    SafetyLimits, Seconds, Sku, TargetCondition, Unit,
};
use hubjobs::plan::{Answers, ReviewInput, review};
use hubjobs::plan::{
    ApprovedPlan, CancelReason, Completeness, Create, CreateReason, LaneUse, Plan, Row, Step, approve,
};
use hubjobs::reconcile::{Conduct, Interrupt, Patience, Ruling, Settled, reconcile, watch};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

/// The jobs of the scripts. All are in one slot, but for `earlier`, in another of the same
/// manifest, and `gate`, of another manifest.
const JOBS: [(&str, &str, &str, u8, &str); 7] = [
    // name in scripts, manifest, occurrence, sequence, payload
    ("old", "lock", "09:00", 0, "a"),
    ("new", "lock", "09:00", 1, "b"),
    ("lesser", "lock", "09:00", 0, "c"),
    ("greater", "lock", "09:00", 2, "c"),
    ("earlier", "lock", "08:30", 0, "a"),
    ("gate", "gate", "08:10", 0, "a"),
    ("neighbour", "lock", "09:30", 0, "b"),
];

fn now() -> Timestamp {
    time("08:00")
}

fn time(text: &str) -> Timestamp {
    format!("2026-12-01T{text}:00Z").parse().expect("a time")
}

fn body(payload: &str) -> JobBody {
    JobBody {
        condition: TargetCondition::all(),
        action: JobAction::Method(MethodCall {
            name: MethodName::new("lockDoor").expect("a method name"),
            payload: payload.into(),
            response_timeout: Seconds::new(15),
            connect_timeout: Seconds::new(5),
        }),
        max_execution: Seconds::new(600),
    }
}

/// A job of the scripts, to be created at its occurrence.
fn job(name: &str) -> NewJob {
    let (_, manifest, start, sequence, payload) =
        JOBS.into_iter().find(|(known, ..)| *known == name).unwrap_or_else(|| panic!("no job {name}"));
    let body = body(payload);
    let occurrence = OccurrenceKey::new(OccurrenceKind::At, time(start)).expect("a whole minute");
    let unit = Unit { sequence: Digit::new(sequence).expect("below 36"), ..Unit::default() };
    let id = OwnJobId {
        owner: Owner::parse("bldgx7q").expect("an owner"),
        name: ManifestName::new(manifest).expect("a name"),
        occurrence,
        unit,
        revision: body.revision(),
    };
    NewJob { id, body, start: Some(time(start)) }
}

fn id(name: &str) -> JobId {
    job(name).id.to_job_id()
}

/// The name in scripts of an id.
fn script_name(wanted: &JobId) -> &'static str {
    JOBS.iter().map(|(name, ..)| *name).find(|name| id(name) == *wanted).expect("a job of the scripts")
}

fn row(name: &str, step: Step) -> Row {
    let id = job(name).id;
    Row { name: id.name, source: None, occurrence: id.occurrence, generation: 0, step }
}

fn create(name: &str, after: &[&str]) -> Row {
    create_until(name, after, "10:00")
}

fn create_until(name: &str, after: &[&str], deadline: &str) -> Row {
    let create = Create {
        job: job(name),
        reason: CreateReason::SlotEmpty,
        after: after.iter().map(|name| id(name)).collect(),
        changes: Vec::new(),
        deadline: time(deadline),
        lateness: None,
    };
    row(name, Step::Create(Box::new(create)))
}

/// A job that was planned to start at another time than its occurrence.
fn create_at(name: &str, after: &[&str], start: &str) -> Row {
    let mut row = create(name, after);
    if let Step::Create(create) = &mut row.step {
        create.job.start = Some(time(start));
    }
    row
}

/// A job that starts at its creation.
fn create_now(name: &str, after: &[&str]) -> Row {
    let mut row = create(name, after);
    if let Step::Create(create) = &mut row.step {
        create.job.start = None;
    }
    row
}

fn cancel(name: &str) -> Row {
    row(name, Step::Cancel { id: id(name), reason: CancelReason::Superseded })
}

fn approved(rows: Vec<Row>) -> ApprovedPlan {
    let plan = Plan {
        environment: EnvironmentName::new("test").expect("a name"),
        owner: Owner::parse("bldgx7q").expect("an owner"),
        now: now(),
        size: HubSize { sku: Sku::S2, units: NonZeroU32::MIN },
        prune: PrunePolicy::Never,
        manifest_count: 1,
        completeness: Completeness::Complete,
        own_waiting_count: 0,
        lanes: LaneUse { total: 5, own: Vec::new(), foreign: Vec::new() },
        rows,
    };
    let limits = SafetyLimits::of_cancels(Percent::whole(30));
    approve(review(plan, &ReviewInput::of_limits(&limits), &Answers::default())).expect("a safe plan")
}

/// A hub that takes exactly the calls of its script.
struct ScriptedHub {
    begin: Instant,
    lines: Mutex<VecDeque<String>>,
    interrupt: tokio::sync::watch::Sender<bool>,
}

impl ScriptedHub {
    /// The answer of the script to a call, which must be the next one, at the right time.
    fn answer(&self, call: &str) -> String {
        let at = self.begin.elapsed().as_secs();
        let line = self.lines.lock().expect("one thread").pop_front();
        let line = line.unwrap_or_else(|| panic!("the script has ended, but `{at}s {call}` was asked"));
        let (wanted, answer) = line.split_once(": ").expect("a line `call: answer`");
        assert_eq!(format!("{at}s {call}"), wanted, "another call than in the script");
        let answer = answer.trim();
        if let Some(answer) = answer.strip_suffix(" and ^C") {
            self.interrupt.send_replace(true);
            return answer.to_owned();
        }
        answer.to_owned()
    }
}

/// The answers that are errors.
fn error(answer: &str) -> Option<HubError> {
    let refused = |status, code| HubError::Refused { status, code, message: String::new(), tracking_id: None };
    Some(match answer {
        "lost" => HubError::Ambiguous { cause: "connection reset".to_owned() },
        "unreachable" => HubError::Unreachable { cause: "no route".to_owned() },
        "throttled" => HubError::Throttled { retry_after: None },
        "bad-request" => refused(400, ErrorCode::ArgumentInvalid),
        "forbidden" => refused(403, ErrorCode::IotHubQuotaExceeded),
        "not-found" => refused(404, ErrorCode::JobNotFound),
        "started" => refused(405, ErrorCode::OperationNotAllowedInCurrentState),
        "exists" => refused(409, ErrorCode::JobAlreadyExists),
        "too-long" => refused(412, ErrorCode::PreconditionFailed),
        "full" => refused(429, ErrorCode::ThrottlingMaxActiveJobCountExceeded),
        "unauthorized" => HubError::Unauthorized { message: String::new() },
        _ => return None,
    })
}

fn observed(name: &str, status: &str) -> ObservedJob {
    let (status, body) = match status.split_once(' ') {
        Some((status, "other-body")) => (status, Some(body("tampered"))),
        Some((status, "no-body")) => (status, None),
        Some(_) => panic!("no such state: {status}"),
        None => (status, Some(job(name).body)),
    };
    ObservedJob {
        id: id(name),
        status: JobStatus::parse(status),
        kind: None,
        created: None,
        start: job(name).start,
        end: None,
        body,
        statistics: None,
        failure_reason: None,
    }
}

impl HubClient for ScriptedHub {
    async fn create_job(&self, job: &NewJob) -> Result<(), HubError> {
        let answer = self.answer(&format!("create {}", script_name(&job.id.to_job_id())));
        error(&answer).map_or_else(|| (answer == "ok").then_some(()).ok_or_else(|| panic!("{answer}?")), Err)
    }

    async fn get_job(&self, id: &JobId) -> Result<Option<ObservedJob>, HubError> {
        let name = script_name(id);
        let answer = self.answer(&format!("get {name}"));
        match error(&answer) {
            Some(error) => Err(error),
            None if answer == "unknown" => Ok(None),
            None => Ok(Some(observed(name, &answer))),
        }
    }

    async fn cancel_job(&self, id: &JobId) -> Result<(), HubError> {
        let answer = self.answer(&format!("cancel {}", script_name(id)));
        error(&answer).map_or_else(|| (answer == "ok").then_some(()).ok_or_else(|| panic!("{answer}?")), Err)
    }

    /// `none`, or names of jobs; a number behind them is the next page.
    async fn list_jobs(&self, filter: &JobFilter, page: Option<&Continuation>) -> Result<Page<ObservedJob>, HubError> {
        let status = filter.status.as_ref().expect("a list of one state").as_str();
        let page = page.map_or_else(String::new, |page| format!(" page {}", page.as_str()));
        let answer = self.answer(&format!("list {status}{page}"));
        if let Some(error) = error(&answer) {
            return Err(error);
        }
        let words = || answer.split_whitespace().filter(|word| *word != "none");
        let is_page = |word: &&str| word.parse::<u32>().is_ok();
        Ok(Page {
            items: words().filter(|word| !is_page(word)).map(|name| observed(name, status)).collect(),
            next: words().find(is_page).map(Continuation::new),
            served_at: None,
        })
    }

    async fn query(&self, _query: &str, _page: Option<&Continuation>) -> Result<Page<Value>, HubError> {
        panic!("carrying out a plan asks no query")
    }

    async fn configurations(&self) -> Result<Vec<ObservedConfiguration>, HubError> {
        panic!("carrying out a plan needs no configurations")
    }
}

/// Short enough for a script, and still with the pauses of the real thing.
fn patience() -> Patience {
    Patience { confirm_for: Duration::from_secs(6), ..Patience::remote() }
}

/// Runs a plan against a script; returns the outcomes, a line each.
async fn run(rows: Vec<Row>, script: &str) -> String {
    run_interrupted(rows, script, false).await
}

async fn run_interrupted(rows: Vec<Row>, script: &str, before: bool) -> String {
    let (interrupt, interrupted) = Interrupt::channel();
    interrupt.send_replace(before);
    let lines = script.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    let hub = ScriptedHub { begin: Instant::now(), lines: Mutex::new(lines), interrupt };
    let begin = hub.begin;
    let clock = move || now() + SignedDuration::try_from(begin.elapsed()).expect("a short run");
    let conduct = Conduct {
        clock: &clock,
        patience: patience(),
        concurrency_max: NonZeroUsize::MIN,
        interrupt: interrupted,
        progress: &|_| {},
    };
    let outcomes = reconcile(&hub, &approved(rows), &conduct).await;
    assert_eq!(hub.lines.into_inner().expect("one thread"), VecDeque::<String>::new(), "not asked");
    let lines: Vec<_> = outcomes
        .iter()
        .map(|outcome| {
            let detail = match &outcome.settled {
                Settled::PredecessorRemains(id) => format!(" {}", script_name(id)),
                Settled::SlotRace { cancelled, confirmed } => {
                    let confirmed = if *confirmed { "" } else { ", not confirmed" };
                    format!(" {}{confirmed}", script_name(cancelled))
                }
                _ => String::new(),
            };
            format!("{:?} {} {}{detail}", outcome.action, script_name(&outcome.id), outcome.settled.as_str())
        })
        .collect();
    lines.join("\n")
}

/// A test of a plan, what is asked and answered, and what the run says.
macro_rules! scripts {
    ($($name:ident: $rows:expr, $script:literal => $outcomes:literal;)+) => {
        $(#[tokio::test(start_paused = true)]
        async fn $name() {
            let outcomes: Vec<&str> = $outcomes.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            assert_eq!(run($rows.into(), $script).await, outcomes.join("\n"));
        })+
    };
}

/// A job that just was created may be unknown for a while; one that stays unknown is given up.
#[tokio::test(start_paused = true)]
async fn a_job_that_stays_unknown_is_not_followed_for_ever() {
    let mut lines: VecDeque<String> = (0..10).map(|second| format!("{second}s get gate: unknown")).collect();
    let others = ["0s get new: unknown", "1s get new: running", "2s get new: unknown", "3s get new: completed"];
    for (at, line) in others.into_iter().enumerate() {
        lines.insert(2 * at + 1, line.to_owned());
    }
    let (interrupt, interrupted) = Interrupt::channel();
    let hub = ScriptedHub { begin: Instant::now(), lines: Mutex::new(lines), interrupt };
    let ids = [id("gate"), id("new")];
    let watched = watch(&hub, &Duration::from_secs(1), &ids, &interrupted, &|_| {}).await.expect("the hub answers");
    let ends: Vec<_> = watched.iter().map(|watched| (watched.has_ended(), watched.is_lost)).collect();
    assert_eq!(ends, [(false, true), (true, false)]);
    assert!(hub.lines.into_inner().expect("one thread").is_empty(), "not asked");
}

// Cancel, see it cancelled, create.
scripts! {
    cancel_confirm_create: [create("new", &["old"])], "
        0s cancel old: ok
        0s get old: cancelled
        0s create new: ok
        0s list queued: none
        0s list scheduled: new
    " => "
        Cancel old done
        Create new done
    ";

    the_hub_may_show_a_cancelled_job_as_waiting_for_a_while: [create("new", &["old"])], "
        0s cancel old: ok
        0s get old: scheduled
        2s get old: scheduled
        4s get old: cancelled
        4s create new: ok
        4s list queued: new
        4s list scheduled: none
    " => "
        Cancel old done
        Create new done
    ";

    a_job_that_never_shows_as_cancelled_has_no_successor: [create("new", &["old"])], "
        0s cancel old: ok
        0s get old: scheduled
        2s get old: scheduled
        4s get old: scheduled
        6s cancel old: ok
        6s get old: scheduled
    " => "
        Cancel old uncertain
        Create new predecessor-remains old
    ";

    every_cancel_comes_before_any_creation: [create("new", &["old"]), create("gate", &[]), cancel("earlier")], "
        0s cancel earlier: ok
        0s get earlier: cancelled
        0s cancel old: ok
        0s get old: cancelled
        0s create gate: ok
        0s list queued: none
        0s list scheduled: none
        0s create new: ok
        0s list queued: none
        0s list scheduled: none
    " => "
        Cancel earlier done
        Cancel old done
        Create gate done
        Create new done
    ";

    what_starts_at_once_is_created_first: [create("gate", &[]), create_now("new", &[])], "
        0s create new: ok
        0s create gate: ok
        0s list queued: none
        0s list scheduled: none
    " => "
        Create new done
        Create gate done
    ";

    a_job_is_cancelled_once_however_many_rows_name_it: [cancel("earlier"), create("new", &["earlier", "old"])], "
        0s cancel earlier: ok
        0s get earlier: cancelled
        0s cancel old: ok
        0s get old: cancelled
        0s create new: ok
        0s list queued: none
        0s list scheduled: none
    " => "
        Cancel earlier done
        Cancel old done
        Create new done
    ";

    one_of_several_predecessors_is_enough_to_wait: [cancel("earlier"), create("new", &["earlier", "old"]), create("gate", &[])], "
        0s cancel earlier: ok
        0s get earlier: cancelled
        0s cancel old: started
        0s get old: running
        0s create gate: ok
        0s list queued: none
        0s list scheduled: none
    " => "
        Cancel earlier done
        Cancel old started-before-cancel
        Create gate done
        Create new predecessor-remains old
    ";
}

// The table of ambiguities: a cancel.
scripts! {
    a_job_that_started_before_its_cancel_has_no_successor: [create("new", &["old"])], "
        0s cancel old: started
        0s get old: running
    " => "
        Cancel old started-before-cancel
        Create new predecessor-remains old
    ";

    a_job_that_has_ended_meanwhile_has_no_successor: [create("new", &["old"])], "
        0s cancel old: started
        0s get old: completed
    " => "
        Cancel old started-before-cancel
        Create new predecessor-remains old
    ";

    a_job_may_start_although_its_cancel_was_taken: [create("new", &["old"])], "
        0s cancel old: ok
        0s get old: running
    " => "
        Cancel old started-before-cancel
        Create new predecessor-remains old
    ";

    another_runner_cancelled_first: [create("new", &["old"])], "
        0s cancel old: started
        0s get old: cancelled
        0s create new: ok
        0s list queued: none
        0s list scheduled: none
    " => "
        Cancel old already-done
        Create new done
    ";

    a_lost_cancel_that_arrived: [create("new", &["old"])], "
        0s cancel old: lost
        0s get old: cancelled
        0s create new: ok
        0s list queued: none
        0s list scheduled: none
    " => "
        Cancel old confirmed-after-ambiguity
        Create new done
    ";

    a_lost_cancel_that_did_not_arrive_is_repeated: [cancel("old")], "
        0s cancel old: lost
        0s get old: scheduled
        2s get old: scheduled
        4s get old: scheduled
        6s cancel old: ok
        6s get old: cancelled
    " => "
        Cancel old confirmed-after-ambiguity
    ";

    a_cancel_that_cannot_be_read_afterwards_is_uncertain: [create("new", &["old"])], "
        0s cancel old: lost
        0s get old: unreachable
        2s get old: throttled
        4s get old: unreachable
        6s cancel old: lost
        6s get old: unreachable
    " => "
        Cancel old uncertain
        Create new predecessor-remains old
    ";

    a_cancel_that_was_throttled_was_not_done: [create("new", &["old"])], "
        0s cancel old: throttled
    " => "
        Cancel old failed
        Create new predecessor-remains old
    ";

    a_cancel_that_was_never_sent: [create("new", &["old"])], "
        0s cancel old: unreachable
    " => "
        Cancel old failed
        Create new predecessor-remains old
    ";

    a_cancel_of_a_forgotten_job: [create("new", &["old"])], "
        0s cancel old: not-found
    " => "
        Cancel old failed
        Create new predecessor-remains old
    ";
}

// The table of ambiguities: a creation.
scripts! {
    a_lost_creation_that_arrived: [create("new", &[])], "
        0s create new: lost
        0s get new: scheduled
        0s list queued: none
        0s list scheduled: new
    " => "Create new confirmed-after-ambiguity";

    a_lost_creation_that_arrived_and_shows_late: [create("new", &[])], "
        0s create new: lost
        0s get new: unknown
        2s get new: unreachable
        6s get new: queued
        6s list queued: new
        6s list scheduled: none
    " => "Create new confirmed-after-ambiguity";

    a_lost_creation_that_did_not_arrive_is_repeated_with_the_same_id: [create("new", &[])], "
        0s create new: lost
        0s get new: unknown
        2s get new: unknown
        6s get new: unknown
        14s get new: unknown
        30s create new: ok
        30s list queued: none
        30s list scheduled: none
    " => "Create new confirmed-after-ambiguity";

    a_creation_that_is_lost_three_times_is_uncertain: [create("new", &[])], "
        0s create new: lost
        0s get new: unknown
        2s get new: unknown
        6s get new: unknown
        14s get new: unknown
        30s create new: lost
        30s get new: unknown
        32s get new: unknown
        36s get new: unknown
        44s get new: unknown
        60s create new: lost
        60s get new: unknown
        62s get new: unknown
        66s get new: unknown
        74s get new: unknown
    " => "Create new uncertain";

    a_repeat_that_meets_the_first_try: [create("new", &[])], "
        0s create new: lost
        0s get new: unknown
        2s get new: unknown
        6s get new: unknown
        14s get new: unknown
        30s create new: exists
        30s get new: scheduled
        30s list queued: none
        30s list scheduled: none
    " => "Create new confirmed-after-ambiguity";

    a_refusal_of_the_repeat_says_nothing_of_the_first_try: [create("new", &[])], "
        0s create new: lost
        0s get new: unknown
        2s get new: unknown
        6s get new: unknown
        14s get new: unknown
        30s create new: throttled
        30s get new: scheduled
        30s list queued: none
        30s list scheduled: none
    " => "Create new confirmed-after-ambiguity";

    another_runner_of_the_same_commit_was_faster: [create("new", &[])], "
        0s create new: exists
        0s get new: scheduled
        0s list queued: none
        0s list scheduled: new
    " => "Create new already-done";

    the_hub_knows_the_id_but_does_not_show_the_job_yet: [create("new", &[])], "
        0s create new: exists
        0s get new: unknown
        2s get new: queued
        2s list queued: none
        2s list scheduled: none
    " => "Create new already-done";

    an_id_with_another_body_is_a_collision: [create("new", &[])], "
        0s create new: exists
        0s get new: scheduled other-body
    " => "Create new id-collision";

    an_ambiguous_creation_that_finds_another_body_is_a_collision: [create("new", &[])], "
        0s create new: lost
        0s get new: running other-body
    " => "Create new id-collision";

    an_echo_too_poor_to_compare_is_taken_for_ours: [create("new", &[])], "
        0s create new: exists
        0s get new: scheduled no-body
        0s list queued: none
        0s list scheduled: none
    " => "Create new already-done";

    a_full_hub_defers: [create("new", &[])], "
        0s create new: full
    " => "Create new deferred";

    a_bad_request_is_final: [create("new", &[])], "0s create new: bad-request" => "Create new failed";
    a_spent_quota_is_final: [create("new", &[])], "0s create new: forbidden" => "Create new failed";
    a_condition_too_long_is_final: [create("new", &[])], "0s create new: too-long" => "Create new failed";
    throttled_for_too_long: [create("new", &[])], "0s create new: throttled" => "Create new failed";
    never_sent: [create("new", &[])], "0s create new: unreachable" => "Create new failed";
    not_authorised: [create("new", &[])], "0s create new: unauthorized" => "Create new failed";

    one_failure_does_not_stop_the_others: [create("new", &[]), create("gate", &[])], "
        0s create gate: bad-request
        0s create new: ok
        0s list queued: none
        0s list scheduled: none
    " => "
        Create gate failed
        Create new done
    ";
}

// The deadline is looked at before each try.
scripts! {
    past_its_deadline_nothing_is_asked: [create_until("new", &[], "07:59")], "" => "Create new too-late";

    on_its_deadline_it_is_asked: [create_until("new", &[], "08:00")], "
        0s create new: ok
        0s list queued: none
        0s list scheduled: none
    " => "Create new done";

    the_deadline_passes_during_settlement: [create_until("new", &[], "08:00")], "
        0s create new: lost
        0s get new: unknown
        2s get new: unknown
        6s get new: unknown
        14s get new: unknown
    " => "Create new uncertain";

    the_deadline_passes_while_a_predecessor_is_confirmed: [create_until("new", &["old"], "08:00")], "
        0s cancel old: ok
        0s get old: scheduled
        2s get old: cancelled
    " => "
        Cancel old done
        Create new too-late
    ";
}

// A plan is stale for a job whose planned start has come: its body would end too early, and what it
// replaces may be starting.
scripts! {
    past_its_planned_start_nothing_is_asked: [create_at("new", &["old"], "08:00")], "" => "
        Cancel old too-late
        Create new predecessor-remains old
    ";

    past_its_planned_start_nothing_is_created: [create_at("new", &[], "07:59")], "" => "Create new too-late";
}

// A refusal of the repeat says nothing about the first try.
scripts! {
    a_cancel_that_was_lost_and_then_refused: [cancel("old")], "
        0s cancel old: lost
        0s get old: scheduled
        2s get old: scheduled
        4s get old: scheduled
        6s cancel old: throttled
        6s get old: cancelled
    " => "Cancel old confirmed-after-ambiguity";

    a_creation_that_was_lost_and_then_found_no_lane: [create("new", &[])], "
        0s create new: lost
        0s get new: unknown
        2s get new: unknown
        6s get new: unknown
        14s get new: unknown
        30s create new: full
        30s get new: scheduled
        30s list queued: none
        30s list scheduled: new
    " => "Create new confirmed-after-ambiguity";
}

// After a creation whose start lies ahead the slot is listed again.
scripts! {
    of_two_live_jobs_in_a_slot_the_rival_gives_way: [create("new", &[])], "
        0s create new: ok
        0s list queued: none
        0s list scheduled: greater new
        0s get greater: scheduled
        0s cancel greater: ok
        0s get greater: cancelled
    " => "Create new slot-race greater";

    of_two_live_jobs_in_a_slot_ours_gives_way: [create("new", &[])], "
        0s create new: ok
        0s list queued: lesser new
        0s get lesser: queued
        0s cancel new: ok
        0s get new: cancelled
    " => "Create new slot-race new";

    a_rival_on_a_later_page: [create("new", &[])], "
        0s create new: ok
        0s list queued: neighbour 2
        0s list queued page 2: none 3
        0s list queued page 3: greater
        0s get greater: queued
        0s cancel greater: ok
        0s get greater: cancelled
    " => "Create new slot-race greater";

    a_rival_that_runs_already_cannot_give_way: [create("new", &[])], "
        0s create new: ok
        0s list queued: none
        0s list scheduled: greater
        0s get greater: running
        0s cancel new: ok
        0s get new: cancelled
    " => "Create new slot-race new";

    a_rival_that_starts_at_that_moment_is_not_confirmed: [create("new", &[])], "
        0s create new: ok
        0s list queued: none
        0s list scheduled: greater
        0s get greater: scheduled
        0s cancel greater: started
        0s get greater: running
    " => "Create new slot-race greater, not confirmed";

    a_list_that_lags_shows_no_rival: [create("new", &["old"])], "
        0s cancel old: ok
        0s get old: cancelled
        0s create new: ok
        0s list queued: none
        0s list scheduled: old new greater
        0s get greater: cancelled
    " => "
        Cancel old done
        Create new done
    ";

    jobs_of_other_slots_are_no_rivals: [create("new", &[])], "
        0s create new: ok
        0s list queued: earlier
        0s list scheduled: neighbour gate
    " => "Create new done";

    a_slot_that_cannot_be_read_again_is_uncertain: [create("new", &[])], "
        0s create new: ok
        0s list queued: throttled
    " => "Create new uncertain";

    a_job_that_starts_at_once_cannot_give_way: [create_now("new", &[])], "
        0s create new: ok
    " => "Create new done";
}

// An interrupted run finishes the call in flight and starts no other.
scripts! {
    an_interruption_between_cancel_and_creation: [create("new", &["old"])], "
        0s cancel old: ok
        0s get old: cancelled and ^C
    " => "
        Cancel old done
        Create new interrupted
    ";

    an_interruption_before_a_cancel_is_seen: [cancel("old"), cancel("earlier")], "
        0s cancel old: ok
        0s get old: scheduled and ^C
    " => "
        Cancel old uncertain
        Cancel earlier interrupted
    ";

    an_interruption_during_settlement: [create("new", &[])], "
        0s create new: lost
        0s get new: unknown and ^C
    " => "Create new uncertain";

    an_interruption_during_a_creation: [create("new", &[]), create("gate", &[])], "
        0s create gate: ok and ^C
        0s list queued: none
        0s list scheduled: none
    " => "
        Create gate done
        Create new interrupted
    ";
}

#[tokio::test(start_paused = true)]
async fn an_interruption_before_the_run_asks_nothing() {
    let outcomes = run_interrupted(vec![create("new", &["old"]), cancel("earlier")], "", true).await;
    assert_eq!(outcomes, "Cancel earlier interrupted\nCancel old interrupted\nCreate new interrupted");
}

#[test]
fn the_run_as_a_whole_is_judged_by_its_outcomes() {
    let error = || HubError::Throttled { retry_after: None };
    for (settled, ruling) in [
        (Settled::Deferred, Ruling::Fine),
        (Settled::TooLate, Ruling::NotDone),
        (Settled::StartedBeforeCancel, Ruling::NotDone),
        (Settled::PredecessorRemains(id("old")), Ruling::NotDone),
        (Settled::IdCollision, Ruling::NotDone),
        (Settled::Interrupted, Ruling::Interrupted),
        (Settled::SlotRace { cancelled: id("old"), confirmed: true }, Ruling::Uncertain),
        (Settled::Uncertain(String::new()), Ruling::Uncertain),
        (Settled::Failed(error()), Ruling::Failed),
    ] {
        assert_eq!(settled.ruling(), ruling, "{}", settled.as_str());
    }
}
