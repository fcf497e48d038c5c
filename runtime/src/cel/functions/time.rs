//! Moments and durations.

use std::{cmp::Ordering, fmt};

use super::{Result, convert::impossible};
use crate::{
    cel::{
        evaluate::{Failure, Function},
        value::Value,
    },
    time,
};

const NANOSECONDS: i128 = 1_000_000_000;
/// The years 1 to 9999, in seconds since 1970.
const RANGE: std::ops::RangeInclusive<i128> = -62_135_596_800..=253_402_300_799;

/// A moment, and the zone that it was told in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timestamp {
    /// Since 1970.
    pub(crate) nanoseconds: i128,
    /// Seconds east of UTC.
    pub(crate) offset: i32,
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.nanoseconds == other.nanoseconds
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanoseconds.cmp(&other.nanoseconds)
    }
}

impl Timestamp {
    /// Since 1970.
    pub(super) fn seconds(self) -> i64 {
        i64::try_from(self.nanoseconds.div_euclid(NANOSECONDS)).unwrap_or_default()
    }

    /// Days since 1970, and seconds of the day, as clocks of the zone show them.
    fn local(self) -> (i64, i64) {
        let seconds = self.seconds() + i64::from(self.offset);
        (seconds.div_euclid(86_400), seconds.rem_euclid(86_400))
    }
}

/// RFC 3339 with as many digits as there are.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = self.local();
        let (year, month, day) = time::civil(days);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60
        )?;
        let fraction = format!("{:09}", self.nanoseconds.rem_euclid(NANOSECONDS));
        let fraction = fraction.trim_end_matches('0');
        if !fraction.is_empty() {
            write!(f, ".{fraction}")?;
        }
        if self.offset == 0 {
            return f.write_str("Z");
        }
        let minutes = self.offset.abs() / 60;
        write!(f, "{}{:02}:{:02}", if self.offset < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
    }
}

/// Seconds east of UTC in the zone of the process, now.
pub(in crate::cel) fn local_offset() -> i32 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    time::local_offset(i64::try_from(now.as_secs()).unwrap_or_default())
}

/// `5400s`: seconds with as many digits as there are.
pub(super) fn seconds(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let nanoseconds = nanoseconds.unsigned_abs();
    let fraction = format!("{:09}", nanoseconds % 1_000_000_000);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}s", nanoseconds / 1_000_000_000)
}

fn checked(nanoseconds: i128, offset: i32) -> Result {
    if RANGE.contains(&nanoseconds.div_euclid(NANOSECONDS)) {
        Ok(Value::Timestamp(Timestamp { nanoseconds, offset }))
    } else {
        Err(Failure::new("timestamp overflow"))
    }
}

/// A moment that much later, in nanoseconds.
pub(super) fn shifted(moment: Timestamp, by: i128) -> Result {
    checked(moment.nanoseconds + by, moment.offset)
}

/// The conversion to a moment.
pub(super) fn timestamp(args: &[Value]) -> Result {
    match &args[0] {
        Value::Timestamp(moment) => Ok(Value::Timestamp(*moment)),
        Value::Int(seconds) => checked(i128::from(*seconds) * NANOSECONDS, 0),
        Value::String(text) => {
            let (nanoseconds, offset) =
                parse(text).ok_or_else(|| impossible(&args[0], "google.protobuf.Timestamp"))?;
            checked(nanoseconds, offset)
        }
        other => Err(impossible(other, "timestamp")),
    }
}

/// RFC 3339, with upper-case letters only.
fn parse(text: &str) -> Option<(i128, i32)> {
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok())?;
    let part = |range: std::ops::Range<usize>| number(text.get(range)?);
    for (at, mark) in [(4, '-'), (7, '-'), (10, 'T'), (13, ':'), (16, ':')] {
        text.get(at..)?.strip_prefix(mark)?;
    }
    let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
    let (hour, minute, second) = (part(11..13)?, part(14..16)?, part(17..19)?);
    let mut rest = text.get(19..)?;
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix('.') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        fraction = i128::from(number(&format!("{:0<9}", &after[..digits])[..9])?);
        rest = &after[digits..];
        if digits == 0 {
            return None;
        }
    }
    let offset = if rest == "Z" { 0 } else { fixed_offset(rest).filter(|_| rest.starts_with(['+', '-']))? };
    let days = days(year, month, day);
    if hour > 23 || minute > 59 || second > 59 || time::civil(days) != (year, month as u32, day as u32) {
        return None;
    }
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - i64::from(offset);
    Some((i128::from(seconds) * NANOSECONDS + fraction, offset))
}

/// Days since 1970: the opposite of [`time::civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `+02:00`, `-02:00`, `02:00`.
fn fixed_offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let part = |text: &str| text.parse::<u8>().ok().filter(|_| text.len() == 2).map(i32::from);
    Some(sign * (part(hours)? * 3600 + part(minutes)? * 60))
}

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "getFullYear" => |args| date(args, |moment| time::civil(moment.local().0).0),
        "getMonth" => |args| date(args, |moment| i64::from(time::civil(moment.local().0).1) - 1),
        "getDate" => |args| date(args, |moment| i64::from(time::civil(moment.local().0).2)),
        "getDayOfMonth" => |args| date(args, |moment| i64::from(time::civil(moment.local().0).2) - 1),
        "getDayOfWeek" => |args| date(args, |moment| (moment.local().0 + 4).rem_euclid(7)),
        "getDayOfYear" => |args| {
            date(args, |moment| {
                let day = moment.local().0;
                day - days(time::civil(day).0, 1, 1)
            })
        },
        "getHours" => |args| clock(args, |moment| moment.local().1 / 3600, 3_600_000_000_000),
        "getMinutes" => |args| clock(args, |moment| moment.local().1 / 60 % 60, 60_000_000_000),
        "getSeconds" => |args| clock(args, |moment| moment.local().1 % 60, 1_000_000_000),
        "getMilliseconds" => |args| {
            let milliseconds =
                |moment: Timestamp| moment.nanoseconds.rem_euclid(NANOSECONDS) as i64 / 1_000_000;
            clock(args, milliseconds, 1_000_000)
        },
        _ => return None,
    })
}

/// A part of a moment, in UTC or in the zone of the second argument.
fn date(args: &[Value], part: fn(Timestamp) -> i64) -> Result {
    let Value::Timestamp(moment) = args[0] else { return Err(Failure::no_such_overload()) };
    let offset = match args.get(1) {
        None => 0,
        Some(Value::String(zone)) if zone.is_empty() => 0,
        Some(Value::String(zone)) => fixed_offset(zone)
            .or_else(|| time::offset_in(zone, moment.seconds()))
            .ok_or_else(|| Failure::new(format!("unknown time zone {zone}")))?,
        Some(_) => return Err(Failure::no_such_overload()),
    };
    Ok(Value::Int(part(Timestamp { offset, ..moment })))
}

/// A part of a moment, or all of a duration in units of so many nanoseconds.
fn clock(args: &[Value], part: fn(Timestamp) -> i64, unit: i64) -> Result {
    match args {
        [Value::Duration(nanoseconds)] => Ok(Value::Int(nanoseconds / unit)),
        _ => date(args, part),
    }
}
