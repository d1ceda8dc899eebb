//! Durations as people write them.

use std::fmt;

/// A whole number of seconds, from a text such as `90s`, `10m`, `1h30m`, `2d` or `PT1H30M`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(u64);

/// Why a text is not a duration. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDuration {
    /// Not of any accepted form.
    #[error("not a duration")]
    Form,
    /// Has a part below one second.
    #[error("not a whole number of seconds")]
    Fraction,
    /// More than a hundred years.
    #[error("too long")]
    TooLong,
}

impl Seconds {
    /// One hour.
    pub const HOUR: Self = Self(3_600);
    /// One day of 24 hours.
    pub const DAY: Self = Self(86_400);
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A number of seconds.
    #[must_use]
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The number of seconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Reads `1h30m` (units `w d h m s`, each at most once, in that order) or ISO 8601 `PT1H30M`,
    /// `P1DT2H`. Years and months have no fixed length and are refused.
    ///
    /// # Errors
    /// When the text has another form, a fraction of a second, or is longer than a hundred years.
    pub fn parse(text: &str) -> Result<Self, InvalidDuration> {
        let upper = text.to_ascii_uppercase();
        let total = match upper.strip_prefix('P') {
            Some(rest) => {
                let (date, time) = match rest.split_once('T') {
                    Some((_, "")) => return Err(InvalidDuration::Form),
                    Some((date, time)) => (date, time),
                    None => (rest, ""),
                };
                if date.is_empty() && time.is_empty() {
                    return Err(InvalidDuration::Form);
                }
                sum(date, &[('W', 604_800), ('D', 86_400)])?
                    .checked_add(sum(time, &[('H', 3_600), ('M', 60), ('S', 1)])?)
            }
            None if text.is_empty() || text.bytes().any(|b| b.is_ascii_uppercase()) => {
                return Err(InvalidDuration::Form);
            }
            None => Some(sum(&upper, &[('W', 604_800), ('D', 86_400), ('H', 3_600), ('M', 60), ('S', 1)])?),
        };
        match total {
            Some(seconds) if seconds <= 100 * 366 * 86_400 => Ok(Self(seconds)),
            _ => Err(InvalidDuration::TooLong),
        }
    }

    /// The same as a signed duration of the time library.
    #[must_use]
    pub fn to_signed(self) -> jiff::SignedDuration {
        jiff::SignedDuration::from_secs(i64::try_from(self.0).unwrap_or(i64::MAX))
    }
}

/// Adds up `<digits><unit>` parts; units must come in the order given, each at most once.
fn sum(text: &str, units: &[(char, u64)]) -> Result<u64, InvalidDuration> {
    let (mut rest, mut total, mut next_unit) = (text, 0_u64, 0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(InvalidDuration::Form)?;
        if rest[digits..].starts_with('.') || rest[digits..].starts_with(',') {
            return Err(InvalidDuration::Fraction);
        }
        if digits == 0 {
            return Err(InvalidDuration::Form);
        }
        let amount: u64 = rest[..digits].parse().map_err(|_| InvalidDuration::TooLong)?;
        let unit = rest[digits..].chars().next().ok_or(InvalidDuration::Form)?;
        let at = units[next_unit..].iter().position(|(u, _)| *u == unit).ok_or(InvalidDuration::Form)? + next_unit;
        let seconds = amount.checked_mul(units[at].1).ok_or(InvalidDuration::TooLong)?;
        total = total.checked_add(seconds).ok_or(InvalidDuration::TooLong)?;
        next_unit = at + 1;
        rest = &rest[digits + unit.len_utf8()..];
    }
    Ok(total)
}

/// Prints `1h30m`, the shortest form that [`Seconds::parse`] reads back.
impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.pad("0s");
        }
        let mut text = String::new();
        let mut left = self.0;
        for (unit, seconds) in [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)] {
            if left >= seconds {
                text.push_str(&(left / seconds).to_string());
                text.push(unit);
                left %= seconds;
            }
        }
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms() {
        for (text, seconds) in [
            ("90s", 90),
            ("10m", 600),
            ("1h30m", 5_400),
            ("2d", 172_800),
            ("1w", 604_800),
            ("PT1H", 3_600),
            ("P1DT2H", 93_600),
            ("pt90s", 90),
            ("0s", 0),
        ] {
            assert_eq!(Seconds::parse(text), Ok(Seconds(seconds)), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "P", "PT", "10", "m10", "10M", "1m1h", "1h1h", "-5m", "5 m", "P1Y", "P1M", "1x"] {
            assert_eq!(Seconds::parse(text), Err(InvalidDuration::Form), "{text}");
        }
        assert_eq!(Seconds::parse("1.5h"), Err(InvalidDuration::Fraction));
        assert_eq!(Seconds::parse("99999999999999999999h"), Err(InvalidDuration::TooLong));
        assert_eq!(Seconds::parse("9999999999999999999w"), Err(InvalidDuration::TooLong));
    }

    proptest::proptest! {
        #[test]
        fn prints_what_it_reads(seconds in 0_u64..=3_000_000_000) {
            proptest::prop_assert_eq!(Seconds::parse(&Seconds(seconds).to_string()), Ok(Seconds(seconds)));
        }
    }
}
