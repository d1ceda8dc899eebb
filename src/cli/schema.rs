//! `hubjobs schema`.

use super::args::{ExampleKind, SchemaArgs};
use super::exit::Exit;
use super::terminal::Terminal;
use crate::report::document::plan_schema_json;
use crate::validate::{Kind, example, schema_json};

/// Prints the schema, or an example.
pub(super) fn run(args: &SchemaArgs, terminal: &Terminal) -> Exit {
    match args.example {
        None if args.plan => terminal.result(&plan_schema_json()),
        None => terminal.result(&schema_json()),
        Some(kind) => terminal.result(&example(kind.into())),
    }
    Exit::Done
}

impl From<ExampleKind> for Kind {
    fn from(kind: ExampleKind) -> Self {
        match kind {
            ExampleKind::Project => Self::Project,
            ExampleKind::MethodJob => Self::MethodJob,
            ExampleKind::TwinJob => Self::TwinJob,
            ExampleKind::Fleet => Self::Fleet,
            ExampleKind::Policy => Self::Policy,
        }
    }
}
