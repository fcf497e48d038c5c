//! Operators.

use std::{cmp::Ordering, sync::Arc};

use super::{Result, time};
use crate::cel::{
    evaluate::{Failure, Function},
    value::Value,
};

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "!_" => not,
        "-_" => negate,
        "_==_" => |args| Ok(Value::Bool(args[0].equals(&args[1]))),
        "_!=_" => |args| Ok(Value::Bool(!args[0].equals(&args[1]))),
        "_<_" => |args| compare(args, |order| order == Ordering::Less),
        "_<=_" => |args| compare(args, |order| order != Ordering::Greater),
        "_>_" => |args| compare(args, |order| order == Ordering::Greater),
        "_>=_" => |args| compare(args, |order| order != Ordering::Less),
        "_+_" => add,
        "_-_" => subtract,
        "_*_" => multiply,
        "_/_" => divide,
        "_%_" => remainder,
        "_[_]" => index,
        "@in" => contained,
        _ => return None,
    })
}

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

fn add(args: &[Value]) -> Result {
    Ok(match (&args[0], &args[1]) {
        (Value::Int(left), Value::Int(right)) => Value::Int(left.checked_add(*right).ok_or_else(overflow)?),
        (Value::Uint(left), Value::Uint(right)) => {
            Value::Uint(left.checked_add(*right).ok_or_else(unsigned_overflow)?)
        }
        (Value::Double(left), Value::Double(right)) => Value::Double(left + right),
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
        _ => return Err(Failure::no_such_overload()),
    })
}

fn subtract(args: &[Value]) -> Result {
    Ok(match (&args[0], &args[1]) {
        (Value::Int(left), Value::Int(right)) => Value::Int(left.checked_sub(*right).ok_or_else(overflow)?),
        (Value::Uint(left), Value::Uint(right)) => {
            Value::Uint(left.checked_sub(*right).ok_or_else(unsigned_overflow)?)
        }
        (Value::Double(left), Value::Double(right)) => Value::Double(left - right),
        (Value::Duration(left), Value::Duration(right)) => {
            Value::Duration(left.checked_sub(*right).ok_or_else(overflow)?)
        }
        (Value::Timestamp(moment), Value::Duration(duration)) => {
            time::shifted(*moment, -i128::from(*duration))?
        }
        (Value::Timestamp(left), Value::Timestamp(right)) => {
            Value::Duration(i64::try_from(left.nanoseconds - right.nanoseconds).map_err(|_| overflow())?)
        }
        _ => return Err(Failure::no_such_overload()),
    })
}

fn multiply(args: &[Value]) -> Result {
    Ok(match (&args[0], &args[1]) {
        (Value::Int(left), Value::Int(right)) => Value::Int(left.checked_mul(*right).ok_or_else(overflow)?),
        (Value::Uint(left), Value::Uint(right)) => {
            Value::Uint(left.checked_mul(*right).ok_or_else(unsigned_overflow)?)
        }
        (Value::Double(left), Value::Double(right)) => Value::Double(left * right),
        _ => return Err(Failure::no_such_overload()),
    })
}

fn divide(args: &[Value]) -> Result {
    Ok(match (&args[0], &args[1]) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => {
            return Err(Failure::new("division by zero"));
        }
        (Value::Int(left), Value::Int(right)) => Value::Int(left.checked_div(*right).ok_or_else(overflow)?),
        (Value::Uint(left), Value::Uint(right)) => Value::Uint(left / right),
        (Value::Double(left), Value::Double(right)) => Value::Double(left / right),
        _ => return Err(Failure::no_such_overload()),
    })
}

fn remainder(args: &[Value]) -> Result {
    Ok(match (&args[0], &args[1]) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => {
            return Err(Failure::new("modulus by zero"));
        }
        (Value::Int(left), Value::Int(right)) => Value::Int(left.checked_rem(*right).ok_or_else(overflow)?),
        (Value::Uint(left), Value::Uint(right)) => Value::Uint(left % right),
        _ => return Err(Failure::no_such_overload()),
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
