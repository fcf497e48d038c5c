//! Moments as text, in the layouts that Go's `time` package reads: the year 2006 written where a year is wanted.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::OnceLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tz::TimeZone;

/// A moment as the clocks of a zone show it, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) year: i64,
    /// From 1.
    pub(crate) month: u32,
    /// From 1.
    pub(crate) day: u32,
    /// From 0, which is Sunday.
    pub(crate) weekday: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    pub(crate) nanosecond: u32,
    /// Seconds since 1970, in UTC.
    unix: i64,
    /// Seconds east of UTC.
    offset: i32,
    zone: &'static str,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Moment {
    /// Takes a time apart, in UTC. Times before 1970 count as 1970.
    pub(crate) fn new(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let unix = i64::try_from(since_epoch.as_secs()).unwrap_or_default();
        Self::shifted(unix, since_epoch.subsec_nanos(), 0, "UTC")
    }

    /// The same moment in the zone of the process: that of the variable `TZ`, or else that of the system.
    pub(crate) fn local(self) -> Self {
        match local_zone().find_local_time_type(self.unix) {
            Ok(kind) => {
                Self::shifted(self.unix, self.nanosecond, kind.ut_offset(), kind.time_zone_designation())
            }
            Err(_) => self,
        }
    }

    /// A moment in seconds and nanoseconds since 1970, in a zone so many seconds east of UTC.
    pub(crate) fn shifted(unix: i64, nanosecond: u32, offset: i32, zone: &'static str) -> Self {
        let seconds = unix + i64::from(offset);
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400) as u32);
        let (year, month, day) = civil(days);
        Self {
            year,
            month,
            day,
            weekday: (days + 4).rem_euclid(7) as u32,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            nanosecond,
            unix,
            offset,
            zone,
        }
    }

    /// Time since 1970; nothing for what was before.
    pub(crate) fn since_epoch(self) -> Duration {
        u64::try_from(self.unix).map_or(Duration::ZERO, |unix| Duration::new(unix, self.nanosecond))
    }

    /// The day of the year, from 0.
    pub(crate) fn day_of_year(self) -> i64 {
        days(self.year, self.month, self.day) - days(self.year, 1, 1)
    }

    /// Nanoseconds since 1970.
    pub(crate) fn unix_nanos(self) -> i64 {
        i64::try_from(self.since_epoch().as_nanos()).unwrap_or(i64::MAX)
    }

    /// Writes the moment in a layout of Go's `time.Format`.
    pub(crate) fn format(self, layout: &str) -> String {
        let mut out = String::with_capacity(layout.len() + 8);
        let mut rest = layout;
        while !rest.is_empty() {
            match ELEMENTS.iter().find(|(text, _)| rest.starts_with(text)) {
                Some((text, element)) => {
                    self.element(*element, &mut out);
                    rest = &rest[text.len()..];
                }
                None => match fraction(rest) {
                    Some((length, digits, trim)) => {
                        self.fraction(&rest[..1], digits, trim, &mut out);
                        rest = &rest[length..];
                    }
                    None => {
                        let next = rest.chars().next().expect("the rest is not empty");
                        out.push(next);
                        rest = &rest[next.len_utf8()..];
                    }
                },
            }
        }
        out
    }

    fn element(self, element: Element, out: &mut String) {
        use std::fmt::Write;
        let hour12 = if self.hour.is_multiple_of(12) { 12 } else { self.hour % 12 };
        let (sign, east) = (if self.offset < 0 { '-' } else { '+' }, self.offset.unsigned_abs() / 60);
        let month = MONTHS[self.month as usize - 1];
        let day = DAYS[self.weekday as usize];
        let written = match element {
            Element::Year => write!(out, "{:04}", self.year),
            Element::ShortYear => write!(out, "{:02}", self.year % 100),
            Element::MonthName => write!(out, "{month}"),
            Element::ShortMonthName => write!(out, "{}", &month[..3]),
            Element::ZeroMonth => write!(out, "{:02}", self.month),
            Element::Month => write!(out, "{}", self.month),
            Element::DayName => write!(out, "{day}"),
            Element::ShortDayName => write!(out, "{}", &day[..3]),
            Element::ZeroDay => write!(out, "{:02}", self.day),
            Element::SpaceDay => write!(out, "{:2}", self.day),
            Element::Day => write!(out, "{}", self.day),
            Element::Hour => write!(out, "{:02}", self.hour),
            Element::ZeroHour12 => write!(out, "{hour12:02}"),
            Element::Hour12 => write!(out, "{hour12}"),
            Element::ZeroMinute => write!(out, "{:02}", self.minute),
            Element::Minute => write!(out, "{}", self.minute),
            Element::ZeroSecond => write!(out, "{:02}", self.second),
            Element::Second => write!(out, "{}", self.second),
            Element::HalfOfDay => write!(out, "{}", if self.hour < 12 { "AM" } else { "PM" }),
            Element::HalfOfDayLower => write!(out, "{}", if self.hour < 12 { "am" } else { "pm" }),
            Element::ZoneName => write!(out, "{}", self.zone),
            Element::ZoneOrZ | Element::ZoneColonOrZ if self.offset == 0 => write!(out, "Z"),
            Element::Zone | Element::ZoneOrZ => write!(out, "{sign}{:02}{:02}", east / 60, east % 60),
            Element::ZoneColon | Element::ZoneColonOrZ => {
                write!(out, "{sign}{:02}:{:02}", east / 60, east % 60)
            }
        };
        written.expect("writing to a string");
    }

    fn fraction(self, point: &str, digits: usize, trim: bool, out: &mut String) {
        let all = format!("{:09}", self.nanosecond);
        let text = &all[..digits];
        let text = if trim { text.trim_end_matches('0') } else { text };
        if !text.is_empty() {
            out.push_str(point);
            out.push_str(text);
        }
    }
}

