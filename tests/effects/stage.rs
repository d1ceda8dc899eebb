//! A hub with a small fleet, which notes what it is asked and refuses what it is told to.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};

use anstream::adapter::strip_str;
use hubjobs::diagnostic::SourceMap;
use hubjobs::emulator::InProcessHub;
use hubjobs::emulator::state::{HubEvent, HubOptions};
use hubjobs::hub::{AskProgress, Continuation, ErrorCode, HubClient, HubError, JobFilter, Page};
use hubjobs::model::{
    Auth, Environment, EnvironmentName, Hub, HubSize, JobId, Manifest, NewJob, ObservedConfiguration, ObservedJob,
    Owner, Percent, PrunePolicy, RemoteHub, SafetyLimits, Seconds, Sku,
};
use hubjobs::plan::{Completeness, Counts, Intent, Review, Selection};
use hubjobs::report::{Detail, DocumentSource, PlanDocument, findings_text, plan_text};
use hubjobs::run_once::{Inquiry, Scope, plan_once, review_once};
use hubjobs::validate;
use jiff::Timestamp;
use serde_json::Value;

/// A twin job for now, in YAML.
pub(crate) fn manifest(name: &str, condition: &str, twin: &str) -> String {
    format!(
        "apiVersion: hubjobs.dev/v1\nkind: TwinJob\nmetadata: {{name: {name}}}\nspec:\n  target: {{condition: {condition:?}}}\n  \
         schedule: {{asap: {{notAfter: 2026-12-02T08:00:00Z}}}}\n  maxExecutionTime: 1h\n  twin: {{{twin}}}\n  \
         expectDevices: {{max: 100000}}\n"
    )
}

pub(crate) struct Stage {
    size: HubSize,
    hub: InProcessHub,
    asked: Mutex<Vec<String>>,
    refused: Mutex<Vec<String>>,
    /// Queries with that text have a first page without rows.
    begun_empty: Mutex<Option<String>>,
}

impl Stage {
    /// That many locks, every fourth of which is never online.
    pub(crate) fn new(sku: Sku, devices: usize) -> Self {
        let size = HubSize { sku, units: NonZeroU32::MIN };
        let group = |name: &str, count: usize, offline: u8| {
            format!(
                "    - name: {name}\n      count: {count}\n      idPattern: \"{name}-{{n:02}}\"\n      \
                 tags: {{role: lock}}\n      connectivity: {{offlinePercent: {offline}}}\n"
            )
        };
        let offline = devices / 4;
        let groups = [group("lock", devices - offline, 0), group("dark", offline, 100)];
        let yaml = format!(
            "apiVersion: hubjobs.dev/v1\nkind: Fleet\nmetadata: {{name: stage}}\nspec:\n  seed: 7\n  groups:\n{}",
            groups.iter().filter(|group| !group.contains("count: 0")).cloned().collect::<String>()
        );
        let mut sources = SourceMap::new();
        let id = sources.add("fleet.yaml", yaml);
        let (fleet, findings) = validate::fleet(&sources, id);
        let fleet = fleet.unwrap_or_else(|| panic!("{findings:?}"));
        let hub = InProcessHub::with_fleet(HubOptions::new(size), &fleet, now()).unwrap();
        Self { size, hub, asked: Mutex::default(), refused: Mutex::default(), begun_empty: Mutex::default() }
    }

    /// Changes the twin of a lock.
    pub(crate) fn patch(&self, lock: usize, patch: &Value) {
        let device_id = format!("lock-{lock:02}");
        let event = HubEvent::PatchTwin { device_id, module_id: None, patch: patch.clone(), if_match: None };
        self.hub.apply(event).unwrap();
    }

    /// From now on, every call with that text is refused.
    pub(crate) fn refuse(&self, text: &str) {
        self.refused.lock().unwrap().push(text.to_owned());
    }

    /// From now on, the first page of every query with that text has no rows, and another behind it, as
    /// the hub may do at any time.
    pub(crate) fn begin_empty(&self, text: &str) {
        *self.begun_empty.lock().unwrap() = Some(text.to_owned());
    }

