//! The daily quota of messages (reference 4.2): what is metered, by how much, and what happens when a
//! day's messages are spent. A day is one of UTC, by the hub's own clock.

use serde_json::Value;

use super::event::HubEvent;
use super::fault::{FaultKind, HubFault};
use super::hub::HubState;
use super::moment::{Moment, SECOND};
use super::options::{HubOptions, Throttling};
use super::reply::Reply;
use crate::query::{Collection, Statement, parse_query};

const DAY: i64 = 86_400 * SECOND;

/// The messages of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    /// Nothing where throttles are off: then nothing is counted either.
    limits: Option<Limits>,
    /// Days since 1970.
    day: i64,
    used: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    messages: u64,
    meter_bytes: u64,
}

/// How much of a day's messages is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageCount {
    /// Spent since midnight, UTC.
    pub used: u64,
    /// How many a day has; nothing where they are not counted.
    pub limit: Option<u64>,
}

impl Quota {
    /// Nothing spent yet.
    pub(super) fn new(options: &HubOptions, now: Moment) -> Self {
        Self::restore(options, day_of(now), 0)
    }

    /// So much spent on that day.
    pub(super) fn restore(options: &HubOptions, day: i64, used: u64) -> Self {
        let limits = Limits {
            messages: options.size.messages_per_day(),
            meter_bytes: u64::from(options.size.sku.message_bytes()),
        };
        Self { limits: (options.throttling == Throttling::On).then_some(limits), day, used }
    }

    /// The day that it counts, in days since 1970.
    pub(super) const fn day(&self) -> i64 {
        self.day
    }

    /// Messages spent on that day.
    pub(super) const fn used(&self) -> u64 {
        self.used
    }

    const fn used_at(&self, now: Moment) -> u64 {
        if self.day == day_of(now) { self.used } else { 0 }
    }

    fn is_spent(&self, now: Moment) -> bool {
        self.limits.is_some_and(|limits| self.used_at(now) >= limits.messages)
    }

    fn spend(&mut self, messages: u64, now: Moment) {
        self.used = self.used_at(now).saturating_add(messages);
        self.day = day_of(now);
    }
}

impl Limits {
    /// Even nothing is one message.
    fn messages_of(self, bytes: usize) -> u64 {
        (bytes as u64).div_ceil(self.meter_bytes).max(1)
    }
}

impl HubState {
    /// How much of today's messages is spent.
    #[must_use]
    pub fn message_count(&self) -> MessageCount {
        MessageCount { used: self.quota.used_at(self.now), limit: self.quota.limits.map(|limits| limits.messages) }
    }

    /// Refuses an event that is charged when today's messages are spent.
    pub(super) fn check_quota(&self, event: &HubEvent) -> Result<(), HubFault> {
        if self.is_quota_spent() && is_charged(event) { Err(self.quota_exceeded()) } else { Ok(()) }
    }

    /// Whether nothing that is charged is served until midnight.
    pub(super) fn is_quota_spent(&self) -> bool {
        self.quota.is_spent(self.now)
    }

    /// Counts something of that size. What crosses the limit is still served.
    pub(super) fn charge(&mut self, bytes: impl FnOnce() -> usize) {
        if let Some(limits) = self.quota.limits {
            self.quota.spend(limits.messages_of(bytes()), self.now);
        }
    }

    /// Counts messages that a read cost.
    pub(super) fn charge_messages(&mut self, messages: u64) {
        if self.quota.limits.is_some() {
            self.quota.spend(messages, self.now);
        }
    }

    /// Counts what an accepted event cost. Reads change nothing: see [`Self::charge_of_read`].
    pub(super) fn charge_for(&mut self, request_bytes: Option<usize>, reply: &Reply) {
        if let Some(bytes) = request_bytes {
            self.charge(|| bytes);
        }
        if let Reply::Method { payload, .. } = reply {
            self.charge(|| bytes_of(payload));
        }
    }

    /// The size of what a change sends, if it is charged and anybody counts.
    pub(super) fn request_bytes(&self, event: &HubEvent) -> Option<usize> {
        self.quota.limits?;
        match event {
            HubEvent::PatchTwin { patch: body, .. }
            | HubEvent::ReplaceTwin { twin: body, .. }
            | HubEvent::ReportProperties { patch: body, .. } => Some(bytes_of(body)),
            HubEvent::InvokeMethod { request, .. } => Some(request.get("payload").map_or(0, bytes_of)),
            HubEvent::AnswerMethod { payload, .. } => Some(bytes_of(payload)),
            HubEvent::SendMessage { message, .. } => Some(message.size()),
            _ => None,
        }
    }

    /// The event that has to follow a read, if the read is metered: a read leaves the hub as it is,
    /// and its price must be in the journal like everything that the future depends on.
    #[must_use]
    pub fn charge_of_read(&self, event: &HubEvent, reply: &Reply) -> Option<HubEvent> {
        let limits = self.quota.limits?;
        let bytes = match (event, reply) {
            (HubEvent::GetTwin { .. } | HubEvent::GetOwnTwin { .. }, Reply::Document { body, .. }) => bytes_of(body),
            (HubEvent::Query { .. }, Reply::Page { items, .. }) if is_charged(event) => {
                items.iter().map(bytes_of).sum()
            }
            _ => return None,
        };
        Some(HubEvent::Charge { messages: limits.messages_of(bytes) })
    }

    fn quota_exceeded(&self) -> HubFault {
        let MessageCount { used, limit } = self.message_count();
        let text = format!(
            "Total number of messages on the hub exceeded the allocated quota. Max allowed message count: '{}', \
             current message count: '{used}'. Send and receive operations are blocked until the next UTC day.",
            limit.unwrap_or_default()
        );
        HubFault::new(FaultKind::IotHubQuotaExceeded, text)
    }
}

/// What is metered: twins, methods, and queries but those of jobs. Registry and jobs are free.
fn is_charged(event: &HubEvent) -> bool {
    match event {
        HubEvent::GetTwin { .. }
        | HubEvent::GetOwnTwin { .. }
        | HubEvent::SendMessage { .. }
        | HubEvent::PatchTwin { .. }
        | HubEvent::ReplaceTwin { .. }
        | HubEvent::ReportProperties { .. }
        | HubEvent::InvokeMethod { .. } => true,
        HubEvent::Query { request, .. } => !is_about_jobs(request),
        _ => false,
    }
}

fn is_about_jobs(request: &Value) -> bool {
    let members = request.as_object().into_iter().flatten();
    let text = members.filter(|(name, _)| name.eq_ignore_ascii_case("query")).find_map(|(_, text)| text.as_str());
    let statement = text.and_then(|text| parse_query(text).0).map(|parsed| Statement::compile(&parsed));
    statement.is_some_and(|statement| statement.collection() == Collection::DeviceJobs)
}

/// Size of a body without white space.
pub(super) fn bytes_of(body: &Value) -> usize {
    body.to_string().len()
}

const fn day_of(now: Moment) -> i64 {
    now.ticks().div_euclid(DAY)
}
