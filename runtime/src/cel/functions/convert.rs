//! Conversions between types.

use caddis_config::go;

use super::{Function, Result, function, time};
use crate::cel::{evaluate::Failure, value::Value};

pub(super) const FUNCTIONS: &[Function] = &[
    function("bool", &["(bool) bool", "(string) bool"], bool),
    function("bytes", &["(bytes) bytes", "(string) bytes"], bytes),
    function("double", &["(double) double", "(int) double", "(string) double", "(uint) double"], double),
    function("duration", &["(duration) duration", "(string) duration"], duration),
    function("dyn", &["(A) dyn"], |args| Ok(args[0].clone())),
    function(
        "int",
        &["(int) int", "(double) int", "(duration) int", "(string) int", "(timestamp) int", "(uint) int"],
        int,
    ),
    function(
        "string",
        &[
            "(string) string",
            "(bool) string",
            "(bytes) string",
            "(double) string",
            "(duration) string",
            "(int) string",
            "(timestamp) string",
            "(uint) string",
        ],
        string,
    ),
    function(
        "timestamp",
        &["(timestamp) timestamp", "(int) timestamp", "(string) timestamp"],
        time::timestamp,
    ),
    function("type", &["(A) type(A)"], |args| Ok(Value::Type(args[0].type_name()))),
    function("uint", &["(uint) uint", "(double) uint", "(int) uint", "(string) uint"], uint),
];

/// The message for a text that says something else.
pub(super) fn impossible(from: &Value, to: &str) -> Failure {
    match from {
        Value::String(_) => Failure::new(format!("type conversion error from 'string' to '{to}'")),
        other => Failure::new(format!("no such overload: {to}({})", other.type_name())),
    }
}

fn bool(args: &[Value]) -> Result {
    match &args[0] {
        Value::Bool(value) => Ok(Value::Bool(*value)),
        Value::String(text) => {
            go::number::parse_bool(text).map(Value::Bool).map_err(|_| impossible(&args[0], "bool"))
        }
        other => Err(impossible(other, "bool")),
    }
}

fn bytes(args: &[Value]) -> Result {
    match &args[0] {
        Value::Bytes(bytes) => Ok(Value::Bytes(bytes.clone())),
        Value::String(text) => Ok(Value::Bytes(text.as_bytes().into())),
        other => Err(impossible(other, "bytes")),
    }
}

fn double(args: &[Value]) -> Result {
    match &args[0] {
        Value::Double(number) => Ok(Value::Double(*number)),
        Value::Int(number) => Ok(Value::Double(*number as f64)),
        Value::Uint(number) => Ok(Value::Double(*number as f64)),
        Value::String(text) => {
            go::number::parse_float(text).map(Value::Double).map_err(|_| impossible(&args[0], "double"))
        }
        other => Err(impossible(other, "double")),
    }
}

fn duration(args: &[Value]) -> Result {
    match &args[0] {
        Value::Duration(duration) => Ok(Value::Duration(*duration)),
        Value::String(text) => go::duration::parse_go(text)
            .map(Value::Duration)
            .map_err(|_| impossible(&args[0], "google.protobuf.Duration")),
        other => Err(impossible(other, "duration")),
    }
}

fn int(args: &[Value]) -> Result {
    let overflow = || Failure::new("integer overflow");
    match &args[0] {
        Value::Int(number) => Ok(Value::Int(*number)),
        Value::Uint(number) => i64::try_from(*number).map(Value::Int).map_err(|_| overflow()),
        // The bounds themselves are not safe to convert.
        Value::Double(number) if number.is_nan() || number.abs() >= i64::MAX as f64 => Err(overflow()),
        Value::Double(number) => Ok(Value::Int(*number as i64)),
        Value::Duration(nanoseconds) => Ok(Value::Int(*nanoseconds)),
        Value::Timestamp(moment) => Ok(Value::Int(moment.seconds())),
        Value::String(text) => text.parse().map(Value::Int).map_err(|_| impossible(&args[0], "int")),
        other => Err(impossible(other, "int")),
    }
}

fn uint(args: &[Value]) -> Result {
    let overflow = || Failure::new("unsigned integer overflow");
    match &args[0] {
        Value::Uint(number) => Ok(Value::Uint(*number)),
        Value::Int(number) => u64::try_from(*number).map(Value::Uint).map_err(|_| overflow()),
        Value::Double(number) if !(0.0..u64::MAX as f64).contains(number) => Err(overflow()),
        Value::Double(number) => Ok(Value::Uint(*number as u64)),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().map(Value::Uint).map_err(|_| impossible(&args[0], "uint"))
        }
        other => Err(impossible(other, "uint")),
    }
}

fn string(args: &[Value]) -> Result {
    Ok(match &args[0] {
        Value::String(text) => Value::String(text.clone()),
        Value::Bool(value) => Value::string(value.to_string()),
        Value::Int(number) => Value::string(number.to_string()),
        Value::Uint(number) => Value::string(number.to_string()),
        Value::Double(number) => Value::string(go::float::general(*number)),
        Value::Bytes(bytes) => Value::string(
            std::str::from_utf8(bytes)
                .map_err(|_| Failure::new("invalid UTF-8 in bytes, cannot convert to string"))?,
        ),
        Value::Duration(nanoseconds) => Value::string(go::duration::seconds(*nanoseconds)),
        Value::Timestamp(moment) => Value::string(moment.to_string()),
        other => return Err(impossible(other, "string")),
    })
}
