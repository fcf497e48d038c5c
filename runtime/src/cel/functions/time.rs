//! Moments and durations.

use std::{
    cmp::Ordering,
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{Function, Result, convert::impossible, function};
use crate::{
    cel::{evaluate::Failure, value::Value},
    time::{self, Moment},
};

const NANOSECONDS: i128 = 1_000_000_000;
/// The years 1 to 9999, in seconds since 1970.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// A moment, and the zone that it was told in.
#[derive(Debug, Clone, Copy)]
pub(in crate::cel) struct Timestamp {
    /// Since 1970.
    seconds: i64,
    nanosecond: u32,
    /// Seconds east of UTC.
    offset: i32,
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
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
        self.nanoseconds().cmp(&other.nanoseconds())
    }
}

impl Timestamp {
    fn new(nanoseconds: i128, offset: i32) -> Result<Self> {
        let seconds = i64::try_from(nanoseconds.div_euclid(NANOSECONDS)).ok();
        let seconds = seconds.filter(|seconds| RANGE.contains(seconds));
        let seconds = seconds.ok_or_else(|| Failure::new("timestamp overflow"))?;
        Ok(Self { seconds, nanosecond: nanoseconds.rem_euclid(NANOSECONDS) as u32, offset })
    }

    /// A time of the clock, in the zone of the process.
    pub(in crate::cel) fn local(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or_default();
        Self { seconds, nanosecond: since_epoch.subsec_nanos(), offset: time::local_offset(seconds) }
    }

    /// Since 1970.
    pub(super) fn seconds(self) -> i64 {
        self.seconds
    }

    /// Since 1970.
    pub(super) fn nanoseconds(self) -> i128 {
        i128::from(self.seconds) * NANOSECONDS + i128::from(self.nanosecond)
    }

    pub(super) fn in_utc(self) -> Self {
        Self { offset: 0, ..self }
    }

    fn moment(self) -> Moment {
        Moment::shifted(self.seconds, self.nanosecond, self.offset, "")
    }
}

/// RFC 3339 with as many digits as there are.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.moment().format("2006-01-02T15:04:05.999999999Z07:00"))
    }
}

/// A moment that much later, in nanoseconds.
pub(super) fn shifted(moment: Timestamp, by: i128) -> Result {
    Timestamp::new(moment.nanoseconds() + by, moment.offset).map(Value::Timestamp)
}

/// The conversion to a moment.
pub(super) fn timestamp(args: &[Value]) -> Result {
    let moment = match &args[0] {
        Value::Timestamp(moment) => Ok(*moment),
        Value::Int(seconds) => Timestamp::new(i128::from(*seconds) * NANOSECONDS, 0),
        Value::String(text) => {
            let (seconds, nanosecond, offset) =
                time::parse_rfc3339(text).ok_or_else(|| impossible(&args[0], "google.protobuf.Timestamp"))?;
            Timestamp::new(i128::from(seconds) * NANOSECONDS + i128::from(nanosecond), offset)
        }
        other => Err(impossible(other, "timestamp")),
    };
    moment.map(Value::Timestamp)
}

const DATE: &[&str] = &["timestamp.() int", "timestamp.(string) int"];
const TIME: &[&str] = &["timestamp.() int", "timestamp.(string) int", "duration.() int"];

pub(super) const FUNCTIONS: &[Function] = &[
    function("getFullYear", DATE, |args| date(args, |moment| moment.year)),
    function("getMonth", DATE, |args| date(args, |moment| i64::from(moment.month) - 1)),
    function("getDate", DATE, |args| date(args, |moment| moment.day.into())),
    function("getDayOfMonth", DATE, |args| date(args, |moment| i64::from(moment.day) - 1)),
    function("getDayOfWeek", DATE, |args| date(args, |moment| moment.weekday.into())),
    function("getDayOfYear", DATE, |args| date(args, Moment::day_of_year)),
    function("getHours", TIME, |args| clock(args, |moment| moment.hour.into(), 3_600_000_000_000)),
    function("getMinutes", TIME, |args| clock(args, |moment| moment.minute.into(), 60_000_000_000)),
    function("getSeconds", TIME, |args| clock(args, |moment| moment.second.into(), 1_000_000_000)),
    function("getMilliseconds", TIME, |args| {
        clock(args, |moment| i64::from(moment.nanosecond / 1_000_000), 1_000_000)
    }),
];

/// A part of a moment, in UTC or in the zone of the second argument.
fn date(args: &[Value], part: fn(Moment) -> i64) -> Result {
    let Value::Timestamp(moment) = args[0] else { return Err(Failure::no_such_overload()) };
    let offset = match args.get(1) {
        None => 0,
        Some(Value::String(zone)) if zone.is_empty() => 0,
        Some(Value::String(zone)) => time::fixed_offset(zone)
            .or_else(|| time::offset_in(zone, moment.seconds))
            .ok_or_else(|| Failure::new(format!("unknown time zone {zone}")))?,
        Some(_) => return Err(Failure::no_such_overload()),
    };
    Ok(Value::Int(part(Timestamp { offset, ..moment }.moment())))
}

/// A part of a moment, or all of a duration in units of so many nanoseconds.
fn clock(args: &[Value], part: fn(Moment) -> i64, unit: i64) -> Result {
    match args {
        [Value::Duration(nanoseconds)] => Ok(Value::Int(nanoseconds / unit)),
        _ => date(args, part),
    }
}
