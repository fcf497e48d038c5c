//! What can be wrong with directives and their place.

use caddis_grammar::{Span, Statement, Token};

use super::{
    Error, did_you_mean, error,
    plugins::{Place, plugin_of},
    warning,
};
use crate::cx::Cx;

/// What a name that is no directive may stand for.
pub(crate) fn suggested_directive(cx: &Cx<'_>, name: &Token) -> Option<String> {
    let name = &*name.text;
    plugin_of(Place::Directive, name)
        .or_else(|| merge_marker(name))
        .or_else(|| of_version_1(name))
        .or_else(|| did_you_mean(name, cx.registry.directive_names()))
        .or_else(|| missing_brace(name))
}

/// A line that a merge has left.
fn merge_marker(name: &str) -> Option<String> {
    const LENGTH: usize = 7;
    let is_marker = ['<', '=', '>', '|'].iter().any(|&sign| name == sign.to_string().repeat(LENGTH));
    is_marker
        .then(|| "a merge was not finished here: choose one of the two sides and delete its markers".into())
}

/// What a directive of Caddy 1 is now called.
fn of_version_1(name: &str) -> Option<String> {
    let now = match name {
        "proxy" => "`reverse_proxy`, which handles WebSockets and forwarded headers by itself",
        "gzip" => "`encode`",
        "browse" => "`file_server browse`",
        "fastcgi" => "`php_fastcgi`, or `reverse_proxy` with `transport fastcgi`",
        "basicauth" => "`basic_auth`",
        "errors" => "`handle_errors`",
        "ext" => "`try_files {path} {path}.html`",
        "internal" => "`error` with a matcher",
        "status" => "`respond` with a status",
        "index" => "`file_server` with a line `index`",
        "mime" => "`header` with `Content-Type`",
        _ => return None,
    };
    Some(format!("in Caddy 1 this was a directive; now it is {now}"))
}

/// An address or a snippet in the place of a directive stands there because a block around it was not closed.
fn missing_brace(name: &str) -> Option<String> {
    let is_address =
        name.contains("://") || name.starts_with(':') || (name.contains('.') && !name.contains('/'));
    let is_snippet = name.starts_with('(') || name.starts_with("&(");
    let what = if is_snippet { "snippet" } else { "site" };
    (is_address || is_snippet).then(|| format!("if `{name}` begins a {what}, a `}}` is missing above it"))
}

/// A directive that does not exist, at the top of a site.
pub(crate) fn unknown_directive(cx: &Cx<'_>, name: &Token, has_braces: bool) -> Error {
    let finding = error("E0310", name.span, format!("unrecognized directive: {}", name.text));
    let second_site = "Did you mean to define a second site? If so, you must use curly braces around each site to \
                       separate their configurations.";
    let help = match plugin_of(Place::Directive, &name.text) {
        None if !has_braces => {
            let known = merge_marker(&name.text).or_else(|| of_version_1(&name.text));
            Some(known.unwrap_or_else(|| second_site.to_owned()))
        }
        _ => suggested_directive(cx, name),
    };
    Box::new(finding.maybe_help(help))
}

/// A directive that does not exist, inside another one.
pub(crate) fn unknown_nested_directive(cx: &Cx<'_>, name: &Token) -> Error {
    let finding = error("E0311", name.span, not_a_directive(name));
    Box::new(finding.maybe_help(suggested_directive(cx, name)))
}

/// Several lines in one block that are far from being directives.
pub(crate) fn not_directives(close: Span, names: &[Token]) -> Error {
    let mut finding = *error("E0316", close, not_a_directive(&names[0]));
    for name in names {
        finding = finding.label(name.span, "no directive");
    }
    Box::new(
        finding
            .help("a brace, a quote or the marker of a heredoc may be missing in the block that ends here"),
    )
}

fn not_a_directive(name: &Token) -> String {
    format!(
        "unrecognized directive: {} - are you sure your Caddyfile structure (nesting and braces) is correct?",
        name.text
    )
}

/// A directive without a place in the order, where routes are sorted.
pub(crate) fn unordered_directive(name: &str, span: Span) -> Error {
    let message = format!(
        "directive '{name}' is not an ordered HTTP handler, so it cannot be used here - try placing within a \
         route block or using the order global option"
    );
    error("E0312", span, message)
}

/// A directive that is no route inside `route`.
pub(crate) fn not_a_route(name: &str, span: Span) -> Error {
    let message = format!(
        "{name} directive returned something other than an HTTP route or subroute (only handler directives can \
         be used in routes)"
    );
    error("E0313", span, message)
}

/// A line that has no effect.
pub(crate) fn ignored_line(line: &Statement) -> Error {
    warning("W0301", line.span(), format!("this line of '{}' has no effect", line.name().text))
}

/// A status that is neither a number nor a class.
pub(crate) fn bad_error_status(word: &Token, reason: Option<&str>) -> Error {
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let finding = error("E0314", word.span, format!("bad status value '{}'{reason}", word.text));
    Box::new(finding.help("a status is a number such as 404 or a class such as 4xx"))
}

/// `handle_path` of something else than a path.
pub(crate) fn not_a_path(word: &Token) -> Error {
    let finding = error("E0315", word.span, format!("path matcher must begin with '/', got {}", word.text));
    let help = "`handle_path` takes one path such as `/api/*`; with other matchers use `handle` and `uri strip_prefix`";
    Box::new(finding.help(help))
}
