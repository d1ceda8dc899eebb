//! hubjobs runs Azure IoT Hub *jobs* from YAML manifests kept in git: validate, plan, apply.
//!
//! # Code map
//!
//! Data flows one way, and [`run_once`] is the only place where the stages meet:
//!
//! ```text
//! files -load-> SourceMap -validate-> [Manifest] -expand-> [Desired] --+
//! hub ------------------observe-> [ObservedJob] -----------------------+-plan-> Plan -approve-> ApprovedPlan -reconcile-> [Outcome] -report->
//! ```
//!
//! | room | what it is | does it touch the world? |
//! |---|---|---|
//! | [`model`] | the nouns: names, job ids, manifests, schedules, jobs | no |
//! | [`diagnostic`] | findings with codes, spans and help; how to render them | no |
//! | [`query`] | the IoT Hub query language: parse, print, lint, evaluate | no |
//! | [`load`] | finds files and reads them | files |
//! | [`validate`] | YAML to manifests, with every problem at once | no |
//! | [`expand`] | manifests and a window of time to the occurrences that are wanted | no |
//! | [`plan`] | what is wanted against what is there: what to do, and why | no |
//! | [`net`] | HTTP clients: trusted certificates, proxies, time limits, trouble in words | network |
//! | [`hub`] | the seam to an IoT Hub, its REST implementation, and signing in | network |
//! | [`reconcile`] | carries out an approved plan, and follows its jobs | through `hub` |
//! | [`report`] | plans, findings and results as text and JSON | no |
//! | [`forge`] | one comment on a pull request of GitHub, GitLab, Azure DevOps or Bitbucket | network |
//! | [`emulator`] | an IoT Hub in this binary: pure state machine in thin skins | files, network |
//! | [`doctor`] | whether hubjobs can work with a hub, and whether a hub is as the emulator takes it to be | network |
//! | [`cli`] | one file a command | all |
//!
//! # Invariants
//!
//! - Planning is a pure function of its input, and time is part of the input. Nothing below [`cli`]
//!   and the skins of [`emulator`] reads a clock, a random number or the environment.
//! - A plan reaches a hub only as an [`plan::ApprovedPlan`], and [`plan::approve`] is its only door.
//! - Only jobs whose id carries our owner are ever touched; a job id is chosen by the planner and
//!   never changes afterwards, so that a lost answer can be settled by reading.
//! - A value of a [`model`] type is valid. What is not valid yet is a [`validate`] matter, and ends
//!   as a [`diagnostic`], never as a panic.
//! - The hub's rules live in the emulator's state machine only; the client and the emulator share
//!   no wire type, so that one mistake cannot hide the other.
//! - Secrets live in types that do not print.
//!
//! `tests/architecture.rs` holds the code to the table of allowed imports.
//!
//! # A plan and an apply, without files and without Azure
//!
//! ```
//! use std::num::NonZeroU32;
//! use std::sync::Arc;
//!
//! use hubjobs::diagnostic::SourceMap;
//! use hubjobs::emulator::{InProcessHub, state::HubOptions};
//! use hubjobs::expand::{Window, expand};
//! use hubjobs::hub::{HubClient, observe};
//! use hubjobs::model::{EnvironmentName, HubSize, Owner, PrunePolicy, Seconds, Sku};
//! use hubjobs::plan::{Completeness, PlanInput, Selection, Step, plan};
//! use hubjobs::validate;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // YAML to manifests; every problem would be a diagnostic with its place.
//! let mut sources = SourceMap::new();
//! let file = sources.add("move-sensors.yaml".to_owned(), "
//! apiVersion: hubjobs.dev/v1
//! kind: TwinJob
//! metadata: {name: move-sensors}
//! spec:
//!   target: {condition: \"tags.site = 'north'\"}
//!   schedule: {at: '2026-12-01T09:30', timeZone: Europe/Berlin}
//!   twin: {tags: {building: '43'}}
//! ".to_owned());
//! let validated = validate::manifests(&sources, &[file]);
//! assert!(validated.diagnostics.is_empty());
//! let manifests: Vec<_> = validated.manifests.into_iter().map(Arc::new).collect();
//!
//! // A hub, and what is on it.
//! let now = "2026-12-01T08:00:00Z".parse()?;
//! let size = HubSize { sku: Sku::S1, units: NonZeroU32::MIN };
//! let hub = InProcessHub::new(HubOptions::new(size), now);
//! let observed = observe(&hub).await?.jobs;
//!
//! // What is wanted against what is there. The same input always gives the same plan.
//! let owner = Owner::parse("bldgx7q")?;
//! let lookahead = Seconds::HOUR;
//! let desired = expand(&manifests, &owner, Window { now, lookahead });
//! let plan = plan(&PlanInput {
//!     now,
//!     environment: &EnvironmentName::new("local")?,
//!     owner: &owner,
//!     size,
//!     lookahead,
//!     prune: PrunePolicy::Never,
//!     selection: &Selection::Everything,
//!     completeness: Completeness::Complete,
//!     manifests: &manifests,
//!     desired: &desired,
//!     observed: &observed,
//! });
//! let Step::Create(create) = &plan.rows[0].step else { panic!("the slot is empty and due") };
//! assert_eq!(create.reason.as_str(), "slot-empty");
//! assert!(create.job.id.to_string().starts_with("hj1-bldgx7q-move-sensors-t2612010830-u0000-"));
//!
//! // `reconcile::reconcile` carries out an approved plan; this is the one call that it comes to.
//! hub.create_job(&create.job).await?;
//! assert_eq!(observe(&hub).await?.jobs.len(), 1);
//! # Ok(())
//! # }
//! ```

pub mod model;

pub mod diagnostic;
pub mod query;

pub mod load;

pub mod validate;

pub mod expand;
pub mod plan;

pub mod net;

pub mod hub;
pub mod reconcile;

pub mod report;
pub mod run_once;

pub mod emulator;

pub mod forge;

pub mod doctor;

pub mod cli;
