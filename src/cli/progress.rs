//! Live progress of jobs that are waited for: bars on a terminal, events for machines, nothing in
//! a pipe or a log, unless `-v` asks for a line at every tenth.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use super::terminal::{Form, Terminal};
use crate::model::{JobId, ObservedJob};
use crate::report::{Event, Untrusted};

/// With `-v`, a log gets a line whenever this share of the devices is done.
const STEPS: u64 = 10;

/// Shows how jobs get on.
#[derive(Debug)]
pub(super) struct JobProgress {
    terminal: Arc<Terminal>,
    jobs: Mutex<BTreeMap<JobId, Shown>>,
}

/// What was last shown of a job.
#[derive(Debug)]
struct Shown {
    bar: Option<ProgressBar>,
    last: Option<ObservedJob>,
    step: Option<(u64, String)>,
}

impl JobProgress {
    /// Shows nothing until the first job is seen.
    #[must_use]
    pub(super) fn new(terminal: &Arc<Terminal>) -> Self {
        Self { terminal: Arc::clone(terminal), jobs: Mutex::default() }
    }

    /// Shows a reading of a job.
    pub(super) fn seen(&self, job: &ObservedJob) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = jobs.entry(job.id.clone()).or_insert_with(|| self.begin(job));
        if shown.last.as_ref() == Some(job) {
            return;
        }
        shown.last = Some(job.clone());
        match (&shown.bar, self.terminal.form()) {
            (_, Form::Events) => self.terminal.event(&Event::JobProgress(job)),
            (Some(bar), Form::Text) => draw(bar, job),
            (None, Form::Text) => {
                let step = step(job);
                if shown.step.as_ref() != Some(&step) {
                    shown.step = Some(step);
                    self.terminal.detail(&format!("  {}  {}", name(job), words(job)));
                }
            }
        }
    }

    /// Takes the bar of a job away that has ended.
    pub(super) fn ended(&self, id: &JobId) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = jobs.get_mut(id).and_then(|shown| shown.bar.take()) {
            bar.finish_and_clear();
        }
    }

    /// Takes the bars away; what became of the jobs is told in words.
    pub(super) fn finish(&self) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        for bar in jobs.values_mut().filter_map(|shown| shown.bar.take()) {
            bar.finish_and_clear();
        }
    }

    fn begin(&self, job: &ObservedJob) -> Shown {
        let bar = self.terminal.draws_bars().then(|| self.terminal.bars().add(ProgressBar::new(0)));
        if let Some(bar) = &bar {
            bar.set_style(style());
            bar.set_prefix(name(job));
        }
        Shown { bar, last: None, step: None }
    }
}

fn style() -> ProgressStyle {
    let template = "  {prefix:24} {bar:24.green/dim} {msg}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━─")
}

fn draw(bar: &ProgressBar, job: &ObservedJob) {
    let statistics = job.statistics.unwrap_or_default();
    bar.set_length(statistics.device_count.max(1)); // of nothing, a bar would be full
    bar.set_position(statistics.executed());
    bar.set_message(words(job));
    bar.tick();
}

fn words(job: &ObservedJob) -> String {
    let statistics = job.statistics.unwrap_or_default();
    let devices = match statistics.device_count {
        0 => String::new(), // not selected yet
        all => format!("{}/{all} devices  ", statistics.executed()),
    };
    let failed = match statistics.failed_count {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    format!("{devices}{}{failed}", Untrusted::new(job.status.as_str()).cut(20))
}

fn name(job: &ObservedJob) -> String {
    job.id.own().map_or_else(|| Untrusted::new(job.id.as_str()).to_string(), |own| own.name.to_string())
}

/// What must change for another line.
fn step(job: &ObservedJob) -> (u64, String) {
    let statistics = job.statistics.unwrap_or_default();
    let step = (statistics.executed() * STEPS).checked_div(statistics.device_count).unwrap_or_default();
    (step, job.status.as_str().to_owned())
}
