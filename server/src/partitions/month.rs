//! Calendar months in UTC.

use std::fmt;

use seawall_policy::time::UnixTime;
use time::{Date, Month as Name, OffsetDateTime};

/// A month of a year, counted from the beginning of year 0; UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month(i32);

impl Month {
    /// The month that holds an instant; times that no calendar has are in the first or last month of 9999.
    pub(super) fn of(now: UnixTime) -> Self {
        let seconds = i64::try_from(now.as_millis() / 1000).unwrap_or(i64::MAX);
        let date = OffsetDateTime::from_unix_timestamp(seconds).map_or(Date::MAX, OffsetDateTime::date);
        Self(date.year() * 12 + i32::from(u8::from(date.month())) - 1)
    }

    pub(super) fn plus(self, months: u32) -> Self {
        Self(self.0.saturating_add_unsigned(months))
    }

    pub(super) fn minus(self, months: u32) -> Self {
        Self(self.0.saturating_sub_unsigned(months))
    }

    /// Its first second, since 1970. Beyond the calendar it saturates.
    pub(super) fn start(self) -> i64 {
        let name = u8::try_from(self.0.rem_euclid(12) + 1)
            .ok()
            .and_then(|number| Name::try_from(number).ok());
        let date = name.and_then(|name| Date::from_calendar_date(self.0.div_euclid(12), name, 1).ok());
        match date {
            Some(date) => date.midnight().assume_utc().unix_timestamp(),
            None if self.0 < 0 => i64::MIN,
            None => i64::MAX,
        }
    }

    /// Its first instant as PostgreSQL reads it, whatever the time zone of the session.
    pub(super) fn literal(self) -> String {
        format!("{}-01 00:00:00+00", self.text('-'))
    }

    fn text(self, between: char) -> String {
        format!(
            "{:04}{between}{:02}",
            self.0.div_euclid(12),
            self.0.rem_euclid(12) + 1
        )
    }
}

impl fmt::Display for Month {
    /// As it ends a part's name: `2026_11`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text('_'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Month {
        Month::of(UnixTime::from_millis(seconds * 1000))
    }

    #[test]
    fn a_month_begins_at_midnight_utc() {
        let november = at(1_793_491_200); // 2026-11-01 00:00:00 UTC
        assert_eq!(november.to_string(), "2026_11");
        assert_eq!(november.start(), 1_793_491_200);
        assert_eq!(at(1_793_491_199).to_string(), "2026_10");
        assert_eq!(november.literal(), "2026-11-01 00:00:00+00");
    }

    #[test]
    fn years_turn() {
        let december = at(1_796_083_200); // 2026-12-01
        assert_eq!(december.plus(1).to_string(), "2027_01");
        assert_eq!(december.minus(12).to_string(), "2025_12");
    }

    #[test]
    fn times_beyond_the_calendar_do_not_fail() {
        assert_eq!(Month::of(UnixTime::from_millis(u64::MAX)).to_string(), "9999_12");
        assert_eq!(
            Month::of(UnixTime::from_millis(u64::MAX)).plus(1).start(),
            i64::MAX
        );
        assert_eq!(at(0).minus(u32::MAX).start(), i64::MIN);
    }
}
