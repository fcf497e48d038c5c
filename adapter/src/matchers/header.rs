//! `header`: fields of the request's header.

use caddis_config::{
    go::header::canonical,
    http::{HeaderConditions, matchers::Header},
};
use caddis_grammar::Statement;

use super::{MatcherKind, lines};
use crate::{cx::Parsed, errors};

/// See `fixtures/matchers/header.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "header",
    summary: "Matches fields of the request's header.",
    read: |_, uses| {
        let mut header = Header::default();
        for line in uses.lines {
            read_line(line, &mut header.0)?;
        }
        Ok(header.into())
    },
};

/// Adds what one line `[!]<field> [<value>]` demands. Response matchers read the same line.
pub(crate) fn read_line(line: &Statement, header: &mut HeaderConditions) -> Parsed<()> {
    lines::no_block(line)?;
    let Some(field) = line.args().first() else {
        return Err(errors::matchers::header_without_field(line.name()));
    };
    if let Some(name) = field.text.strip_prefix('!') {
        if name.is_empty() {
            return Err(errors::matchers::header_without_name(field));
        }
        if let Some(value) = line.args().get(1) {
            return Err(errors::matchers::absent_header_with_value(value));
        }
        // The name of an absent field is kept as written.
        header.insert(name.to_owned(), None);
        return Ok(());
    }
    match line.args() {
        [_, value] => {
            let values = header.entry(canonical(&field.text)).or_default();
            values.get_or_insert_default().push(value.text.to_string());
            Ok(())
        }
        [_, _, extra, ..] => Err(errors::wrong_argument_count(extra)),
        _ => Err(errors::matchers::header_without_value(field)),
    }
}
