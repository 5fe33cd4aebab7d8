//! HTTP dates, in the three forms that RFC 9110 makes a recipient accept.

use super::digits;
use crate::time::UnixTime;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const SECONDS_PER_DAY: u64 = 86_400;

/// Reads an HTTP date: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or
/// `Sun Nov  6 08:49:37 1994`. Dates before 1970 are its first instant.
#[must_use]
pub fn http_date(text: &str) -> Option<UnixTime> {
    let mut words = text.split([' ', '-']).filter(|word| !word.is_empty());
    let weekday = words.next()?;
    let second = words.next()?;
    let (day, month, year, clock) = if weekday.ends_with(',') {
        let (month, year, clock) = (words.next()?, words.next()?, words.next()?);
        (words.next()? == "GMT").then_some((second, month, year, clock))?
    } else {
        let (day, clock, year) = (words.next()?, words.next()?, words.next()?);
        (day, second, year, clock)
    };
    if words.next().is_some() {
        return None;
    }
    let (year, month, day) = (full_year(year)?, month_number(month)?, digits(day)?);
    let second = second_of_day(clock)?;
    if day == 0 || day > days_in(year, month) {
        return None;
    }
    let days = if year < 1970 {
        return Some(UnixTime::default());
    } else {
        days_since_epoch(year, month, day)
    };
    Some(UnixTime::from_secs(
        days.saturating_mul(SECONDS_PER_DAY).saturating_add(second),
    ))
}

/// RFC 9110 reads a year of two digits as the nearest; only the obsolete form has one.
fn full_year(text: &str) -> Option<u64> {
    let year = digits(text)?;
    match text.len() {
        2 if year < 70 => Some(2000 + year),
        2 => Some(1900 + year),
        4 => Some(year),
        _ => None,
    }
}

fn month_number(name: &str) -> Option<u64> {
    let index = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
    u64::try_from(index).ok().map(|index| index + 1)
}

fn second_of_day(clock: &str) -> Option<u64> {
    let mut parts = clock.split(':').map(digits);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let valid = parts.next().is_none() && hour < 24 && minute < 60 && second <= 60;
    valid.then(|| hour * 3_600 + minute * 60 + second)
}

/// Howard Hinnant's civil-calendar arithmetic, for years from 1970.
fn days_since_epoch(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn days_in(year: u64, month: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_forms_name_the_same_second() {
        let expected = Some(UnixTime::from_secs(784_111_777));
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), expected);
        assert_eq!(http_date("Sunday, 06-Nov-94 08:49:37 GMT"), expected);
        assert_eq!(http_date("Sun Nov  6 08:49:37 1994"), expected);
    }

    #[test]
    fn leap_days_and_the_epoch_are_known() {
        assert_eq!(
            http_date("Thu, 01 Jan 1970 00:00:00 GMT"),
            Some(UnixTime::from_secs(0))
        );
        assert_eq!(
            http_date("Sat, 29 Feb 2020 00:00:00 GMT"),
            Some(UnixTime::from_secs(1_582_934_400))
        );
        assert_eq!(
            http_date("Wed, 31 Dec 1969 23:59:59 GMT"),
            Some(UnixTime::default())
        );
    }

    /// Found by fuzzing: an hour of forty digits overflowed before it was refused.
    #[test]
    fn absurd_digits_are_refused_without_being_reckoned_with() {
        let digits = "9".repeat(40);
        assert_eq!(
            http_date(&["Sun, 06 Nov 1994 ", &digits, ":49:37 GMT"].concat()),
            None
        );
        assert_eq!(
            http_date(&["Sun, 06 Nov 1994 08:", &digits, ":37 GMT"].concat()),
            None
        );
        assert_eq!(
            http_date(&["Sun, ", &digits, " Nov 1994 08:49:37 GMT"].concat()),
            None
        );
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in [
            "Sat, 29 Feb 2021 00:00:00 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37 PST",
            "Sun, 06 Nov 94 08:49:37 GMT now",
            "Sun Nov 6 1994",
            "2020-01-01",
            "Sun, 06 Nov 994 08:49:37 GMT",
        ] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }
}
