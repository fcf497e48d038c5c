//! The lines that the encoders `console` and `json` share.

use caddis_config::logging::encoders::{Console, Json};

use crate::{
    args::{Args, Value},
    table::{Row, Shape, row},
};

/// Keys and formats of one of the two types, which have the same fields.
macro_rules! rows {
    ($type:ty) => {
        &[
            row("message_key", Shape::One("key"), |to: &mut $type, line, _| {
                to.message_key = Some(line.one()?.string());
                Ok(())
            }),
            row("level_key", Shape::One("key"), |to, line, _| {
                to.level_key = Some(line.one()?.string());
                Ok(())
            }),
            row("time_key", Shape::One("key"), |to, line, _| {
                to.time_key = Some(line.one()?.string());
                Ok(())
            }),
            row("name_key", Shape::One("key"), |to, line, _| {
                to.name_key = Some(line.one()?.string());
                Ok(())
            }),
            row("caller_key", Shape::One("key"), |to, line, _| {
                to.caller_key = Some(line.one()?.string());
                Ok(())
            }),
            row("stacktrace_key", Shape::One("key"), |to, line, _| {
                to.stacktrace_key = Some(line.one()?.string());
                Ok(())
            }),
            row("line_ending", Shape::One("text"), |to, line, _| {
                to.line_ending = Some(line.one()?.string());
                Ok(())
            }),
            row("time_format", Shape::One("format"), |to, line, _| {
                to.time_format = line.one()?.string();
                Ok(())
            }),
            row("time_local", Shape::Flag, |to, _, _| {
                to.time_local = true;
                Ok(())
            }),
            row("duration_format", Shape::One("format"), |to, line, _| {
                to.duration_format = line.one()?.string();
                Ok(())
            }),
            row("level_format", Shape::One("format"), |to, line, _| {
                to.level_format = line.one()?.string();
                Ok(())
            }),
        ]
    };
}

pub(crate) static CONSOLE: &[Row<Console>] = rows!(Console);
pub(crate) static JSON: &[Row<Json>] = rows!(Json);
