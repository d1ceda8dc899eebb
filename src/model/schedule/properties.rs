//! What holds for every schedule, against models that share nothing with it: minute by minute for
//! the clock changes, and `croner` for what an expression names.

use std::str::FromStr;

use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;

use super::{ConcurrencyPolicy, Cron, CronExpression, Zone};
use crate::model::Seconds;

const ZONES: [&str; 10] = [
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/Santiago",
    "America/St_Johns",
    "Africa/Casablanca",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Pacific/Apia",
];

fn cron(expression: &str, zone: &str) -> Cron {
    Cron {
        expression: CronExpression::parse(expression).expect(expression),
        zone: Zone::new(zone).expect(zone),
        starting_deadline: Seconds::HOUR,
        concurrency: ConcurrencyPolicy::Forbid,
    }
}

/// One field: often a wildcard, else numbers within `low..=high`.
fn field(low: u8, high: u8) -> impl Strategy<Value = String> {
    let number = low..=high;
    prop_oneof![
        3 => Just("*".to_owned()),
        3 => number.clone().prop_map(|n| n.to_string()),
        1 => prop::collection::vec(number.clone(), 2..4).prop_map(|list| {
            list.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
        }),
        2 => (number.clone(), number).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
    ]
}

/// A field that may have a step after its wildcard. Not for days: there `croner` takes `*/2` for a
/// restriction, and we, with Vixie cron, do not.
fn stepped(low: u8, high: u8) -> impl Strategy<Value = String> {
    prop_oneof![3 => field(low, high), 1 => (1..=high).prop_map(|step| format!("*/{step}"))]
}

fn weekdays() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => field(0, 7),
        1 => prop::sample::select(vec!["MON-FRI", "sat,sun", "Fri-Sun", "0,3", "5-7"]).prop_map(str::to_owned),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    // Days of every month only, so that no date is one that never comes.
    (stepped(0, 59), stepped(0, 23), field(1, 28), stepped(1, 12), weekdays())
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}

/// An expression that is likely to have something to do while the clocks change.
fn frequent() -> impl Strategy<Value = String> {
    (stepped(0, 59), prop_oneof![stepped(0, 5), Just("*".to_owned())], field(1, 28), weekdays())
        .prop_map(|(minute, hour, day, weekday)| format!("{minute} {hour} {day} * {weekday}"))
}

/// Whole minutes of this century.
fn instant() -> impl Strategy<Value = Timestamp> {
    (946_684_800_i64 / 60..4_102_444_800 / 60).prop_map(|minute| Timestamp::constant(minute * 60, 0))
}

/// A change of the clocks near an instant; the instant itself where there is none.
fn change(zone: &Zone, near: Timestamp) -> Timestamp {
    zone.rules().following(near).next().map_or(near, |transition| transition.timestamp())
}

/// Whether `croner` finds that a local minute is named.
struct Oracle(croner::Cron);

impl Oracle {
    fn new(expression: &str) -> Self {
        // It knows no range that ends in Sunday by name.
        let spelled = expression.replace("Fri-Sun", "5-7");
        Self(croner::Cron::from_str(&spelled).expect("croner reads it too"))
    }

    fn names(&self, local: DateTime) -> bool {
        let number = |n: i8| u32::try_from(n).expect("not negative");
        let time = chrono::NaiveDate::from_ymd_opt(local.year().into(), number(local.month()), number(local.day()))
            .and_then(|day| day.and_hms_opt(number(local.hour()), number(local.minute()), 0))
            .expect("a date");
        self.0.is_time_matching(&time.and_utc()).expect("croner compares")
    }
}

/// Walks every minute and remembers the latest time that the local clock has shown.
fn minute_by_minute(cron: &Cron, oracle: &Oracle, from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let local = |instant| cron.zone.rules().to_datetime(instant);
    let elapsed = cron.expression.as_str().split(' ').nth(1).expect("an hour").starts_with('*');
    // Early enough to have seen the first pass of any overlap.
    let mut now = from - SignedDuration::from_hours(30);
    let mut shown = local(now);
    let mut starts = Vec::new();
    while now < until {
        now += SignedDuration::from_mins(1);
        let reading = local(now);
        let due = if elapsed {
            oracle.names(reading)
        } else {
            // All that the clock has newly passed: nothing in a second pass, many minutes at a gap.
            let mut passed = shown;
            std::iter::from_fn(|| {
                passed += 1.minute();
                (passed <= reading).then_some(passed)
            })
            .any(|minute| oracle.names(minute))
        };
        shown = shown.max(reading);
        if due && now >= from {
            starts.push(now);
        }
    }
    starts
}

