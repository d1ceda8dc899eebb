//! A hub from its snapshot: the records one by one, and then what follows from them.

use std::cmp::Reverse;

use serde_json::Value;

use super::behaviour::Behaviour;
use super::devices::Slot;
use super::hub::{Errand, HubState};
use super::job::{Job, JobDue, Phase, Target, TargetState};
use super::limiter::Limiter;
use super::moment::Moment;
use super::quota::Quota;
use super::rules::{FINISHING_TICKS, HISTORY_TICKS, QUEUED_TICKS};
use super::snapshot::{FORMAT, Record, SnapshotRecord, StoredDevice};

/// Why a snapshot does not give a hub.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSnapshot {
    /// It was written by another version.
    #[error("the snapshot has format {0}, this version reads {FORMAT}")]
    Format(u32),
    /// Records are missing, damaged or out of order.
    #[error("the snapshot is damaged: {0}")]
    Damaged(&'static str),
}

/// A hub under restoration.
#[derive(Debug, Default)]
pub struct Restoration {
    hub: Option<HubState>,
    job: Option<Job>,
    /// The last configuration.
    configuration: Option<Box<str>>,
    jobs: u64,
    is_complete: bool,
}

impl Restoration {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// When it makes no sense at this point.
    pub fn push(&mut self, record: SnapshotRecord) -> Result<(), BadSnapshot> {
        if self.is_complete {
            return Err(BadSnapshot::Damaged("it goes on after its end"));
        }
        let Some(hub) = &mut self.hub else {
            self.hub = Some(read_head(&record.0)?);
            return Ok(());
        };
        match record.0 {
            Record::Hub { .. } => return Err(BadSnapshot::Damaged("it begins twice")),
            Record::Name(name) => take_name(hub, &name)?,
            Record::Behaviour(value) => take_behaviour(hub, value)?,
            Record::Device(stored) => {
                let device = stored.read(&hub.keys).ok_or(BadSnapshot::Damaged("a device"))?;
                hub.devices.restore(Ok(device));
            }
            Record::Module(stored) => {
                let module = stored.read(&hub.keys).ok_or(BadSnapshot::Damaged("a module"))?;
                hub.devices.modules_mut().restore(Ok(module));
            }
            Record::ModuleLeft { id, next_job } => hub.devices.modules_mut().restore(Err((id, next_job))),
            Record::Left { id, next_job } => hub.devices.restore(Err((id, next_job))),
            Record::Image { at, slot, device } => take_image(hub, at, Slot(slot), device)?,
            Record::Configurations(due) => hub.configurations.due = due,
            Record::Configuration(configuration) => {
                let id = configuration.id.clone();
                hub.configurations.by_id.insert(id.clone(), configuration);
                self.configuration = Some(id);
            }
            Record::ConfigurationTargets(targets) => {
                let id = self.configuration.as_deref().unwrap_or_default();
                let targeted = hub.configurations.by_id.get_mut(id);
                let targeted = targeted.ok_or(BadSnapshot::Damaged("targets without a configuration"))?;
                for (slot, applied) in targets {
                    if !hub.devices.holds(Slot(slot)) {
                        return Err(BadSnapshot::Damaged("a target of a configuration"));
                    }
                    targeted.targets.push((Slot(slot), applied));
                }
            }
            Record::Job(stored) => {
                let job = stored.read(hub).ok_or(BadSnapshot::Damaged("a job"))?;
                self.jobs += 1;
                self.job.replace(job).into_iter().for_each(|job| hub.jobs.insert(job));
            }
            Record::Targets(targets) => {
                let job = self.job.as_mut().ok_or(BadSnapshot::Damaged("targets without a job"))?;
                for target in targets {
                    let target = read_target(target, hub, job).ok_or(BadSnapshot::Damaged("a target"))?;
                    job.tally.add(target.state);
                    job.targets.push(target);
                }
            }
            Record::Live(live) => {
                if !hub.take_live_record(live) {
                    return Err(BadSnapshot::Damaged("a connection"));
                }
            }
            Record::End { places, jobs } => {
                if places != (hub.devices.places() + hub.devices.modules().places()) as u64 || jobs != self.jobs {
                    return Err(BadSnapshot::Damaged("devices or jobs are missing"));
                }
                self.job.take().into_iter().for_each(|job| hub.jobs.insert(job));
                self.is_complete = true;
            }
        }
        Ok(())
    }

    /// The hub, as it was.
    ///
    /// # Errors
    /// When the last piece is missing.
    pub fn finish(self) -> Result<HubState, BadSnapshot> {
        let Some(mut hub) = self.hub.filter(|_| self.is_complete) else {
            return Err(BadSnapshot::Damaged("its end is missing"));
        };
        if !hub.devices.sort() {
            return Err(BadSnapshot::Damaged("a device is there twice"));
        }
        hub.plan_again();
        Ok(hub)
    }
}

