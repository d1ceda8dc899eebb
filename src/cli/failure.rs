//! Why a command ended without doing its work.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::ci_failure::CiFailure;
use super::emulator::{Protocol, reason};
use super::exit::Exit;
use super::plan_failure::PlanFailure;
use super::selector::InvalidSelector;
use crate::doctor::conformance::Unsuitable;
use crate::emulator::{EmulatorError, ExchangeError, StoreError};
use crate::hub::rest::{ConnectionStringError, InvalidConnectionString, InvalidHostName, NotLoopback, Origin};
use crate::hub::{HubError, Principal};
use crate::model::{InvalidName, JobId, ManifestName};
use crate::net::CaFileError;
use crate::report::Untrusted;
use crate::run_once::RunError;

/// Why a command ended without doing its work. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// No project file.
    #[error("`{}` is no project: neither it nor a folder above it has a `hubjobs.yaml`", .0.display())]
    NoProject(PathBuf),
    /// The manifests have errors, which were shown.
    #[error("the manifests have errors; the hub was not contacted")]
    InvalidManifests,
    /// The file of `--ca-file` is of no use.
    #[error(transparent)]
    CaFile(#[from] CaFileError),
    /// No such environment.
    #[error("the project has no environment `{wanted}`")]
    UnknownEnvironment {
        /// As typed.
        wanted: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Several environments, and none is named `local`.
    #[error("the project has several environments, and none is named `local`")]
    NoDefaultEnvironment {
        /// What there is.
        known: Vec<String>,
    },
    /// No such hub.
    #[error("environment `{environment}` has no hub `{wanted}`")]
    UnknownHub {
        /// As typed.
        wanted: String,
        /// Of which environment.
        environment: String,
        /// What there is; nothing if its only hub has no name.
        known: Vec<String>,
    },
    /// The command is about one hub.
    #[error("environment `{environment}` has several hubs, and this is about one")]
    SeveralHubs {
        /// Which environment.
        environment: String,
        /// Its hubs.
        known: Vec<String>,
    },
    /// The command needs an emulator.
    #[error("this command is about an emulator, and the environment is on the hub `{0}`")]
    NotAnEmulator(String),
    /// No manifest of that name.
    #[error("the project has no manifest `{name}`")]
    UnknownManifest {
        /// As typed.
        name: String,
        /// A near one.
        nearest: Option<String>,
    },
    /// No policy of that name.
    #[error("the project has no policy `{0}`")]
    UnknownPolicy(String),
    /// Neither a code nor a field.
    #[error("there is no code and no field `{word}`")]
    NothingToExplain {
        /// As typed.
        word: String,
        /// Near ones.
        near: Vec<String>,
    },
    /// No manifest has such labels.
    #[error("no manifest has labels that `{0}` selects")]
    NothingSelected(String),
    /// The selector has another form.
    #[error(transparent)]
    Selector(#[from] InvalidSelector),
    /// A name has another form.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The hub has no such job.
    #[error("the hub has no job of `{0}`")]
    NoJob(String),
    /// The job is that of a manifest.
    #[error("`{}` is a job of the manifest `{name}` already", Untrusted::new(id.as_str()))]
    HasManifest {
        /// The job.
        id: JobId,
        /// Its manifest.
        name: ManifestName,
    },
    /// A job that ended fills no slot any more.
    #[error("`{}` has ended, so there is nothing to adopt", Untrusted::new(.0.as_str()))]
    AdoptsEnded(JobId),
    /// A file that `import` would write exists.
    #[error("`{}` exists already; nothing was written", .0.display())]
    ImportedExists(PathBuf),
    /// The job is not ours.
    #[error("the job `{0}` is not one of this project and environment; hubjobs never touches those of others")]
    ForeignJob(String),
    /// Nobody can be asked.
    #[error("this needs approval, and nobody can be asked here; nothing was changed")]
    NobodyToAsk,
    /// Somebody said no.
    #[error("not approved; nothing was changed")]
    NotApproved,
    /// Ctrl-C instead of an answer.
    #[error("interrupted; nothing was changed")]
    Interrupted(Exit),
    /// The plan breaks limits, which were shown.
    #[error("the plan for environment `{0}` is refused; nothing was changed")]
    UnsafePlan(String),
    /// A saved plan cannot be used.
    #[error(transparent)]
    Plan(#[from] PlanFailure),
    /// A pipeline of a pull request cannot go on.
    #[error(transparent)]
    Ci(#[from] CiFailure),
    /// No connection string.
    #[error(transparent)]
    ConnectionString(#[from] ConnectionStringError),
    /// The host name of the environment cannot be one.
    #[error("`hostName` of the environment is {0}")]
    HostName(#[from] InvalidHostName),
    /// A connection string for another hub than the environment names.
    #[error("the connection string is for `{actual}`, and environment `{environment}` is on `{expected}`")]
    OtherHub {
        /// Environment.
        environment: String,
        /// Its hub.
        expected: String,
        /// Hub of the connection string.
        actual: String,
    },
    /// The emulator serves elsewhere than on this machine.
    #[error(transparent)]
    Endpoint(#[from] NotLoopback),
    /// The hub failed.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// There is no plan.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Jobs are created only where somebody typed out that they may be.
    #[error("`--on {typed}` is not the hub of this environment, which is `{hub}`; nothing was created")]
    NotConsented {
        /// As typed.
        typed: String,
        /// The hub.
        hub: String,
    },
    /// A hub that is no test hub.
    #[error("{0}; nothing was created")]
    NoTestHub(#[from] Unsuitable),
    /// The emulator fails.
    #[error(transparent)]
    Emulator(#[from] EmulatorError),
    /// The connection string that an emulator published is none.
    #[error("the emulator published no usable connection string: {0}")]
    EmulatorSecret(InvalidConnectionString),
    /// There is no folder to work in.
    #[error("there is no folder `{}`", .0.display())]
    NoFolder(PathBuf),
    /// A served emulator cannot get another state.
    #[error("this emulator is served, at http://{0}, so nothing was imported")]
    ImportWhileServed(SocketAddr),
    /// Another process serves the same state.
    #[error("this emulator is served already, at http://{0}")]
    ServedAlready(SocketAddr),
    /// No process serves the emulator.
    #[error("no emulator is served here")]
    NotServed,
    /// A file of faults has errors, which were shown.
    #[error("`{}` is no fault script", .0.display())]
    InvalidFaults(PathBuf),
    /// A file that `init` would write exists.
    #[error("`{}` exists already; nothing was written", .0.display())]
    Exists(PathBuf),
    /// Pipelines belong to the top of a repository, and the project is below.
    #[error("the project is in `{}`, and pipelines work at the top of its repository, `{}`; nothing was written", project.display(), top.display())]
    NotAtTop {
        /// Folder of the project.
        project: PathBuf,
        /// Top of the repository.
        top: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot write `{}`: {}", path.display(), trouble(source))]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A port cannot be had.
    #[error("cannot serve {protocol} on {address}: {}", reason(source))]
    Listen {
        /// What was to be served.
        protocol: Protocol,
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// A file with keys cannot be used.
    #[error("cannot use `{}`: {reason}", path.display())]
    Jwks {
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// There is no emulator yet.
    #[error("this emulator was never started, so it has no policies yet")]
    NoEmulatorState,
    /// A file cannot be read.
    #[error("cannot read `{}`: {}", path.display(), trouble(source))]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A thread of ours did not end well.
    #[error("the emulator could not open its state; `-vv` says more")]
    Thread(#[source] tokio::task::JoinError),
    /// The runtime cannot start.
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
    /// A value has no text.
    #[error("cannot print the result: {0}")]
    Print(#[from] serde_json::Error),
}

impl Failure {
    /// How the process ends because of it.
    #[must_use]
    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::NobodyToAsk | Self::NotApproved | Self::UnsafePlan(_) => Exit::Refused,
            Self::NotConsented { .. } | Self::NoTestHub(_) => Exit::Refused,
            Self::Interrupted(exit) => *exit,
            Self::Plan(failure) => failure.exit(),
            Self::Ci(failure) => failure.exit(),
            _ => Exit::Error,
        }
    }

    /// What to type instead.
    #[must_use]
    pub(super) fn help(&self) -> Vec<String> {
        let known = |names: &[String]| vec![format!("choose one with `-e`: {}", names.join(", "))];
        let one = |help: &str| vec![help.to_owned()];
        match self {
            Self::Plan(failure) => failure.help(),
            Self::Ci(failure) => failure.help(),
            Self::CaFile(error) => vec![error.help()],
            Self::NoProject(_) => one("`hubjobs init` makes a project; `-C DIR` works in another folder"),
            Self::UnknownEnvironment { known: names, .. } | Self::NoDefaultEnvironment { known: names } => known(names),
            Self::UnknownHub { known, .. } if known.is_empty() => {
                one("it has one hub without a name; leave `--hub` out")
            }
            Self::UnknownHub { known, .. } | Self::SeveralHubs { known, .. } => {
                vec![format!("choose one with `--hub`: {}", known.join(", "))]
            }
            Self::NotConsented { hub, .. } => {
                vec![format!("`--on {hub}` consents, if that is a test hub; `-e NAME` chooses another environment")]
            }
            Self::NoTestHub(_) => one("`hubjobs status --all` shows its jobs; choose a hub that nobody uses"),
            Self::NotAnEmulator(_) => one("`-e NAME` chooses an environment whose hub is an emulator"),
            Self::UnknownManifest { nearest: Some(name), .. } => vec![format!("did you mean `{name}`?")],
            Self::UnknownManifest { .. } => one("`hubjobs plan -v` lists the manifests by name"),
            Self::UnknownPolicy(_) => one("`hubjobs policy test` without a name tries all of them"),
            Self::NothingToExplain { near, .. } if near.is_empty() => one("`hubjobs explain` lists everything"),
            Self::NothingToExplain { near, .. } => {
                let near: Vec<_> = near.iter().map(|word| format!("`{word}`")).collect();
                vec![format!("did you mean {}?", near.join(" or "))]
            }
            Self::NothingSelected(_) => one("labels stand in `metadata.labels` of a manifest"),
            Self::NoJob(_) => one("`hubjobs status` lists the jobs on the hub, with `--all` also those of others"),
            Self::ConnectionString(error) => vec![match error.origin() {
                Origin::Variable(name) => format!(
                    "`export {name}='HostName=...;SharedAccessKeyName=...;SharedAccessKey=...'`, as the Azure portal shows it"
                ),
                Origin::File(_) => {
                    "it holds one line, as the Azure portal shows it; `auth: entra` needs no secret".to_owned()
                }
            }],
            Self::NoFolder(_) => one("make it first, or work elsewhere with `-C DIR`"),
            Self::ImportWhileServed(_) => one("press Ctrl-C where it runs, then import, then start it again"),
            Self::ServedAlready(_) => one("plan, apply and the rest find that process by themselves"),
            Self::Listen { protocol, .. } => vec![format!("`{} 0` takes any free port", protocol.option())],
            Self::Jwks { .. } => one("Entra's keys: https://login.microsoftonline.com/common/discovery/v2.0/keys"),
            Self::NoEmulatorState => one("`hubjobs emulator start` starts it"),
            Self::NotServed => one("`hubjobs emulator start` serves one; leave it running in another terminal"),
            Self::InvalidFaults(_) => one("`hubjobs emulator faults --help` shows how faults are written"),
            Self::Selector(_) => one("write one such as `team=a,ring!=canary` or `team in (a, b)`"),
            Self::NobodyToAsk => one("`--auto-approve` goes ahead without asking"),
            Self::OtherHub { .. } => one("check the environment variable, or `hostName` in hubjobs.yaml"),
            Self::Run(RunError::ClockSkew { .. }) => {
                one("set this machine's clock; starts computed from a wrong one would be wrong")
            }
            Self::Run(RunError::Hub(error)) | Self::Hub(error) => hub_help(error),
            Self::Emulator(EmulatorError::Exchange(error)) => match **error {
                ExchangeError::Exists(_) => one("`--replace` puts it in place of that state, and keeps a copy"),
                ExchangeError::NoState(_) => one("`hubjobs emulator start` begins one"),
                _ => Vec::new(),
            },
            Self::Emulator(EmulatorError::Store(StoreError::Io { .. })) => {
                one("the state is kept in `.hubjobs`, in the project's folder or that of `-C DIR`; you must own it")
            }
            Self::HasManifest { name, .. } => {
                vec![format!("`hubjobs status {name}` shows its jobs; without `-o` the manifest is only printed")]
            }
            Self::AdoptsEnded(_) => one("without `--adopt`, a manifest like it is written, suspended"),
            Self::ImportedExists(_) => one("`-o DIR` writes into another folder"),
            Self::Exists(_) => one("move it away, or use `-C DIR` for another folder"),
            Self::NotAtTop { .. } => one(
                "move `hubjobs.yaml` to the top, with `manifests: [\"FOLDER/**/*.yaml\"]`; or run it in an empty folder, and set `working-directory` in the copied files",
            ),
            _ => Vec::new(),
        }
    }
}

/// Operating systems word their errors differently; the common ones are said in our words.
pub(super) fn trouble(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        kind => kind.to_string(),
    }
}

/// What may be wrong with a token of Entra that a hub refuses.
fn role_help(principal: &Principal, message: &str) -> Vec<String> {
    // A hub that knows the principal says that it has no permissions; otherwise the token itself is wrong.
    let is_token_good = message.contains("permissions");
    let check = "a hub takes tokens of its own tenant, for itself: check `tenantId` and `audience` in `auth.entra`";
    let mut help = if is_token_good { Vec::new() } else { vec![check.to_owned()] };
    help.extend([
        principal.grant("HUB"),
        "a role counts after some minutes; being Owner or Contributor of the hub is not enough".to_owned(),
    ]);
    help
}

fn hub_help(error: &HubError) -> Vec<String> {
    let help = match error {
        HubError::Unauthorized { .. } => {
            "the policy needs RegistryRead, RegistryWrite and ServiceConnect; check the key, too"
        }
        HubError::SignIn(failure) => return failure.help(),
        HubError::RoleMissing { principal, message } => return role_help(principal, message),
        HubError::Throttled { .. } => "repeat the command later: it goes on from here",
        HubError::Unreachable { .. } => "check the network, and `hostName` in hubjobs.yaml",
        HubError::Ambiguous { .. } | HubError::Unexpected { .. } => {
            "repeating the command is safe; `-vv` shows every call"
        }
        HubError::Refused { tracking_id: Some(id), .. } => {
            return vec![format!("tracking id for a support ticket: {}", Untrusted::new(id))];
        }
        HubError::Refused { .. } => return Vec::new(),
    };
    vec![help.to_owned()]
}
