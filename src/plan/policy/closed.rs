//! Whether a job fits the windows, and when it would.

use jiff::{SignedDuration, Timestamp};

use crate::model::{ChangeWindow, Policy, TimeSpan, WindowKind};

/// How far ahead a time that fits is looked for: two weeks and a day, so that every weekly window
/// comes twice.
const AHEAD: SignedDuration = SignedDuration::from_hours(15 * 24);

/// A window, and the policy that has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held<'p> {
    pub(super) policy: &'p Policy,
    pub(super) window: &'p ChangeWindow,
}

/// Why a job does not fit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Closed<'p> {
    /// It would start in a window that denies.
    StartsIn(Held<'p>),
    /// It may still run when such a window begins.
    RunsInto(Held<'p>, Timestamp),
    /// It would start outside every window that allows.
    Outside,
    /// It may still run when the last of those ends.
    Outlasts(Timestamp),
}

/// All windows that hold.
pub(super) struct Windows<'p> {
    deny: Vec<Held<'p>>,
    allow: Vec<Held<'p>>,
}

impl<'p> Windows<'p> {
    pub(super) fn new(policies: &[&'p Policy]) -> Self {
        let of = |kind: WindowKind| {
            let all = policies.iter().flat_map(|policy| policy.windows.iter().map(|window| Held { policy, window }));
            all.filter(|held| held.window.kind == kind).collect()
        };
        Self { deny: of(WindowKind::Deny), allow: of(WindowKind::Allow) }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.deny.is_empty() && self.allow.is_empty()
    }

    pub(super) fn allowing(&self) -> &[Held<'p>] {
        &self.allow
    }

    /// Why a job that runs then does not fit; nothing when it does. A job that ends as a window that
    /// denies begins does.
    pub(super) fn closed(&self, job: TimeSpan) -> Option<Closed<'p>> {
        for held in &self.deny {
            for span in held.window.spans(job) {
                if span.from <= job.from && job.from < span.until {
                    return Some(Closed::StartsIn(*held));
                }
                if job.from < span.from && span.from < job.until {
                    return Some(Closed::RunsInto(*held, span.from));
                }
            }
        }
        if self.allow.is_empty() {
            return None;
        }
        let mut open: Vec<_> = self.allow.iter().flat_map(|held| held.window.spans(job)).collect();
        open.sort();
        let mut until = None;
        for span in open {
            // Windows that touch or overlap are one.
            let reaches = until.unwrap_or(job.from);
            if span.from <= reaches && span.until > reaches {
                until = Some(span.until);
            }
        }
        match until {
            None => Some(Closed::Outside),
            Some(until) if until < job.until => Some(Closed::Outlasts(until)),
            Some(_) => None,
        }
    }

    /// The next time from which a job of that length fits; nothing when there is none for two weeks.
    pub(super) fn next_open(&self, from: Timestamp, length: SignedDuration) -> Option<Timestamp> {
        let ahead = TimeSpan { from, until: from.checked_add(AHEAD).ok()? };
        let opens = self.allow.iter().flat_map(|held| held.window.spans(ahead)).map(|span| span.from);
        let ends = self.deny.iter().flat_map(|held| held.window.spans(ahead)).map(|span| span.until);
        let mut candidates: Vec<_> = opens.chain(ends).filter(|at| *at > from).collect();
        candidates.sort_unstable();
        let fits = |at: &Timestamp| {
            let until = at.checked_add(length);
            until.is_ok_and(|until| self.closed(TimeSpan { from: *at, until }).is_none())
        };
        candidates.into_iter().find(fits)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Time, Weekday};
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::model::{ManifestName, ManifestSource, WindowTimes, Zone};

    const DAYS: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    fn policy(windows: Vec<ChangeWindow>) -> Policy {
        let source = ManifestSource { path: "p.yaml".to_owned(), line: 1 };
        let name = ManifestName::new("hours").expect("a name");
        Policy { name, source, environments: None, rules: Vec::new(), windows, cases: Vec::new() }
    }

    fn any_window() -> impl Strategy<Value = ChangeWindow> {
        let quarter = 0_i8..96;
        let days = proptest::sample::subsequence(DAYS.to_vec(), 1..=7);
        (any::<bool>(), days, quarter.clone(), quarter).prop_map(|(denies, days, from, until)| {
            let time = |quarter: i8| Time::constant(quarter / 4, quarter % 4 * 15, 0, 0);
            ChangeWindow {
                name: "w".to_owned(),
                kind: if denies { WindowKind::Deny } else { WindowKind::Allow },
                times: WindowTimes::Weekly { days, from: time(from), until: time(until) },
                zone: Zone::new("Asia/Tokyo").expect("a zone without changes of the clocks"),
                source: ManifestSource { path: "p.yaml".to_owned(), line: 1 },
            }
        })
    }

    /// Whether a window is open at an instant, read off the clock on the wall.
    fn is_within(window: &ChangeWindow, at: Timestamp) -> bool {
        let WindowTimes::Weekly { days, from, until } = &window.times else { panic!("all are weekly") };
        let wall = at.to_zoned(TimeZone::get("Asia/Tokyo").expect("a zone"));
        let (day, time) = (wall.weekday(), wall.time());
        if from < until {
            return days.contains(&day) && *from <= time && time < *until;
        }
        days.contains(&day) && time >= *from || days.contains(&day.previous()) && time < *until
    }

    proptest! {
        #[test]
        fn a_job_fits_when_each_of_its_quarters_does(
            windows in proptest::collection::vec(any_window(), 0..5),
            start in 0_i64..1_344,
            quarters in 1_i64..200,
        ) {
            let policy = policy(windows);
            let at = |quarter: i64| Timestamp::constant(1_780_000_200 + quarter * 900, 0);
            let job = TimeSpan { from: at(start), until: at(start + quarters) };
            let of = |kind| policy.windows.iter().filter(move |window| window.kind == kind);
            let fits = (start..start + quarters).all(|quarter| {
                let within = |window: &ChangeWindow| is_within(window, at(quarter));
                let is_open = of(WindowKind::Allow).next().is_none() || of(WindowKind::Allow).any(within);
                is_open && !of(WindowKind::Deny).any(within)
            });
            let windows = Windows::new(&[&policy]);
            prop_assert_eq!(windows.closed(job).is_none(), fits);
            let length = SignedDuration::from_mins(15 * quarters);
            if let Some(next) = windows.next_open(job.from, length) {
                let until = next.checked_add(length).expect("a time of this century");
                let fits = windows.closed(TimeSpan { from: next, until }).is_none();
                prop_assert!(next > job.from && fits);
            }
        }
    }
}
