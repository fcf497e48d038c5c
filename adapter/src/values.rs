//! Numbers, durations, sizes and networks out of words, each with the sentence that Caddy has for a bad one.

use caddis_config::{go, value::Duration};
use caddis_grammar::Token;

use crate::{cx::Parsed, errors};

/// The networks that `private_ranges` stands for.
const PRIVATE_RANGES: [&str; 6] =
    ["192.168.0.0/16", "172.16.0.0/12", "10.0.0.0/8", "127.0.0.1/8", "fd00::/8", "::1"];

/// A duration; `problem` begins the sentence about a bad one ("bad interval value").
pub(crate) fn duration(word: &Token, problem: &str) -> Parsed<Duration> {
    Duration::parse(&word.text).map_err(|reason| errors::proxy::bad_value(word, problem, &reason))
}

/// An integer; `problem` begins the sentence about a bad one.
pub(crate) fn integer(word: &Token, problem: &str) -> Parsed<i64> {
    go::number::atoi(&word.text).map_err(|reason| errors::proxy::bad_value(word, problem, &reason))
}

/// Bytes of a size such as `10MB`; `problem` begins the sentence about a bad one.
pub(crate) fn size(word: &Token, problem: &str) -> Parsed<i64> {
    let size =
        go::size::parse(&word.text).map_err(|reason| errors::proxy::bad_value(word, problem, &reason))?;
    Ok(size.cast_signed())
}

/// Words as networks: `private_ranges` is several, anything else is itself.
pub(crate) fn ip_ranges(words: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    let mut ranges = Vec::new();
    for word in words {
        match word.as_ref() {
            "private_ranges" => ranges.extend(PRIVATE_RANGES.map(str::to_owned)),
            range => ranges.push(range.to_owned()),
        }
    }
    ranges
}
