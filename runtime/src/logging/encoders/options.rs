//! What encoders have in common: keys, and the forms of times, durations and levels.

use std::time::Duration;

use caddis_config::logging::encoders::{Console, Json};

use super::super::{Field, Level};
use crate::time::Moment;

/// Names and forms. An empty key leaves its part out.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(super) message: String,
    pub(super) level: String,
    pub(super) time: String,
    pub(super) name: String,
    pub(super) line_ending: String,
    time_form: TimeForm,
    /// In the zone of the process instead of UTC.
    local: bool,
    duration_form: DurationForm,
    level_form: LevelForm,
}

#[derive(Debug, Clone)]
enum TimeForm {
    UnixSeconds,
    UnixMillis,
    UnixNanos,
    Layout(String),
}

#[derive(Debug, Clone, Copy)]
enum DurationForm {
    Seconds,
    Millis,
    Nanos,
    Text,
}

#[derive(Debug, Clone, Copy)]
enum LevelForm {
    Lower,
    Upper,
    Color,
}

const WALL_MILLI: &str = "2006/01/02 15:04:05.000";

impl Options {
    /// Caddy's defaults for JSON.
    pub(super) fn json() -> Self {
        Self {
            message: "msg".into(),
            level: "level".into(),
            time: "ts".into(),
            name: "logger".into(),
            line_ending: "\n".into(),
            time_form: TimeForm::UnixSeconds,
            local: false,
            duration_form: DurationForm::Seconds,
            level_form: LevelForm::Lower,
        }
    }

    /// Caddy's defaults for text.
    pub(super) fn console(color: bool) -> Self {
        Self {
            time_form: TimeForm::Layout(WALL_MILLI.into()),
            level_form: if color { LevelForm::Color } else { LevelForm::Upper },
            ..Self::json()
        }
    }

    pub(super) fn from_json(config: &Json) -> Self {
        let mut options = Self::json();
        options.keys(
            [&config.message_key, &config.level_key, &config.time_key, &config.name_key],
            &config.line_ending,
        );
        options
            .forms([&config.time_format, &config.duration_format, &config.level_format], config.time_local);
        options
    }

    pub(super) fn from_console(config: &Console) -> Self {
        // Unlike the fallback, a console encoder that was asked for is coloured wherever it writes to.
        let mut options = Self::console(true);
        options.keys(
            [&config.message_key, &config.level_key, &config.time_key, &config.name_key],
            &config.line_ending,
        );
        options
            .forms([&config.time_format, &config.duration_format, &config.level_format], config.time_local);
        options
    }

    fn keys(&mut self, [message, level, time, name]: [&Option<String>; 4], line_ending: &Option<String>) {
        for (key, configured) in [
            (&mut self.message, message),
            (&mut self.level, level),
            (&mut self.time, time),
            (&mut self.name, name),
            (&mut self.line_ending, line_ending),
        ] {
            if let Some(configured) = configured {
                key.clone_from(configured);
            }
        }
    }

    fn forms(&mut self, [time, duration, level]: [&String; 3], local: bool) {
        self.local = local;
        let layout = |text: &str| TimeForm::Layout(text.to_owned());
        match time.as_str() {
            "" => {}
            "unix_seconds_float" => self.time_form = TimeForm::UnixSeconds,
            "unix_milli_float" => self.time_form = TimeForm::UnixMillis,
            "unix_nano" => self.time_form = TimeForm::UnixNanos,
            "iso8601" => self.time_form = layout("2006-01-02T15:04:05.000Z0700"),
            "rfc3339" => self.time_form = layout("2006-01-02T15:04:05Z07:00"),
            "rfc3339_nano" => self.time_form = layout("2006-01-02T15:04:05.999999999Z07:00"),
            "wall" => self.time_form = layout("2006/01/02 15:04:05"),
            "wall_milli" => self.time_form = layout(WALL_MILLI),
            "wall_nano" => self.time_form = layout("2006/01/02 15:04:05.000000000"),
            "common_log" => self.time_form = layout("02/Jan/2006:15:04:05 -0700"),
            other => self.time_form = layout(other),
        }
        self.duration_form = match duration.as_str() {
            "ns" | "nano" | "nanos" => DurationForm::Nanos,
            "ms" | "milli" | "millis" => DurationForm::Millis,
            "string" => DurationForm::Text,
            _ => DurationForm::Seconds,
        };
        match level.as_str() {
            "lower" => self.level_form = LevelForm::Lower,
            "upper" => self.level_form = LevelForm::Upper,
            "color" => self.level_form = LevelForm::Color,
            _ => {}
        }
    }

    /// The time as a value.
    pub(super) fn time_value(&self, time: Moment) -> Field {
        match &self.time_form {
            TimeForm::UnixSeconds => Field::Float(time.unix_nanos() as f64 / 1e9),
            TimeForm::UnixMillis => Field::Float(time.unix_nanos() as f64 / 1e6),
            TimeForm::UnixNanos => Field::Int(time.unix_nanos()),
            TimeForm::Layout(layout) if self.local => Field::String(time.local().format(layout)),
            TimeForm::Layout(layout) => Field::String(time.format(layout)),
        }
    }

    /// A duration as a value.
    pub(super) fn duration_value(&self, duration: Duration) -> Field {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        match self.duration_form {
            DurationForm::Seconds => Field::Float(nanos as f64 / 1e9),
            DurationForm::Millis => Field::Int(nanos / 1_000_000),
            DurationForm::Nanos => Field::Int(nanos),
            DurationForm::Text => Field::String(caddis_config::go::duration::format(nanos)),
        }
    }

    /// The level as text.
    pub(super) fn level_text(&self, level: Level) -> &'static str {
        match (self.level_form, level) {
            (LevelForm::Lower, Level::Debug) => "debug",
            (LevelForm::Lower, Level::Info) => "info",
            (LevelForm::Lower, Level::Warn) => "warn",
            (LevelForm::Lower, Level::Error) => "error",
            (LevelForm::Upper, Level::Debug) => "DEBUG",
            (LevelForm::Upper, Level::Info) => "INFO",
            (LevelForm::Upper, Level::Warn) => "WARN",
            (LevelForm::Upper, Level::Error) => "ERROR",
            (LevelForm::Color, Level::Debug) => "\u{1b}[35mDEBUG\u{1b}[0m",
            (LevelForm::Color, Level::Info) => "\u{1b}[34mINFO\u{1b}[0m",
            (LevelForm::Color, Level::Warn) => "\u{1b}[33mWARN\u{1b}[0m",
            (LevelForm::Color, Level::Error) => "\u{1b}[31mERROR\u{1b}[0m",
        }
    }
}
