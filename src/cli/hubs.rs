//! One run over several hubs: one after another, so that output has one order; a hub that fails does
//! not stop the others.

use serde_json::{Value, json};

use super::connect::Connection;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use crate::model::Environment;
use crate::report::{Event, FORMAT_VERSION, Untrusted, counted, json_text};

/// How the work with one hub ended.
#[derive(Debug)]
pub(super) struct HubEnd {
    /// How the process would end, were this the only hub.
    pub(super) exit: Exit,
    /// In a few words what was done, or would be; may be empty.
    pub(super) words: String,
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

    /// Does some work with each of several hubs that gives a document: all of them become one, with a
    /// list of the hubs, and of each hub its document under `key`, or why there is none.
    ///
    /// # Errors
    /// None: failures stand in the document.
    pub(super) async fn as_one_document(
        &self,
        contexts: &'static [Context],
        key: &str,
        work: impl AsyncFn(&'static Context, &Connection) -> Result<(Exit, Value), Failure>,
    ) -> Result<Exit, Failure> {
        let (mut worst, mut hubs) = (Exit::Done, Vec::new());
        for context in contexts {
            let name = hub_name(&context.environment);
            let mut document = None;
            let worked = self.with_hub(context, async |connection| {
                let (exit, value) = work(context, connection).await?;
                document = Some(value);
                Ok(exit)
            });
            let (exit, error) = match worked.await {
                Ok(exit) => (exit, None),
                Err(failure) => {
                    self.terminal.error(&format!("hub `{name}`: {failure}"), &failure.help());
                    (failure.exit(), Some(json!({"message": failure.to_string(), "help": failure.help()})))
                }
            };
            worst = worst.or_worse(exit);
            hubs.push(json!({"name": name, "exitCode": exit.code(), key: document, "error": error}));
            if let Some(interrupted) = self.signals.exit() {
                worst = worst.or_worse(interrupted);
                break;
            }
        }
        let environment = contexts.first().map(|context| context.environment.name.as_str());
        let all = json!({"formatVersion": FORMAT_VERSION, "environment": environment, "hubs": hubs});
        self.terminal.result(&json_text(&all));
        Ok(worst)
    }
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
