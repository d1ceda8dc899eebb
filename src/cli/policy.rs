//! `hubjobs policy`.

use clap::{Args, Subcommand};

use super::args::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::project::{find, open};
use super::terminal::Terminal;
use crate::load::PROJECT_FILE;
use crate::plan::try_case;
use crate::report::{TriedCase, cases_json, cases_text, counted, json_text};

/// `hubjobs policy`.
#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Try the example cases that stand beside the policies, offline
    Test(PolicyTestArgs),
}

/// `hubjobs policy test`.
#[derive(Debug, Args)]
#[command(
    after_help = "A case says what a policy makes of an action: `expect: pass`, `warn` or `deny`, and which rules and
windows apply. Exit 1 when one of them is wrong."
)]
pub(super) struct PolicyTestArgs {
    /// Only this policy
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,
}

/// Tries the cases of the project's policies.
///
/// # Errors
/// When the project is invalid, or has no such policy.
pub(super) fn run(args: &PolicyTestArgs, global: &Global, terminal: &Terminal) -> Result<Exit, Failure> {
    let dir = find(global.start());
    if !dir.join(PROJECT_FILE).is_file() {
        return Err(Failure::NoProject(dir));
    }
    let mut loaded = open(dir);
    loaded.read(|_| true);
    if loaded.diagnostics.has_errors() {
        loaded.show_findings(terminal);
        return Err(Failure::InvalidManifests);
    }
    let is_meant = |name: &str| args.name.as_deref().is_none_or(|wanted| wanted == name);
    let policies: Vec<_> = loaded.policies.iter().filter(|policy| is_meant(policy.name.as_str())).collect();
    if let (true, Some(name)) = (policies.is_empty(), &args.name) {
        return Err(Failure::UnknownPolicy(name.clone()));
    }
    let tried: Vec<_> = policies
        .iter()
        .flat_map(|policy| policy.cases.iter().map(|case| TriedCase { policy, case, outcome: try_case(policy, case) }))
        .collect();
    match global.json {
        true => terminal.result(&json_text(&cases_json(&tried))),
        false => terminal.result(&cases_text(&tried)),
    }
    if tried.is_empty() {
        terminal.note(&format!("no cases in {}", counted_policies(policies.len())));
    }
    let is_right = tried.iter().all(|tried| tried.outcome.is_as_expected);
    Ok(if is_right { Exit::Done } else { Exit::Error })
}

fn counted_policies(count: usize) -> String {
    if count == 1 { counted(1, "policy") } else { format!("{count} policies") }
}