/// The zone of the process.
fn local_zone() -> &'static TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(|| zone(std::env::var("TZ").ok().as_deref()))
}

/// Seconds east of UTC in the zone of the process, at a moment in seconds since 1970.
pub(crate) fn local_offset(seconds: i64) -> i32 {
    local_zone().find_local_time_type(seconds).map_or(0, tz::LocalTimeType::ut_offset)
}

/// Seconds east of UTC in the zone of a name such as `Europe/Berlin`, at a moment in seconds since 1970; `None` if there
/// is no such zone.
pub(crate) fn offset_in(zone: &str, seconds: i64) -> Option<i32> {
    thread_local! {
        /// Zones that were asked for: each is a file.
        static ZONES: RefCell<HashMap<String, Option<TimeZone>>> = RefCell::default();
    }
    ZONES.with_borrow_mut(|zones| {
        if !zones.contains_key(zone) {
            if zones.len() >= MAX_ZONES {
                zones.clear();
            }
            zones.insert(zone.to_owned(), TimeZone::from_posix_tz(zone).ok());
        }
        let kind = zones[zone].as_ref()?.find_local_time_type(seconds).ok()?;
        Some(kind.ut_offset())
    })
}

/// A thread remembers as many zones: names may come from requests.
const MAX_ZONES: usize = 64;

/// The zone that `TZ` names; unset, that of the system. What names none is UTC, as in Go.
fn zone(name: Option<&str>) -> TimeZone {
    let zone = match name {
        Some(name) => TimeZone::from_posix_tz(name),
        None => TimeZone::local(),
    };
    zone.unwrap_or_else(|_| TimeZone::utc())
}

#[derive(Debug, Clone, Copy)]
enum Element {
    Year,
    ShortYear,
    MonthName,
    ShortMonthName,
    ZeroMonth,
    Month,
    DayName,
    ShortDayName,
    ZeroDay,
    SpaceDay,
    Day,
    Hour,
    ZeroHour12,
    Hour12,
    ZeroMinute,
    Minute,
    ZeroSecond,
    Second,
    HalfOfDay,
    HalfOfDayLower,
    ZoneName,
    ZoneOrZ,
    ZoneColonOrZ,
    Zone,
    ZoneColon,
}

