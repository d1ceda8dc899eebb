//! The first page that a reader sees: verbs in the order in which one comes to need them.

use std::fmt::Write as _;
use std::sync::LazyLock;

use clap::{Command, CommandFactory as _};

use super::args::Cli;
use crate::model::tzdb_version;

/// Headings, and the verbs below each.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Write manifests", &["init", "import", "validate", "render", "policy", "schema", "explain"]),
    ("Run them", &["plan", "show", "apply", "wait", "ci"]),
    ("See what happened", &["status", "results", "drift", "cancel", "doctor"]),
    ("Without Azure, and the rest", &["emulator", "completions", "manual"]),
];

static VERSION: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}\n{}\ntime zone database {} (compiled in)\nIoT Hub api-version {}",
        env!("CARGO_PKG_VERSION"),
        super::build::line(),
        tzdb_version(),
        crate::hub::rest::API_VERSION
    )
});

/// What to type first.
pub(super) const START: &str =
    "  hubjobs init                              a project with an emulated hub; no Azure account needed
  hubjobs plan                              what would happen
  hubjobs apply --auto-approve --wait       do it, and see how every job ends
";

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 error, 2 differences (with --detailed-exitcode), 3 a job failed, 4 the saved
plan does not fit any more, 5 refused or not approved, 6 partly done or blocked, 7 uncertain, 130 and
143 interrupted. Repeating a command is always safe.";

/// The command line with its grouped verbs.
#[must_use]
pub(super) fn command() -> Command {
    let command = Cli::command();
    let verbs = grouped(&command);
    let template = format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{verbs}Options:\n{{options}}\n\nStart here:\n{START}\n{EXIT_CODES}\n"
    );
    command.help_template(template).version(VERSION.as_str())
}

/// Every command that does something, as it is typed: `plan`, `emulator start`.
#[must_use]
pub fn commands() -> Vec<String> {
    leaves(&Cli::command(), "")
}

/// Terminates: a command has finitely many commands below it.
fn leaves(command: &Command, path: &str) -> Vec<String> {
    let path_of = |verb: &Command| format!("{path} {}", verb.get_name()).trim_start().to_owned();
    let does_something = !command.has_subcommands() || !command.is_subcommand_required_set();
    let itself = (does_something && !path.is_empty()).then(|| path.to_owned());
    itself.into_iter().chain(command.get_subcommands().flat_map(|verb| leaves(verb, &path_of(verb)))).collect()
}

fn grouped(command: &Command) -> String {
    let width = command.get_subcommands().map(|verb| verb.get_name().len()).max().unwrap_or_default();
    let mut text = String::new();
    for (heading, verbs) in GROUPS {
        let _ = writeln!(text, "{heading}:"); // a string takes everything
        for verb in verbs.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {:width$}  {about}", verb.get_name());
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_its_place() {
        let mut grouped: Vec<_> = GROUPS.iter().flat_map(|(_, verbs)| verbs.iter().copied()).collect();
        let command = command();
        let mut verbs: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
        grouped.sort_unstable();
        verbs.sort_unstable();
        assert_eq!(grouped, verbs);
    }

    #[test]
    fn clap_has_no_complaint() {
        command().debug_assert();
    }
}
