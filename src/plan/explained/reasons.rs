//! Why a job is created, cancelled, left for later or left alone.

use crate::model::explained;
use crate::plan::{BlockedReason, CancelReason, CreateReason, DeferredReason, IdleReason};

explained! { pub CreateReason {
    Self::SlotEmpty => "slot-empty":
        "The run is due, and the hub has no job for it yet, so one is created."
        | "A new manifest is planned for the first time, or the next run of a cron schedule has come near."
        | "Nothing. To keep it from running, set `spec.suspend: true`.";
    Self::LateWithinDeadline => "late-within-deadline":
        "The nominal start has passed, its `startingDeadline` has not, and the hub has no job for the run: it is \
         created and starts at once."
        | "`schedule.at` is 12:00, no apply ran before 12:40, and `startingDeadline` is 1 h."
        | "Nothing, if a late run is better than none. Else shorten `spec.schedule.startingDeadline`.";
    Self::ReplaceBeforeStart => "replace-before-start":
        "The manifest changed and its job has not started. The hub cannot change a job, so this one is cancelled, \
         seen to be cancelled, and created anew under another id."
        | "`twin.desired` of a manifest is edited while its job waits for 09:30."
        | "Nothing. To keep the job that waits, undo the change.";
    Self::ResumeReplace => "resume-replace":
        "The newest job of the run was cancelled, and did something else than the manifest says now: a replacement \
         that was cut short, or somebody cancelled it by hand and then the manifest was changed."
        | "An apply is killed after it cancelled the old job and before it created the new one."
        | "Nothing, if the change is meant to run. If somebody pulled the brake, set `spec.suspend: true`.";
} }

explained! { pub CancelReason {
    Self::Superseded => "superseded":
        "The manifest is there and no longer wants this run: its time, its cron expression or its generation \
         changed. The job that waits for it is cancelled before another is created."
        | "`schedule.at` moves from 09:00 to 10:00 while the job of 09:00 waits on the hub."
        | "Nothing. To keep both runs, write a second manifest.";
    Self::Suspended => "suspended":
        "The manifest says `suspend: true`, so its job that has not started is cancelled."
        | "`spec.suspend: true` is committed while the job waits for its start."
        | "Nothing. A run that is cancelled stays so: later runs go on when `suspend` is false again, and this one \
         with a raised `spec.generation`.";
    Self::ManifestRemoved => "manifest-removed":
        "The manifest is gone, its job has not started, and the environment has `prune: cancelScheduled`."
        | "A file is deleted from git while its job waits on the hub."
        | "Bring the file back if it went by accident. After a new name, write `spec.moved`. `prune: never` keeps \
         such jobs.";
    Self::SlotRace => "slot-race":
        "Two jobs are there for one run: two runners with different commits created one each. One of them is \
         cancelled, so that the run happens once."
        | "Two pipelines apply two branches at the same second."
        | "Let one pipeline at a time apply, for example with a concurrency group of the CI.";
    Self::HeldReplacement => "held-replacement":
        "The manifest changed and its job has not started, but the new job has to wait for an earlier one of the \
         same manifest. The old job is cancelled now; the new one is created when its turn has come."
        | "A job that waits gets a longer `maxExecutionTime`, and the job before it is not over by then."
        | "Nothing; apply again later. With `concurrencyPolicy: Allow` the two may overlap.";
} }

explained! { pub DeferredReason {
    Self::LanesTaken => "lanes-taken":
        "The hub holds a fixed number of jobs at once, waiting or running (1 on Free and S1, 5 on S2, 10 on S3), \
         and all of these lanes are taken, perhaps by jobs of others. The job is created when one frees."
        | "Two manifests are due on an S1 hub."
        | "Apply again at the time that the plan names, or run `hubjobs apply --wait`. `hubjobs status --all` shows \
         who holds the lanes. A larger tier has more.";
    Self::LaneReserved => "lane-reserved":
        "A lane is free, but a run that starts earlier needs it first: a job holds its lane from its creation, so \
         creating this one now would keep the other out."
        | "On S1 one job is due at 10:00 and one at 11:00; the first is not created yet."
        | "Apply again at the time that the plan names.";
    Self::HeldByPrevious => "held-by-previous":
        "An earlier job of the same manifest has not ended, or need not have ended when this one would start, and \
         `concurrencyPolicy` is `Forbid`."
        | "A run every 15 minutes with `maxExecutionTime: 20m`."
        | "Shorten `spec.maxExecutionTime` below the distance of two runs, or set `concurrencyPolicy: Allow`.";
} }

