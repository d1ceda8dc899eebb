//! `hubjobs render`.

use serde_json::json;

use super::args::{Global, RenderArgs};
use super::context::{choose, wanted};
use super::exit::Exit;
use super::failure::Failure;
use super::project::{find, open};
use super::select::select;
use super::terminal::Terminal;
use crate::load::PROJECT_FILE;
use crate::plan::Selection;
use crate::report::json_text;
use crate::validate::{self, Rendered, to_yaml};

/// Version of the JSON form.
const FORMAT_VERSION: u32 = 1;

/// Prints the manifests as an environment has them.
///
/// # Errors
/// When anything is invalid, which is shown, or there is no such environment or manifest.
pub(super) fn run(args: &RenderArgs, global: &Global, terminal: &Terminal) -> Result<Exit, Failure> {
    let dir = find(global.start());
    if !dir.join(PROJECT_FILE).is_file() {
        return Err(Failure::NoProject(dir));
    }
    let mut project = open(dir);
    let wanted = wanted(global);
    let chosen = project.file.as_ref().map(|file| choose(&file.project, wanted.as_deref()));
    let environment = chosen.transpose()?.cloned();
    project.read(|name| environment.as_ref() == Some(name));
    project.show_findings(terminal);
    let overlay = environment.and_then(|name| Some((project.file.as_ref()?.overlays.get(&name)?, name)));
    let (Some((overlay, environment)), false) = (overlay, project.diagnostics.has_errors()) else {
        return Err(Failure::InvalidManifests);
    };
    let selection = select(&project.manifests, &args.selection)?;
    let mut rendered = validate::render(&project.sources, &project.files, overlay);
    if let Selection::Only(names) = &selection {
        rendered.retain(|manifest| names.iter().any(|name| name.as_str() == manifest.name));
    }
    if global.json {
        let manifests: Vec<_> = rendered.into_iter().map(|manifest| manifest.value).collect();
        let document =
            json!({"formatVersion": FORMAT_VERSION, "environment": environment.as_str(), "manifests": manifests});
        terminal.result(&json_text(&document));
    } else {
        terminal.result(&yaml(&rendered)?);
    }
    Ok(Exit::Done)
}

/// One stream of documents.
fn yaml(rendered: &[Rendered]) -> Result<String, Failure> {
    let mut text = String::new();
    for manifest in rendered {
        if !text.is_empty() {
            text.push_str("---\n");
        }
        text.push_str(&to_yaml(&manifest.value)?);
    }
    Ok(text)
}
