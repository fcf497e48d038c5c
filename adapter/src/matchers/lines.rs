//! What several matchers share: words collected over lines, address ranges, regular expressions.

use caddis_config::http::RegexpMatch;
use caddis_grammar::{Statement, Token};

use crate::{cx::Parsed, errors};

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
