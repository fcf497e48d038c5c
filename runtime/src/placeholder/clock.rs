//! The time of day in the forms that `{time.now.*}` has; in UTC, which is what servers run in.

use std::time::{SystemTime, UNIX_EPOCH};

/// What a `{time.now…}` placeholder shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// `2006-01-02 15:04:05.999999999 +0000 UTC`.
    Go,
    /// `Mon, 02 Jan 2006 15:04:05 GMT`.
    Http,
    /// `02/Jan/2006:15:04:05 +0000`.
    CommonLog,
    /// `2006`.
    Year,
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMillis,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Clock {
    /// The current time.
    pub fn now(self) -> String {
        self.format(SystemTime::now())
    }

    fn format(self, time: SystemTime) -> String {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (seconds, of_day) = (since.as_secs(), since.as_secs() % 86_400);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        let (year, month, day) = date(seconds / 86_400);
        match self {
            Clock::Go => {
                let fraction = format!(".{:09}", since.subsec_nanos());
                let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
                format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction} +0000 UTC")
            }
            Clock::Http => httpdate::fmt_http_date(time),
            Clock::CommonLog => {
                let month = MONTHS[month - 1];
                format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
            }
            Clock::Year => year.to_string(),
            Clock::Unix => seconds.to_string(),
            Clock::UnixMillis => since.as_millis().to_string(),
        }
    }
}

/// Year, month and day of a number of days since 1970, in the Gregorian calendar. Counts in eras of 400 years that
/// begin on 1 March, so that the leap day is the last of a year.
fn date(days: u64) -> (u64, usize, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, usize::try_from(month).expect("at most 12"), day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn forms_of_one_instant() {
        let time = UNIX_EPOCH + Duration::from_millis(1_709_210_096_120);
        for (clock, text) in [
            (Clock::Go, "2024-02-29 12:34:56.12 +0000 UTC"),
            (Clock::Http, "Thu, 29 Feb 2024 12:34:56 GMT"),
            (Clock::CommonLog, "29/Feb/2024:12:34:56 +0000"),
            (Clock::Year, "2024"),
            (Clock::Unix, "1709210096"),
            (Clock::UnixMillis, "1709210096120"),
        ] {
            assert_eq!(clock.format(time), text);
        }
        assert_eq!(Clock::Year.format(UNIX_EPOCH), "1970");
        assert_eq!(date(20_454), (2026, 1, 1));
    }
}
