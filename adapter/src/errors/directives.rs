//! What can be wrong with directives and their place.

use caddis_grammar::{Diagnostic, Span, Statement, Token};

use super::{Error, did_you_mean, error, warning};
use crate::cx::Cx;

/// Directives of well-known plugins, which are no part of the standard distribution.
static PLUGINS: &[(&str, &str)] = &[
    ("rate_limit", "mholt/caddy-ratelimit"),
    ("cache", "caddyserver/cache-handler"),
    ("forward_proxy", "caddyserver/forwardproxy"),
    ("coraza_waf", "corazawaf/coraza-caddy"),
    ("replace", "caddyserver/replace-response"),
    ("transform", "caddyserver/transform-encoder"),
    ("crowdsec", "hslatman/caddy-crowdsec-bouncer"),
    ("layer4", "mholt/caddy-l4"),
    ("security", "greenpau/caddy-security"),
    ("authenticate", "greenpau/caddy-security"),
    ("authorize", "greenpau/caddy-security"),
    ("webdav", "mholt/caddy-webdav"),
    ("cgi", "aksdb/caddy-cgi"),
    ("exec", "abiosoft/caddy-exec"),
    ("git", "greenpau/caddy-git"),
    ("mercure", "dunglas/mercure"),
    ("vulcain", "dunglas/vulcain"),
    ("php_server", "dunglas/frankenphp"),
    ("php", "dunglas/frankenphp"),
    ("geoip2", "zhangjiayin/caddy-geoip2"),
    ("maxmind_geolocation", "porech/caddy-maxmind-geolocation"),
    ("s3proxy", "lindenlab/caddy-s3-proxy"),
    ("dynamic_dns", "mholt/caddy-dynamicdns"),
    ("docker_proxy", "lucaslorentz/caddy-docker-proxy"),
    ("tailscale_auth", "tailscale/caddy-tailscale"),
    ("ja3", "rushiiMachine/caddy-ja3"),
];

/// The plugin that is known to bring a directive or option.
pub(crate) fn plugin_of(name: &str) -> Option<String> {
    let (_, plugin) = PLUGINS.iter().find(|(known, _)| *known == name)?;
    Some(format!("`{name}` comes from the plugin {plugin}, which is not built in"))
}

fn unknown(code: &'static str, cx: &Cx<'_>, statement: &Statement, message: String) -> Diagnostic {
    let name = &*statement.name().text;
    let help = plugin_of(name).or_else(|| did_you_mean(name, cx.registry.directive_names()));
    error(code, statement.name().span, message).maybe_help(help)
}

/// A directive that does not exist, at the top of a site with braces.
pub(crate) fn unknown_directive(cx: &Cx<'_>, statement: &Statement) -> Error {
    let name = &statement.name().text;
    Box::new(unknown("E0310", cx, statement, format!("unrecognized directive: {name}")))
}

/// A directive that does not exist, in a site without braces.
pub(crate) fn unknown_directive_unbraced(cx: &Cx<'_>, statement: &Statement) -> Error {
    let name = &statement.name().text;
    let finding = unknown("E0310", cx, statement, format!("unrecognized directive: {name}"));
    Box::new(finding.maybe_help(plugin_of(name).or_else(|| {
        Some(
            "Did you mean to define a second site? If so, you must use curly braces around each site to \
             separate their configurations."
                .to_owned(),
        )
    })))
}

/// A directive that does not exist, inside another one.
pub(crate) fn unknown_nested_directive(cx: &Cx<'_>, statement: &Statement) -> Error {
    let message = format!(
        "unrecognized directive: {} - are you sure your Caddyfile structure (nesting and braces) is correct?",
        statement.name().text
    );
    Box::new(unknown("E0311", cx, statement, message))
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
