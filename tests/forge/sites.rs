//! Where a pipeline runs: `tests/cases/forge/sites.txt`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hubjobs::forge::{ForgeKind, Overrides, Site, detect};
use serde_json::Value;

#[derive(Default)]
struct Case {
    variables: BTreeMap<String, String>,
    event: Option<Value>,
    overrides: Overrides,
}

impl Case {
    fn option(&mut self, name: &str, value: &str) {
        let value = value.to_owned();
        let options = &mut self.overrides;
        match name {
            "forge" => {
                let is_named = |kind: &ForgeKind| kind.to_string().to_lowercase().starts_with(&value);
                options.forge = ForgeKind::ALL.into_iter().find(is_named);
            }
            "repo" => options.repository = Some(value),
            "api-url" => options.api_url = Some(value),
            "pr" => options.pull = value.parse().ok(),
            other => panic!("there is no option {other}"),
        }
    }

    fn outcome(&self) -> String {
        match detect(&self.overrides, &|name| self.variables.get(name).cloned(), self.event.as_ref()) {
            Err(error) => format!("error: {error} ({})", error.help()),
            Ok(Site { kind, api, repository, pull, is_in_review, commit, run_url, is_fork }) => {
                let mut text = format!("{kind} {api} {repository}");
                if let Some(pull) = pull {
                    write!(text, " #{pull}").expect("a string takes everything");
                }
                let after = (pull.is_some() && !is_in_review).then(|| "after".to_owned());
                let fork = is_fork.then(|| "fork".to_owned());
                for part in [commit, run_url, fork, after].into_iter().flatten() {
                    write!(text, " {part}").expect("a string takes everything");
                }
                text
            }
        }
    }
}

#[test]
fn variables_say_where_a_comment_goes() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/forge/sites.txt");
    let text = std::fs::read_to_string(file).expect("the cases");
    let (mut case, mut name, mut wrong, mut count) = (Case::default(), "", String::new(), 0);
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(next) = line.strip_prefix("== ") {
            (case, name) = (Case::default(), next);
        } else if let Some(expected) = line.strip_prefix("=> ") {
            count += 1;
            let found = case.outcome();
            if found != expected {
                writeln!(wrong, "{name}:\n  {found}, expected\n  {expected}").expect("a string takes everything");
            }
        } else if let Some(event) = line.strip_prefix("event ") {
            case.event = Some(serde_json::from_str(event).expect("an event is JSON"));
        } else if let Some(option) = line.strip_prefix("option ") {
            let (name, value) = option.split_once(' ').expect("a name and a value");
            case.option(name, value);
        } else {
            let (name, value) = line.split_once('=').expect("a variable");
            case.variables.insert(name.to_owned(), value.to_owned());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 15, "{count} cases were read");
}
