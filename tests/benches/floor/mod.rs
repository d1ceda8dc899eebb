//! A process that only lists, validates and diffs: what any planner must do.

mod validation;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use hubjobs::hub::rest::{ConnectionString, SasCredential, SasSigner};
use jiff::Timestamp;
use serde_json::Value;

const DIR: &str = "HUBJOBS_FLOOR_DIR";
const CONNECTION: &str = "HUBJOBS_FLOOR_CONNECTION";

/// The floor as a process of its own: this bench, started again with two variables set.
pub(crate) struct Process {
    pub(crate) dir: PathBuf,
    pub(crate) connection: String,
}

impl Process {
    pub(crate) fn requested() -> Option<Self> {
        let dir = PathBuf::from(std::env::var_os(DIR)?);
        Some(Self { dir, connection: std::env::var(CONNECTION).ok()? })
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this bench"));
        command.env(DIR, &self.dir).env(CONNECTION, &self.connection);
        command
    }

    pub(crate) fn run(self) {
        let manifests = validated(&self.dir);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let jobs = runtime.block_on(list(&self.connection));
        let jobs: HashMap<&str, &Value> = jobs.iter().filter_map(|job| Some((name(job)?, job))).collect();
        let differs = |manifest: &&Value| {
            let job = manifest["metadata"]["name"].as_str().and_then(|name| jobs.get(name));
            job.is_none_or(|job| job["queryCondition"] != manifest["spec"]["target"]["condition"])
        };
        assert_eq!(manifests.iter().filter(differs).count(), 0, "nothing differs");
    }
}

fn validated(dir: &Path) -> Vec<Value> {
    let schema = serde_json::from_str(&hubjobs::validate::schema_json()).expect("the schema is JSON");
    validation::validate(dir, &jsonschema::draft202012::new(&schema).expect("the schema is valid"), |value| value)
}

/// The manifest in a job id: all but the first two and the last three parts.
fn name(job: &Value) -> Option<&str> {
    let rest = job["jobId"].as_str()?.splitn(3, '-').nth(2)?;
    rest.rsplitn(4, '-').nth(3)
}

/// Every page of the job list, one after the other, as plain JSON.
async fn list(connection: &str) -> Vec<Value> {
    let connection = ConnectionString::parse(connection).expect("a connection string");
    let SasCredential::SharedAccessKey { policy, key } = connection.credential else { panic!("not a key") };
    let host = format!("{}:{}", connection.host.as_str(), connection.port.expect("a port"));
    let token = SasSigner::new(&host, Some(&policy), key).token(Timestamp::now());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("http://{host}/jobs/v2/query?api-version=2021-04-12");
    let (mut jobs, mut next) = (Vec::new(), None::<String>);
    loop {
        let mut request = http.get(&url).header("authorization", token.expose()).header("x-ms-max-item-count", "100");
        if let Some(next) = &next {
            request = request.header("x-ms-continuation", next);
        }
        let response = request.send().await.expect("an answer").error_for_status().expect("success");
        next = response.headers().get("x-ms-continuation").and_then(|token| Some(token.to_str().ok()?.to_owned()));
        jobs.extend(response.json::<Vec<Value>>().await.expect("a page"));
        if next.is_none() {
            return jobs;
        }
    }
}