impl HubState {
    /// Fills agendas and errands, which follow from the rest.
    fn plan_again(&mut self) {
        let (now, behaviours) = (self.now, &self.behaviours);
        for (slot, device) in self.devices.iter().filter(|(_, device)| device.connection.owes_report) {
            if let Some(at) = device.next_online(behaviours, now) {
                self.errands.push(Reverse((at, Errand::Report(slot))));
            }
        }
        if let Some(due) = self.configurations.due {
            self.errands.push(Reverse((due, Errand::Configure)));
        }
        let numbers: Vec<u64> = self.jobs.from(0).map(|job| job.number).collect();
        for number in numbers {
            let Some(job) = self.jobs.get_mut(number) else { continue };
            if let Some(ended) = job.ended {
                self.errands.push(Reverse((ended.plus(HISTORY_TICKS), Errand::Forget(number))));
            }
            match job.phase {
                Phase::Queued => job.plan(job.created.plus(QUEUED_TICKS), JobDue::Settle),
                Phase::Scheduled => job.plan(job.start, JobDue::Begin),
                Phase::Running => {
                    let online = |slot| self.devices.get(slot).and_then(|device| device.next_online(behaviours, now));
                    plan_running(job, online);
                }
                Phase::Completed | Phase::Failed | Phase::Cancelled => {}
            }
        }
    }
}

fn plan_running(job: &mut Job, next_online: impl Fn(Slot) -> Option<Moment>) {
    let begun = job.begun.unwrap_or(job.start);
    job.plan(job.deadline().max(begun), JobDue::Deadline);
    for index in 0..job.targets.len() {
        let target = job.targets[index];
        let place = u32::try_from(index).unwrap_or(u32::MAX);
        match target.state {
            TargetState::Called => job.plan(target.at, JobDue::CallEnds(place)),
            TargetState::Waiting => {
                if let Some(at) = next_online(target.slot) {
                    job.plan(at, JobDue::Online(place));
                }
            }
            _ => {}
        }
    }
    if job.tally.executed() == job.targets.len() as u64 {
        let done = job.targets.iter().map(|target| target.at).fold(begun, Moment::max);
        job.plan(done.plus(FINISHING_TICKS).min(job.deadline().max(done)), JobDue::Finish);
    }
}

fn take_name(hub: &mut HubState, name: &str) -> Result<(), BadSnapshot> {
    if hub.keys.find(name).is_some() {
        return Err(BadSnapshot::Damaged("a name is there twice"));
    }
    hub.keys.intern(name);
    Ok(())
}

fn take_image(
    hub: &mut HubState,
    at: Moment,
    slot: Slot,
    stored: Option<Box<StoredDevice>>,
) -> Result<(), BadSnapshot> {
    let image = match stored {
        Some(stored) => Some(stored.read(&hub.keys).ok_or(BadSnapshot::Damaged("an earlier state of a device"))?),
        None => None,
    };
    if !hub.devices.holds(slot) {
        return Err(BadSnapshot::Damaged("an earlier state of no device"));
    }
    hub.devices.restore_image(at, slot, image);
    Ok(())
}

fn take_behaviour(hub: &mut HubState, value: Value) -> Result<(), BadSnapshot> {
    let mut behaviour: Behaviour = serde_json::from_value(value).map_err(|_| BadSnapshot::Damaged("a behaviour"))?;
    behaviour.compile(&mut hub.keys);
    hub.behaviours.push(behaviour);
    Ok(())
}

fn read_head(record: &Record) -> Result<HubState, BadSnapshot> {
    let Record::Hub { format, options, now, free_at, turn, next_job, quota_day, quota_used, looked_at } = record else {
        return Err(BadSnapshot::Damaged("it does not begin with its head"));
    };
    if *format != FORMAT {
        return Err(BadSnapshot::Format(*format));
    }
    let options = options.read().ok_or(BadSnapshot::Damaged("the options"))?;
    let mut hub = HubState::new(options, now.timestamp());
    hub.limiter = Limiter::restore(&options, *free_at, *turn, looked_at.unwrap_or((0, *now)));
    hub.quota = Quota::restore(&options, *quota_day, *quota_used);
    hub.jobs.count_on_from(*next_job);
    Ok(hub)
}

fn read_target(stored: (u32, u8, u32, Moment), hub: &HubState, job: &Job) -> Option<Target> {
    let (slot, state, verdict, at) = stored;
    let state = match state {
        0 => TargetState::Pending,
        1 => TargetState::Waiting,
        2 => TargetState::Ready,
        3 => TargetState::Called,
        4 => TargetState::Updated,
        5 => TargetState::Answered(verdict),
        6 => TargetState::Failed(verdict),
        _ => return None,
    };
    let sound = hub.devices.holds(Slot(slot)) && (verdict == 0 || (verdict as usize) < job.verdicts.len());
    sound.then_some(Target { slot: Slot(slot), state, at })
}
