//! The hub: one door for events, and the time that goes on.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use jiff::Timestamp;

use super::behaviour::Behaviour;
use super::calls::Calls;
use super::columns::ColumnUse;
use super::configurations::Configurations;
use super::device::Device;
use super::devices::{Devices, Slot};
use super::effect::Effect;
use super::engine::Due;
use super::event::HubEvent;
use super::fault::{FaultKind, HubFault};
use super::jobs::Jobs;
use super::json::check_body;
use super::keys::Keys;
use super::limiter::Limiter;
use super::moment::{Moment, SECOND};
use super::options::HubOptions;
use super::quota::Quota;
use super::reply::Reply;
use super::rules::DEVICES_PER_INSTANT_MAX;
use super::sessions::Sessions;
use super::telemetry::Messages;
use super::twin::WriteMode;
use super::view::Surroundings;

/// An IoT Hub.
///
/// Deterministic: the same options, fleet and events, applied at the same times, give the same
/// hub and the same replies. Time never goes back: an event that comes with an earlier time than
/// one before happens at the later one.
#[derive(Debug, Clone)]
pub struct HubState {
    pub(super) options: HubOptions,
    pub(super) now: Moment,
    pub(super) keys: Keys,
    pub(super) behaviours: Vec<Behaviour>,
    pub(super) devices: Devices,
    pub(super) jobs: Jobs,
    pub(super) configurations: Configurations,
    pub(super) limiter: Limiter,
    pub(super) quota: Quota,
    pub(super) sessions: Sessions,
    pub(super) calls: Calls,
    pub(super) messages: Messages,
    pub(super) effects: Vec<Effect>,
    /// What is due outside of running jobs.
    pub(super) errands: BinaryHeap<Reverse<(Moment, Errand)>>,
}

/// Something due at a time of its own. Ties are broken by what it is, so that a restored hub
/// goes on in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Errand {
    /// A device comes online and reports what it missed.
    Report(Slot),
    /// The record of a job, by its number, expires.
    Forget(u64),
    /// The configurations are looked at.
    Configure,
}

/// A slice of work, in devices that are looked at: some milliseconds.
pub(super) const WORK_PER_SLICE: u32 = 2 * DEVICES_PER_INSTANT_MAX;

/// How long writes stay unseen by queries, in ticks.
fn lag_of(options: &HubOptions) -> i64 {
    i64::try_from(options.consistency_lag.get()).unwrap_or(i64::MAX).saturating_mul(SECOND)
}

impl HubState {
    /// A hub without devices.
    #[must_use]
    pub fn new(options: HubOptions, now: Timestamp) -> Self {
        Self {
            options,
            now: now.into(),
            keys: Keys::default(),
            behaviours: Vec::new(),
            devices: Devices::new(lag_of(&options), now.into()),
            jobs: Jobs::default(),
            configurations: Configurations::default(),
            limiter: Limiter::new(&options, now.into()),
            quota: Quota::new(&options, now.into()),
            sessions: Sessions::default(),
            calls: Calls::default(),
            messages: Messages::default(),
            effects: Vec::new(),
            errands: BinaryHeap::new(),
        }
    }

    /// What kind of hub it is.
    #[must_use]
    pub const fn options(&self) -> HubOptions {
        self.options
    }

    /// Makes it another kind of hub. This is no event: it belongs before a snapshot. The seed stays,
    /// since keys of devices hang on it; jobs that have more lanes than there are now keep them.
    pub fn set_options(&mut self, options: HubOptions) {
        self.options = HubOptions { seed: self.options.seed, ..options };
        self.devices.set_lag(lag_of(&self.options), self.now);
        self.limiter = self.limiter.under(&self.options);
        self.quota = Quota::restore(&self.options, self.quota.day(), self.quota.used());
    }

