//! What can be wrong with matchers.

use caddis_grammar::{Block, Code, Diagnostic, Statement, Token};

type Error = Box<Diagnostic>;

fn error(code: &'static str, at: &Token, message: impl Into<String>) -> Error {
    Box::new(Diagnostic::error(Code(code), at.span, message))
}

/// A block where the matcher takes none.
pub(crate) fn block_not_supported(name: &Token, block: &Block) -> Error {
    let at = block.statements.first().map_or(block.open, Statement::span);
    let message = format!("malformed {} matcher: blocks are not supported", name.text);
    Box::new(Diagnostic::error(Code("E0420"), at, message).label(block.open, "the block begins here"))
}

/// `path_regexp` twice in one definition.
pub(crate) fn regexp_only_once(name: &Token) -> Error {
    let error = error("E0421", name, "regular expression can only be used once per named matcher");
    Box::new(error.help("define a second matcher, or join the expressions with `|`"))
}

/// `header_regexp` twice for the same field.
pub(crate) fn header_regexp_only_once(field: &Token) -> Error {
    let message = format!(
        "header_regexp matcher can only be used once per named matcher, per header field: {}",
        field.text
    );
    Box::new(error("E0422", field, message).help("join the expressions with `|`"))
}

/// A word of `query` without `=`.
pub(crate) fn malformed_query(word: &Token) -> Error {
    let message = format!("malformed query matcher token: {}; must be in param=val format", word.text);
    Box::new(error("E0423", word, message).help(format!("`{}=*` matches any value", word.text)))
}

/// `header` without anything.
pub(crate) fn header_without_field(name: &Token) -> Error {
    error("E0424", name, "malformed header matcher: expected field")
}

/// `header !`.
pub(crate) fn header_without_name(field: &Token) -> Error {
    error("E0425", field, "malformed header matcher: must have field name following ! character")
}

/// `header !Field value`.
pub(crate) fn absent_header_with_value(value: &Token) -> Error {
    error("E0426", value, "malformed header matcher: null matching headers cannot have a field value")
}

/// `header Field`.
pub(crate) fn header_without_value(field: &Token) -> Error {
    let error = error("E0427", field, "malformed header matcher: expected both field and value");
    Box::new(error.help(format!("`{} *` matches any value, `!{0}` its absence", field.text)))
}

/// `protocol` with no or several arguments.
pub(crate) fn expected_one_protocol(line: &Statement) -> Error {
    let at = line.args().get(1).unwrap_or(line.name());
    Box::new(error("E0428", at, "expected exactly one protocol").help("for example `http/2+` or `https`"))
}

/// An argument of `tls` other than `early_data`.
pub(crate) fn unknown_tls_option(word: &Token) -> Error {
    let error = error("E0429", word, format!("unrecognized option '{}'", word.text));
    Box::new(error.help("the only option is `early_data`"))
}

/// `vars` without a variable.
pub(crate) fn vars_without_name(line: &Statement) -> Error {
    error("E0430", line.name(), "malformed vars matcher: expected field name")
}

/// `vars` without a value.
pub(crate) fn vars_without_value(line: &Statement) -> Error {
    let at = line.args().last().unwrap_or(line.name());
    error("E0431", at, "malformed vars matcher: expected at least one value to match against")
}

/// `remote_ip forwarded`.
pub(crate) fn forwarded(word: &Token) -> Error {
    error("E0432", word, "the 'forwarded' option is no longer supported; use the 'client_ip' matcher instead")
}

/// `url_pattern` with no or several arguments.
pub(crate) fn expected_one_pattern(line: &Statement) -> Error {
    let at = line.args().get(1).unwrap_or(line.name());
    error("E0433", at, "expected exactly one URL pattern")
}

/// A status of a response matcher that is no number.
pub(crate) fn bad_status(word: &Token, code: &str) -> Error {
    let message = format!("bad status value '{code}': strconv.Atoi: parsing \"{code}\": invalid syntax");
    Box::new(error("E0434", word, message).help("a status is a number such as 404 or a class such as 4xx"))
}
