//! Every diagnostic of the language, one constructor each: all wording is here.
//!
//! The sentences are Caddy's where Caddy has one, without the place at their end, which is the span. `E00..` are the
//! lexer's, `E01..` the parser's, `W` are accepted by Caddy, most of them with a note in its log.

use crate::{
    diagnostic::{Code, Diagnostic},
    lexer::ProblemKind,
    source::Span,
};

/// A text without a single byte.
pub(crate) fn empty_text(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0001"), span, "EOF")
        .help("the file is empty; a comment or a line feed is enough")
}

/// What the lexer found.
pub(crate) fn lexer(kind: &ProblemKind, span: Span) -> Diagnostic {
    const CHARACTERS: &str = "must contain only alphanumeric characters, dashes and underscores";
    match kind {
        ProblemKind::NoHeredocMarker { line } => Diagnostic::error(
            Code("E0002"),
            span,
            format!("missing opening heredoc marker on line #{line}; {CHARACTERS}; got empty string"),
        )
        .help("write a marker, for example <<END, or \\<< for the two characters"),
        ProblemKind::TooManyLessThan { line } => Diagnostic::error(
            Code("E0003"),
            span,
            format!("too many '<' for heredoc on line #{line}; only use two, for example <<END"),
        ),
        ProblemKind::BadHeredocMarker { line, marker } => Diagnostic::error(
            Code("E0004"),
            span,
            format!("heredoc marker on line #{line} {CHARACTERS}; got '{marker}'"),
        ),
        ProblemKind::IncompleteHeredoc { line, marker } => Diagnostic::error(
            Code("E0005"),
            span,
            format!("incomplete heredoc <<{marker} on line #{line}, expected ending marker {marker}"),
        ),
        ProblemKind::HeredocIndent { line, marker, text, indent } => Diagnostic::error(
            Code("E0006"),
            span,
            format!(
                "mismatched leading whitespace in heredoc <<{marker} on line #{line} [{text}], expected whitespace \
                 [{indent}] to match the closing marker"
            ),
        ),
        ProblemKind::UnclosedQuote { quote } => {
            Diagnostic::warning(Code("W0001"), span, format!("the quote {quote} opened here is never closed"))
                .help("the rest of the file is taken for one word")
        }
    }
}

/// The text ended in the middle of something.
pub(crate) fn unexpected_eof(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0101"), span, "unexpected EOF")
}

/// Something else was needed.
pub(crate) fn syntax(span: Span, found: &str, expected: &str) -> Diagnostic {
    let message = format!("syntax error: unexpected token '{found}', expecting '{expected}'");
    Diagnostic::error(Code("E0102"), span, message)
}

/// `{ word`.
pub(crate) fn word_after_brace(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0103"), span, "Unexpected next token after '{' on same line")
        .help("start a new line after '{'")
}

/// `{` at the beginning of a line.
pub(crate) fn brace_on_new_line(span: Span) -> Diagnostic {
    let message = "Unexpected '{' on a new line; did you mean to place the '{' on the previous line?";
    Diagnostic::error(Code("E0104"), span, message)
}

/// `{}`.
pub(crate) fn empty_braces(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0105"), span, "Unexpected '{}' at end of line")
        .help("leave the braces out, or put '}' on a line of its own")
}

/// `}` after words.
pub(crate) fn unmatched_brace(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0106"), span, "Unexpected '}' because no matching opening brace")
        .help("put '}' on a line of its own")
}

/// More levels than anybody needs.
pub(crate) fn nested_too_deep(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(Code("E0107"), span, format!("blocks are nested more than {limit} levels deep"))
}