    /// The time of the last event, cut to 100 ns.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now.timestamp()
    }

    /// Number of lanes that jobs occupy.
    #[must_use]
    pub fn lanes_taken(&self) -> usize {
        self.jobs.lanes_taken()
    }

    /// Number of devices.
    #[must_use]
    pub const fn device_count(&self) -> usize {
        self.devices.len()
    }

    /// How queries were answered so far.
    #[must_use]
    pub fn column_use(&self) -> ColumnUse {
        self.devices.all(false).columns().used()
    }

    /// Lets time go on to `now`, with all that is due on the way, and then does what is asked.
    ///
    /// A refused event changes nothing but the time. So does an event for which
    /// [`HubEvent::is_read`] holds; all others must be applied again, at the same times, to get the
    /// same hub again.
    ///
    /// # Errors
    /// When the hub refuses.
    pub fn apply(&mut self, event: HubEvent, now: Timestamp) -> Result<Reply, HubFault> {
        self.advance(now);
        event.body().map_or(Ok(()), check_body)?;
        self.check_quota(&event)?;
        if !event.is_read() && event != HubEvent::Tick {
            self.configurations.touch();
        }
        let request_bytes = self.request_bytes(&event);
        let reply = self.perform(event)?;
        self.charge_for(request_bytes, &reply);
        Ok(reply)
    }

    fn perform(&mut self, event: HubEvent) -> Result<Reply, HubFault> {
        match event {
            HubEvent::Tick => Ok(Reply::Done),
            HubEvent::Charge { messages } => {
                self.charge_messages(messages);
                Ok(Reply::Done)
            }
            HubEvent::CreateJob { id, request } => self.create_job(&id, &request),
            HubEvent::GetJob { id } => Ok(self.get_job(&id)),
            HubEvent::CancelJob { id } => self.cancel_job(&id),
            HubEvent::ListJobs { job_type, job_status, page } => {
                self.list_jobs(job_type.as_deref(), job_status.as_deref(), &page)
            }
            HubEvent::Query { request, page } => self.query(&request, &page),
            HubEvent::GetTwin { device_id, module_id } => {
                self.slot_of(&device_id, module_id.as_deref()).map(|slot| self.twin(slot))
            }
            HubEvent::PatchTwin { device_id, module_id, patch, if_match } => {
                let slot = self.slot_of(&device_id, module_id.as_deref())?;
                self.write_twin(slot, &patch, if_match.as_deref(), WriteMode::Merge)
            }
            HubEvent::ReplaceTwin { device_id, module_id, twin, if_match } => {
                let slot = self.slot_of(&device_id, module_id.as_deref())?;
                self.write_twin(slot, &twin, if_match.as_deref(), WriteMode::Replace)
            }
            HubEvent::ReportProperties { device_id, module_id, patch, version } => {
                let slot = self.slot_of(&device_id, module_id.as_deref())?;
                self.report_properties(slot, &patch, version)
            }
            HubEvent::GetOwnTwin { device_id, module_id } => {
                self.slot_of(&device_id, module_id.as_deref()).map(|slot| self.own_twin(slot))
            }
            HubEvent::OpenSession { device_id, module_id, clean } => {
                self.open_session(&device_id, module_id.as_deref(), clean)
            }
            HubEvent::CloseSession { session } => self.close_session(session),
            HubEvent::Subscribe { session, topics } => self.subscribe(session, &topics),
            HubEvent::Unsubscribe { session, topics } => self.unsubscribe(session, &topics),
            HubEvent::AnswerMethod { session, call, status, payload } => {
                self.answer_method(session, call, status, payload)
            }
            HubEvent::EndCall { call } => self.end_live_call(call),
            HubEvent::SendMessage { device_id, module_id, message } => {
                self.send_message(&device_id, module_id.as_deref(), message)
            }
            HubEvent::ReadMessages { from, device_id, count } => {
                Ok(self.read_messages(from, device_id.as_deref(), count))
            }
            HubEvent::GetDevice { device_id } => self.get_device(&device_id),
            HubEvent::PutDevice { device_id, identity, if_match, entropy } => {
                self.put_device(&device_id, &identity, if_match.as_deref(), &entropy)
            }
            HubEvent::DeleteDevice { device_id, if_match } => self.delete_device(&device_id, if_match.as_deref()),
            HubEvent::ListDevices { top } => Ok(self.list_devices(top)),
            HubEvent::BulkDevices { devices, entropy } => self.bulk_devices(&devices, &entropy),
            HubEvent::ListModules { device_id } => self.list_modules(&device_id),
            HubEvent::GetModule { device_id, module_id } => self.get_module(&device_id, &module_id),
            HubEvent::PutModule { device_id, module_id, identity, if_match, entropy } => {
                self.put_module(&device_id, &module_id, &identity, if_match.as_deref(), &entropy)
            }
            HubEvent::DeleteModule { device_id, module_id, if_match } => {
                self.delete_module(&device_id, &module_id, if_match.as_deref())
            }
            HubEvent::PurgeCommands { device_id } => self.purge_commands(&device_id),
            HubEvent::ListConfigurations { top } => Ok(self.list_configurations(top)),
            HubEvent::GetConfiguration { id } => self.get_configuration(&id),
            HubEvent::PutConfiguration { id, configuration, if_match } => {
                self.put_configuration(&id, &configuration, if_match.as_deref())
            }
            HubEvent::DeleteConfiguration { id, if_match } => self.delete_configuration(&id, if_match.as_deref()),
            HubEvent::TestConfigurationQueries { request } => Self::test_configuration_queries(&request),
            HubEvent::ApplyConfigurationContent { device_id, content, entropy } => {
                self.apply_configuration_content(&device_id, &content, &entropy)
            }
            HubEvent::DeviceStatistics => Ok(self.device_statistics()),
            HubEvent::ServiceStatistics => Ok(self.service_statistics()),
            HubEvent::InvokeMethod { device_id, module_id, request } => {
                self.invoke_method(&device_id, module_id.as_deref(), &request)
            }
            HubEvent::Connect { device_id, module_id } => self.tell_connection(&device_id, module_id.as_deref(), true),
            HubEvent::Disconnect { device_id, module_id } => {
                self.tell_connection(&device_id, module_id.as_deref(), false)
            }
            HubEvent::ListV1Jobs => Ok(Reply::Document { body: serde_json::json!([]), etag: None }),
            HubEvent::GetV1Job { .. } | HubEvent::CancelV1Job { .. } => Err(FaultKind::JobNotFound.into()),
            HubEvent::CreateV1Job { .. } => Err(HubFault::new(
                FaultKind::ArgumentInvalid,
                "The emulator has no blob storage, so it runs no import or export jobs.",
            )),
        }
    }

    /// Lets time go on to `to`, with all that is due on the way. Going there in several steps is
    /// the same.
    pub fn advance(&mut self, to: Timestamp) {
        while !self.advance_slice(to) {}
    }

    /// Lets time go on towards `to`, but for no more than a slice of work, so that nobody has to wait
    /// long for a hub that is busy. Says whether it is there; if not, everything up to [`Self::now`]
    /// has happened.
    pub fn advance_slice(&mut self, to: Timestamp) -> bool {
        let to = Moment::from(to);
        let mut work = 0;
        while let Some((at, due)) = self.next_due(to) {
            if at > self.now && work >= WORK_PER_SLICE {
                return false;
            }
            work += self.run_at(at, due);
        }
        self.pass_time(to);
        true
    }

    /// Runs what is due at its time. Says about how much work that was, in devices looked at.
    pub(super) fn run_at(&mut self, at: Moment, due: Due) -> u32 {
        self.pass_time(at);
        if due != Due::Errand {
            self.configurations.touch();
        }
        let (count, before) = self.limiter.looked_at();
        self.run(due);
        let (now_count, now) = self.limiter.looked_at();
        if now == before { (now_count - count).max(1) } else { now_count }
    }

    pub(super) fn pass_time(&mut self, to: Moment) {
        self.now = self.now.max(to);
        self.devices.pass_time(self.now);
    }

    /// Runs one errand, at its time.
    pub(super) fn run_errand(&mut self) {
        let Some(Reverse((_, errand))) = self.errands.pop() else { return };
        match errand {
            Errand::Report(slot) => {
                self.configurations.touch();
                self.report_what_was_missed(slot);
            }
            Errand::Configure => self.look_at_configurations(),
            Errand::Forget(number) => self.jobs.forget(number),
        }
    }

    /// What documents of devices depend on.
    pub(super) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            keys: &self.keys,
            behaviours: &self.behaviours,
            now: self.now,
            seed: self.options.seed,
            devices: &self.devices,
            configurations: &self.configurations,
        }
    }

    /// The same for queries, which see the devices as they were a while ago.
    pub(super) fn seen_surroundings(&self) -> Surroundings<'_> {
        Surroundings { now: self.now.plus(-lag_of(&self.options)), ..self.surroundings() }
    }

    /// The place of a device.
    pub(super) fn slot(&self, device_id: &str) -> Result<Slot, HubFault> {
        self.devices
            .find(device_id)
            .ok_or_else(|| HubFault::new(FaultKind::DeviceNotFound, format!("Device {device_id} is not registered.")))
    }

    /// The place of a device or of one of its modules. That the same code stands for a missing device
    /// and for the missing twin of a module is documented.
    pub(super) fn slot_of(&self, device_id: &str, module_id: Option<&str>) -> Result<Slot, HubFault> {
        let Some(module_id) = module_id else { return self.slot(device_id) };
        self.devices.find_module(device_id, module_id).ok_or_else(|| {
            HubFault::new(
                FaultKind::DeviceNotFound,
                format!("Module {module_id} on device {device_id} is not registered."),
            )
        })
    }

    /// A device.
    pub(super) fn device(&self, device_id: &str) -> Result<&Device, HubFault> {
        Ok(self.devices.device(self.slot(device_id)?))
    }
}
