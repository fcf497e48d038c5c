//! What can be wrong with logs.

use caddis_config::value::Duration;
use caddis_grammar::Token;

use super::{Error, error};

/// A line that may stand only once.
pub(crate) fn given_twice(name: &Token, block: &str) -> Error {
    let message = match block {
        "log" => format!("'{}' subdirective specified more than once in the same log block", name.text),
        block => format!("'{}' specified more than once in the same {block} block", name.text),
    };
    error("E0370", name.span, message)
}

/// A line of the option `log` in a site's `log`, or the other way round.
pub(crate) fn not_here(name: &Token, global: bool) -> Error {
    let place = if global { "global options" } else { "directive" };
    error("E0371", name.span, format!("{} is not allowed in the log {place}", name.text))
}

/// The option `log` twice for one logger.
pub(crate) fn duplicate_logger(at: &Token, name: &str) -> Error {
    error("E0372", at.span, format!("duplicate global log option for: {name}"))
}

/// A value of the writer `file` that cannot be read.
pub(crate) fn bad_value(word: &Token, what: &str, reason: &str) -> Error {
    error("E0720", word.span, format!("parsing {what}: {reason}"))
}

/// A value of `sampling` that cannot be read.
pub(crate) fn bad_sampling(word: &Token, name: &str, reason: &str) -> Error {
    error("E0373", word.span, format!("failed to parse {name}: {reason}"))
}

/// Rolled files kept for less than no time.
pub(crate) fn negative_duration(word: &Token, duration: Duration) -> Error {
    error("E0720", word.span, format!("negative roll_keep_for duration: {duration}"))
}

/// A duration of the writer `net` that cannot be read.
pub(crate) fn invalid_duration(word: &Token) -> Error {
    error("E0721", word.span, format!("invalid duration: {}", word.text))
}

/// `regexp` beside another filter of the same field.
pub(crate) fn mixed_filters(field: &Token) -> Error {
    let message = format!("cannot mix regexp filters with other filter types for field {}", field.text);
    error("E0722", field.span, message)
}

/// Two filters of one field.
pub(crate) fn second_filter(field: &Token) -> Error {
    let message = format!(
        "field {} already has a filter; multiple non-regexp filters per field are not supported",
        field.text
    );
    error("E0722", field.span, message)
}

/// Arguments of `ip_mask`.
pub(crate) fn too_many_arguments(extra: &Token) -> Error {
    error("E0723", extra.span, "too many arguments")
}

/// Bits of `ip_mask` that are no number.
pub(crate) fn bad_mask(word: &Token, reason: &str) -> Error {
    error("E0723", word.span, format!("error parsing {}: {reason}", word.text))
}

/// `multi_regexp` without a line.
pub(crate) fn no_operation(name: &Token) -> Error {
    error("E0724", name.span, "multi_regexp filter requires at least one regexp operation")
}

/// `multi_regexp` with too many lines.
pub(crate) fn too_many_operations(name: &Token, most: usize) -> Error {
    error("E0724", name.span, format!("too many regexp operations (maximum {most} allowed)"))
}

/// An expression that is too long.
pub(crate) fn pattern_too_long(word: &Token, most: usize) -> Error {
    error("E0724", word.span, format!("regexp pattern too long (maximum {most} characters)"))
}

/// An expression without anything.
pub(crate) fn empty_pattern(word: &Token) -> Error {
    error("E0724", word.span, "regexp pattern cannot be empty")
}
