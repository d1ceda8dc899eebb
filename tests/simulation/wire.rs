//! The way from a runner to the hub, where everything goes wrong that can.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hubjobs::emulator::InProcessHub;
use hubjobs::hub::{Continuation, HubClient, HubError, JobFilter, Page};
use hubjobs::model::{JobId, NewJob, ObservedConfiguration, ObservedJob, Owner, Seconds};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::{Notify, watch};

use crate::commit::Commit;
use crate::dice::Dice;
use crate::ledger::{Author, Ledger};

/// What all runners of a simulation share. Calls come one at a time, in the order that the dice say.
pub(crate) struct Shared {
    pub(crate) hub: InProcessHub,
    pub(crate) dice: Dice,
    pub(crate) ledger: Ledger,
    pub(crate) log: Vec<String>,
    /// How often each kind of row and outcome came up.
    pub(crate) seen: BTreeMap<String, u64>,
    /// The first thing that must never happen.
    pub(crate) violation: Option<String>,
    /// Jobs of which a read shows an earlier state for a while.
    stale: BTreeMap<JobId, Stale>,
    /// Cancelled jobs that lists show as they were, for a while.
    lagging: BTreeMap<JobId, Lagging>,
}

struct Lagging {
    shown: ObservedJob,
    lists_left: i64,
}

struct Stale {
    shown: Option<ObservedJob>,
    reads_left: i64,
}

impl Shared {
    pub(crate) fn new(hub: InProcessHub, dice: Dice) -> Self {
        let (seen, stale, lagging) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { hub, dice, ledger: Ledger::default(), log: Vec::new(), seen, violation: None, stale, lagging }
    }

    pub(crate) fn note(&mut self, line: impl Into<String>) {
        let line = format!("{} {}", self.hub.now(), line.into());
        self.log.push(line);
    }

    pub(crate) fn count(&mut self, kind: &str, code: &str) {
        *self.seen.entry(format!("{kind} {code}")).or_default() += 1;
    }

    pub(crate) fn judge(&mut self, verdict: Result<(), String>) {
        if let Err(violation) = verdict {
            self.note(format!("VIOLATION {violation}"));
            self.violation.get_or_insert(violation);
        }
    }

    pub(crate) fn audit(&mut self) {
        let verdict = self.ledger.audit(&self.hub);
        self.judge(verdict);
    }

    /// The hub has caught up with itself.
    pub(crate) fn clear_up(&mut self) {
        self.stale.clear();
        self.lagging.clear();
    }

    /// Puts into a page what lists still show of jobs that were cancelled.
    fn let_list_lag(&mut self, filter: &JobFilter, page: &mut Page<ObservedJob>) {
        page.items.retain(|job| !self.lagging.contains_key(&job.id));
        for lagging in self.lagging.values_mut() {
            lagging.lists_left -= 1;
            if filter.status.as_ref().is_none_or(|status| *status == lagging.shown.status) {
                page.items.push(lagging.shown.clone());
            }
        }
        self.lagging.retain(|_, lagging| lagging.lists_left > 0);
    }

    /// Lets time pass in steps short enough that no job begins, ends and is forgotten unseen.
    pub(crate) fn pass(&mut self, duration: SignedDuration) {
        let (step, until) = (SignedDuration::from_hours(12), self.hub.now() + duration);
        while self.hub.now() < until {
            self.hub.advance_to((self.hub.now() + step).min(until));
            self.audit();
        }
    }
}

/// How bad a line is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    /// Calls in a hundred that fail in some way.
    pub(crate) faults: u64,
    /// The call at which the process is killed.
    pub(crate) kill_at: Option<u64>,
    /// The call at which the user interrupts.
    pub(crate) interrupt_at: Option<u64>,
    /// Whether time passes between calls.
    pub(crate) time_passes: bool,
}

impl Weather {
    pub(crate) const FAIR: Self = Self { faults: 0, kill_at: None, interrupt_at: None, time_passes: false };
}

/// The line of one runner.
pub(crate) struct Wire {
    pub(crate) runner: char,
    pub(crate) shared: Arc<Mutex<Shared>>,
    pub(crate) owner: Owner,
    pub(crate) commit: Commit,
    pub(crate) lookahead: Seconds,
    pub(crate) weather: Weather,
    /// Told when the process is to be killed.
    pub(crate) killed: Notify,
    pub(crate) interrupt: watch::Sender<bool>,
    pub(crate) calls: Mutex<u64>,
}

/// How long a call may take.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(60);

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    Throttled,
    LostOnTheWayThere,
    LostOnTheWayBack,
    KilledBefore,
    KilledAfter,
}

impl Wire {
    pub(crate) fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call, as it goes in bad weather. Others may act before it and after it.
    async fn call<T>(
        &self,
        what: &str,
        is_write: bool,
        act: impl FnOnce(&mut Shared) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        let sent = self.shared().hub.now();
        self.let_others_act().await;
        let fate = self.fate(sent);
        let lost = || match is_write {
            true => HubError::Ambiguous { cause: "connection reset".to_owned() },
            false => HubError::Unreachable { cause: "connection reset".to_owned() },
        };
        let result = match fate {
            Fate::Throttled => Err(HubError::Throttled { retry_after: None }),
            Fate::LostOnTheWayThere | Fate::KilledBefore => Err(lost()),
            Fate::Answered | Fate::LostOnTheWayBack | Fate::KilledAfter => act(&mut self.shared()),
        };
        self.after(what, fate, result.as_ref().err());
        match fate {
            Fate::KilledBefore | Fate::KilledAfter => {
                self.killed.notify_one();
                std::future::pending().await
            }
            Fate::LostOnTheWayBack => Err(lost()),
            Fate::Answered | Fate::Throttled | Fate::LostOnTheWayThere => {
                self.let_others_act().await;
                result
            }
        }
    }

