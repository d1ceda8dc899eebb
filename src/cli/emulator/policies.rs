//! `hubjobs emulator policies`.

use serde_json::{Value, json};

use super::chosen;
use crate::cli::emulator_args::EmulatorPoliciesArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::emulator::auth::PolicyView;
use crate::emulator::state::Fidelity;
use crate::emulator::{host_name, policies as policies_of};
use crate::report::{FORMAT_VERSION, json_text};

/// Lists the shared access policies, with their connection strings if asked for.
///
/// # Errors
/// When the project is invalid, its environment is no emulator, or there is no state yet.
pub(in crate::cli) fn policies(args: &EmulatorPoliciesArgs, session: &Session) -> Result<Exit, Failure> {
    let (dir, _) = chosen(session, Fidelity::default())?;
    let policies = policies_of(&dir)?.ok_or(Failure::NoEmulatorState)?;
    let host = host_name(&dir)?.unwrap_or_else(|| "localhost".to_owned());
    let secret = |policy: &PolicyView, key: &str| {
        format!("HostName={host};SharedAccessKeyName={};SharedAccessKey={key}", policy.name)
    };
    let machine = |policy: &PolicyView| {
        let mut shown = json!({"name": policy.name, "rights": rights(policy)});
        if args.show_keys {
            shown["primaryConnectionString"] = secret(policy, &policy.primary_key).into();
            shown["secondaryConnectionString"] = secret(policy, &policy.secondary_key).into();
        }
        shown
    };
    let width = policies.iter().map(|policy| policy.name.len()).max().unwrap_or_default();
    let text = |policy: &PolicyView| {
        let mut line = format!("{:width$}  {}\n", policy.name, rights(policy).join(", "));
        if args.show_keys {
            line.push_str(&format!("  {}\n", secret(policy, &policy.primary_key)));
        }
        line
    };
    session.terminal.reveal(&match session.global.json {
        true => {
            let list: Vec<Value> = policies.iter().map(machine).collect();
            json_text(&json!({"formatVersion": FORMAT_VERSION, "policies": list}))
        }
        false => policies.iter().map(text).collect(),
    });
    Ok(Exit::Done)
}

fn rights(policy: &PolicyView) -> Vec<&'static str> {
    policy.rights.iter().map(|right| right.as_str()).collect()
}
