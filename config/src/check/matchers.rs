//! Matchers of requests.

use std::collections::HashMap;

use super::{Report, ip_ranges};
use crate::http::RegexpMatch;
use crate::http::matchers::{Host, Matcher, MatcherSet};

pub(super) fn check(report: &mut Report, set: &MatcherSet) {
    for matcher in set.iter() {
        report.within(matcher.name(), |report| check_one(report, matcher));
    }
}

fn check_one(report: &mut Report, matcher: &Matcher) {
    match matcher {
        Matcher::ClientIp(matcher) => ip_ranges(report, "ranges", &matcher.ranges),
        Matcher::RemoteIp(matcher) => ip_ranges(report, "ranges", &matcher.ranges),
        Matcher::Host(matcher) => hosts(report, matcher),
        Matcher::File(matcher) => try_policy(report, &matcher.try_policy),
        Matcher::HeaderRegexp(matcher) => expressions(report, matcher.0.iter()),
        Matcher::VarsRegexp(matcher) => expressions(report, matcher.0.iter()),
        Matcher::PathRegexp(matcher) => expression(report, &matcher.0),
        Matcher::Not(matcher) => {
            for (index, set) in matcher.0.iter().enumerate() {
                report.within(index, |report| check(report, set));
            }
        }
        Matcher::Expression(_)
        | Matcher::Header(_)
        | Matcher::Method(_)
        | Matcher::Path(_)
        | Matcher::Protocol(_)
        | Matcher::Query(_)
        | Matcher::Tls(_)
        | Matcher::UrlPattern(_)
        | Matcher::Vars(_)
        | Matcher::Foreign(_) => {}
    }
}

/// A host that is listed twice is a mistake.
fn hosts(report: &mut Report, matcher: &Host) {
    let mut seen = HashMap::new();
    for (index, host) in matcher.0.iter().enumerate() {
        if let Some(first) = seen.insert(host.to_lowercase(), index) {
            report.within(index, |report| {
                report.error(format!("host at index {first} is repeated at index {index}: {host}"));
            });
        }
    }
}

fn try_policy(report: &mut Report, policy: &str) {
    let known = [
        "",
        "first_exist",
        "first_exist_fallback",
        "smallest_size",
        "largest_size",
        "most_recently_modified",
    ];
    if !known.contains(&policy) {
        report.within("try_policy", |report| report.error(format!("unknown try policy {policy}")));
    }
}

fn expressions<'m>(report: &mut Report, matches: impl Iterator<Item = (&'m String, &'m RegexpMatch)>) {
    for (key, regexp) in matches {
        report.within(key, |report| expression(report, regexp));
    }
}

/// Caddy wants at least one word character in a name.
fn expression(report: &mut Report, regexp: &RegexpMatch) {
    let name = &regexp.name;
    if !name.is_empty() && !name.bytes().any(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        report.within("name", |report| {
            report.error(format!("invalid regexp name (must contain only word characters): {name}"));
        });
    }
}