/// What two lists of starts have at the first place where they differ.
fn first_difference(one: &[Timestamp], other: &[Timestamp]) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let length = one.len().max(other.len());
    (0..length).map(|at| (one.get(at).copied(), other.get(at).copied())).find(|(one, other)| one != other)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn around_clock_changes_it_is_as_minute_by_minute(
        expression in frequent(), zone in prop::sample::select(&ZONES[..]), near in instant(), offset in -180_i64..180,
    ) {
        let cron = cron(&expression, zone);
        let middle = change(&cron.zone, near) + SignedDuration::from_mins(offset);
        let (from, until) = (middle - SignedDuration::from_hours(5), middle + SignedDuration::from_hours(30));
        prop_assume!(until.as_second() < 4_102_444_800);
        let starts: Vec<_> = cron.between(from..=until).collect();
        let expected = minute_by_minute(&cron, &Oracle::new(&expression), from, until);
        prop_assert_eq!(first_difference(&starts, &expected), None);
        // The same from any place on the way, so that it does not matter when a plan is made.
        for pair in starts.windows(2) {
            prop_assert_eq!(cron.after(pair[0]).next(), Some(pair[1]));
            prop_assert_eq!(cron.between(pair[1]..=pair[1]).next(), Some(pair[1]));
        }
    }

    #[test]
    fn includes_agrees_with_between(
        expression in frequent(), zone in prop::sample::select(&ZONES[..]), near in instant(), hours in -30_i64..6,
    ) {
        let cron = cron(&expression, zone);
        let from = change(&cron.zone, near) + SignedDuration::from_hours(hours);
        let until = from + SignedDuration::from_hours(30);
        prop_assume!(until.as_second() < 4_102_444_800);
        let mut starts = cron.between(from..=until).peekable();
        for minute in 0..=30 * 60 {
            let instant = from + SignedDuration::from_mins(minute);
            prop_assert_eq!(cron.includes(instant), starts.next_if_eq(&instant).is_some(), "{}", instant);
            prop_assert!(!cron.includes(instant + SignedDuration::from_secs(1)));
        }
        prop_assert_eq!(starts.next(), None);
    }

    #[test]
    fn without_clock_changes_it_is_as_croner(expression in expression(), after in instant()) {
        let cron = cron(&expression, "UTC");
        let oracle = Oracle::new(&expression);
        let mut time = chrono::DateTime::from_timestamp(after.as_second(), 0).expect("this century");
        let mut starts = cron.after(after);
        for _ in 0..5 {
            let expected = oracle.0.find_next_occurrence(&time, false).expect("a next one, some time");
            let start = starts.next().map(|start| start.as_second());
            prop_assert_eq!(start, Some(expected.timestamp()).filter(|second| *second < 4_102_444_800));
            time = expected;
        }
    }

    #[test]
    fn starts_ascend_and_are_whole_minutes_after(
        expression in expression(), zone in prop::sample::select(&ZONES[..]), after in instant(),
    ) {
        let mut previous = after;
        for start in cron(&expression, zone).after(after).take(300) {
            prop_assert!(start > previous, "{} after {}", start, previous);
            prop_assert_eq!(start.as_second() % 60, 0);
            previous = start;
        }
    }

    #[test]
    fn an_equal_text_in_other_words_is_equal(expression in expression()) {
        let parse = |text: &str| CronExpression::parse(text).expect("valid");
        let spelled = expression.to_lowercase().replace(' ', "\t ");
        prop_assert_eq!(parse(&expression), parse(&spelled));
    }
}

#[test]
fn a_day_that_the_calendar_skips_is_as_minute_by_minute() {
    let skipped = Timestamp::constant(1_325_239_200, 0); // 2011-12-30T10:00:00Z, the 31st begins in Apia
    for expression in ["0 9 * * *", "*/20 22-23 * * *", "0 0 30 * *", "0 9 * * 5", "*/30 * * * *", "0 0,1 31 12 6"] {
        let cron = cron(expression, "Pacific/Apia");
        let (from, until) = (skipped - SignedDuration::from_hours(26), skipped + SignedDuration::from_hours(26));
        let starts: Vec<_> = cron.between(from..=until).collect();
        assert!(!starts.is_empty(), "{expression}");
        let expected = minute_by_minute(&cron, &Oracle::new(expression), from, until);
        assert_eq!(first_difference(&starts, &expected), None, "{expression}");
    }
}

#[test]
fn a_daily_time_runs_once_for_every_date() {
    let (first, last) = (date(2000, 1, 3), date(2039, 12, 30));
    for name in ZONES {
        let zone = Zone::new(name).expect("a name of the database");
        let noon =
            |day: jiff::civil::Date| day.at(12, 0, 0, 0).to_zoned(zone.rules().clone()).expect("noon").timestamp();
        let (from, until) = (noon(first), noon(last));
        let days = first.until(last).expect("both in range").get_days();
        for time in ["30 2", "15 1"] {
            let runs = cron(&format!("{time} * * *"), name).between(from..=until).count();
            assert_eq!(i32::try_from(runs), Ok(days), "{time} in {name}");
        }
    }
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    for expression in ["* * * * *", "0 0 * * *"] {
        let cron = cron(expression, "Europe/Berlin");
        assert_eq!(cron.between(Timestamp::MIN..=Timestamp::MAX).next(), cron.after(Timestamp::MIN).next());
        assert_eq!(cron.after(Timestamp::MAX).next(), None);
        for end in [Timestamp::MIN, Timestamp::MAX] {
            assert!(!cron.includes(end));
            assert_eq!(cron.dst_mark(end), None);
        }
    }
}

#[test]
fn equality_is_that_of_the_meaning() {
    let parse = |text| CronExpression::parse(text).expect("valid");
    for (one, other) in [
        ("0 22 * * 1-5", "0  22 * *\tmon-fri"),
        ("0 0 * * 0", "@weekly"),
        ("0 0 * * 7", "@weekly"),
        ("*/15 3 * * *", "0,15,30,45 3 * * *"),
        ("0 0 1-31 * MON", "0 0 * * *"), // every day is named, and either is enough
        ("0 0 1-31 * *", "0 0 * * SUN-SAT"),
    ] {
        assert_eq!(parse(one), parse(other), "{one} and {other}");
    }
    for (one, other) in [
        ("0 22 * * 1-5", "0 22 * * 2-6"),
        ("0 * * * *", "0 0-23 * * *"), // differs where clocks change
        ("0 0 13 * FRI", "0 0 13 * *"),
        ("0 0 */2 * MON", "0 0 1-31/2 * MON"), // both, and either
    ] {
        assert_ne!(parse(one), parse(other), "{one} and {other}");
    }
}
