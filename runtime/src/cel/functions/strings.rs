//! Functions of strings. Places in strings are counted in characters.

use std::sync::Arc;

use super::{Function, Result, format, function};
use crate::cel::{
    evaluate::{self, Failure},
    value::Value,
};

const SEARCH: &[&str] = &["string.(string) int", "string.(string, int) int"];
const TEXT: &[&str] = &["string.() string"];
const PREDICATE: &[&str] = &["string.(string) bool"];

pub(super) const FUNCTIONS: &[Function] = &[
    function("contains", PREDICATE, |args| two(args, |text, part| text.contains(part))),
    function("startsWith", PREDICATE, |args| two(args, |text, part| text.starts_with(part))),
    function("endsWith", PREDICATE, |args| two(args, |text, part| text.ends_with(part))),
    function("matches", &["(string, string) bool", "string.(string) bool"], |args| {
        let (text, pattern) = (text(&args[0])?, text(&args[1])?);
        Ok(Value::Bool(evaluate::pattern(pattern)?.is_match(text)))
    }),
    function("charAt", &["string.(int) string"], char_at),
    function("indexOf", SEARCH, index_of),
    function("lastIndexOf", SEARCH, last_index_of),
    function("lowerAscii", TEXT, |args| Ok(Value::string(text(&args[0])?.to_ascii_lowercase()))),
    function("upperAscii", TEXT, |args| Ok(Value::string(text(&args[0])?.to_ascii_uppercase()))),
    function("trim", TEXT, |args| Ok(Value::string(text(&args[0])?.trim()))),
    function("replace", &["string.(string, string) string", "string.(string, string, int) string"], replace),
    function("split", &["string.(string) list(string)", "string.(string, int) list(string)"], split),
    function("substring", &["string.(int) string", "string.(int, int) string"], substring),
    function("format", &["string.(list(dyn)) string"], |args| match &args[1] {
        Value::List(members) => format::format(text(&args[0])?, members).map(Value::string),
        _ => Err(Failure::no_such_overload()),
    }),
    function("strings.quote", &["(string) string"], |args| Ok(Value::string(quoted(text(&args[0])?)))),
    function("join", &["list(string).() string", "list(string).(string) string"], join),
];

fn text(value: &Value) -> Result<&str> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(Failure::no_such_overload()),
    }
}

fn int(value: &Value) -> Result<i64> {
    match value {
        Value::Int(number) => Ok(*number),
        _ => Err(Failure::no_such_overload()),
    }
}

fn two(args: &[Value], holds: fn(&str, &str) -> bool) -> Result {
    Ok(Value::Bool(holds(text(&args[0])?, text(&args[1])?)))
}

fn out_of_range(index: i64) -> Failure {
    Failure::new(format!("index out of range: {index}"))
}

fn char_at(args: &[Value]) -> Result {
    let (text, index) = (text(&args[0])?, int(&args[1])?);
    let place = usize::try_from(index).ok().filter(|place| *place <= text.chars().count());
    let place = place.ok_or_else(|| out_of_range(index))?;
    Ok(Value::string(text.chars().nth(place).map(String::from).unwrap_or_default()))
}

/// A text to look in, a text to look for, and where to begin.
type Search = (Vec<char>, Vec<char>, Option<usize>);

fn search(args: &[Value]) -> Result<Search> {
    let offset = match args.get(2).map(int).transpose()? {
        None => None,
        Some(offset) => Some(usize::try_from(offset).map_err(|_| out_of_range(offset))?),
    };
    Ok((text(&args[0])?.chars().collect(), text(&args[1])?.chars().collect(), offset))
}

fn found(index: Option<usize>) -> Value {
    Value::Int(index.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1))
}

fn index_of(args: &[Value]) -> Result {
    let (text, part, offset) = search(args)?;
    let offset = offset.unwrap_or(0);
    if part.is_empty() {
        return Ok(found(Some(offset.min(text.len()))));
    }
    let rest = text.get(offset..).unwrap_or_default();
    Ok(found(rest.windows(part.len()).position(|window| window == part).map(|index| offset + index)))
}

fn last_index_of(args: &[Value]) -> Result {
    let (text, part, offset) = search(args)?;
    if part.is_empty() {
        return Ok(found(Some(offset.unwrap_or(text.len()).min(text.len()))));
    }
    let last = text.len().saturating_sub(1);
    let offset = offset.unwrap_or(last);
    if offset > last {
        return Ok(found(None));
    }
    let end = (offset + part.len()).min(text.len());
    Ok(found(text[..end].windows(part.len()).rposition(|window| window == part)))
}

fn replace(args: &[Value]) -> Result {
    let (text, old, new) = (text(&args[0])?, text(&args[1])?, text(&args[2])?);
    let count = args.get(3).map(int).transpose()?.and_then(|count| usize::try_from(count).ok());
    Ok(Value::string(match count {
        Some(count) => text.replacen(old, new, count),
        None => text.replace(old, new),
    }))
}

fn split(args: &[Value]) -> Result {
    let (text, separator) = (text(&args[0])?, text(&args[1])?);
    let most = args.get(2).map(int).transpose()?.and_then(|most| usize::try_from(most).ok());
    let most = most.unwrap_or(usize::MAX);
    if most == 0 {
        return Ok(Value::list([]));
    }
    if !separator.is_empty() {
        return Ok(Value::list(text.splitn(most, separator).map(Value::string)));
    }
    let mut rest = text.chars();
    let count = text.chars().count();
    let mut parts: Vec<Value> = rest
        .by_ref()
        .take(if count > most { most - 1 } else { count })
        .map(|c| Value::string(c.to_string()))
        .collect();
    if count > most {
        parts.push(Value::string(rest.as_str()));
    }
    Ok(Value::List(parts.into()))
}

fn substring(args: &[Value]) -> Result {
    let (text, start) = (text(&args[0])?, int(&args[1])?);
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let end = args.get(2).map(int).transpose()?.unwrap_or(length);
    if args.len() > 2 && start > end {
        return Err(Failure::new(format!("invalid substring range. start: {start}, end: {end}")));
    }
    if let Some(bad) = [start, end].into_iter().find(|place| !(0..=length).contains(place)) {
        return Err(out_of_range(bad));
    }
    let (start, end) = (start.unsigned_abs() as usize, end.unsigned_abs() as usize);
    Ok(Value::string(text.chars().skip(start).take(end - start).collect::<String>()))
}

fn join(args: &[Value]) -> Result {
    let Value::List(members) = &args[0] else { return Err(Failure::no_such_overload()) };
    let separator = args.get(1).map_or(Ok(""), text)?;
    let members: Vec<&str> = members.iter().map(text).collect::<Result<_>>()?;
    Ok(Value::string(members.join(separator)))
}

pub(super) fn reversed(text: &Arc<str>) -> Value {
    Value::string(text.chars().rev().collect::<String>())
}

/// In double quotes, with the escapes of the language.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' | '\r' | '\t' | '\\' | '"' => quoted.extend(character.escape_default()),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
