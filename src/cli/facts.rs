//! `hubjobs emulator facts`.

use std::fmt::Write as _;

use serde_json::json;

use super::args::Global;
use super::exit::Exit;
use super::terminal::Terminal;
use crate::emulator::facts::{self, Basis, Fact};
use crate::report::{FORMAT_VERSION, json_text};

/// Lists what the emulator does, and how anybody knows that the hub does the same.
pub(super) fn run(global: &Global, terminal: &Terminal) -> Exit {
    if global.json {
        let facts: Vec<_> = facts::all().map(fact_json).collect();
        terminal.result(&json_text(&json!({"formatVersion": FORMAT_VERSION, "facts": facts})));
        return Exit::Done;
    }
    let mut text = String::new();
    for Fact { id, sentence, basis, source } in facts::all() {
        // A string takes everything.
        let _ = writeln!(text, "{id} ({basis})\n    {sentence}\n    from: {source}");
    }
    terminal.result(&text);
    let count = |wanted: Basis| facts::all().filter(|fact| fact.basis == wanted).count();
    let [documented, observed, assumed] = [Basis::Documented, Basis::Observed, Basis::Assumed].map(count);
    terminal.note(&format!("{documented} documented, {observed} observed, {assumed} assumed"));
    Exit::Done
}

fn fact_json(fact: &Fact) -> serde_json::Value {
    json!({"id": fact.id, "sentence": fact.sentence, "basis": fact.basis.as_str(), "source": fact.source})
}