    /// Every query so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) const fn hub(&self) -> &InProcessHub {
        &self.hub
    }

    /// What a reviewer of the manifests gets to see.
    pub(crate) async fn plan(&self, manifests: &[String], counts: Counts) -> String {
        let manifests = read(manifests);
        let review = self.review(&manifests, counts).await;
        let intent = Intent::new(review.plan(), "contoso", &manifests, &Selection::Everything);
        let document = PlanDocument::new(&DocumentSource {
            review: &review,
            hub: "contoso",
            intent: &intent,
            manifests: &manifests,
            upcoming: &[],
        });
        let text = plan_text(&document, Detail::Brief, None) + &findings_text(&document.findings);
        let is_of_interest = |line: &&str| !line.starts_with("Digest") && !line.is_empty();
        let lines = text.lines().filter(is_of_interest).map(|line| strip_str(line).to_string());
        lines.collect::<Vec<_>>().join("\n")
    }

    pub(crate) async fn review(&self, manifests: &[Arc<Manifest>], counts: Counts) -> Review {
        let environment = Environment {
            name: EnvironmentName::new("prod").unwrap(),
            hub_name: None,
            hub: Hub::Remote(RemoteHub {
                host_name: "contoso.azure-devices.net".to_owned(),
                port: None,
                auth: Auth::ConnectionStringEnv("UNUSED".to_owned()),
                size: self.size,
            }),
            prune: PrunePolicy::Never,
            lookahead: Seconds::HOUR,
            require_signed_plan: false,
            safety: SafetyLimits::of_cancels(Percent::whole(30)),
        };
        let scope = Scope {
            environment: &environment,
            owner: &Owner::parse("bldgx7q").unwrap(),
            manifests,
            policies: &[],
            completeness: Completeness::Complete,
            selection: &Selection::Everything,
        };
        let planned = plan_once(self, &scope, &now).await.unwrap();
        let progress = AskProgress::default();
        let inquiry = Inquiry {
            counts,
            is_of_coming: true,
            acknowledgements: &[],
            concurrency_max: NonZeroUsize::MIN,
            progress: &progress,
        };
        review_once(self, &scope, planned, &inquiry).await.unwrap()
    }

    fn check(&self, call: &str) -> Result<(), HubError> {
        let message = "the hub says \u{1b}[31mno".to_owned();
        let code = ErrorCode::ArgumentInvalid;
        match self.refused.lock().unwrap().iter().any(|text| call.contains(text)) {
            true => Err(HubError::Refused { status: 400, code, message, tracking_id: None }),
            false => Ok(()),
        }
    }
}

fn now() -> Timestamp {
    "2026-12-01T08:00:00Z".parse().unwrap()
}

pub(crate) fn read(manifests: &[String]) -> Vec<Arc<Manifest>> {
    let mut sources = SourceMap::new();
    let ids: Vec<_> = manifests.iter().map(|text| sources.add("jobs.yaml", text.clone())).collect();
    let validated = validate::manifests(&sources, &ids);
    assert!(validated.complete, "{:#?}", validated.diagnostics);
    validated.manifests.into_iter().map(Arc::new).collect()
}

impl HubClient for Stage {
    async fn create_job(&self, job: &NewJob) -> Result<(), HubError> {
        self.hub.create_job(job).await
    }

    async fn get_job(&self, id: &JobId) -> Result<Option<ObservedJob>, HubError> {
        self.hub.get_job(id).await
    }

    async fn cancel_job(&self, id: &JobId) -> Result<(), HubError> {
        self.hub.cancel_job(id).await
    }

    async fn list_jobs(&self, filter: &JobFilter, page: Option<&Continuation>) -> Result<Page<ObservedJob>, HubError> {
        self.hub.list_jobs(filter, page).await
    }

    async fn query(&self, query: &str, page: Option<&Continuation>) -> Result<Page<Value>, HubError> {
        self.asked.lock().unwrap().push(query.to_owned());
        self.check(query)?;
        let is_begun_empty = self.begun_empty.lock().unwrap().as_ref().is_some_and(|text| query.contains(text));
        let behind = Continuation::new("behind");
        match page {
            None if is_begun_empty => Ok(Page { items: Vec::new(), next: Some(behind), served_at: None }),
            page => self.hub.query(query, page.filter(|page| **page != behind)).await,
        }
    }

    async fn configurations(&self) -> Result<Vec<ObservedConfiguration>, HubError> {
        self.check("configurations")?;
        self.hub.configurations().await
    }
}
