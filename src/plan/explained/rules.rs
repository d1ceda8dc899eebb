//! The rules that a plan breaks or touches.

use crate::model::explained;
use crate::plan::Rule;

explained! { pub Rule {
    Self::PruneWithoutManifests => "prune-without-manifests":
        "Not one manifest was loaded, and waiting jobs would be cancelled because their manifests are gone. Far more \
         often a folder was moved."
        | "error[prune-without-manifests]: not one manifest was loaded, so all 1 waiting jobs would be cancelled"
        | "Correct `spec.manifests` in `hubjobs.yaml`. To end a project, cancel its jobs with `hubjobs cancel`.";
    Self::PruneOnPartialView => "prune-on-partial-view":
        "Some files could not be found or read, and jobs would be cancelled whose manifests may be in them."
        | "error[prune-on-partial-view]: 1 waiting jobs would be cancelled, but some manifests could not be found or read"
        | "Mend the findings that `hubjobs validate` prints.";
    Self::MaxCancelPercent => "max-cancel-percent":
        "A larger share of the own waiting jobs would be cancelled, because their manifests are gone, than \
         `safety.maxCancelPercent` of the environment allows (30 unless it is set; fewer than 5 jobs do not count)."
        | "error[max-cancel-percent]: 4 of 5 own jobs that wait would be cancelled, 80 %; at most 30 % may be"
        | "Bring the manifests back, or acknowledge it for one run: `--ack max-cancel-percent=80`.";
    Self::ConflictingWriters => "conflicting-writers":
        "Two jobs of the project write different values to one property of the same devices at the same time. Which \
         value stays would be chance."
        | "error[conflicting-writers]: summer-setpoint and winter-setpoint both write \
           `desired.heating.setpointCelsius` of 140 devices between 08:30Z and 09:30Z: 18 and 22"
        | "Let the jobs run one after the other, or make their targets distinct.";
    Self::ConflictsWithForeignJob => "conflicts-with-foreign-job":
        "A job of somebody else on this hub writes a property that a job of the plan writes too, at the same time."
        | "warning[conflicts-with-foreign-job]: relocate writes `tags.a` as foreign job `<script>alert(1)</script>` \
           does: <script>alert(1)</script>"
        | "Ask its owner, or move the job to another time. `hubjobs status --all` shows it.";
    Self::ConflictsWithConfiguration => "conflicts-with-configuration":
        "An automatic device configuration of the hub writes a property that a job of the plan writes too. It does \
         so again and again, so what the job writes does not last."
        | "warning[conflicts-with-configuration]: `north-side` (jobs/north-side.yaml:3) and configuration `eco` both \
           write `desired.heating.setpointCelsius` of the same 20 devices, again and again: 23 against 18"
        | "Change the configuration, or take its devices out of the target.";
    Self::Redundant => "redundant":
        "Two write the same value to the same devices at the same time. Nothing breaks; one of them is not needed."
        | "Two manifests both set `desired.telemetry.intervalSeconds: 60` on one floor."
        | "Remove one of the two.";
    Self::LooksRenamed => "looks-renamed":
        "A manifest without a job has the content and time of a job whose manifest is gone. If it is the same one \
         under a new name, it would run a second time."
        | "warning[looks-renamed]: `clean-line-1` has the same content and time as a job of `job1` that has run, and \
           no manifest is called `job1` any more"
        | "Write the earlier name into the manifest: `moved: [{from: job1}]` in its `spec`.";
    Self::MaxDevices => "max-devices":
        "More devices would be reached than `safety.maxDevices` of the environment or of the manifest allows. A \
         device that several jobs reach counts once."
        | "error[max-devices]: this plan would reach 250 devices (blink 250); environment `local` allows at most 100 \
           (`maxDevices`)"
        | "Narrow the target, or raise the limit in git. For one run: `--ack max-devices=250`.";
    Self::MaxPercentOfHub => "max-percent-of-hub":
        "A larger share of all devices of the hub would be reached than `safety.maxPercentOfHub` allows."
        | "error[max-percent-of-hub]: this plan (reboot-controllers 100, reboot-canaries 2) would reach 100 devices, \
           100 % of the hub; environment `local` allows at most 50 % (`maxPercentOfHub`)"
        | "Narrow the target, or raise the limit in git. For one run: `--ack max-percent-of-hub=100`.";
    Self::MaxNewJobs => "max-new-jobs":
        "More jobs would be created at once than `safety.maxNewJobs` of the environment allows."
        | "A folder with 40 manifests is copied into a project that allows 20 new jobs."
        | "Commit fewer at a time, or raise the limit. For one run: `--ack max-new-jobs=40`.";
    Self::ExpectDevices => "expect-devices":
        "The target matches fewer or more devices than `expectDevices` of the manifest says."
        | "error[expect-devices]: `reboot-canaries` would reach 9 800 devices; it expects at most 50, and its run of \
           Tue 2026-12-01 09:00Z reached 12; no device has `tags.ring`"
        | "Mend the condition or the tags of the devices; change `expectDevices` if the number is right. For one run: \
           `--ack expect-devices/NAME=9800`.";
    Self::TargetGrew => "target-grew":
        "The condition is the same as at the last run, and far more devices match. Usually a tag was renamed or \
         lost, and the condition holds for every device without it."
        | "error[target-grew]: `reboot-canaries` would reach 9 800 devices, and its run of Tue 2026-12-01 09:00Z \
           reached 12; its condition is the same, but no device has `tags.ring`"
        | "If it is meant, write `expectDevices: {max: 9800}`, or for one run: `--ack target-grew/NAME=9800`.";
    Self::Uncounted => "uncounted":
        "A limit on devices is set, but the devices could not be counted. A limit that cannot be checked refuses."
        | "error[uncounted]: the devices of `blink-again` were not counted, so its `expectDevices` cannot be checked"
        | "Plan without `--counts none`; wait a minute if the hub's budget for queries was spent.";
    Self::UnneededAcknowledgement => "unneeded-acknowledgement":
        "`--ack` names a limit that the plan does not break. One that stays in a pipeline would let the next \
         accident pass."
        | "warning[unneeded-acknowledgement]: `--ack max-devices=40` is not needed: this plan breaks no such limit"
        | "Remove it from the command line.";
    Self::Policy(_) => "policy":
        "A rule of a `kind: Policy` document holds for an action of the plan. Its code is \
         `policy/<policy>/<rule>`, and the message is the policy's own."
        | "error[policy/quiet-hours/one-terminal]: reboot-all would reboot 60 gates; one terminal at a time has 30"
        | "Do what the message asks. `hubjobs policy test` tries the rule against its example cases.";
    Self::WindowClosed => "window-closed":
        "A job would start, or might still run, at a time at which a policy lets none run. It must fit the window \
         from its start to its `maxExecutionTime`, since a running job cannot be stopped."
        | "error[window-closed]: `reboot-terminal-1` would start Fri 2026-12-04 15:30 CET, within the closed window \
           `friday-afternoon` of policy `quiet-hours` (Fri 12:00 to 00:00 Europe/Berlin)"
        | "Choose another time, or a shorter `maxExecutionTime`.";
    Self::CannotFinish => "cannot-finish":
        "The tier reaches so many devices a second that the job cannot be over within `maxExecutionTime`; the hub \
         would end it with devices left out."
        | "error[cannot-finish]: `quick` cannot finish: 1 234 devices at 10 a second, the rate of S1×1, take 2m4s, and \
           the hub ends the job after 2m"
        | "Raise `spec.maxExecutionTime`, or narrow the target.";
    Self::NoDevices => "no-devices":
        "The condition matches no device now. It is asked again when the job starts, so this is only a warning."
        | "warning[no-devices]: `telemetry` matches no device now, and selects anew when it starts"
        | "Compare the condition with a twin of a device; the warning names the path that no device has. If there \
           must be some, write `expectDevices: {min: 1}`.";
    Self::DailyQuota => "daily-quota":
        "The jobs of the plan take about as many messages as the hub serves in a day, or more. What is beyond the \
         quota fails, and so do the messages of devices."
        | "warning[daily-quota]: the jobs of this plan take about 10 800 messages, and F1×1 serves 8 000 a day"
        | "Spread the jobs over days, or add units to the hub.";
    Self::CountsIncomplete => "counts-incomplete":
        "Some numbers of the plan are missing: it asks no more queries than one minute of the hub allows, and each \
         that fails leaves a gap."
        | "warning[counts-incomplete]: the devices of 11 actions are not counted: 101 queries were not answered, because a \
           plan takes 20 at the most, those of one minute of S2×1"
        | "Plan fewer manifests at a time (`--target NAME`), or again in a minute.";
    Self::ConfigurationsUnread => "configurations-unread":
        "The automatic device configurations of the hub could not be read, so whether they write what a job writes \
         is not known."
        | "The policy of the connection string lacks RegistryRead."
        | "Give the identity the right to read the registry.";
} }
