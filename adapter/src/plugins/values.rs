//! Words as JSON, and JSON that grows line by line.

use caddis_config::{
    Encode,
    go::{self, number},
    to_json,
};
use caddis_grammar::{Statement, Token};
use serde_json::{Map, Number, Value as Json};

use super::Word;
use crate::{
    args::{Args, Value},
    cx::Parsed,
    errors,
    values::{duration, integer, size},
};

/// The JSON of a word; `name` is that of the line.
pub(super) fn word(kind: Word, name: &Token, word: &Token) -> Parsed<Json> {
    let problem = format!("bad {} value", name.text);
    Ok(match kind {
        Word::String => word.string().into(),
        Word::Int => integer(word, &problem)?.into(),
        Word::Float => {
            let bad = |reason: &str| errors::proxy::bad_value(word, &problem, reason);
            let number = number::parse_float(&word.text).map_err(|reason| bad(&reason))?;
            // Go writes a float without fraction as an integer.
            if number.fract() == 0.0 && number.abs() < 1e15 {
                (number as i64).into()
            } else {
                Number::from_f64(number).map(Json::Number).ok_or_else(|| bad("JSON has no such number"))?
            }
        }
        Word::Bool => number::parse_bool(&word.text)
            .map_err(|reason| errors::proxy::bad_value(word, &problem, &reason))?
            .into(),
        Word::Duration => duration(word, &problem)?.0.into(),
        Word::DurationText => go::duration::format(duration(word, &problem)?.0).into(),
        Word::Size => size(word, &problem)?.into(),
    })
}

/// `<name> <value…>` as a member with a list, under what `spelled` makes of the name.
pub(super) fn list(line: &Statement, before: Option<Json>, spelled: impl Fn(&str) -> String) -> Parsed<Json> {
    let [name, values @ ..] = line.some()? else { return Err(errors::missing_argument(line)) };
    if values.is_empty() {
        return Err(errors::missing_argument(line));
    }
    let name = spelled(&name.text);
    let list = before.as_ref().and_then(|before| before.get(&name)).cloned();
    let list = extended(list, values.iter().map(|value| value.string().into()));
    Ok(with_member(before, &name, list))
}

/// A list with further items.
pub(super) fn extended(before: Option<Json>, items: impl IntoIterator<Item = Json>) -> Json {
    let mut list = match before {
        Some(Json::Array(list)) => list,
        _ => Vec::new(),
    };
    list.extend(items);
    list.into()
}

/// An object with a further member.
pub(super) fn with_member(before: Option<Json>, name: &str, value: Json) -> Json {
    let mut members = match before {
        Some(Json::Object(members)) => members,
        _ => Map::new(),
    };
    members.insert(name.to_owned(), value);
    members.into()
}

/// The object within objects that names lead to.
pub(super) fn at<'m>(members: &'m Map<String, Json>, names: &[String]) -> Option<&'m Map<String, Json>> {
    names.iter().try_fold(members, |members, name| members.get(name)?.as_object())
}

/// Puts a member into the object that names lead to, or takes it out. Objects that are missing on the way are made; what is
/// no object there gives way.
pub(super) fn put(members: &mut Map<String, Json>, names: &[String], name: &str, value: Option<Json>) {
    if let Some((first, rest)) = names.split_first() {
        let mut inner = match members.remove(first) {
            Some(Json::Object(inner)) => inner,
            _ => Map::new(),
        };
        put(&mut inner, rest, name, value);
        members.insert(first.clone(), inner.into());
    } else if let Some(value) = value {
        members.insert(name.to_owned(), value);
    } else {
        members.remove(name);
    }
}

/// Whether Go leaves a value out that may be empty.
pub(super) fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(list) => list.is_empty(),
        Json::Object(_) => false,
    }
}

/// A typed part of a configuration as JSON.
pub(super) fn json(value: &impl Encode) -> Json {
    serde_json::from_str(&to_json(value)).expect("what was written is JSON")
}
