//! `hubjobs explain`.

mod lookup;
mod page;
mod topic;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use self::lookup::{Found, look_up};
use super::args::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::terminal::Terminal;
use crate::report::{FORMAT_VERSION, json_text, wrapped};
use crate::validate::fields;

/// Characters of a line where no terminal says otherwise.
const WIDTH: usize = 100;

/// `hubjobs explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubjobs explain                                   everything there is
  hubjobs explain changed-after-run                 a code, as a finding or a plan shows it
  hubjobs explain MethodJob.spec.schedule.cron      a field; `spec.schedule.cron` or `cron` will do
  hubjobs explain TwinJob                           all fields of a kind
  hubjobs explain exit-6                            an exit code; `6` will do")]
pub(super) struct ExplainArgs {
    /// Code of a finding, of a row of a plan or of an exit, or path of a field [default: list all]
    #[arg(value_name = "CODE|FIELD", value_parser = Words, hide_possible_values = true)]
    word: Option<String>,
    /// How to print it
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ExplainFormat::Text)]
    output: ExplainFormat,
}

/// How explanations are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExplainFormat {
    /// For people.
    Text,
    /// One document.
    Json,
}

/// Any word, since near ones are offered by us; shells complete codes.
#[derive(Debug, Clone)]
struct Words;

impl TypedValueParser for Words {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        clap::builder::StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(lookup::codes().into_iter().map(PossibleValue::new)))
    }
}

/// Explains a code or a field, or lists all of them.
///
/// # Errors
/// When there is nothing of that name.
pub(super) fn run(args: &ExplainArgs, global: &Global, terminal: &Terminal) -> Result<Exit, Failure> {
    let is_json = global.json || args.output == ExplainFormat::Json;
    let found = args.word.as_deref().map(|word| (word, look_up(word)));
    if let Some((word, Found::Nothing(near))) = found {
        return Err(Failure::NothingToExplain { word: word.to_owned(), near });
    }
    let found = found.map(|(_, found)| found);
    if is_json {
        terminal.result(&json_text(&document(found.as_ref())));
    } else {
        terminal.result(&wrapped(&text(found.as_ref()), terminal.width().unwrap_or(WIDTH)));
    }
    Ok(Exit::Done)
}

fn text(found: Option<&Found>) -> String {
    match found {
        None | Some(Found::Nothing(_)) => page::index(),
        Some(Found::Codes(codes)) => codes.iter().map(page::code).collect::<Vec<_>>().join("\n\n"),
        Some(Found::Kind(kind, fields)) => page::kind(*kind, fields),
        Some(Found::Field(alike, inside)) => page::field(alike, inside),
        Some(Found::Fields(fields)) => page::choice(fields),
    }
}

fn document(found: Option<&Found>) -> Value {
    let all =
        || (topic::topics().iter().map(page::code_json).collect(), fields().iter().map(page::field_json).collect());
    let (codes, fields): (Vec<_>, Vec<_>) = match found {
        None | Some(Found::Nothing(_)) => all(),
        Some(Found::Codes(codes)) => (codes.iter().map(page::code_json).collect(), Vec::new()),
        Some(Found::Kind(_, fields) | Found::Fields(fields)) => {
            (Vec::new(), fields.iter().map(page::field_json).collect())
        }
        Some(Found::Field(alike, inside)) => (Vec::new(), alike.iter().chain(inside).map(page::field_json).collect()),
    };
    json!({"formatVersion": FORMAT_VERSION, "codes": codes, "fields": fields})
}
