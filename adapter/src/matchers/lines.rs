//! What several matchers share: words collected over lines, address ranges, regular expressions.

use caddis_config::http::RegexpMatch;
use caddis_grammar::{Statement, Token};

use crate::{cx::Parsed, errors};

/// The networks that `private_ranges` stands for.
const PRIVATE_RANGES: [&str; 6] =
    ["192.168.0.0/16", "172.16.0.0/12", "10.0.0.0/8", "127.0.0.1/8", "fd00::/8", "::1"];

/// The arguments of all lines, none of which may have a block.
pub(super) fn words(lines: &[Statement]) -> Parsed<Vec<String>> {
    let mut words = Vec::new();
    for line in lines {
        no_block(line)?;
        words.extend(line.args().iter().map(|word| word.text.to_string()));
    }
    Ok(words)
}

/// Rejects a block with the sentence that Caddy has for matchers.
pub(super) fn no_block(line: &Statement) -> Parsed<()> {
    match &line.block {
        None => Ok(()),
        Some(block) if block.statements.is_empty() => Ok(()),
        Some(block) => Err(errors::matchers::block_not_supported(line.name(), block)),
    }
}

/// A word as networks: `private_ranges` is several, anything else is itself.
pub(super) fn ranges(words: &[String]) -> Vec<String> {
    let mut ranges = Vec::new();
    for word in words {
        if word == "private_ranges" {
            ranges.extend(PRIVATE_RANGES.map(String::from));
        } else {
            ranges.push(word.clone());
        }
    }
    ranges
}

/// A line `[<name>] <field> <pattern>`: the field and its expression, which bears the definition's name by default.
pub(super) fn field_and_regexp<'a>(
    line: &'a Statement,
    definition: Option<&str>,
) -> Parsed<(&'a Token, RegexpMatch)> {
    no_block(line)?;
    let (name, field, pattern) = match line.args() {
        [field, pattern] => (None, field, pattern),
        [name, field, pattern] => (Some(&*name.text), field, pattern),
        [_, _, _, extra, ..] => return Err(errors::wrong_argument_count(extra)),
        _ => return Err(errors::missing_argument(line)),
    };
    Ok((field, regexp(name, definition, pattern)))
}

/// An expression under its own name, or else under that of the definition.
pub(super) fn regexp(name: Option<&str>, definition: Option<&str>, pattern: &Token) -> RegexpMatch {
    let name = name.filter(|name| !name.is_empty()).or(definition).unwrap_or_default();
    RegexpMatch { name: name.to_owned(), pattern: pattern.text.to_string() }
}
