//! One run over several hubs: one after another, so that output has one order; a hub that fails does
//! not stop the others.

use serde_json::{Value, json};

use super::connect::Connection;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use crate::model::Environment;
use crate::report::{Event, FORMAT_VERSION, NoPlan, Untrusted, counted, json_text};

/// How the work with one hub ended.
#[derive(Debug)]
pub(super) struct HubEnd {
    /// How the process would end, were this the only hub.
    pub(super) exit: Exit,
    /// In a few words what was done, or would be; may be empty.
    pub(super) words: String,
}

/// What the work with one of several hubs gave.
#[derive(Debug)]
pub(super) struct Gathered<T> {
    /// Name of the hub.
    pub(super) name: &'static str,
    /// How the process would end, were this the only hub.
    pub(super) exit: Exit,
    /// Its value, or why there is none.
    pub(super) value: Result<T, NoPlan>,
}

impl From<Exit> for HubEnd {
    fn from(exit: Exit) -> Self {
        Self { exit, words: String::new() }
    }
}

impl Session {
    /// Does some work with each hub of an environment. Of several, each is named in the output, a
    /// failure of one is told and does not stop the others, and a summary comes last.
    ///
    /// # Errors
    /// With one hub, those of [`Session::with_hub`]; with several, only an interruption.
    pub(super) async fn over_hubs(
        &self,
        contexts: &'static [Context],
        work: impl AsyncFn(&'static Context, &Connection) -> Result<HubEnd, Failure>,
    ) -> Result<Exit, Failure> {
        let [first, _, ..] = contexts else {
            // Validation sees to it that there is one.
            let Some(only) = contexts.first() else { return Ok(Exit::Done) };
            return self.with_hub(only, async |connection| work(only, connection).await.map(|end| end.exit)).await;
        };
        let (mut worst, mut lines) = (Exit::Done, Vec::new());
        for context in contexts {
            let name = hub_name(&context.environment);
            self.terminal.begin_hub(Some(name));
            self.terminal.text(&format!("Hub `{name}`\n\n"));
            let mut words = String::new();
            let worked = self.with_hub(context, async |connection| {
                let end = work(context, connection).await?;
                words = end.words;
                Ok(end.exit)
            });
            let exit = match worked.await {
                Ok(exit) => exit,
                Err(failure) => {
                    let message = failure.to_string();
                    self.terminal.error(&format!("hub `{name}`: {message}"), &failure.help());
                    words = Untrusted::new(&message).cut(300).to_string();
                    failure.exit()
                }
            };
            self.terminal.event(&Event::HubSummary { exit_code: exit.code() });
            self.terminal.begin_hub(None);
            self.terminal.text("\n");
            lines.push(line(name, exit, words.trim_end()));
            worst = worst.or_worse(exit);
            if let Some(interrupted) = self.signals.exit() {
                worst = worst.or_worse(interrupted);
                break;
            }
        }
        let environment = &first.environment.name;
        let hubs = counted(contexts.len(), "hub");
        self.terminal.text(&format!("Environment `{environment}`, {hubs}:\n{}", lines.concat()));
        Ok(worst)
    }

    /// Does some work with each of several hubs that gives a value, and gathers the values: what an
    /// output needs that is one document. A failure is also told at once, and does not stop the others.
    pub(super) async fn gather<T>(
        &self,
        contexts: &'static [Context],
        work: impl AsyncFn(&'static Context, &Connection) -> Result<(Exit, T), Failure>,
    ) -> Vec<Gathered<T>> {
        let mut hubs = Vec::new();
        for context in contexts {
            let name = hub_name(&context.environment);
            let mut value = None;
            let worked = match self.signals.exit() {
                Some(interrupted) => Ok(interrupted),
                None => {
                    let work = async |connection: &Connection| {
                        let (exit, worked) = work(context, connection).await?;
                        value = Some(worked);
                        Ok(exit)
                    };
                    self.with_hub(context, work).await
                }
            };
            let gathered = match (worked, value) {
                (Ok(exit), Some(value)) => Gathered { name, exit, value: Ok(value) },
                (Ok(exit), None) => {
                    let why = NoPlan { message: "interrupted before this hub was read".to_owned(), help: Vec::new() };
                    Gathered { name, exit, value: Err(why) }
                }
                (Err(failure), _) => {
                    let why = NoPlan { message: failure.to_string(), help: failure.help() };
                    self.terminal.error(&format!("hub `{name}`: {failure}"), &why.help);
                    Gathered { name, exit: failure.exit(), value: Err(why) }
                }
            };
            hubs.push(gathered);
        }
        hubs
    }

    /// Does some work with each of several hubs that gives a document: all of them become one, with a
    /// list of the hubs, and of each hub its document under `key`, or why there is none.
    pub(super) async fn as_one_document(
        &self,
        contexts: &'static [Context],
        key: &str,
        work: impl AsyncFn(&'static Context, &Connection) -> Result<(Exit, Value), Failure>,
    ) -> Exit {
        let gathered = self.gather(contexts, work).await;
        let worst = worst(&gathered);
        let hubs: Vec<_> = gathered
            .into_iter()
            .map(|Gathered { name, exit, value }| {
                let (document, error) = match value {
                    Ok(document) => (Some(document), None),
                    Err(NoPlan { message, help }) => (None, Some(json!({"message": message, "help": help}))),
                };
                json!({"name": name, "exitCode": exit.code(), key: document, "error": error})
            })
            .collect();
        let environment = contexts.first().map(|context| context.environment.name.as_str());
        let all = json!({"formatVersion": FORMAT_VERSION, "environment": environment, "hubs": hubs});
        self.terminal.result(&json_text(&all));
        worst
    }
}

/// How a process ends whose work with several hubs ended like this.
pub(super) fn worst<T>(gathered: &[Gathered<T>]) -> Exit {
    gathered.iter().fold(Exit::Done, |worst, hub| worst.or_worse(hub.exit))
}

fn line(name: &str, exit: Exit, words: &str) -> String {
    match (exit, words.is_empty()) {
        (Exit::Done, false) => format!("  {name}: {words}\n"),
        (_, true) => format!("  {name}: {}\n", exit.in_words()),
        (_, false) => format!("  {name}: {}: {words}\n", exit.in_words()),
    }
}

/// The name of one of several hubs.
pub(super) fn hub_name(environment: &Environment) -> &str {
    environment.hub_name.as_ref().map_or("", |name| name.as_str())
}

/// That a command is about one hub, and there are several.
pub(super) fn several(contexts: &[Context]) -> Failure {
    Failure::SeveralHubs {
        environment: contexts.first().map(|context| context.environment.name.to_string()).unwrap_or_default(),
        known: contexts.iter().map(|context| hub_name(&context.environment).to_owned()).collect(),
    }
}
