//! Words that may be numbers or truth values, as variables, maps and log fields take them.

use caddis_config::go::number::{atoi, parse_bool, parse_float};
use caddis_grammar::Token;
use serde_json::{Number, Value};

use crate::{cx::Parsed, errors};

/// An integer, a number or a truth value in Go's notation; everything else and everything quoted is a text.
///
/// # Errors
/// A bare `nan` or `inf`, which JSON has no number for.
pub(crate) fn scalar(word: &Token) -> Parsed<Value> {
    let text = &*word.text;
    if word.is_quoted() {
        return Ok(text.into());
    }
    if let Ok(integer) = atoi(text) {
        return Ok(integer.into());
    }
    if let Ok(number) = parse_float(text) {
        return match Number::from_f64(number) {
            Some(number) => Ok(Value::Number(number)),
            None => Err(errors::handlers::not_a_json_number(word)),
        };
    }
    Ok(parse_bool(text).map_or_else(|_| text.into(), Value::Bool))
}