    async fn let_others_act(&self) {
        let turns = self.shared().dice.below(4);
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }

    fn fate(&self, sent: Timestamp) -> Fate {
        let number = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            *calls += 1;
            *calls
        };
        if self.weather.interrupt_at == Some(number) {
            self.interrupt.send_replace(true);
        }
        let mut shared = self.shared();
        let dice = &mut shared.dice;
        if self.weather.kill_at == Some(number) {
            return dice.pick(&[Fate::KilledBefore, Fate::KilledAfter]);
        }
        let fate = match dice.percent(self.weather.faults) {
            true => dice.pick(&[Fate::Throttled, Fate::LostOnTheWayThere, Fate::LostOnTheWayBack]),
            false => Fate::Answered,
        };
        // Nobody waits longer; and a request that old arrives nowhere.
        let is_timed_out = shared.hub.now().duration_since(sent) > TIMEOUT;
        if is_timed_out { Fate::LostOnTheWayThere } else { fate }
    }

    fn after(&self, what: &str, fate: Fate, error: Option<&HubError>) {
        let mut shared = self.shared();
        let refusal = error.filter(|_| matches!(fate, Fate::Answered | Fate::LostOnTheWayBack | Fate::KilledAfter));
        let refusal = refusal.map_or_else(String::new, |error| format!(": {error}"));
        shared.note(format!("  {} {what} {fate:?}{refusal}", self.runner));
        if self.weather.time_passes {
            let seconds = match shared.dice.below(20) {
                0 => shared.dice.between(60, 1_800),
                1..=6 => shared.dice.between(1, 20),
                _ => 0,
            };
            shared.pass(SignedDuration::from_secs(seconds));
        }
        shared.audit();
    }

    /// From now on, some reads show a job as it was.
    fn make_stale(&self, shared: &mut Shared, id: &JobId, shown: Option<ObservedJob>) {
        if self.weather.faults > 0 && shared.dice.percent(30) {
            let reads_left = shared.dice.between(1, 3);
            shared.stale.insert(id.clone(), Stale { shown, reads_left });
        }
    }
}

impl HubClient for Wire {
    async fn create_job(&self, job: &NewJob) -> Result<(), HubError> {
        let asked = self.shared().hub.now();
        self.call(&format!("create {}", job.id), true, |shared| {
            now_or_never(shared.hub.clone().create_job(job))?;
            let author = Author { owner: &self.owner, commit: &self.commit, lookahead: self.lookahead, asked };
            let verdict = shared.ledger.created(&shared.hub, job, &author);
            shared.judge(verdict);
            self.make_stale(shared, &job.id.to_job_id(), None);
            Ok(())
        })
        .await
    }

    async fn get_job(&self, id: &JobId) -> Result<Option<ObservedJob>, HubError> {
        self.call(&format!("get {id}"), false, |shared| {
            if let Some(stale) = shared.stale.get_mut(id) {
                stale.reads_left -= 1;
                let shown = stale.shown.clone();
                if stale.reads_left == 0 {
                    shared.stale.remove(id);
                }
                return Ok(shown);
            }
            now_or_never(shared.hub.clone().get_job(id))
        })
        .await
    }

    async fn cancel_job(&self, id: &JobId) -> Result<(), HubError> {
        self.call(&format!("cancel {id}"), true, |shared| {
            if id.own().is_none_or(|own| own.owner != self.owner) {
                shared.judge(Err(format!("a runner asked to cancel the foreign job {id}")));
            }
            let before = now_or_never(shared.hub.clone().get_job(id))?;
            now_or_never(shared.hub.clone().cancel_job(id))?;
            if let Some(shown) = before.clone().filter(|_| self.weather.faults > 0 && shared.dice.percent(30)) {
                let lists_left = shared.dice.between(1, 4);
                shared.lagging.insert(id.clone(), Lagging { shown, lists_left });
            }
            self.make_stale(shared, id, before);
            Ok(())
        })
        .await
    }

    async fn list_jobs(&self, filter: &JobFilter, page: Option<&Continuation>) -> Result<Page<ObservedJob>, HubError> {
        self.call("list", false, |shared| {
            let mut found = now_or_never(shared.hub.clone().list_jobs(filter, page))?;
            // The last page, so that a job that lags is not shown twice.
            if found.next.is_none() {
                shared.let_list_lag(filter, &mut found);
            }
            Ok(found)
        })
        .await
    }

    async fn query(&self, query: &str, page: Option<&Continuation>) -> Result<Page<Value>, HubError> {
        self.call("query", false, |shared| now_or_never(shared.hub.clone().query(query, page))).await
    }

    async fn configurations(&self) -> Result<Vec<ObservedConfiguration>, HubError> {
        self.call("configurations", false, |shared| now_or_never(shared.hub.clone().configurations())).await
    }
}

/// The hub in this process answers at once.
pub(crate) fn now_or_never<T>(call: impl Future<Output = T>) -> T {
    let mut call = std::pin::pin!(call);
    match call.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(answer) => answer,
        std::task::Poll::Pending => unreachable!("the hub in this process never waits"),
    }
}
