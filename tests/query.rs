//! The query language, by example: every case in `tests/cases/query` holds inputs and what they
//! give. `HUBJOBS_UPDATE=1 cargo test --test query` rewrites the expectations.
//!
//! A line `> text` is an input (more such lines continue it), what follows up to an empty line is
//! expected. Lines before an input that begin with `{` are the documents of the inputs after them. The first part
//! of a file's name says what is done with its inputs.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use hubjobs::query::{
    Condition, Problem, ProblemCode, Rows, Severity, Statement, complement, parse_condition, parse_query,
};
use serde_json::Value;

#[test]
fn cases_give_what_they_expect() {
    let update = std::env::var_os("HUBJOBS_UPDATE").is_some();
    let mut wrong = Vec::new();
    for path in case_files() {
        let expected = fs::read_to_string(&path).expect("a case file is readable");
        let actual = run(&path, &expected);
        if update {
            fs::write(&path, actual).expect("a case file is writable");
        } else if actual != expected {
            wrong.push(format!("{}\n{}", path.display(), first_difference(&expected, &actual)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_problem_code_has_a_case() {
    let cases: String =
        case_files().iter().map(|path| fs::read_to_string(path).expect("a case file is readable")).collect();
    let missing: Vec<&str> = ProblemCode::ALL
        .iter()
        .map(|code| code.as_str())
        .filter(|code| !cases.contains(&format!("[{code}]")))
        .collect();
    // The text of this one is longer than a case should be.
    assert_eq!(missing, [ProblemCode::TooLong.as_str()]);
}

#[test]
fn the_limit_counts_characters_and_the_prefix_of_the_hub() {
    let fitting = format!("tags.a = '{}'", "ä".repeat(8164 - 11));
    assert_eq!(parse_condition(&fitting).1, []);
    let (tree, problems) = parse_condition(&format!("{fitting} "));
    assert_eq!(tree, None);
    assert_eq!(problems[0].code, ProblemCode::TooLong);
    assert_eq!(problems[0].span, fitting.len()..fitting.len() + 1);

    let query = format!("SELECT * FROM devices WHERE {fitting}");
    assert_eq!(parse_query(&query).1, []);
    assert_eq!(parse_query(&format!("{query} ")).1[0].code, ProblemCode::TooLong);
}

#[test]
fn nesting_is_bounded_in_every_direction() {
    let deep = [
        "(".repeat(5_000),
        "NOT ".repeat(5_000),
        "-".repeat(5_000),
        "is_defined(".repeat(5_000),
        format!("tags.a = 1{}", " + 1".repeat(5_000)),
        "tags.a IN [".repeat(5_000),
        format!("{}tags.a = 1{}", "(".repeat(5_000), ")".repeat(5_000)),
        "1 = 1 OR 1 = 1 AND NOT 1 = 1 + 1 * (".repeat(1_000),
    ];
    for text in deep {
        let (tree, problems) = parse_condition(&text);
        assert_eq!(tree, None, "{:.20}", text);
        assert!(!problems.is_empty());
    }
    let (tree, problems) = parse_condition(&format!("tags.a = 1{}", " OR tags.a = 1".repeat(580)));
    assert_eq!((tree.is_some(), problems), (true, Vec::new()), "a long chain is not deep");
    let nested = format!("{}tags.a = 1{}", "(".repeat(100), ")".repeat(100));
    assert_eq!(parse_condition(&nested).1, []);
}

/// Half-written text is what an editor parses most of the time.
#[test]
fn every_piece_of_every_case_can_be_parsed() {
    let mut count = 0;
    for path in case_files() {
        let cases = fs::read_to_string(path).expect("a case file is readable");
        for text in cases.lines().filter_map(|line| line.strip_prefix("> ")) {
            let cuts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            for piece in cuts.flat_map(|at| [&text[..at], &text[at..]]) {
                let problems = [parse_condition(piece).1, parse_query(piece).1].concat();
                for problem in problems {
                    assert!(piece.get(problem.span.clone()).is_some(), "{problem:?} in {piece}");
                }
                count += 1;
            }
        }
    }
    assert!(count > 5_000, "only {count} pieces");
}

fn case_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/query");
    let mut files: Vec<_> = fs::read_dir(root)
        .expect("the case directory exists")
        .map(|entry| entry.expect("a directory entry is readable").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no cases found");
    files
}

/// The file as it should be.
fn run(path: &Path, text: &str) -> String {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let kind = name.split('-').next().unwrap_or_default();
    let mut documents = Vec::new();
    let mut blocks = Vec::new();
    for block in text.trim_end().split("\n\n") {
        let (mut kept, mut given) = (Vec::new(), Vec::new());
        for line in block.lines() {
            // Rows look like documents, but stand after an input.
            let after_input = kept.last().is_some_and(|line: &String| line.starts_with('>'));
            if line.starts_with('>') || (line.starts_with(['#', '{']) && !after_input) {
                kept.push(line.to_owned());
            } else {
                break;
            }
            if line.starts_with('{') {
                given.push(json(line));
            }
        }
        if !given.is_empty() {
            documents = given;
        }
        let lines: Vec<&str> = kept.iter().filter_map(|line| line.strip_prefix('>')).collect();
        if !lines.is_empty() {
            let input = lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line));
            let input = input.collect::<Vec<_>>().join("\n");
            kept.extend(answer(kind, &input, &documents));
        }
        blocks.push(kept.join("\n"));
    }
    blocks.join("\n\n") + "\n"
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

fn answer(kind: &str, input: &str, documents: &[Value]) -> Vec<String> {
    match kind {
        "condition" => {
            let (tree, problems) = parse_condition(input);
            answer_lines(tree.map(|tree| tree.to_string()), input, &problems)
        }
        "query" => {
            let (tree, problems) = parse_query(input);
            answer_lines(tree.map(|tree| tree.to_string()), input, &problems)
        }
        "evaluate" => {
            let (tree, _) = parse_condition(input);
            let condition = Condition::compile(&tree.expect("a case holds a valid condition"));
            documents.iter().map(|document| format!("{:?}", condition.truth(document)).to_lowercase()).collect()
        }
        "complement" => {
            let (tree, _) = parse_condition(input);
            let filter = tree.and_then(|tree| tree.filter).expect("a case holds a condition");
            vec![match complement(&filter) {
                Ok(rest) => format!("= {rest}"),
                Err(error) => format!("error: {error}"),
            }]
        }
        "rows" => {
            let (tree, problems) = parse_query(input);
            let statement = Statement::compile(&tree.unwrap_or_else(|| panic!("{problems:?}")));
            rows(&statement, documents)
        }
        other => panic!("`{other}` is no kind of case"),
    }
}

/// Gathers the rows at once and in two merged halves, which must agree.
fn rows(statement: &Statement, documents: &[Value]) -> Vec<String> {
    let gather = |range: Range<usize>| {
        let mut rows = Rows::new(statement);
        for document in &documents[range] {
            if rows.feed(document).is_break() {
                break;
            }
        }
        rows
    };
    let rows = gather(0..documents.len()).finish();
    let mut halves = gather(0..documents.len() / 2);
    halves.merge(gather(documents.len() / 2..documents.len()));
    assert_eq!(halves.finish(), rows, "merged halves differ");
    let mut lines = vec![statement.item_type().as_str().to_owned()];
    lines.extend(rows.iter().map(Value::to_string));
    lines
}

fn answer_lines(printed: Option<String>, input: &str, problems: &[Problem]) -> Vec<String> {
    let mut lines = vec![format!("= {}", printed.as_deref().unwrap_or("refused"))];
    for problem in problems {
        lines.extend(render(input, problem));
    }
    lines
}

fn render(text: &str, problem: &Problem) -> Vec<String> {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let Range { start, end } = problem.span;
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let indent = text[line_start..start].chars().count();
    let width = text[start..end].chars().count().max(1);
    let carets = "^".repeat(width.min(line.chars().count().saturating_sub(indent).max(1)));
    let mut lines = vec![
        format!("{severity}[{}]: {}", problem.code.as_str(), problem.message),
        format!("  | {line}"),
        format!("  | {}{carets} {}", " ".repeat(indent), problem.label),
    ];
    lines.extend(problem.help.iter().map(|help| format!("  = help: {help}")));
    lines.extend(problem.note.iter().map(|note| format!("  = note: {note}")));
    lines
}

fn first_difference(expected: &str, actual: &str) -> String {
    let (mut expected, mut actual) = (expected.lines(), actual.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (expected.next(), actual.next()) {
            (None, None) => return "differs in line ends".to_owned(),
            (expected, actual) if expected != actual => {
                let end = "(end of file)";
                let (expected, actual) = (expected.unwrap_or(end), actual.unwrap_or(end));
                return format!("line {number}\n  expected: {expected}\n  actual:   {actual}");
            }
            _ => {}
        }
    }
}
