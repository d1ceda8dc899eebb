//! `hubjobs show`.

use super::args::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::plan_args::{PlanFormat, ShowArgs};
use super::plan_file;
use super::review::show_text;
use super::terminal::Terminal;
use crate::report::document::Provenance;
use crate::report::{Detail, RenderOptions, render};

/// Shows a saved plan; needs neither its project nor its hub.
///
/// # Errors
/// When the file cannot be read, is no plan, or was changed.
pub(super) fn run(args: &ShowArgs, global: &Global, terminal: &Terminal) -> Result<Exit, Failure> {
    let key = plan_file::key()?;
    let (saved, provenance) = plan_file::read(&plan_file::place(global, &args.plan), key.as_ref())?;
    let detail = if global.verbose > 0 { Detail::Full } else { Detail::Brief };
    match if global.json { PlanFormat::Json } else { args.output } {
        PlanFormat::Text => show_text(&saved.plan, detail, terminal),
        format => {
            let options = RenderOptions { detail, ..args.length.options() };
            terminal.result(&render(&saved.plan, format.form(), &options));
        }
    }
    match (provenance, &key) {
        (Provenance::Verified, _) => terminal.detail("the signature of the plan is right"),
        (Provenance::Unchecked, _) => terminal.detail("the plan is signed; there is no key to check it with"),
        (Provenance::Unsigned, Some(_)) => terminal.warn("the plan is not signed"),
        (Provenance::Unsigned, None) => {}
    }
    Ok(if args.detailed_exitcode { Exit::of_plan(&saved.plan) } else { Exit::Done })
}
