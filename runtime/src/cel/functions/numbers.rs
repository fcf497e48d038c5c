//! The functions of `math`.

use std::cmp::Ordering;

use super::{Function, INTEGERS, Result, function};
use crate::cel::{evaluate::Failure, value::Value};

const EXTREME: &[&str] = &[
    "(double) double",
    "(int) int",
    "(uint) uint",
    "(double, double) double",
    "(int, int) int",
    "(uint, uint) uint",
    "(int, uint) dyn",
    "(int, double) dyn",
    "(double, int) dyn",
    "(double, uint) dyn",
    "(uint, int) dyn",
    "(uint, double) dyn",
    "(list(double)) double",
    "(list(int)) int",
    "(list(uint)) uint",
];
const NUMBER: &[&str] = &["(double) double", "(int) int", "(uint) uint"];
const ROUND: &[&str] = &["(double) double"];
const TEST: &[&str] = &["(double) bool"];
const SHIFT: &[&str] = &["(int, int) int", "(uint, int) uint"];

pub(super) const FUNCTIONS: &[Function] = &[
    function("math.@min", EXTREME, |args| extreme(args, Ordering::Less)),
    function("math.@max", EXTREME, |args| extreme(args, Ordering::Greater)),
    function("math.ceil", ROUND, |args| double(args, |number| Value::Double(number.ceil()))),
    function("math.floor", ROUND, |args| double(args, |number| Value::Double(number.floor()))),
    function("math.round", ROUND, |args| double(args, |number| Value::Double(number.round()))),
    function("math.trunc", ROUND, |args| double(args, |number| Value::Double(number.trunc()))),
    function("math.isInf", TEST, |args| double(args, |number| Value::Bool(number.is_infinite()))),
    function("math.isNaN", TEST, |args| double(args, |number| Value::Bool(number.is_nan()))),
    function("math.isFinite", TEST, |args| double(args, |number| Value::Bool(number.is_finite()))),
    function("math.abs", NUMBER, abs),
    function("math.sign", NUMBER, sign),
    function("math.sqrt", &["(double) double", "(int) double", "(uint) double"], sqrt),
    function("math.bitAnd", INTEGERS, |args| bits(args, |left, right| left & right)),
    function("math.bitOr", INTEGERS, |args| bits(args, |left, right| left | right)),
    function("math.bitXor", INTEGERS, |args| bits(args, |left, right| left ^ right)),
    function("math.bitNot", &["(int) int", "(uint) uint"], |args| match &args[0] {
        Value::Int(number) => Ok(Value::Int(!number)),
        Value::Uint(number) => Ok(Value::Uint(!number)),
        _ => Err(Failure::no_such_overload()),
    }),
    function("math.bitShiftLeft", SHIFT, |args| shift(args, u64::checked_shl)),
    function("math.bitShiftRight", SHIFT, |args| shift(args, u64::checked_shr)),
];

fn extreme(args: &[Value], wanted: Ordering) -> Result {
    let numbers = match args {
        [Value::List(members)] => members,
        args => args,
    };
    if !numbers.iter().all(Value::is_number) {
        return Err(Failure::no_such_overload());
    }
    let better =
        |best: Value, next: &Value| if next.order(&best) == Some(wanted) { next.clone() } else { best };
    match numbers.split_first() {
        Some((first, rest)) => Ok(rest.iter().fold(first.clone(), better)),
        None => Err(Failure::new("argument must not be empty")),
    }
}

fn double(args: &[Value], of: fn(f64) -> Value) -> Result {
    match &args[0] {
        Value::Double(number) => Ok(of(*number)),
        _ => Err(Failure::no_such_overload()),
    }
}

fn abs(args: &[Value]) -> Result {
    match &args[0] {
        Value::Double(number) => Ok(Value::Double(number.abs())),
        Value::Int(number) => {
            number.checked_abs().map(Value::Int).ok_or_else(|| Failure::new("integer overflow"))
        }
        Value::Uint(number) => Ok(Value::Uint(*number)),
        _ => Err(Failure::no_such_overload()),
    }
}

fn sign(args: &[Value]) -> Result {
    match &args[0] {
        Value::Double(number) if *number == 0.0 => Ok(Value::Double(0.0)),
        // The sign of what is no number is none either.
        Value::Double(number) => Ok(Value::Double(number.signum())),
        Value::Int(number) => Ok(Value::Int(number.signum())),
        Value::Uint(number) => Ok(Value::Uint((*number).min(1))),
        _ => Err(Failure::no_such_overload()),
    }
}

fn sqrt(args: &[Value]) -> Result {
    match &args[0] {
        Value::Double(number) => Ok(Value::Double(number.sqrt())),
        Value::Int(number) => Ok(Value::Double((*number as f64).sqrt())),
        Value::Uint(number) => Ok(Value::Double((*number as f64).sqrt())),
        _ => Err(Failure::no_such_overload()),
    }
}

fn bits(args: &[Value], of: fn(u64, u64) -> u64) -> Result {
    match (&args[0], &args[1]) {
        (Value::Int(left), Value::Int(right)) => {
            Ok(Value::Int(of(left.cast_unsigned(), right.cast_unsigned()).cast_signed()))
        }
        (Value::Uint(left), Value::Uint(right)) => Ok(Value::Uint(of(*left, *right))),
        _ => Err(Failure::no_such_overload()),
    }
}

/// Shifts without regard to the sign; what is shifted out is gone.
fn shift(args: &[Value], of: fn(u64, u32) -> Option<u64>) -> Result {
    let Value::Int(count) = &args[1] else { return Err(Failure::no_such_overload()) };
    if *count < 0 {
        return Err(Failure::new(format!("math.bitShift() negative offset: {count}")));
    }
    let shifted = |number| u32::try_from(*count).ok().and_then(|count| of(number, count)).unwrap_or(0);
    match &args[0] {
        Value::Int(number) => Ok(Value::Int(shifted(number.cast_unsigned()).cast_signed())),
        Value::Uint(number) => Ok(Value::Uint(shifted(*number))),
        _ => Err(Failure::no_such_overload()),
    }
}
