//! Schedules against `cases/schedule/*.txt`. A line that starts a case is followed by what it must
//! give, indented; `HUBJOBS_UPDATE=1` writes that anew. Cases:
//!
//!     next ZONE | EXPRESSION | FROM | COUNT     the next starts after an instant
//!     cron EXPRESSION                           a refusal
//!     at ZONE | TIME                            an instant or a refusal; `-` for no zone
//!     zone NAME                                 a zone or a refusal

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use hubjobs::expand::next_occurrences;
use hubjobs::model::{
    At, ConcurrencyPolicy, Cron, CronExpression, Digit, DstMark, JobAction, Manifest, ManifestLimits, ManifestName,
    ManifestSource, Schedule, Seconds, SuccessWhen, Target, TwinPatch, Zone,
};

#[test]
fn cases_give_what_is_written_below_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/schedule");
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("the folder of cases") {
        let path = entry.expect("an entry").path();
        let written = fs::read_to_string(&path).expect("a case file");
        let actual = answered(&written, &mut count);
        if written == actual {
            continue;
        }
        if std::env::var_os("HUBJOBS_UPDATE").is_some_and(|value| value == "1") {
            fs::write(&path, actual).expect("a writable case file");
        } else {
            wrong.push(first_difference(&path, &written, &actual));
        }
    }
    assert!(count > 0, "no case in {}", folder.display());
    assert!(wrong.is_empty(), "{}\nrun again with HUBJOBS_UPDATE=1 to accept", wrong.join("\n"));
}

/// The file with every answer anew; comments and empty lines stay.
fn answered(text: &str, count: &mut usize) -> String {
    let mut out = String::new();
    for line in text.lines().filter(|line| !line.starts_with(' ')) {
        writeln!(out, "{line}").expect("a String takes all");
        if !line.is_empty() && !line.starts_with('#') {
            *count += 1;
            for answer in answer(line).lines().filter(|answer| !answer.trim().is_empty()) {
                writeln!(out, "    {answer}").expect("a String takes all");
            }
        }
    }
    out
}

fn first_difference(path: &Path, written: &str, actual: &str) -> String {
    let (mut written, mut actual) = (written.lines(), actual.lines());
    for number in 1.. {
        match (written.next(), actual.next()) {
            (None, None) => break,
            (old, new) if old == new => {}
            (old, new) => {
                let shown = |line: Option<&str>| line.unwrap_or("(end)").to_owned();
                return format!("{}:{number}\n  - {}\n  + {}", path.display(), shown(old), shown(new));
            }
        }
    }
    format!("{}: line ends differ", path.display())
}

fn answer(case: &str) -> String {
    let (command, rest) = case.split_once(' ').unwrap_or((case, ""));
    let parts: Vec<_> = rest.split(" | ").collect();
    match (command, parts.as_slice()) {
        ("next", [zone, expression, from, count]) => next(zone, expression, from, count),
        ("cron", _) => match CronExpression::parse(rest) {
            Ok(_) => "accepted".to_owned(),
            Err(refusal) => {
                let caret = " ".repeat(refusal.span.start) + &"^".repeat(refusal.span.len());
                let help = refusal.help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}"));
                format!("{rest}\n{caret} {refusal}{help}")
            }
        },
        ("at", [zone, time]) => {
            let zone = (*zone != "-").then(|| Zone::new(zone).expect("a zone"));
            match At::parse(time, zone, Seconds::HOUR) {
                Ok(at) => at.start.to_string(),
                Err(refusal) => with_help(&refusal, refusal.help()),
            }
        }
        ("zone", [name]) => match Zone::new(name) {
            Ok(zone) => zone.to_string(),
            Err(refusal) => with_help(&refusal, refusal.help()),
        },
        _ => panic!("no such case: {case}"),
    }
}

fn with_help(refusal: &impl std::fmt::Display, help: Option<String>) -> String {
    help.map_or_else(|| format!("error: {refusal}"), |help| format!("error: {refusal}\nhelp: {help}"))
}

fn next(zone: &str, expression: &str, from: &str, count: &str) -> String {
    let cron = Cron {
        expression: CronExpression::parse(expression).expect("an expression"),
        zone: Zone::new(zone).expect("a zone"),
        starting_deadline: Seconds::HOUR,
        concurrency: ConcurrencyPolicy::Forbid,
    };
    let from = from.parse().expect("an instant");
    let mut out = String::new();
    for occurrence in next_occurrences(&manifest(Schedule::Cron(cron)), from, count.parse().expect("a number")) {
        let mark = match occurrence.dst {
            None => String::new(),
            Some(DstMark::Moved { from }) => format!("  moved from {}", from.strftime("%d %H:%M")),
            Some(DstMark::FirstOfTwo) => "  first of two".to_owned(),
            Some(DstMark::SecondOfTwo) => "  second of two".to_owned(),
        };
        writeln!(out, "{}  {}{mark}", occurrence.local, occurrence.start).expect("a String takes all");
    }
    if out.is_empty() { "none".to_owned() } else { out }
}

fn manifest(schedule: Schedule) -> Manifest {
    Manifest {
        name: ManifestName::new("example").expect("a name"),
        labels: Default::default(),
        source: ManifestSource { path: "example.yaml".to_owned(), line: 1 },
        suspend: false,
        generation: Digit::ZERO,
        target: Target::All,
        schedule,
        max_execution: Seconds::HOUR,
        action: JobAction::Twin(TwinPatch::default()),
        success_when: SuccessWhen::default(),
        expect_devices: None,
        limits: ManifestLimits::default(),
        moved_from: Vec::new(),
        adopt: None,
    }
}
