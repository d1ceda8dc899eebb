//! How a story is written. It is Markdown: prose tells what people do and why, and these blocks
//! make it happen, one after another, in a folder of the story's own.
//!
//! | block | what happens |
//! |---|---|
//! | `` ```yaml jobs/reboot.yaml `` | the file is written |
//! | `` ```diff jobs/reboot.yaml `` | the file is edited: lines with `-` are replaced by those with `+` |
//! | `` ```console `` | commands behind `$ ` are run by a shell; `? 5` is their exit code, unless it is 0 |
//! | `` ```http local `` | somebody calls the emulated hub of that environment; `-> 200` is its answer |
//!
//! Any other block is an illustration.

use std::fmt;

/// A file of prose and blocks.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) parts: Vec<Part>,
}

#[derive(Debug)]
pub(crate) enum Part {
    /// Prose and illustrations, with their line ends.
    Prose(String),
    /// A file to write.
    File { language: String, path: String, text: String },
    /// A file to edit.
    Edit { path: String, text: String },
    /// Commands and what they print.
    Console(Vec<Command>),
    /// Calls of the hub of an environment.
    Http { environment: String, calls: Vec<Call> },
}

/// A command line, and how it ends.
#[derive(Debug, Default)]
pub(crate) struct Command {
    pub(crate) line: String,
    pub(crate) exit: i32,
    /// Both streams as a terminal shows them, without the last line end.
    pub(crate) output: String,
}

/// A request, and how the hub answers it.
#[derive(Debug, Default)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) answer: String,
}

impl Story {
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut prose = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let ticks = line.chars().take_while(|c| *c == '`').count();
            if ticks < 3 {
                prose.push_str(line);
                prose.push('\n');
                continue;
            }
            let body: Vec<&str> = lines.by_ref().take_while(|end| *end != &line[..ticks]).collect();
            let (language, name) = line[ticks..].split_once(' ').unwrap_or((&line[ticks..], ""));
            match block(language, name, &body) {
                Some(part) => {
                    parts.push(Part::Prose(std::mem::take(&mut prose)));
                    parts.push(part);
                }
                None => {
                    let body: String = body.iter().map(|line| format!("{line}\n")).collect();
                    prose.push_str(&format!("{line}\n{body}{}\n", &line[..ticks]));
                }
            }
        }
        parts.push(Part::Prose(prose));
        Self { parts }
    }
}

fn block(language: &str, name: &str, body: &[&str]) -> Option<Part> {
    let text = || body.iter().map(|line| format!("{line}\n")).collect();
    match (language, name) {
        ("console", _) => Some(Part::Console(commands(body))),
        ("http", environment) => Some(Part::Http { environment: environment.to_owned(), calls: calls(body) }),
        (_, "") => None,
        ("diff", path) => Some(Part::Edit { path: path.to_owned(), text: text() }),
        (language, path) => Some(Part::File { language: language.to_owned(), path: path.to_owned(), text: text() }),
    }
}

fn commands(body: &[&str]) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    for line in body {
        if let Some(line) = line.strip_prefix("$ ") {
            commands.push(Command { line: line.to_owned(), ..Command::default() });
            continue;
        }
        let command = commands.last_mut().expect("a console block begins with a command");
        match line.strip_prefix("? ") {
            Some(exit) if command.output.is_empty() => command.exit = exit.parse().expect("an exit code"),
            _ => command.output.push_str(&format!("{line}\n")),
        }
    }
    for command in &mut commands {
        command.output.truncate(command.output.trim_end().len());
    }
    commands
}

fn calls(body: &[&str]) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let is_method = |word: &str| matches!(word, "GET" | "PUT" | "POST" | "PATCH" | "DELETE");
    for line in body {
        match line.split_once(' ') {
            Some((method, path)) if is_method(method) => {
                calls.push(Call { method: method.to_owned(), path: path.to_owned(), ..Call::default() });
            }
            Some(("->", answer)) => calls.last_mut().expect("a call to answer").answer = answer.to_owned(),
            _ if line.is_empty() => {}
            _ => calls.last_mut().expect("a call to belong to").body.push_str(&format!("{line}\n")),
        }
    }
    calls
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| part.fmt(f))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prose(text) => f.write_str(text),
            Self::File { language, path, text } => fenced(f, &format!("{language} {path}"), text),
            Self::Edit { path, text } => fenced(f, &format!("diff {path}"), text),
            Self::Console(commands) => {
                let shown: Vec<_> = commands.iter().map(ToString::to_string).collect();
                fenced(f, "console", &shown.join("\n"))
            }
            Self::Http { environment, calls } => {
                let shown: Vec<_> = calls.iter().map(ToString::to_string).collect();
                fenced(f, &format!("http {environment}"), &shown.join("\n"))
            }
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", self.line)?;
        if self.exit != 0 {
            writeln!(f, "? {}", self.exit)?;
        }
        if self.output.is_empty() { Ok(()) } else { writeln!(f, "{}", self.output) }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, body, answer } = self;
        writeln!(f, "{method} {path}\n{body}-> {answer}")
    }
}

/// Writes a block between fences that its text cannot end.
fn fenced(f: &mut fmt::Formatter<'_>, info: &str, text: &str) -> fmt::Result {
    let longest = text.lines().map(|line| line.chars().take_while(|c| *c == '`').count()).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    writeln!(f, "{fence}{info}\n{text}{fence}")
}
