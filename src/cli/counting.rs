//! Tells somebody who waits that devices are being counted: on a small hub that takes a minute.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::sleep;

use super::terminal::Terminal;
use crate::hub::AskProgress;

/// Whatever takes less needs no words.
const TOLD_AFTER: Duration = Duration::from_secs(1);
/// Between two looks at how far it has come.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

/// Does some work, and tells how far counting has come when it takes its time.
pub(super) async fn while_counting<T>(terminal: &Terminal, progress: &AskProgress, work: impl Future<Output = T>) -> T {
    let bar = Bar::default();
    tokio::select! {
        biased;
        done = work => done,
        never = tell(terminal, progress, &bar) => match never {},
    }
}

/// Goes away however the work ends.
#[derive(Debug, Default)]
struct Bar(std::cell::OnceCell<ProgressBar>);

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.0.get() {
            bar.finish_and_clear();
        }
    }
}

async fn tell(terminal: &Terminal, progress: &AskProgress, bar: &Bar) -> std::convert::Infallible {
    while progress.get().1 == 0 {
        sleep(DRAWN_EVERY).await;
    }
    sleep(TOLD_AFTER).await;
    let (answered, of) = progress.get();
    if answered < of && !terminal.draws_bars() {
        terminal.note(&format!("counting devices: {of} queries to the hub, {answered} answered so far"));
    }
    loop {
        let (answered, of) = progress.get();
        if answered < of && terminal.draws_bars() {
            let bar = bar.0.get_or_init(|| terminal.bars().add(ProgressBar::new(0).with_style(style())));
            bar.set_length(of as u64);
            bar.set_position(answered as u64);
            bar.tick();
        }
        sleep(DRAWN_EVERY).await;
    }
}

fn style() -> ProgressStyle {
    let template = "  counting devices {bar:24.green/dim} {pos}/{len} queries";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━─")
}