explained! { pub BlockedReason {
    Self::RunningCannotBeReplaced => "running-cannot-be-replaced":
        "The manifest changed while its job runs. IoT Hub cannot stop a running job, and nothing runs twice without \
         being told. A run of a cron schedule is only noted: the next one has the change."
        | "The payload is edited while the job is at work."
        | "Undo the change, or raise `spec.generation` once the job has ended.";
    Self::ChangedAfterRun => "changed-after-run":
        "The manifest changed after its job had run. An edit alone never makes a fleet do something again."
        | "The payload of yesterday's job is edited."
        | "Raise `spec.generation` to run it again, give it a new time, or undo the change.";
    Self::CancelledSlot => "cancelled-slot":
        "Somebody cancelled the job of this run. hubjobs never undoes an emergency brake."
        | "`hubjobs cancel lock-doors`, or the same in the portal."
        | "If it is to run after all, raise `spec.generation`, or give it a new time.";
    Self::AsapAlreadyUsed => "asap-already-used":
        "A run as soon as possible is remembered by its `notAfter`. That was changed although the job of the \
         earlier one is known, so it would run a second time."
        | "`asap.notAfter` is moved by a day after the job has run."
        | "Raise `spec.generation` to run it again, or set `notAfter` back.";
    Self::NotAfterTooFar => "not-after-too-far":
        "`asap.notAfter` is more than 14 days ahead. A hub forgets jobs after 30 days; with more time, a run \
         could be created again after it was forgotten."
        | "`notAfter` is a month from now."
        | "Set an earlier `notAfter`.";
    Self::UnitExhausted => "unit-exhausted":
        "36 jobs were created for this run, replacements included, and a job id has no room for another."
        | "A manifest that waits is edited 36 times, with an apply after each edit."
        | "Raise `spec.generation`.";
    Self::IdCollision => "id-collision":
        "A job with the very id that hubjobs would use does something else. It is not touched."
        | "Two repositories have the same `ownerId`, or somebody made a job with a copied id."
        | "Look at it with `hubjobs status ID`. If the `ownerId` was copied, make a new one with `hubjobs init` in an \
         empty folder.";
    Self::AdoptedDiffers => "adopted-differs":
        "`spec.adopt` names a job that does something else than the manifest says, or starts at another time. \
         hubjobs does not change jobs of others."
        | "The condition of an imported manifest is edited before its job starts."
        | "Make the manifest say what the job does: `hubjobs import ID` prints it. Or cancel the job with the tool that \
         made it, and remove `spec.adopt`.";
    Self::AdoptedUnknown => "adopted-unknown":
        "The hub has no job with the id in `spec.adopt`. Nothing is created, since the job may have run and been \
         forgotten."
        | "The id is misspelled."
        | "Correct the id, or remove `spec.adopt` to have a job created. `hubjobs status --all` lists the jobs.";
    Self::AdoptedSuspended => "adopted-suspended":
        "The manifest is suspended, and the job that it adopts waits on the hub. It is not ours to cancel, and will \
         run."
        | "`hubjobs import --adopt` wrote the manifest, and `suspend: true` was added."
        | "Cancel the job with the tool that made it, or set `spec.suspend: false`.";
} }

explained! { pub IdleReason {
    Self::NotDue { .. } => "not-due":
        "The run starts later than now + `lookahead`. A waiting job takes a lane, so it is not created earlier than \
         it has to be."
        | "It is 08:00, the job starts at 22:00, and `lookahead` is 1 h."
        | "Nothing. Apply again within the span that the plan names; a scheduled pipeline does.";
    Self::Missed => "missed":
        "The time of the run and its `startingDeadline` have passed, and the hub has no job of it. It is not made up \
         for: a fleet must not be surprised by last night's work."
        | "No apply ran between 22:00 and 23:00, and `startingDeadline` is 1 h."
        | "Give it a new time if it is still needed. Let a scheduled pipeline apply more often, or lengthen \
         `spec.schedule.startingDeadline`.";
    Self::SupersededOccurrence => "superseded-occurrence":
        "The time of this run has passed, and a job of a neighbouring run of the same manifest stands for it."
        | "After an outage two runs of an hourly cron are within their deadline; only the newest is made up for."
        | "Nothing.";
    Self::InSync => "in-sync":
        "The job is on the hub, does what the manifest says, and waits for its start."
        | "A second apply of the same commit."
        | "Nothing.";
    Self::Starting => "starting":
        "The job was to start by now and its manifest changed. Whether it can still be replaced shows at the next \
         look."
        | "A manifest is edited in the minute in which its job starts."
        | "Plan again in a minute.";
    Self::InProgress => "in-progress":
        "The job runs and does what the manifest says."
        | "A plan while a job of ten minutes is at work."
        | "Nothing. `hubjobs wait` waits for its end.";
    Self::RunningEarlierRevision => "running-cannot-be-replaced":
        "A job of a cron schedule runs as the manifest was before. The next run has the change."
        | "The payload of a nightly job is edited while it is at work."
        | "Nothing.";
    Self::Done(_) => "done":
        "The job has ended. Whether it was a success, `hubjobs results NAME` says: to the hub, `completed` only means \
         that it is over."
        | "A second apply after the job ran."
        | "Nothing. To run it again, raise `spec.generation`.";
    Self::DoneWithEarlierRevision => "done-with-earlier-revision":
        "A run of a cron schedule has ended as the manifest was before. The next run has the change."
        | "The payload of a nightly job is edited in the morning."
        | "Nothing.";
    Self::Suspended => "suspended":
        "The manifest says `suspend: true`, so nothing is created for it."
        | "`spec.suspend: true`."
        | "Set it to false, or remove it, to go on.";
    Self::PruneNever => "prune-never":
        "The manifest is gone, its job waits on the hub, and the environment has `prune: never`: the job will run."
        | "A file is deleted from git while its job waits."
        | "Cancel the job by hand (`hubjobs cancel ID`), or set `prune: cancelScheduled`.";
    Self::PruneNeedsFullView => "prune-needs-full-view":
        "The manifest is gone, but this run looks at a part of the manifests only, and a partial view never cancels \
         what it does not see."
        | "`hubjobs plan --target lock-doors` after another file was deleted."
        | "Plan without `-l` and `--target`.";
} }
