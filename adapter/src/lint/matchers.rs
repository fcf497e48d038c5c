//! Named matchers that can match nothing, match by chance, or repeat another.

use std::collections::{BTreeMap, HashMap};

use caddis_config::{
    Module,
    http::{
        Matcher, MatcherSet,
        matchers::{Host, Path, Protocol},
    },
};
use caddis_grammar::{Diagnostic, Span, Statement};

use crate::{cx::Cx, errors};

/// What the matcher `protocol` knows.
const PROTOCOLS: [&str; 11] = [
    "grpc",
    "https",
    "http",
    "http/1.0",
    "http/1.0+",
    "http/1.1",
    "http/1.1+",
    "http/2",
    "http/2+",
    "http/3",
    "http/3+",
];

/// Reports what is wrong with the set that a statement defines. One that an import brought may suit other sites, and one
/// with environment variables other environments.
pub(crate) fn judge_set(cx: &mut Cx<'_>, statement: &Statement, set: &MatcherSet) {
    let name = statement.name();
    if name.origin.is_some() || cx.sources.has_variable(statement.full_span()) {
        return;
    }
    let reason = set.iter().find_map(|matcher| never(matcher, &cx.state.hosts));
    if let Some((reason, help)) = reason {
        cx.report(errors::lint::matches_never(name, &reason, &help));
    } else if let Some((from, to)) = borrows(set) {
        cx.report(errors::lint::matches_by_chance(name, from, to));
    }
}

/// Why a matcher can match nothing, and a way out.
fn never(matcher: &Matcher, site: &[String]) -> Option<(String, String)> {
    match matcher {
        Matcher::Path(Path(paths)) => {
            let never = |path: &String| !path.starts_with(['/', '*', '{', '?', '[', '\\', '%']);
            let path = paths.first().filter(|_| paths.iter().all(never))?;
            let help =
                if path == "not" { "write `not path …`".to_owned() } else { format!("write `/{path}`") };
            Some((format!("the path '{path}' does not begin with /"), help))
        }
        Matcher::Protocol(Protocol(protocol)) if !PROTOCOLS.contains(&protocol.as_str()) => Some((
            format!("there is no protocol '{protocol}'"),
            format!("known are `{}`", PROTOCOLS.join("`, `")),
        )),
        Matcher::Host(Host(hosts)) => {
            let host = hosts.first()?;
            if hosts.iter().all(|host| is_no_host(host)) {
                let help = "give the host alone, without scheme, port and path".to_owned();
                return Some((format!("'{host}' is more than a host"), help));
            }
            let elsewhere = |host: &String| !site.iter().any(|of_site| overlap(host, of_site));
            (!site.is_empty() && hosts.iter().all(elsewhere)).then(|| {
                let reason = format!("the site does not serve '{host}'");
                (reason, format!("add `{host}` to the addresses of the site, or a site of its own"))
            })
        }
        _ => None,
    }
}

/// Whether a host carries what is cut off from that of requests.
fn is_no_host(host: &str) -> bool {
    !host.contains('{') && (host.contains('/') || host.matches(':').count() == 1)
}

/// Whether some host name may be both; `*` stands for one label. Placeholders may be anything.
fn overlap(a: &str, b: &str) -> bool {
    if a.contains('{') || b.contains('{') {
        return true;
    }
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b || a.contains('*') || b.contains('*') => {}
            // Names beyond ASCII have two spellings.
            (Some(a), Some(b)) if !a.is_ascii() || !b.is_ascii() => {}
            _ => return false,
        }
    }
}

/// A matcher whose captures another one in the set uses, and that other: Caddy tries the matchers of a set in any order.
fn borrows(set: &MatcherSet) -> Option<(&'static str, &'static str)> {
    let lenders = set.iter().flat_map(|matcher| match matcher {
        Matcher::PathRegexp(regexp) => vec![("path_regexp", format!("{{http.regexp.{}.", regexp.0.name))],
        Matcher::HeaderRegexp(fields) => {
            let named = fields.0.values();
            named.map(|regexp| ("header_regexp", format!("{{http.regexp.{}.", regexp.name))).collect()
        }
        Matcher::File(_) => vec![("file", "{http.matchers.file.".to_owned())],
        _ => Vec::new(),
    });
    let lenders: Vec<_> = lenders.collect();
    lenders.iter().find_map(|(lender, placeholder)| {
        let uses = |matcher: &&Matcher| {
            let json = caddis_config::to_json(matcher);
            matcher.name() != *lender && json.contains(placeholder.as_str())
        };
        let user = set.iter().find(uses)?.name();
        let user = <Matcher as Module>::NAMES.iter().find(|name| **name == user)?;
        Some((*lender, *user))
    })
}

/// The findings among the matchers of a scope, given by name with their places and what is written there as a number.
pub(crate) fn judge_matchers<'m>(own: impl Iterator<Item = (&'m str, Span, u64)>) -> Vec<Diagnostic> {
    let by_place: BTreeMap<Span, (&str, u64)> =
        own.map(|(name, span, content)| (span, (name, content))).collect();
    let mut first_of: HashMap<u64, (&str, Span)> = HashMap::new();
    let mut findings = Vec::new();
    for (span, (name, content)) in by_place {
        let (first, place) = *first_of.entry(content).or_insert((name, span));
        if place != span {
            findings.push(*errors::lint::repeated_matcher(name, span, first, place));
        }
    }
    findings
}
