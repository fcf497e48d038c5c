//! What can be wrong with plugins: not declared, not declared in full, or declared wrongly in `caddis.toml`.

use caddis_grammar::{Code, Severity, Span, Statement};

use super::{Error, did_you_mean, error};
use crate::plugins::known;
pub(crate) use crate::plugins::known::Place;

/// The plugin that is known to bring a directive, an option or a module, and how to declare it.
pub(crate) fn plugin_of(place: Place, name: &str) -> Option<String> {
    let package = known::package(place, name)?;
    let table = match place {
        Place::Directive => format!("[directives.{name}]"),
        Place::Option => format!("[options.{name}]"),
        Place::Module => format!("[modules.\"{name}\"]"),
    };
    Some(format!(
        "`{name}` comes from the plugin {package}, which is not built in; a table {table} in caddis.toml declares it"
    ))
}

/// The code of [`skipped`].
pub(crate) const SKIPPED: Code = Code("W0720");

/// The warning for something unknown that is left out.
pub(crate) fn skipped(mut finding: Error) -> Error {
    finding.severity = Severity::Warning;
    finding.code = SKIPPED;
    finding.message.insert_str(0, "left unchecked: ");
    finding
}

/// Something whose shape is declared as `raw`.
pub(crate) fn raw(statement: &Statement, package: Option<&str>) -> Error {
    let name = &statement.name().text;
    let of = package.map(|package| format!(" of {package}")).unwrap_or_default();
    let message = format!("'{name}'{of} is declared as raw: its JSON is not known");
    let help = "it can be formatted and checked; to adapt it, declare its lines in caddis.toml";
    Box::new(error("E0738", statement.name().span, message).help(help))
}

/// `caddis.toml` is no TOML.
pub(crate) fn bad_toml(span: Span, message: &str) -> Error {
    error("E0730", span, format!("this is not TOML: {}", message.trim_end()))
}

/// A key that means nothing where it stands.
pub(crate) fn unknown_key<'a>(span: Span, key: &str, known: impl IntoIterator<Item = &'a str>) -> Error {
    let known: Vec<&str> = known.into_iter().collect();
    let help = did_you_mean(key, known.iter().copied())
        .unwrap_or_else(|| format!("known here: `{}`", known.join("`, `")));
    Box::new(error("E0731", span, format!("unknown key '{key}'")).help(help))
}

/// A value of the wrong type.
pub(crate) fn wrong_type(span: Span, key: &str, expected: &str, found: &str) -> Error {
    error("E0732", span, format!("'{key}' must be {expected}, not {found}"))
}

/// A word that is none of those that can stand there.
pub(crate) fn unknown_word<'a>(
    span: Span,
    what: &str,
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Error {
    let known: Vec<&str> = known.into_iter().collect();
    let help = did_you_mean(word, known.iter().copied())
        .unwrap_or_else(|| format!("one of `{}`", known.join("`, `")));
    Box::new(error("E0733", span, format!("unknown {what} '{word}'")).help(help))
}

/// The declaration of something that is built in.
pub(crate) fn built_in(span: Span, what: &str, name: &str) -> Error {
    error("E0734", span, format!("the {what} '{name}' is built in and cannot be declared"))
}

/// A key that is needed and not there, or that does not go with another.
pub(crate) fn inconsistent(span: Span, message: impl Into<String>) -> Error {
    error("E0735", span, message)
}

/// A place in the order that is none.
pub(crate) fn bad_order(span: Span, order: &str) -> Error {
    let finding = error("E0736", span, format!("'{order}' is no place in the order of directives"));
    Box::new(
        finding.help("`first`, `last`, or `before` or `after` and a directive, such as `before basic_auth`"),
    )
}

/// A place beside a directive that has none.
pub(crate) fn unknown_neighbour<'a>(
    span: Span,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Error {
    let finding = error("E0736", span, format!("the directive '{name}' has no place in the order"));
    Box::new(finding.maybe_help(did_you_mean(name, known)))
}

/// A level of a warning that does not exist.
pub(crate) fn unknown_warning<'a>(span: Span, code: &str, known: impl IntoIterator<Item = &'a str>) -> Error {
    let finding = error("E0737", span, format!("no warning has the code {code}"));
    Box::new(finding.maybe_help(did_you_mean(code, known)))
}

/// A level that cannot be set.
pub(crate) fn bad_level(span: Span, message: String) -> Error {
    error("E0737", span, message)
}
