//! `hubjobs ci`: what a pipeline of a pull request needs.

use std::fs;
use std::path::Path;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::ci_args::{CiCommand, CommentArgs, PlaceArgs, ReviewedArgs};
use super::ci_failure::CiFailure;
use super::connect::hub_label;
use super::context::{choose, wanted};
use super::exit::Exit;
use super::failure::Failure;
use super::plan_file;
use super::project::{find, open};
use super::session::Session;
use crate::forge::{
    Forge, ForgeClient, Marker, Patience, Posting, PullState, ReviewedComment, Site, Sticky, Subject, Token, Upserted,
    When, body_of, connect, detect, foot_of, pull_of_commit, reviewed, token_variables, upsert,
};
use crate::report::document::{PlanKey, SavedPlan};
use crate::report::{FORMAT_VERSION, PlanForm, RenderOptions, Untrusted, failure_markdown, json_text, render};

/// Longest file of GitHub's event that is read: a pull request with a long text has a hundredth.
const EVENT_LEN_MAX: u64 = 16 << 20;
/// Longest output of a failed command that is read.
const FAILURE_LEN_MAX: u64 = 64 << 20;

/// Runs a command of a pipeline.
///
/// # Errors
/// When it is not known where the pipeline runs, a file cannot be used, or the forge refuses.
pub(super) async fn run(command: &CiCommand, session: &Session) -> Result<Exit, Failure> {
    match command {
        CiCommand::Comment(args) => comment(args, session).await,
        CiCommand::Reviewed(args) => print_reviewed(args, session).await,
    }
}

/// A comment that is to be, and where its words come from.
struct Draft {
    /// File of the plan, or of what failed.
    source: String,
    sticky: Sticky,
}

async fn comment(args: &CommentArgs, session: &Session) -> Result<Exit, Failure> {
    let key = plan_file::key()?;
    let site = site(&args.place)?;
    // A body can be looked at without a pull request.
    let pull = match site.pull {
        Some(pull) => pull,
        None if args.dry_run => 0,
        None => return Err(CiFailure::NoPull(site.kind).into()),
    };
    if args.dry_run {
        let drafts = drafts(args, session, &site, pull, key.as_ref(), "")?;
        drafts.iter().for_each(|draft| session.terminal.result(&draft.sticky.body));
        return Ok(Exit::Done);
    }
    let forge = forge(&site, session)?;
    let top = match site.is_in_review {
        true => String::new(),
        false => {
            let found = async { forge.pull(pull).await.map_err(CiFailure::from) };
            top_of(session.read(found).await?.state, &site)
        }
    };
    let drafts = drafts(args, session, &site, pull, key.as_ref(), &top)?;
    let mut told = Vec::new();
    for Draft { source, sticky } in &drafts {
        let patience = Patience::pipeline();
        let done = async { upsert(&*forge, sticky, patience.retry_delay).await.map_err(CiFailure::from) };
        let upserted = session.read(done).await?;
        session.terminal.note(&format!("{}: {}", source, in_words(&upserted, &site, pull)));
        let Subject { owner, environment, hub } = &sticky.subject;
        told.push(json!({
            "source": source, "owner": owner, "environment": environment, "hub": hub, "outcome": code(&upserted),
        }));
    }
    if session.global.json {
        session.terminal.result(&json_text(&json!({
            "formatVersion": FORMAT_VERSION,
            "forge": site.kind.to_string(),
            "repository": site.repository.to_string(),
            "pullRequest": pull,
            "comments": told,
        })));
    }
    Ok(Exit::Done)
}

/// What readers have to know first of a comment that no pipeline of the pull request wrote.
fn top_of(state: PullState, site: &Site) -> String {
    let word = site.kind.pull_word();
    match state {
        PullState::Merged => format!(
            "**This {word} was merged, and what follows is newer than its review.** To have it applied, open another \
             {word}; an empty commit will do.\n\n"
        ),
        PullState::Open | PullState::Closed => String::new(),
    }
}