/// A block without a name where a directive belongs.
pub(crate) fn nameless_block(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0108"), span, "unrecognized directive: {")
        .help("a block belongs to the line that ends with its '{'")
}

/// `@name` outside of a site.
pub(crate) fn matcher_outside_site(span: Span, name: &str) -> Diagnostic {
    let message =
        format!("request matchers may not be defined globally, they must be in a site block; found {name}");
    Diagnostic::error(Code("E0110"), span, message)
}

/// `a.com, {`.
pub(crate) fn expected_address(span: Span, found: &str) -> Diagnostic {
    let message = format!("Expected another address but had '{found}' - check for extra comma");
    Diagnostic::error(Code("E0111"), span, message)
}

/// `a.com{`.
pub(crate) fn address_with_brace(span: Span, address: &str) -> Diagnostic {
    let message = format!(
        "Site addresses cannot end with a curly brace: '{address}' - put a space between the token and the brace"
    );
    Diagnostic::error(Code("E0112"), span, message)
}

/// `a.com,b.com`.
pub(crate) fn address_with_comma(span: Span, address: &str) -> Diagnostic {
    let message = format!(
        "Site addresses cannot contain a comma ',': '{address}' - put a space after the comma to separate site \
         addresses"
    );
    Diagnostic::error(Code("E0113"), span, message)
}

/// A snippet whose block begins with an import at the top level.
pub(crate) fn options_after_import(span: Span) -> Diagnostic {
    let message = "global options block must appear before import directives; move the global options block to \
                   the top of the Caddyfile";
    Diagnostic::error(Code("E0114"), span, message)
}

/// A second `(name)`.
pub(crate) fn snippet_redeclared(span: Span, name: &str, first: Option<Span>) -> Diagnostic {
    let message = format!("redeclaration of previously declared snippet {name}");
    let diagnostic = Diagnostic::error(Code("E0115"), span, message);
    match first {
        Some(first) => diagnostic.label(first, "declared here first"),
        None => diagnostic,
    }
}

/// `import` alone on its line.
pub(crate) fn import_without_pattern(span: Span) -> Diagnostic {
    let message = "wrong argument count or unexpected line ending after 'import'";
    Diagnostic::error(Code("E0120"), span, message).help("name a snippet, a file or a pattern")
}

/// `import ""`.
pub(crate) fn import_empty_pattern(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0121"), span, "Import requires a non-empty filepath")
}

/// More wildcards than Caddy takes.
pub(crate) fn import_wildcards(span: Span, pattern: &str) -> Diagnostic {
    let message = format!("Glob pattern may only contain one wildcard (*), but has others: {pattern}");
    Diagnostic::error(Code("E0122"), span, message)
}

/// A pattern that is none.
pub(crate) fn import_bad_pattern(span: Span, pattern: &str, error: &str) -> Diagnostic {
    Diagnostic::error(Code("E0123"), span, format!("Failed to use import pattern {pattern}: {error}"))
}

/// Nothing of that name; `similar` is a snippet that may have been meant.
pub(crate) fn import_not_found(span: Span, pattern: &str, similar: Option<&str>) -> Diagnostic {
    Diagnostic::error(Code("E0124"), span, format!("File to import not found: {pattern}"))
        .maybe_help(similar.map(|name| format!("did you mean the snippet '{name}'?")))
}

/// The snippet exists, but only further down.
pub(crate) fn import_before_snippet(span: Span, pattern: &str) -> Diagnostic {
    import_not_found(span, pattern, None).help("a snippet must stand before the first import that names it")
}

/// The operating system did not hand the file out.
pub(crate) fn import_failed(span: Span, path: &str, error: &str) -> Diagnostic {
    Diagnostic::error(Code("E0125"), span, format!("Could not import {path}: {error}"))
}

/// The imported file is no Caddyfile.
pub(crate) fn import_unreadable(span: Span, path: &str, error: &str) -> Diagnostic {
    let message = format!("Could not read tokens while importing {path}: {error}");
    Diagnostic::error(Code("E0126"), span, message)
}

/// An import that passes a block on, in a named route.
pub(crate) fn import_block_in_route(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0132"), span, "an import in a named route takes no block")
        .help("write the lines out, or import a snippet that needs none")
}

/// A word that is too long.
pub(crate) fn word_too_long(span: Span, length: usize, limit: usize) -> Diagnostic {
    Diagnostic::error(Code("E0133"), span, format!("a word of {length} bytes; the longest may have {limit}"))
        .help("is a quote missing? Large content belongs in a file of its own")
}

/// A text that is too long.
pub(crate) fn text_too_long(length: usize, limit: usize) -> Diagnostic {
    Diagnostic::error(Code("E0134"), None, format!("a text of {length} bytes; the longest may have {limit}"))
        .help("split it into several configurations")
}

/// The path cannot be made absolute.
pub(crate) fn import_no_absolute_path(span: Span, path: &str, error: &str) -> Diagnostic {
    let message = format!("Failed to get absolute path of file: {path}: {error}");
    Diagnostic::error(Code("E0127"), span, message)
}

/// `{` as the name of a block given to an import.
pub(crate) fn import_anonymous_block(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0128"), span, "anonymous blocks are not supported")
        .help("name the block; {blocks.NAME} stands for what is in it")
}

/// An import that leads back to itself.
pub(crate) fn import_cycle(span: Span, from: &str, to: &str) -> Diagnostic {
    let message = format!("a cycle of imports exists between {from} and {to}");
    Diagnostic::error(Code("E0129"), span, message)
}

/// Imports that multiply.
pub(crate) fn import_too_much(span: Span, limit: usize, unit: &str) -> Diagnostic {
    Diagnostic::error(Code("E0130"), span, format!("the imports add up to more than {limit} {unit}"))
}

/// `{args[-1]}`, which ends Caddy with a panic.
pub(crate) fn args_negative(span: Span, placeholder: &str) -> Diagnostic {
    let message = format!("Placeholder {placeholder} has a negative index");
    Diagnostic::error(Code("E0131"), span, message)
}

/// A pattern with wildcards that no file matches.
pub(crate) fn import_no_match(span: Span, pattern: &str) -> Diagnostic {
    Diagnostic::warning(Code("W0100"), span, format!("No files matching import glob pattern: {pattern}"))
}

/// A file with nothing in it.
pub(crate) fn import_empty_file(span: Span, path: &str) -> Diagnostic {
    Diagnostic::warning(Code("W0101"), span, format!("Import file is empty: {path}"))
}

/// `{args[]}`.
pub(crate) fn args_empty_index(span: Span, text: &str) -> Diagnostic {
    Diagnostic::warning(Code("W0102"), span, format!("Placeholder {text} cannot have an empty index"))
}

/// `{args[x:]}`.
pub(crate) fn args_bad_start(span: Span, text: &str) -> Diagnostic {
    let message = format!("Variadic placeholder {text} has an invalid start index");
    Diagnostic::warning(Code("W0103"), span, message)
}

/// `{args[:x]}`.
pub(crate) fn args_bad_end(span: Span, text: &str) -> Diagnostic {
    Diagnostic::warning(Code("W0104"), span, format!("Variadic placeholder {text} has an invalid end index"))
}

/// `{args[2:9]}` with fewer arguments.
pub(crate) fn args_range_out_of_bounds(span: Span, text: &str, count: usize) -> Diagnostic {
    let message =
        format!("Variadic placeholder {text} indices are out of bounds, only {count} argument(s) exist");
    Diagnostic::warning(Code("W0105"), span, message)
}

/// `{args[x]}`.
pub(crate) fn args_bad_index(span: Span, placeholder: &str) -> Diagnostic {
    Diagnostic::warning(Code("W0106"), span, format!("Placeholder {placeholder} has an invalid index"))
}

/// `{args[9]}` with fewer arguments.
pub(crate) fn args_out_of_bounds(span: Span, placeholder: &str, count: usize) -> Diagnostic {
    let message = format!("Placeholder {placeholder} index is out of bounds, only {count} argument(s) exist");
    Diagnostic::warning(Code("W0107"), span, message)
}

/// `{args.0}`.
pub(crate) fn args_deprecated(span: Span, index: &str) -> Diagnostic {
    let message = format!("Placeholder {{args.{index}}} deprecated, use {{args[{index}]}} instead");
    Diagnostic::warning(Code("W0108"), span, message)
}

/// `x{args[:]}`.
pub(crate) fn args_range_inside_word(span: Span, placeholder: &str) -> Diagnostic {
    let message = format!("Variadic placeholder {placeholder} must be a token on its own");
    Diagnostic::warning(Code("W0109"), span, message)
}

/// `} word`: the brace does not close anything.
pub(crate) fn word_after_closing_brace(span: Span) -> Diagnostic {
    let message = "'}' closes no block when something follows on the same line";
    Diagnostic::warning(Code("W0110"), span, message).help("start a new line after '}'")
}

/// Words that belong to no statement.
pub(crate) fn ignored_words(span: Span) -> Diagnostic {
    Diagnostic::warning(Code("W0111"), span, "these words belong to no directive and are ignored")
}

/// A brace too many after a site without braces.
pub(crate) fn closing_brace_of_nothing(span: Span) -> Diagnostic {
    let message = "this '}' closes a block that was never opened; it ends the site";
    Diagnostic::warning(Code("W0112"), span, message)
}

/// The last closing brace is missing, and Caddy does not mind.
pub(crate) fn missing_last_brace(span: Span, opening: Span) -> Diagnostic {
    Diagnostic::warning(Code("W0113"), span, "the last '}' of the file is missing")
        .label(opening, "this block is never closed")
}

/// Caddy's only remark about style.
pub(crate) fn not_formatted(span: Span) -> Diagnostic {
    let message = "Caddyfile input is not formatted; run 'caddy fmt --overwrite' to fix inconsistencies";
    Diagnostic::warning(Code("W0002"), span, message)
}

/// A snippet without a use.
pub(crate) fn unused_snippet(span: Span, name: &str) -> Diagnostic {
    Diagnostic::warning(Code("W0114"), span, format!("the snippet ({name}) is never imported"))
}

/// A snippet with the block of another.
pub(crate) fn repeated_snippet(span: Span, name: &str, first: &str, place: Span) -> Diagnostic {
    let message = format!("the snippet ({name}) has the same lines as ({first})");
    let finding = Diagnostic::warning(Code("W0115"), span, message).label(place, "the same lines");
    finding.help(format!("import `{first}` instead"))
}

/// A file that an import would mean, were there no snippet of its name.
pub(crate) fn snippet_hides_file(span: Span, name: &str, declared: Option<Span>) -> Diagnostic {
    let message = format!("this imports the snippet ({name}), not the file of that name");
    let finding = Diagnostic::warning(Code("W0116"), span, message);
    let finding = match declared {
        Some(declared) => finding.label(declared, "the snippet"),
        None => finding,
    };
    finding.help(format!("rename the snippet, or write `import ./{name}` for the file"))
}

/// `{$NAME:-default}`, as a shell would have it.
pub(crate) fn default_of_shell(span: Span, name: &str, default: &str) -> Diagnostic {
    let message = format!("the default of {name} is '{default}', with the dash");
    let help = format!("a default stands right behind the colon: `{{${name}:{}}}`", &default[1..]);
    Diagnostic::warning(Code("W0117"), span, message).help(help)
}