/// Longer texts stand before their prefixes.
const ELEMENTS: &[(&str, Element)] = &[
    ("2006", Element::Year),
    ("January", Element::MonthName),
    ("Jan", Element::ShortMonthName),
    ("Monday", Element::DayName),
    ("Mon", Element::ShortDayName),
    ("MST", Element::ZoneName),
    ("Z07:00", Element::ZoneColonOrZ),
    ("Z0700", Element::ZoneOrZ),
    ("-07:00", Element::ZoneColon),
    ("-0700", Element::Zone),
    ("01", Element::ZeroMonth),
    ("02", Element::ZeroDay),
    ("03", Element::ZeroHour12),
    ("04", Element::ZeroMinute),
    ("05", Element::ZeroSecond),
    ("06", Element::ShortYear),
    ("_2", Element::SpaceDay),
    ("15", Element::Hour),
    ("1", Element::Month),
    ("2", Element::Day),
    ("3", Element::Hour12),
    ("4", Element::Minute),
    ("5", Element::Second),
    ("PM", Element::HalfOfDay),
    ("pm", Element::HalfOfDayLower),
];

/// A fraction of a second at the start of the text: its length, its digits, and whether trailing zeros are dropped.
fn fraction(text: &str) -> Option<(usize, usize, bool)> {
    let rest = text.strip_prefix(['.', ','])?;
    let digit = rest.chars().next().filter(|digit| ['0', '9'].contains(digit))?;
    let digits = rest.chars().take_while(|c| *c == digit).count().min(9);
    let ends = !rest[digits..].starts_with(|c: char| c.is_ascii_digit());
    ends.then_some((digits + 1, digits, digit == '9'))
}

/// Year, month and day of a number of days since 1970 in the Gregorian calendar: eras of 400 years, years from March.
fn civil(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Days since 1970: the opposite of [`civil`] for days that there are.
fn days(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Seconds and nanoseconds since 1970, and seconds east of UTC, of a text in the form of RFC 3339, with upper-case letters
/// only.
pub(crate) fn parse_rfc3339(text: &str) -> Option<(i64, u32, i32)> {
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok())?;
    let part = |range: std::ops::Range<usize>| number(text.get(range)?);
    for (at, mark) in [(4, '-'), (7, '-'), (10, 'T'), (13, ':'), (16, ':')] {
        text.get(at..)?.strip_prefix(mark)?;
    }
    let date = (i64::from(part(0..4)?), part(5..7)?, part(8..10)?);
    let (hour, minute, second) = (part(11..13)?, part(14..16)?, part(17..19)?);
    let mut rest = text.get(19..)?;
    let mut nanosecond = 0;
    if let Some(after) = rest.strip_prefix('.') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        nanosecond = number(&format!("{:0<9}", &after[..digits])[..9])?;
        rest = &after[digits..];
        if digits == 0 {
            return None;
        }
    }
    let offset = match rest {
        "Z" => 0,
        _ if rest.starts_with(['+', '-']) => fixed_offset(rest)?,
        _ => return None,
    };
    let days = days(date.0, date.1, date.2);
    if hour > 23 || minute > 59 || second > 59 || civil(days) != date {
        return None;
    }
    let second_of_day = hour * 3600 + minute * 60 + second;
    Some((days * 86_400 + i64::from(second_of_day) - i64::from(offset), nanosecond, offset))
}

