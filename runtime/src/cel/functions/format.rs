//! `format`: `%s`, `%d`, `%.2f` and the like, filled in with the members of a list.

use std::fmt::Write;

use caddis_config::go;

use super::Result;
use crate::cel::{evaluate::Failure, syntax::Expr, types::Type, value::Value};

/// Digits behind the point may be as many.
const MAX_PRECISION: usize = 100;

/// A part of a format: text, or the letter and the digits behind the point of a clause.
enum Part<'f> {
    Text(&'f str),
    Clause(char, usize),
}

/// Takes a format apart.
fn parts(format: &str) -> Result<Vec<Part<'_>>, String> {
    let clause_error = |reason: String| format!("could not parse formatting clause: {reason}");
    let mut parts = Vec::new();
    let mut rest = format;
    while let Some(percent) = rest.find('%') {
        parts.push(Part::Text(&rest[..percent]));
        rest = &rest[percent + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            parts.push(Part::Text("%"));
            rest = after;
            continue;
        }
        let mut precision = 6;
        if let Some(after) = rest.strip_prefix('.') {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            precision =
                after[..digits].parse().ok().filter(|precision| *precision <= MAX_PRECISION).ok_or_else(
                    || clause_error(format!("the precision {:?} is no number up to 100", &after[..digits])),
                )?;
            rest = &after[digits..];
        }
        let letter = rest.chars().next().ok_or("unexpected end of string")?;
        if !"sdfebxXo".contains(letter) {
            return Err(clause_error(format!("unrecognized formatting clause {:?}", letter.to_string())));
        }
        parts.push(Part::Clause(letter, precision));
        rest = &rest[letter.len_utf8()..];
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

/// What a clause takes.
fn expectation(letter: char) -> &'static str {
    match letter {
        'd' => "decimal clause can only be used on ints, uints, and doubles",
        'f' => "fixed-point clause can only be used on ints, uints, and doubles",
        'e' => "scientific clause can only be used on ints, uints, and doubles",
        'b' => "only ints, uints, and bools can be formatted as binary",
        'x' | 'X' => "only ints, uints, bytes, and strings can be formatted as hex",
        'o' => "octal clause can only be used on ints and uints",
        _ => {
            "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, \
             and timestamps"
        }
    }
}

/// Checks a format whose arguments are written beside it.
pub(in crate::cel) fn check(format: &str, args: &[Expr]) -> Result<(), String> {
    let mut used = 0;
    for part in parts(format)? {
        let Part::Clause(letter, _) = part else { continue };
        let of =
            args.get(used).map(|arg| &arg.of_type).ok_or_else(|| format!("index {used} out of range"))?;
        used += 1;
        let fits = match (letter, of) {
            (_, Type::Dyn | Type::Error) => true,
            (_, Type::Any | Type::Request | Type::Parameter(_)) => false,
            ('s', _) | (_, Type::Int | Type::Uint) => true,
            ('d' | 'f' | 'e', of) => *of == Type::Double,
            ('b', of) => *of == Type::Bool,
            ('x' | 'X', of) => matches!(of, Type::String | Type::Bytes),
            _ => false,
        };
        if !fits {
            let of = if *of == Type::Any {
                "a placeholder; convert it first: string(…)".to_owned()
            } else {
                of.to_string()
            };
            return Err(format!("error during formatting: {}, was given {of}", expectation(letter)));
        }
    }
    if args.len() > used {
        let given = args.len();
        return Err(format!("too many arguments supplied to string.format (expected {used}, got {given})"));
    }
    Ok(())
}

pub(super) fn format(format: &str, args: &[Value]) -> Result<String> {
    let mut text = String::new();
    let mut given = args.iter();
    for part in parts(format).map_err(Failure::Message)? {
        match part {
            Part::Text(plain) => text.push_str(plain),
            Part::Clause(letter, precision) => {
                let arg =
                    given.next().ok_or_else(|| Failure::new(format!("index {} out of range", args.len())))?;
                text.push_str(&clause(letter, precision, arg)?);
            }
        }
    }
    Ok(text)
}

fn clause(letter: char, precision: usize, arg: &Value) -> Result<String> {
    let number = match arg {
        Value::Int(number) => Some(*number as f64),
        Value::Uint(number) => Some(*number as f64),
        Value::Double(number) => Some(*number),
        _ => None,
    };
    let refused = || {
        Failure::new(format!(
            "error during formatting: {}, was given {}",
            expectation(letter),
            arg.type_name()
        ))
    };
    Ok(match (letter, arg) {
        ('s', _) => plain(arg).ok_or_else(refused)?,
        ('d', Value::Int(_) | Value::Uint(_) | Value::Double(_)) => plain(arg).ok_or_else(refused)?,
        ('f' | 'e', _) => match number.ok_or_else(refused)? {
            number if !number.is_finite() => infinite(number).to_owned(),
            number if letter == 'f' => format!("{number:.precision$}"),
            number => {
                let text = format!("{number:.precision$e}");
                let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                format!("{mantissa}e{}", go::float::exponent(exponent.parse().unwrap_or_default()))
            }
        },
        ('b', Value::Bool(value)) => u8::from(*value).to_string(),
        (_, Value::Int(number)) => {
            let sign = if *number < 0 { "-" } else { "" };
            format!("{sign}{}", digits(letter, number.unsigned_abs()).ok_or_else(refused)?)
        }
        (_, Value::Uint(number)) => digits(letter, *number).ok_or_else(refused)?,
        ('x' | 'X', Value::String(text)) => hex(letter, text.as_bytes()),
        ('x' | 'X', Value::Bytes(bytes)) => hex(letter, bytes),
        _ => return Err(refused()),
    })
}

fn digits(letter: char, number: u64) -> Option<String> {
    Some(match letter {
        'b' => format!("{number:b}"),
        'o' => format!("{number:o}"),
        'x' => format!("{number:x}"),
        'X' => format!("{number:X}"),
        _ => return None,
    })
}

fn hex(letter: char, bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let written = if letter == 'x' { write!(text, "{byte:02x}") } else { write!(text, "{byte:02X}") };
        written.expect("writing to a string");
        text
    })
}

fn infinite(number: f64) -> &'static str {
    match number {
        _ if number.is_nan() => "NaN",
        _ if number > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

/// Any value as text; `None` for a request.
fn plain(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) if !number.is_finite() => infinite(*number).to_owned(),
        Value::Double(number) => number.to_string(),
        Value::String(text) => text.to_string(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Duration(nanoseconds) => go::duration::seconds(*nanoseconds),
        Value::Timestamp(moment) => moment.in_utc().to_string(),
        Value::Type(name) => (*name).to_owned(),
        Value::List(members) => {
            let members: Vec<String> = members.iter().map(plain).collect::<Option<_>>()?;
            format!("[{}]", members.join(", "))
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| Some((plain(key)?, plain(value)?)));
            let mut entries: Vec<_> = entries.collect::<Option<_>>()?;
            entries.sort();
            let entries: Vec<String> =
                entries.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Request => return None,
    })
}
