//! Operators.

use std::{cmp::Ordering, sync::Arc};

use super::{Function, INTEGERS, Result, function, time};
use crate::cel::{evaluate::Failure, value::Value};

const ORDER: &[&str] = &[
    "(bool, bool) bool",
    "(int, int) bool",
    "(uint, uint) bool",
    "(double, double) bool",
    "(string, string) bool",
    "(bytes, bytes) bool",
    "(timestamp, timestamp) bool",
    "(duration, duration) bool",
];
const NUMBERS: &[&str] = &["(double, double) double", "(int, int) int", "(uint, uint) uint"];

pub(super) const FUNCTIONS: &[Function] = &[
    function("!_", &["(bool) bool"], not),
    function("-_", &["(double) double", "(int) int"], negate),
    function("_==_", &["(A, A) bool"], |args| Ok(Value::Bool(args[0].equals(&args[1])))),
    function("_!=_", &["(A, A) bool"], |args| Ok(Value::Bool(!args[0].equals(&args[1])))),
    function("_<_", ORDER, |args| compare(args, Ordering::is_lt)),
    function("_<=_", ORDER, |args| compare(args, Ordering::is_le)),
    function("_>_", ORDER, |args| compare(args, Ordering::is_gt)),
    function("_>=_", ORDER, |args| compare(args, Ordering::is_ge)),
    function(
        "_+_",
        &[
            "(bytes, bytes) bytes",
            "(double, double) double",
            "(duration, duration) duration",
            "(duration, timestamp) timestamp",
            "(timestamp, duration) timestamp",
            "(int, int) int",
            "(list(A), list(A)) list(A)",
            "(string, string) string",
            "(uint, uint) uint",
        ],
        add,
    ),
    function(
        "_-_",
        &[
            "(double, double) double",
            "(duration, duration) duration",
            "(int, int) int",
            "(timestamp, duration) timestamp",
            "(timestamp, timestamp) duration",
            "(uint, uint) uint",
        ],
        subtract,
    ),
    function("_*_", NUMBERS, |args| {
        numbers(args, i64::checked_mul, u64::checked_mul, |left, right| left * right)
    }),
    function("_/_", NUMBERS, |args| {
        if matches!(args[1], Value::Int(0) | Value::Uint(0)) {
            return Err(Failure::new("division by zero"));
        }
        numbers(args, i64::checked_div, u64::checked_div, |left, right| left / right)
    }),
    function("_%_", INTEGERS, |args| {
        if matches!(args[1], Value::Int(0) | Value::Uint(0)) {
            return Err(Failure::new("modulus by zero"));
        }
        integers(args, i64::checked_rem, u64::checked_rem)
    }),
    function("_[_]", &["(list(A), int) A", "(map(A, B), A) B"], index),
    function("@in", &["(A, list(A)) bool", "(A, map(A, B)) bool"], contained),
];

fn not(args: &[Value]) -> Result {
    match &args[0] {
        Value::Bool(value) => Ok(Value::Bool(!value)),
        _ => Err(Failure::no_such_overload()),
    }
}

fn overflow() -> Failure {
    Failure::new("integer overflow")
}

fn unsigned_overflow() -> Failure {
    Failure::new("unsigned integer overflow")
}

fn negate(args: &[Value]) -> Result {
    match &args[0] {
        Value::Int(number) => number.checked_neg().map(Value::Int).ok_or_else(overflow),
        Value::Double(number) => Ok(Value::Double(-number)),
        _ => Err(Failure::no_such_overload()),
    }
}

fn compare(args: &[Value], holds: fn(Ordering) -> bool) -> Result {
    if !args[0].is_comparable_with(&args[1]) {
        return Err(Failure::no_such_overload());
    }
    Ok(Value::Bool(args[0].order(&args[1]).is_some_and(holds)))
}

type Of<T> = fn(T, T) -> Option<T>;

fn integers(args: &[Value], int: Of<i64>, uint: Of<u64>) -> Result {
    match (&args[0], &args[1]) {
        (Value::Int(left), Value::Int(right)) => int(*left, *right).map(Value::Int).ok_or_else(overflow),
        (Value::Uint(left), Value::Uint(right)) => {
            uint(*left, *right).map(Value::Uint).ok_or_else(unsigned_overflow)
        }
        _ => Err(Failure::no_such_overload()),
    }
}

fn numbers(args: &[Value], int: Of<i64>, uint: Of<u64>, double: fn(f64, f64) -> f64) -> Result {
    match (&args[0], &args[1]) {
        (Value::Double(left), Value::Double(right)) => Ok(Value::Double(double(*left, *right))),
        _ => integers(args, int, uint),
    }
}

fn add(args: &[Value]) -> Result {
    Ok(match (&args[0], &args[1]) {
        (Value::String(left), Value::String(right)) => Value::string(format!("{left}{right}")),
        (Value::Bytes(left), Value::Bytes(right)) => Value::Bytes([&**left, &**right].concat().into()),
        (Value::List(left), Value::List(right)) => Value::list(left.iter().chain(&**right).cloned()),
        (Value::Duration(left), Value::Duration(right)) => {
            Value::Duration(left.checked_add(*right).ok_or_else(overflow)?)
        }
        (Value::Timestamp(moment), Value::Duration(duration))
        | (Value::Duration(duration), Value::Timestamp(moment)) => {
            time::shifted(*moment, i128::from(*duration))?
        }
        _ => return numbers(args, i64::checked_add, u64::checked_add, |left, right| left + right),
    })
}

fn subtract(args: &[Value]) -> Result {
    Ok(match (&args[0], &args[1]) {
        (Value::Duration(left), Value::Duration(right)) => {
            Value::Duration(left.checked_sub(*right).ok_or_else(overflow)?)
        }
        (Value::Timestamp(moment), Value::Duration(duration)) => {
            time::shifted(*moment, -i128::from(*duration))?
        }
        (Value::Timestamp(left), Value::Timestamp(right)) => {
            let apart = left.nanoseconds() - right.nanoseconds();
            Value::Duration(i64::try_from(apart).map_err(|_| overflow())?)
        }
        _ => return numbers(args, i64::checked_sub, u64::checked_sub, |left, right| left - right),
    })
}

fn index(args: &[Value]) -> Result {
    match &args[0] {
        Value::List(members) => {
            let index = position(&args[1])?;
            let member = usize::try_from(index).ok().and_then(|index| members.get(index));
            member.cloned().ok_or_else(|| Failure::new(format!("index out of bounds: {index}")))
        }
        map @ Value::Map(_) => map.get(&args[1]).cloned().ok_or_else(|| Failure::new("no such key")),
        _ => Err(Failure::no_such_overload()),
    }
}

/// Whole numbers of any type.
fn position(value: &Value) -> Result<i64> {
    match value {
        Value::Int(index) => Ok(*index),
        Value::Uint(index) => i64::try_from(*index).map_err(|_| Failure::new("index out of bounds")),
        Value::Double(index) if index.fract() == 0.0 && index.abs() < 9e15 => Ok(*index as i64),
        other => Err(Failure::new(format!("unsupported index type '{}' in list", other.type_name()))),
    }
}

fn contained(args: &[Value]) -> Result {
    let within: &Arc<[Value]> = match &args[1] {
        Value::List(members) => members,
        map @ Value::Map(_) => return Ok(Value::Bool(map.get(&args[0]).is_some())),
        _ => return Err(Failure::no_such_overload()),
    };
    Ok(Value::Bool(within.iter().any(|member| member.equals(&args[0]))))
}