fn drafts(
    args: &CommentArgs,
    session: &Session,
    site: &Site,
    pull: u64,
    key: Option<&PlanKey>,
    top: &str,
) -> Result<Vec<Draft>, Failure> {
    let foot = foot_of(site.commit.as_deref(), site.run_url.as_deref(), args.details_url.as_deref());
    let draft = |source: &Path, mut marker: Marker, posting, render: &mut dyn FnMut(usize) -> String| {
        marker.code = key.map(|key| key.sign_text(&marker.signed_text()));
        let body =
            body_of(site.kind, &marker, &foot, |len_max| format!("{top}{}", render(len_max.saturating_sub(top.len()))));
        let when = match site.is_in_review {
            true => When::InReview { commit: site.commit.clone() },
            false => When::Afterwards,
        };
        let sticky = Sticky { pull, when, subject: marker.subject, body, posting };
        Draft { source: source.display().to_string(), sticky }
    };
    if let Some(path) = &args.failure {
        let said = read(&plan_file::place(&session.global, path), FAILURE_LEN_MAX)?;
        let subject = subject_without_plan(session)?;
        let environment = subject.environment.clone();
        let marker = Marker { subject, commit: site.commit.clone(), digest: None, code: None };
        let mut render = |len_max| failure_markdown(&environment, &said, len_max);
        return Ok(vec![draft(path, marker, Posting::Always, &mut render)]);
    }
    let one = |path: &std::path::PathBuf| {
        let (saved, _) = plan_file::read(&plan_file::place(&session.global, path), key)?;
        let marker = Marker {
            subject: subject(&saved),
            commit: site.commit.clone(),
            digest: Some(saved.plan.digest.clone()),
            code: None,
        };
        let posting = match Exit::of_plan(&saved.plan) {
            Exit::Done => Posting::IfThereIsOne,
            _ => Posting::Always,
        };
        let mut render = |markdown_len_max| {
            let options = RenderOptions { markdown_len_max, ..RenderOptions::default() };
            render(&saved.plan, PlanForm::Markdown, &options)
        };
        Ok(draft(path, marker, posting, &mut render))
    };
    args.plans.iter().map(one).collect()
}

fn subject(saved: &SavedPlan) -> Subject {
    let plan = &saved.plan;
    let (owner, hub) = (Some(plan.owner.clone()), Some(plan.hub.name.clone()));
    Subject { owner, environment: plan.environment.clone(), hub }
}

/// What a comment is about when there is no plan: as much as the project file says, if it can be read.
fn subject_without_plan(session: &Session) -> Result<Subject, Failure> {
    let named = wanted(&session.global);
    let loaded = open(find(session.global.start()));
    let Some(file) = &loaded.file else {
        let environment = named.ok_or(CiFailure::NoEnvironment)?;
        return Ok(Subject { owner: None, environment, hub: None });
    };
    let environment = choose(&file.project, named.as_deref())?;
    let hubs = file.project.environments.get(environment).map_or(&[][..], Vec::as_slice);
    let hub_name = session.global.hub.as_deref();
    let is_meant = |name: &str| hub_name.is_none_or(|wanted| wanted == name);
    let mut meant = hubs.iter().filter(|hub| hub.hub_name.as_ref().is_none_or(|name| is_meant(name.as_str())));
    let hub = match (meant.next(), meant.next()) {
        (Some(only), None) => Some(hub_label(only)),
        _ => None,
    };
    let owner = Some(file.project.owner_in(environment).to_string());
    Ok(Subject { owner, environment: environment.to_string(), hub })
}

async fn print_reviewed(args: &ReviewedArgs, session: &Session) -> Result<Exit, Failure> {
    let key = plan_file::key()?;
    let site = site(&args.place)?;
    let subject = subject_without_plan(session)?;
    let forge = forge(&site, session)?;
    let work = async { find_reviewed(&*forge, &site, &subject, key.as_ref()).await };
    let (pull, digest) = session.read(work).await?;
    session.terminal.note(&format!("reviewed in {} {pull} of {}", site.kind.pull_word(), site.repository));
    match session.global.json {
        true => session.terminal.result(&json_text(&json!({
            "formatVersion": FORMAT_VERSION, "pullRequest": pull, "environment": subject.environment, "digest": digest,
        }))),
        false => session.terminal.result(&format!("{digest}\n")),
    }
    Ok(Exit::Done)
}