/// Seconds of `+02:00`, `-02:00` or `02:00`.
pub(crate) fn fixed_offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let part = |text: &str| text.parse::<u8>().ok().filter(|_| text.len() == 2).map(i32::from);
    Some(sign * (part(hours)? * 3600 + part(minutes)? * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64, nanos: u32) -> Moment {
        Moment::new(UNIX_EPOCH + Duration::new(seconds, nanos))
    }

    #[test]
    fn layouts_of_go() {
        let moment = at(1_709_210_096, 123_450_000);
        let cases = [
            ("2006/01/02 15:04:05.000", "2024/02/29 12:34:56.123"),
            ("2006-01-02T15:04:05.999999999Z07:00", "2024-02-29T12:34:56.12345Z"),
            ("02/Jan/2006:15:04:05 -0700", "29/Feb/2024:12:34:56 +0000"),
            ("Mon, 02 Jan 2006 15:04:05 MST", "Thu, 29 Feb 2024 12:34:56 UTC"),
            ("Monday _2 January 06 3:04PM", "Thursday 29 February 24 12:34PM"),
            ("2006-01-02T15:04:05.000Z0700", "2024-02-29T12:34:56.123Z"),
            ("5.999", "56.123"),
        ];
        for (layout, expected) in cases {
            assert_eq!(moment.format(layout), expected, "{layout}");
        }
        assert_eq!(at(1_709_210_096, 0).format("05.999|05.000"), "56|56.000");
    }

    #[test]
    fn other_zones() {
        let since = 1_709_254_800;
        let layout = "2006-01-02 15:04 Mon -0700 -07:00 Z0700 Z07:00 MST";
        let cases = [
            (0, "UTC", "2024-03-01 01:00 Fri +0000 +00:00 Z Z UTC"),
            (-12_600, "NST", "2024-02-29 21:30 Thu -0330 -03:30 -0330 -03:30 NST"),
            (19_800, "IST", "2024-03-01 06:30 Fri +0530 +05:30 +0530 +05:30 IST"),
        ];
        for (offset, name, expected) in cases {
            assert_eq!(Moment::shifted(since, 0, offset, name).format(layout), expected);
        }
        assert_eq!(Moment::shifted(0, 0, -3600, "").format("2006 Mon 15"), "1969 Wed 23");
    }

    #[test]
    fn zones_are_named_by_tz() {
        let offset = |name, seconds| zone(Some(name)).find_local_time_type(seconds).unwrap().ut_offset();
        assert_eq!(offset("CET-1CEST,M3.5.0,M10.5.0/3", 1_709_254_800), 3600);
        assert_eq!(offset("CET-1CEST,M3.5.0,M10.5.0/3", 1_719_254_800), 7200);
        assert_eq!(offset("", 0), 0);
        assert_eq!(offset("No/Where", 0), 0);
    }

    #[test]
    fn calendar_edges() {
        assert_eq!(at(0, 0).format("2006-01-02 Mon"), "1970-01-01 Thu");
        assert_eq!(at(951_782_399, 0).format("2006-01-02"), "2000-02-28");
        assert_eq!(at(951_782_400, 0).format("2006-01-02"), "2000-02-29");
        assert_eq!(at(4_107_542_400, 0).format("2006-01-02"), "2100-03-01");
        assert_eq!(at(1_709_210_096, 0).day_of_year(), 59);
        for day in [-719_162, -1, 0, 59, 11_016, 47_541, 2_932_896] {
            let (year, month, date) = civil(day);
            assert_eq!(days(year, month, date), day);
        }
    }

    #[test]
    fn reading_rfc3339() {
        for (text, moment) in [
            ("1970-01-01T00:00:00Z", Some((0, 0, 0))),
            ("2024-02-29T12:34:56.5+02:00", Some((1_709_202_896, 500_000_000, 7200))),
            ("1969-12-31T23:59:59.000000001-00:30", Some((1799, 1, -1800))),
            ("2023-02-29T12:34:56Z", None),
            ("2024-02-29T24:00:00Z", None),
            ("2024-02-29T12:34:56.Z", None),
            ("2024-02-29t12:34:56Z", None),
            ("2024-02-29T12:34:56", None),
            ("2024-02-29T12:34:5é", None),
        ] {
            assert_eq!(parse_rfc3339(text), moment, "{text}");
        }
    }
}
