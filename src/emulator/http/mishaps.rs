//! Fault scripts at work: what befalls a call on its way to the hub and back.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use jiff::SignedDuration;
use serde_json::json;

use super::past::{Past, look_before};
use super::route::Operation;
use super::service::{Refused, Service};
use crate::emulator::faults::{FaultReport, FaultScript, FaultSpec, Mishap, Page, Status, Timing};
use crate::emulator::state::{Envelope, FaultKind, HubEvent, HubFault, PageRequest, Reply};
use crate::emulator::transport::Cut;
use crate::model::JobStatus;

/// What a continuation begins with that leads to a page once more. No token of the hub has a point.
const AGAIN: &str = "again.";

/// The script under way, and what it needs to know.
#[derive(Debug, Default)]
pub(in crate::emulator) struct Mishaps {
    script: Mutex<FaultScript>,
    past: Mutex<Past>,
}

impl Mishaps {
    /// A script that has not begun.
    pub(in crate::emulator) fn new(specs: Vec<FaultSpec>) -> Self {
        Self { script: Mutex::new(FaultScript::new(specs)), past: Mutex::default() }
    }

    /// Adds lines behind the others.
    pub(super) fn add(&self, specs: Vec<FaultSpec>) {
        self.script().add(specs);
    }

    /// Puts another script in place of this one.
    pub(super) fn replace(&self, specs: Vec<FaultSpec>) {
        *self.script() = FaultScript::new(specs);
        *self.past() = Past::default();
    }

    /// How far the script has come.
    pub(super) fn report(&self) -> Vec<FaultReport> {
        self.script().report()
    }

    fn strike(&self, operation: &Operation) -> Option<Mishap> {
        let strike = self.script().strike(operation.name(), operation.id())?;
        tracing::warn!(
            "fault `{}` befalls {} {}",
            strike.line,
            operation.name(),
            operation.id().unwrap_or_default().escape_debug()
        );
        Some(strike.mishap)
    }

    /// No step leaves it half changed, so a panic elsewhere does not spoil it.
    fn script(&self) -> MutexGuard<'_, FaultScript> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Carries out a call, with whatever befalls it.
    pub(super) async fn carry_out(&self, operation: &Operation, event: HubEvent) -> Result<Reply, Refused> {
        let event = meant(event);
        match self.mishaps.strike(operation) {
            None => Ok(self.ask(event).await?),
            Some(mishap) => self.befall(mishap, event).await,
        }
    }

    async fn befall(&self, mishap: Mishap, event: HubEvent) -> Result<Reply, Refused> {
        match mishap {
            Mishap::Refuse(status, timing) => {
                if timing == Timing::Committed {
                    // Whatever the hub says, the client does not hear it.
                    let _ = self.ask(event).await;
                }
                Err(refusal(status))
            }
            Mishap::ReplyLost => {
                let _ = self.ask(event).await;
                Err(Refused::Cut(Cut::Closed))
            }
            Mishap::Reset => Err(Refused::Cut(Cut::Reset)),
            Mishap::Slow(time) => {
                let answer = self.ask(event).await;
                tokio::time::sleep(time).await;
                Ok(answer?)
            }
            Mishap::Stale(age) => Ok(self.stale(event, age).await?),
            Mishap::CancelIgnored => Ok(self.seem_to_cancel(event).await?),
            Mishap::CancelDenied => {
                self.ask(event).await?;
                let text = "Job cannot be cancelled in 'Cancelled' status.";
                Err(HubFault::new(FaultKind::OperationNotAllowedInCurrentState, text).into())
            }
            Mishap::Page(page) => Ok(self.odd_page(page, event).await?),
            Mishap::Clock(ahead) => {
                let ahead = SignedDuration::try_from(ahead).unwrap_or(SignedDuration::MAX);
                let to = self.hub.now().saturating_add(ahead).unwrap_or(jiff::Timestamp::MAX);
                self.hub.tick(to).await?;
                Ok(self.ask(event).await?)
            }
        }
    }

    /// Asks the hub; keeps what it says of things that a line of the script wants to show later.
    async fn ask(&self, event: HubEvent) -> Result<Reply, HubFault> {
        if !self.mishaps.script().is_about_the_past() {
            return self.hub.call(event).await;
        }
        if let Some(look) = look_before(&event) {
            let before = self.hub.call(look.clone()).await;
            self.mishaps.past().remember(&look, self.hub.now(), before);
        }
        let answer = self.hub.call(event.clone()).await;
        if event.is_read() {
            self.mishaps.past().remember(&event, self.hub.now(), answer.clone());
        }
        answer
    }

    async fn stale(&self, event: HubEvent, age: Option<Duration>) -> Result<Reply, HubFault> {
        let present = self.ask(event.clone()).await;
        let past = self.mishaps.past().answer(&event, self.hub.now(), age, &present);
        past.unwrap_or(present)
    }

    /// A job that waits is said to be cancelled; any other is asked for as usual.
    async fn seem_to_cancel(&self, event: HubEvent) -> Result<Reply, HubFault> {
        let HubEvent::CancelJob { id } = &event else { return self.ask(event).await };
        match self.ask(HubEvent::GetJob { id: id.clone() }).await? {
            Reply::Document { mut body, etag }
                if body["status"].as_str().is_some_and(|status| JobStatus::parse(status).is_cancellable()) =>
            {
                body["status"] = json!("cancelled");
                Ok(Reply::Document { body, etag })
            }
            _ => self.ask(event).await,
        }
    }

    async fn odd_page(&self, page: Page, event: HubEvent) -> Result<Reply, HubFault> {
        let again = page_of(&event).map(|page| again(page.continuation.as_deref()));
        Ok(match (self.ask(event).await?, page) {
            (Reply::Page { item_type, .. }, Page::Empty) => Reply::Page { item_type, items: Vec::new(), next: again },
            (Reply::Page { item_type, items, .. }, Page::Twice) => Reply::Page { item_type, items, next: again },
            (other, _) => other,
        })
    }
}

fn refusal(status: Status) -> Refused {
    let kind = match status {
        Status::BadGateway => return Refused::Gateway,
        Status::TooManyRequests => FaultKind::ThrottlingBacklogTimeout,
        Status::ServerError => FaultKind::ServerError,
        Status::ServiceUnavailable => FaultKind::ServiceUnavailable,
        Status::GatewayTimeout => FaultKind::GatewayTimeout,
    };
    HubFault { kind, text: kind.usual_text().to_owned(), envelope: Envelope::Plain }.into()
}

fn page_of(event: &HubEvent) -> Option<&PageRequest> {
    match event {
        HubEvent::ListJobs { page, .. } | HubEvent::Query { page, .. } => Some(page),
        _ => None,
    }
}

/// A continuation that leads to the page of that continuation.
fn again(continuation: Option<&str>) -> String {
    format!("{AGAIN}{}", BASE64URL_NOPAD.encode(continuation.unwrap_or_default().as_bytes()))
}

/// The event with the page that a continuation of ours stands for.
fn meant(mut event: HubEvent) -> HubEvent {
    if let HubEvent::ListJobs { page, .. } | HubEvent::Query { page, .. } = &mut event
        && let Some(code) = page.continuation.as_deref().and_then(|token| token.strip_prefix(AGAIN))
    {
        let token = BASE64URL_NOPAD.decode(code.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        // What cannot be read is left for the hub to refuse.
        if let Some(token) = token {
            page.continuation = Some(token).filter(|token| !token.is_empty());
        }
    }
    event
}
