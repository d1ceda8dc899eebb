//! `hubjobs manual`: the manual pages, made from the command line itself.

use std::fs;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::args::{Global, ManualArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::terminal::Terminal;
use super::variables::{OF_LIBRARIES, VARIABLES};
use super::{build, help};

/// The section of programs that people run.
const SECTION: &str = "1";

/// Files that the program reads and writes.
const FILES: [(&str, &str); 4] = [
    (
        "hubjobs.yaml",
        "The project: its owner, its manifests, its environments and their hubs. It is looked for in the folder of \
         `--chdir`, then in those above.",
    ),
    ("schemas/manifest.schema.json", "The JSON Schema of manifests for editors, as `hubjobs init` writes it."),
    (
        ".hubjobs/",
        "The state of emulated hubs, beside `hubjobs.yaml`. It holds keys, so keep it out of git; remove it to start \
         over.",
    ),
    ("plan.json", "A plan that `hubjobs plan --out plan.json` saved. It holds payloads, and is for its owner alone."),
];

/// Writes a page for each command into a folder.
///
/// # Errors
/// When the folder or a page cannot be written.
pub(super) fn run(args: &ManualArgs, global: &Global, terminal: &Terminal) -> Result<Exit, Failure> {
    let folder = global.start().join(&args.dir);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Failure::Write { path, source }
    };
    fs::create_dir_all(&folder).map_err(failed(&folder))?;
    let pages = pages();
    for (name, text) in &pages {
        let path = folder.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    let first = folder.join(format!("hubjobs.{SECTION}"));
    terminal.note(&format!("{} pages; `man -l {}` shows the first", pages.len(), first.display()));
    Ok(Exit::Done)
}

/// File names and texts of all pages, the first being that of the program.
fn pages() -> Vec<(String, String)> {
    let mut root = help::command();
    root.build();
    let mut commands = Vec::new();
    collect(&root, &mut commands);
    commands.into_iter().map(|command| (format!("{}.{SECTION}", title(command)), page(command))).collect()
}

fn collect<'c>(command: &'c Command, found: &mut Vec<&'c Command>) {
    found.push(command);
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        collect(verb, found);
    }
}

/// `hubjobs-emulator-start`.
fn title(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command) -> String {
    let is_root = command.get_name() == "hubjobs";
    let man = Man::new(command.clone());
    let mut text = Vec::new();
    let mut head = Roff::new();
    let date = build::date().map_or_else(|| "\"\"".to_owned(), |date| date.to_string());
    let source = concat!("hubjobs ", env!("CARGO_PKG_VERSION"));
    head.control("TH", [title(command).to_uppercase().as_str(), SECTION, &date, source, "hubjobs"]);
    head.control("SH", ["NAME"]);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    head.text([roman(format!("{} - {}", title(command), about.lines().collect::<Vec<_>>().join(" ")))]);
    head.control("SH", ["SYNOPSIS"]);
    let usage = command.clone().render_usage().to_string();
    head.text([bold(usage.trim_start_matches("Usage: "))]);
    write(&head, &mut text);
    // Writing to memory does not fail.
    if command.get_long_about().is_some() {
        let _ = man.render_description_section(&mut text);
    }
    let _ = man.render_options_section(&mut text);
    if command.has_subcommands() {
        let _ = man.render_subcommands_section(&mut text);
    }
    if let Some(after) = command.get_after_help() {
        write(&after_help(&after.to_string()), &mut text);
    }
    if is_root {
        write(&reference(), &mut text);
    } else {
        let mut see = Roff::new();
        see.control("SH", ["SEE ALSO"]);
        see.text([bold("hubjobs"), roman(format!("({SECTION}), for the exit status, the environment and files"))]);
        write(&see, &mut text);
    }
    // A backtick would become a curly quote, and two breaks around nothing are one too many.
    one_head(&String::from_utf8_lossy(&text)).replace('`', "\\(ga").replace(".br\n\n.br\n", ".br\n")
}

