//! What the hub answered before, for scripts that show it once more.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::emulator::state::{HubEvent, HubFault, Reply};

/// How many questions are remembered; the oldest are forgotten first.
const QUESTIONS_MAX: usize = 256;
/// How many answers to each.
const ANSWERS_MAX: usize = 8;

type Answer = Result<Reply, HubFault>;

/// What the hub answered before.
#[derive(Debug, Default)]
pub(super) struct Past {
    answers: HashMap<String, VecDeque<(Timestamp, Answer)>>,
    /// The questions, oldest first.
    order: VecDeque<String>,
}

impl Past {
    /// Keeps an answer of that time.
    pub(super) fn remember(&mut self, question: &HubEvent, at: Timestamp, answer: Answer) {
        let Some(key) = key(question) else { return };
        if !self.answers.contains_key(&key) {
            if self.order.len() >= QUESTIONS_MAX {
                let oldest = self.order.pop_front();
                oldest.and_then(|oldest| self.answers.remove(&oldest));
            }
            self.order.push_back(key.clone());
        }
        let answers = self.answers.entry(key).or_default();
        if answers.back().is_some_and(|(_, last)| *last == answer) {
            return;
        }
        if answers.len() >= ANSWERS_MAX {
            answers.pop_front();
        }
        answers.push_back((at, answer));
    }

    /// The answer that held at least so long ago, as far as is known; without an age, the last that
    /// was another than the present one.
    pub(super) fn answer(
        &self,
        question: &HubEvent,
        now: Timestamp,
        age: Option<Duration>,
        present: &Answer,
    ) -> Option<Answer> {
        let answers = self.answers.get(&key(question)?)?;
        let latest = age.map(|age| {
            let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
            now.saturating_sub(age).unwrap_or(Timestamp::MIN)
        });
        let is_wanted = |(at, answer): &&(Timestamp, Answer)| match latest {
            Some(latest) => *at <= latest,
            None => answer != present,
        };
        answers.iter().rev().find(is_wanted).map(|(_, answer)| answer.clone())
    }
}

fn key(question: &HubEvent) -> Option<String> {
    serde_json::to_string(question).ok()
}

/// What to ask before a change, so that the state before it can be shown afterwards.
pub(super) fn look_before(change: &HubEvent) -> Option<HubEvent> {
    Some(match change {
        HubEvent::CreateJob { id, .. } | HubEvent::CancelJob { id } => HubEvent::GetJob { id: id.clone() },
        HubEvent::PatchTwin { device_id, module_id, .. } | HubEvent::ReplaceTwin { device_id, module_id, .. } => {
            HubEvent::GetTwin { device_id: device_id.clone(), module_id: module_id.clone() }
        }
        HubEvent::PutDevice { device_id, .. } | HubEvent::DeleteDevice { device_id, .. } => {
            HubEvent::GetDevice { device_id: device_id.clone() }
        }
        _ => return None,
    })
}