/// The digest that the comment of the merged pull request shows: of its last commit, and by us.
async fn find_reviewed(
    forge: &dyn ForgeClient,
    site: &Site,
    subject: &Subject,
    key: Option<&PlanKey>,
) -> Result<(u64, String), CiFailure> {
    let pull = match (site.pull, &site.commit) {
        (Some(number), _) => forge.pull(number).await?,
        (None, Some(commit)) => {
            let found = pull_of_commit(forge, commit).await?;
            found.ok_or_else(|| CiFailure::NoPullOfCommit { kind: site.kind, commit: commit.clone() })?
        }
        (None, None) => return Err(CiFailure::NoCommit),
    };
    let not_reviewed = |why: String| CiFailure::NotReviewed { kind: site.kind, pull: pull.number, why };
    let environment = &subject.environment;
    let comments = reviewed(forge, pull.number, subject).await?;
    let is_trusted = |comment: &&ReviewedComment| match key {
        Some(key) => {
            let code = comment.marker.code.as_deref();
            code.is_some_and(|code| key.has_signed_text(&comment.marker.signed_text(), code))
        }
        None => comment.is_ours,
    };
    let trusted: Vec<_> = comments.iter().filter(is_trusted).map(|comment| &comment.marker).collect();
    let [first, others @ ..] = trusted.as_slice() else {
        let why = match (comments.is_empty(), key) {
            (true, _) => format!("it has no comment of hubjobs for `{environment}`"),
            (false, Some(_)) => format!("its comment for `{environment}` has no code that `{}` made", plan_file::KEY),
            (false, None) => format!("{} does not tell who wrote its comment for `{environment}`", site.kind),
        };
        return Err(not_reviewed(why));
    };
    if others.iter().any(|other| other.subject != first.subject) {
        return Err(not_reviewed(format!("several comments are about `{environment}`: choose with `--hub`")));
    }
    // A copy of ours says the same, or is for an earlier commit.
    let is_of_head = |marker: &&&Marker| marker.commit.as_deref().is_some_and(|commit| pull.is_at(commit));
    let marker = trusted.iter().find(is_of_head).unwrap_or(first);
    let Some(digest) = marker.digest.clone() else {
        return Err(not_reviewed("its comment says that there is no plan".to_owned()));
    };
    let planned = marker.commit.as_deref().unwrap_or("unknown");
    match &pull.head {
        Some(_) if pull.is_at(planned) => Ok((pull.number, digest)),
        head => {
            let head = head.as_deref().unwrap_or("unknown");
            Err(not_reviewed(format!("its comment is for commit {planned}, and its last commit is {head}")))
        }
    }
}

/// Where the pipeline runs.
fn site(args: &PlaceArgs) -> Result<Site, CiFailure> {
    let variable = |name: &str| std::env::var(name).ok();
    let event = match variable("GITHUB_EVENT_PATH").filter(|path| !path.is_empty()) {
        Some(path) if variable("GITHUB_ACTIONS").is_some() => Some(read(Path::new(&path), EVENT_LEN_MAX)?),
        _ => None,
    };
    let event: Option<Value> = event.and_then(|text| serde_json::from_str(&text).ok());
    Ok(detect(&args.overrides(), &variable, event.as_ref())?)
}

fn forge(site: &Site, session: &Session) -> Result<Forge, Failure> {
    let variables = token_variables(site.kind);
    let set = variables.iter().find_map(|variable| {
        let value = std::env::var(variable.name).ok().filter(|value| !value.is_empty())?;
        Some((variable, SecretString::from(value)))
    });
    let names = || variables.iter().map(|variable| variable.name).collect();
    let (variable, secret) =
        set.ok_or_else(|| CiFailure::NoToken { kind: site.kind, names: names(), is_fork: site.is_fork })?;
    let token = Token::new(&secret, variable.scheme).map_err(|_| CiFailure::Token(variable.name))?;
    let network = session.global.network()?;
    Ok(connect(site, token, &network, Patience::pipeline()).map_err(CiFailure::from)?)
}

/// A text file of limited length.
fn read(path: &Path, len_max: u64) -> Result<String, CiFailure> {
    let failed = |source| CiFailure::Read { path: path.to_owned(), source };
    let len = fs::metadata(path).map_err(failed)?.len();
    if len > len_max {
        return Err(CiFailure::TooLong { path: path.to_owned(), mib: len_max >> 20 });
    }
    fs::read(path).map_err(failed).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

const fn code(upserted: &Upserted) -> &'static str {
    match upserted {
        Upserted::Created => "created",
        Upserted::Updated => "updated",
        Upserted::Unchanged => "unchanged",
        Upserted::NotNeeded => "not-needed",
        Upserted::Outdated { .. } => "outdated",
        Upserted::Over(_) => "over",
    }
}

fn in_words(upserted: &Upserted, site: &Site, pull: u64) -> String {
    let word = site.kind.pull_word();
    match upserted {
        Upserted::Created => format!("commented on {word} {pull}"),
        Upserted::Updated => format!("rewrote the comment on {word} {pull}"),
        Upserted::Unchanged => "the comment says so already".to_owned(),
        Upserted::NotNeeded => "nothing to do, and no comment that would say otherwise".to_owned(),
        Upserted::Outdated { head } => {
            format!("the {word} has a newer commit, {}; nothing was written", Untrusted::new(head).cut(12))
        }
        Upserted::Over(PullState::Merged) => format!("the {word} is merged already; nothing was written"),
        Upserted::Over(_) => format!("the {word} is closed; nothing was written"),
    }
}