fn write(roff: &Roff, text: &mut Vec<u8>) {
    let _ = roff.to_writer(text);
}

/// What stands below the options on the help page: prose, then examples as they are typed.
fn after_help(text: &str) -> Roff {
    let start = text.find("Examples:\n").or_else(|| text.find("Example:\n")).unwrap_or(text.len());
    let (prose, examples) = text.split_at(start);
    let mut roff = Roff::new();
    if !prose.trim().is_empty() {
        roff.control("SH", ["NOTES"]);
        for (index, paragraph) in prose.trim().split("\n\n").enumerate() {
            if index > 0 {
                roff.control("PP", []);
            }
            roff.text([roman(paragraph)]);
        }
    }
    if let Some((_, examples)) = examples.split_once('\n') {
        roff.control("SH", ["EXAMPLES"]);
        preformatted(&mut roff, examples);
    }
    roff
}

fn preformatted(roff: &mut Roff, text: &str) {
    roff.control("nf", []);
    for line in text.trim_end().lines() {
        roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    roff.control("fi", []);
}

/// What concerns every command.
fn reference() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for exit in Exit::ALL {
        item(&mut roff, &exit.code().to_string(), exit.meaning());
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for variable in VARIABLES.iter().chain(OF_LIBRARIES) {
        item(&mut roff, &variable.names.join(", "), variable.meaning);
    }
    roff.control("SH", ["FILES"]);
    for (name, meaning) in FILES {
        item(&mut roff, name, meaning);
    }
    roff.control("SH", ["EXAMPLES"]);
    preformatted(&mut roff, help::START);
    roff
}

fn item(roff: &mut Roff, name: &str, meaning: &str) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(meaning)]);
}

/// The parts of a page, each of which defines apostrophes for itself, as one.
fn one_head(text: &str) -> String {
    let head: String = Roff::new().render();
    format!("{head}{}", text.replace(&head, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(name: &str) -> String {
        let found = pages().into_iter().find(|(page, _)| page == name);
        found.unwrap_or_else(|| panic!("no page {name}")).1
    }

    #[test]
    fn every_command_has_a_page_with_its_options() {
        let mut root = help::command();
        root.build();
        let mut commands = Vec::new();
        collect(&root, &mut commands);
        assert_eq!(commands.len(), pages().len());
        for command in commands {
            let page = page_of(&format!("{}.1", title(command)));
            for option in command.get_arguments().filter(|option| !option.is_hide_set()) {
                let Some(long) = option.get_long() else { continue };
                let written = format!("\\-\\-{}", long.replace('-', "\\-"));
                assert!(page.contains(&written), "{} has no {written}", title(command));
            }
        }
    }

    #[test]
    fn the_first_page_is_the_reference() {
        let page = page_of("hubjobs.1");
        for section in ["NAME", "SYNOPSIS", "OPTIONS", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES", "EXAMPLES"] {
            assert!(page.contains(&format!("\n.SH {section}\n")), "no section {section}");
        }
        assert!(VARIABLES.iter().all(|variable| page.contains(&format!("\\fB{}\\fR\n", variable.names.join(", ")))));
    }

    #[test]
    fn a_page() {
        let page = page_of("hubjobs-results.1");
        insta::assert_snapshot!(page.replace(env!("CARGO_PKG_VERSION"), "[VERSION]"));
    }

    #[test]
    fn prose_and_examples_have_sections_of_their_own() {
        let text = after_help("One.\n\nTwo.\n\nExamples:\n  hubjobs a   first\n  hubjobs b\n").to_roff();
        assert_eq!(text, ".SH NOTES\nOne.\n.PP\nTwo.\n.SH EXAMPLES\n.nf\nhubjobs a   first\nhubjobs b\n.fi\n");
        assert_eq!(after_help("Only prose.").to_roff(), ".SH NOTES\nOnly prose.\n");
    }
}
