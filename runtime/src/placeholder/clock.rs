//! The time of day in the forms that `{time.now.*}` has.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::time::Moment;

/// What a `{time.now…}` placeholder shows. Where a zone is shown, it is that of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// `2006-01-02 15:04:05.999999999 -0700 MST`.
    Go,
    /// `Mon, 02 Jan 2006 15:04:05 GMT`.
    Http,
    /// `02/Jan/2006:15:04:05 -0700`.
    CommonLog,
    /// `2006`.
    Year,
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMillis,
}

impl Clock {
    /// A time of the clock in this form.
    pub fn text(self, time: SystemTime) -> String {
        match self {
            Clock::Go | Clock::CommonLog | Clock::Year => self.format(Moment::new(time).local()),
            Clock::Http | Clock::Unix | Clock::UnixMillis => self.format(Moment::new(time)),
        }
    }

    fn format(self, moment: Moment) -> String {
        match self {
            Clock::Go => moment.format("2006-01-02 15:04:05.999999999 -0700 MST"),
            Clock::Http => httpdate::fmt_http_date(UNIX_EPOCH + moment.since_epoch()),
            Clock::CommonLog => moment.format("02/Jan/2006:15:04:05 -0700"),
            Clock::Year => moment.format("2006"),
            Clock::Unix => moment.since_epoch().as_secs().to_string(),
            Clock::UnixMillis => moment.since_epoch().as_millis().to_string(),
        }
    }
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
            assert_eq!(clock.format(Moment::new(time)), text);
        }
    }
}
