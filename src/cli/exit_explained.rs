//! What the exit codes mean.

use super::exit::Exit;
use crate::model::explained;

explained! { pub(super) Exit {
    Self::Done => "exit-0":
        "Done. Also when something is left for later as planned: a job that waits for a lane, or is not due."
        | "`hubjobs apply --auto-approve` when there is nothing to do."
        | "Nothing.";
    Self::Error => "exit-1":
        "An error: the command line, an invalid manifest, signing in, a hub that cannot be reached, a clock that is \
         wrong."
        | "`hubjobs validate` with a misspelled field."
        | "Do what the help line of the message says.";
    Self::Differences => "exit-2":
        "There is something to do. Only with `--detailed-exitcode`, of `plan`, `show` and `drift`."
        | "`hubjobs plan --detailed-exitcode` before the first apply."
        | "Review the plan and apply it.";
    Self::JobFailed => "exit-3":
        "After waiting: a job failed as a whole, missed its `successWhen`, or did not end in time. Devices that fail \
         without a `successWhen` only cause a warning."
        | "`hubjobs apply --wait` with `minSucceededPercent: 95`, and a tenth of the devices is offline."
        | "`hubjobs results NAME --failed-only` lists the devices. To run it again, raise `spec.generation`.";
    Self::Stale => "exit-4":
        "The saved plan does not fit any more, was changed, or is not signed where it must be. Nothing was changed on \
         the hub."
        | "`hubjobs apply plan.json` after another commit was merged."
        | "Plan again, and have the new plan reviewed.";
    Self::Refused => "exit-5":
        "A limit, a policy or a missing approval refuses the plan. Nothing was changed on the hub."
        | "`hubjobs apply` without a terminal and without `--auto-approve`."
        | "Each finding above the verdict says what would let it pass.";
    Self::Partly => "exit-6":
        "Something was done and something was not, or a row is blocked and needs a person. Of `plan` and `show` with \
         `--detailed-exitcode` too."
        | "A manifest is edited after its job ran, and others are applied."
        | "Look at the rows marked `!`: each has a help line.";
    Self::Uncertain => "exit-7":
        "It is not known what the hub did with at least one call."
        | "The network goes away in the middle of an apply."
        | "Apply again: jobs are looked up by their ids before anything is created.";
    Self::Interrupted => "exit-130":
        "Interrupted with Ctrl-C. Steps that were begun were ended first."
        | "Ctrl-C during `hubjobs apply --wait`."
        | "Run it again; repeating is always safe.";
    Self::Terminated => "exit-143":
        "Interrupted with SIGTERM."
        | "A pipeline is cancelled."
        | "Run it again; repeating is always safe.";
} }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_named_after_their_numbers() {
        let all = [
            Exit::Done,
            Exit::Error,
            Exit::Differences,
            Exit::JobFailed,
            Exit::Stale,
            Exit::Refused,
            Exit::Partly,
            Exit::Uncertain,
            Exit::Interrupted,
            Exit::Terminated,
        ];
        for exit in all {
            assert_eq!(exit.explained().code, format!("exit-{}", exit.code()));
        }
    }
}
