//! Functions of lists, and sizes.

use super::{Function, Result, function, strings};
use crate::cel::{evaluate::Failure, value::Value};

/// A list may have as many members when it is made of a number.
const MAX_RANGE: i64 = 1_000_000;

/// Lists that have an order.
pub(in crate::cel) const SORT: &[&str] = &[
    "list(int).() list(int)",
    "list(uint).() list(uint)",
    "list(double).() list(double)",
    "list(bool).() list(bool)",
    "list(duration).() list(duration)",
    "list(timestamp).() list(timestamp)",
    "list(string).() list(string)",
    "list(bytes).() list(bytes)",
];

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "size",
        &[
            "(bytes) int",
            "bytes.() int",
            "(list(A)) int",
            "list(A).() int",
            "(map(A, B)) int",
            "map(A, B).() int",
            "(string) int",
            "string.() int",
        ],
        size,
    ),
    function("slice", &["list(A).(int, int) list(A)"], slice),
    function("flatten", &["list(list(A)).() list(A)", "list(dyn).(int) list(dyn)"], flatten),
    function("sort", SORT, |args| sorted(members(&args[0])?, members(&args[0])?)),
    function("lists.range", &["(int) list(int)"], range),
    function("distinct", &["list(A).() list(A)"], distinct),
    function("reverse", &["string.() string", "list(A).() list(A)"], reverse),
];

fn members(value: &Value) -> Result<&[Value]> {
    match value {
        Value::List(members) => Ok(members),
        _ => Err(Failure::no_such_overload()),
    }
}

fn size(args: &[Value]) -> Result {
    let size = match &args[0] {
        Value::String(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(members) => members.len(),
        Value::Map(entries) => entries.len(),
        _ => return Err(Failure::no_such_overload()),
    };
    Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}

fn slice(args: &[Value]) -> Result {
    let (members, Value::Int(start), Value::Int(end)) = (members(&args[0])?, &args[1], &args[2]) else {
        return Err(Failure::no_such_overload());
    };
    let range = usize::try_from(*start).ok().zip(usize::try_from(*end).ok());
    let taken = range.and_then(|(start, end)| members.get(start..end));
    let reason = || match () {
        () if *start < 0 || *end < 0 => "negative indexes not supported".to_owned(),
        () if start > end => "start index must be less than or equal to end index".to_owned(),
        () => format!("list is length {}", members.len()),
    };
    let refused = || Failure::new(format!("cannot slice({start}, {end}), {}", reason()));
    taken.map(|taken| Value::list(taken.iter().cloned())).ok_or_else(refused)
}

fn flatten(args: &[Value]) -> Result {
    let depth = match args.get(1) {
        None => 1,
        Some(Value::Int(depth)) if *depth >= 0 => *depth,
        Some(Value::Int(_)) => return Err(Failure::new("level must be non-negative")),
        Some(_) => return Err(Failure::no_such_overload()),
    };
    let mut flat = Vec::new();
    flatten_into(members(&args[0])?, depth, &mut flat);
    Ok(Value::List(flat.into()))
}

fn flatten_into(members: &[Value], depth: i64, flat: &mut Vec<Value>) {
    for member in members {
        match member {
            Value::List(nested) if depth > 0 => flatten_into(nested, depth - 1, flat),
            other => flat.push(other.clone()),
        }
    }
}

/// Members in the order of their keys.
pub(in crate::cel) fn sorted(members: &[Value], keys: &[Value]) -> Result {
    if let Some(first) = keys.first() {
        if !first.is_comparable_with(first) {
            return Err(Failure::new("list elements must be comparable"));
        }
        if keys.iter().any(|key| key.type_name() != first.type_name()) {
            return Err(Failure::new("list elements must have the same type"));
        }
    }
    let mut pairs: Vec<_> = keys.iter().zip(members).collect();
    pairs.sort_by(|(left, _), (right, _)| left.order(right).unwrap_or(std::cmp::Ordering::Equal));
    Ok(Value::list(pairs.into_iter().map(|(_, member)| member.clone())))
}

fn range(args: &[Value]) -> Result {
    match &args[0] {
        Value::Int(count @ 0..=MAX_RANGE) => Ok(Value::list((0..*count).map(Value::Int))),
        Value::Int(count) => Err(Failure::new(format!("lists.range() cannot make {count} members"))),
        _ => Err(Failure::no_such_overload()),
    }
}

fn distinct(args: &[Value]) -> Result {
    let mut distinct: Vec<Value> = Vec::new();
    for member in members(&args[0])? {
        if !distinct.iter().any(|known| known.equals(member)) {
            distinct.push(member.clone());
        }
    }
    Ok(Value::List(distinct.into()))
}

fn reverse(args: &[Value]) -> Result {
    match &args[0] {
        Value::List(members) => Ok(Value::list(members.iter().rev().cloned())),
        Value::String(text) => Ok(strings::reversed(text)),
        _ => Err(Failure::no_such_overload()),
    }
}
